"""Processes of an installation, run as an operator runs them, and asked over HTTP."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

_OWNERLINE = Path(sys.executable).with_name("ownerline")
_PATIENCE_S = 60.0
_LOOK_S = 0.05


@dataclass(kw_only=True, slots=True)
class Running:
    """A process that said its line."""

    process: asyncio.subprocess.Process
    line: str
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """Where it listens, in the order of its line."""
        return re.findall(r"http://[0-9.:]+", self.line)

    async def ask(self, path: str, *, nth: int = -1) -> httpx.Response:
        """Get a path from one of its addresses; the last one by default, its probes."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            return await client.get(self.urls[nth] + path)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), _PATIENCE_S)

    def said(self, event: str) -> bool:
        """Whether it logged such an event by now."""
        return any(each.get("event") == event for each in self.events)


@contextlib.asynccontextmanager
async def running(home: Path, database_url: str, *words: str) -> AsyncIterator[Running]:
    """Run a command until it has said its line, for the block; then it is killed if need be."""
    ours = {"OWNERLINE_HOME": str(home), "OWNERLINE_DATABASE_URL": database_url}
    others = {key: value for key, value in os.environ.items() if not key.startswith("OWNERLINE_")}
    process = await asyncio.create_subprocess_exec(
        _OWNERLINE,
        *words,
        env=others | ours | {"LANG": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    given = Running(process=process, line="")
    listening = asyncio.create_task(_listen(given))
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE_S)
        given.line = line.decode().strip()
        assert given.line, given.events
        yield given
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await listening


async def _listen(given: Running) -> None:
    assert given.process.stderr is not None
    async for line in given.process.stderr:
        try:
            given.events.append(json.loads(line))
        except ValueError:
            given.events.append({"event": line.decode().strip()})


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds; what others do cannot be waited for otherwise."""
    async with asyncio.timeout(_PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - another process is looked at
            await asyncio.sleep(_LOOK_S)
