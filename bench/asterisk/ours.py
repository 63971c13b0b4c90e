"""The same calls by our bridge, with a script host that knows its one turn."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from bench.asterisk.stage import USER, Stage
from core.clock import Clock, SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.ami import Account
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.port import (
    CallAnswered,
    CallEnded,
    CallEvent,
    OutboundCall,
    ScriptHost,
    TrunkLimits,
)
from dialer.model import AnsweredBy
from scripts.model import Reply, Turn

TRUNK = "a"
_TURN = Turn(step="all", language=Language.ENGLISH, say=("The prompt.",), hang_up=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """Every sentence is the prompt."""

    stem_of_all: str

    async def stem(self, sentence: str, language: Language, *, shared: str) -> str:
        """Return the prompt."""
        del sentence, language, shared
        return self.stem_of_all

    def sorry(self, language: Language, *, shared: str) -> str:
        """Return the prompt."""
        del language, shared
        return self.stem_of_all


class OneTurn:
    """A script host without a database."""

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Say the prompt, then hang up."""
        del attempt_id, answered_by, key
        return _TURN

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Say so before the answer."""
        del attempt_id
        return _TURN

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Say no more."""
        del attempt_id, reply, key
        return _TURN

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Say the same."""
        del attempt_id
        return _TURN

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        """Know no agent."""
        del attempt_id, queue
        return None


@dataclass(kw_only=True)
class Tally:
    """An event sink that counts."""

    wanted: int
    decided: asyncio.Semaphore
    told: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    answered: set[UUID] = field(default_factory=set)
    ended: set[UUID] = field(default_factory=set)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, event: CallEvent) -> None:
        """Count what is told, and let go of who waits for answers and ends."""
        self.told[event.attempt_id, type(event).__name__] += 1
        if isinstance(event, CallAnswered):
            self.answered.add(event.attempt_id)
            self.decided.release()
        elif isinstance(event, CallEnded):
            self.ended.add(event.attempt_id)
            if event.attempt_id not in self.answered:
                self.decided.release()
            if len(self.ended) >= self.wanted:
                self.over.set()


def bridge_to(on: Stage, clock: Clock, *, calls: int, says: str) -> AsteriskBridge:
    """Return a bridge to the stage whose talks say one file."""
    account = Account(host="127.0.0.1", port=on.ami, username=USER, secret=on.secret)
    server = ManagedServer(account, name=TRUNK, clock=clock)
    trunk = Trunk(
        limits=TrunkLimits(name=TRUNK, channels=calls, calls_per_second=10_000.0),
        server=server,
        dialect=Dialect.read("PJSIP/{national}@phones", region="CN"),
        caller_ids=CallerIds(),
        shared=str(on.shared),
    )
    talks = AsteriskTalks(
        clock=clock,
        sounds=Voice(stem_of_all=says),
        ids=IdSource(clock, random.Random(1)),
        folder=on.shared,
    )
    return AsteriskBridge([trunk], [server], clock=clock, talks=talks)


async def originate(
    on: Stage,
    *,
    calls: int,
    at_once: int,
    per_s: float | None = None,
    long: bool = False,
    host: ScriptHost | None = None,
) -> Tally:
    """Place so many calls over the bridge, and see them to their end; as `bare.originate`."""
    clock = SystemClock()
    ids = IdSource(clock, random.Random(2))
    tally = Tally(wanted=calls, decided=asyncio.Semaphore(at_once))
    bridge = bridge_to(on, clock, calls=calls, says=on.prompt(long=long))
    async with _connected(bridge, tally, host or OneTurn()):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as placing:
            for number in range(calls):
                if per_s is not None:
                    await asyncio.sleep(begun + number / per_s - loop.time())
                await tally.decided.acquire()
                placing.create_task(bridge.originate(_call(ids.new(), number)))
        await tally.over.wait()
    return tally


@asynccontextmanager
async def _connected(bridge: AsteriskBridge, tally: Tally, host: ScriptHost) -> AsyncIterator[None]:
    await bridge.start(tally, host)
    try:
        yield
    finally:
        await bridge.close()


def _call(attempt_id: UUID, number: int) -> OutboundCall:
    return OutboundCall(
        attempt_id=attempt_id,
        to=PhoneNumber(f"+86{13800000000 + number}"),
        caller_id="075512345678",
        trunk=TRUNK,
        ring_timeout_s=20.0,
        max_seconds=60.0,
        detect_machine=False,
        synthetic=False,
        language=Language.ENGLISH,
    )
