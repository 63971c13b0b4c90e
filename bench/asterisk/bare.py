"""The bare alternative: a script that only originates, and lets the dialplan play the prompt."""

import asyncio
import uuid
from dataclasses import dataclass, field

from bench.asterisk.stage import USER, Stage


@dataclass(kw_only=True)
class Bare:
    """One manager connection; counts what was answered and what has ended."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    decided: asyncio.Semaphore
    ended: int = 0
    wanted: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Read events; each OriginateResponse lets another call out."""
        while True:
            block = (await self.reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
            if "Event: OriginateResponse\r\n" in block:
                self.decided.release()
            elif "Event: Hangup\r\n" in block:
                self.ended += 1
                if self.ended >= self.wanted:
                    self.over.set()


async def originate(
    on: Stage, *, calls: int, at_once: int, per_s: float | None = None, long: bool = False
) -> None:
    """Place so many calls, `at_once` undecided at a time, and see them to their end.

    `per_s`: at this rate; None: as fast as Asterisk decides them.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", on.ami)
    await reader.readline()
    writer.write(_action("Login", Username=USER, Secret=on.secret))
    bare = Bare(reader=reader, writer=writer, decided=asyncio.Semaphore(at_once), wanted=calls)
    listening = asyncio.create_task(bare.listen())
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        for number in range(calls):
            if per_s is not None:
                await asyncio.sleep(begun + number / per_s - loop.time())
            await bare.decided.acquire()
            call_id = str(uuid.uuid4())
            writer.write(
                _action(
                    "Originate",
                    Channel=f"PJSIP/{13800000000 + number}@phones",
                    Application="Playback",
                    Data=on.prompt(long=long),
                    Timeout="20000",
                    Async="true",
                    ChannelId=call_id,
                    ActionID=call_id,
                )
            )
        await bare.over.wait()
    finally:
        listening.cancel()
        writer.close()


def _action(action: str, **headers: str) -> bytes:
    lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
