"""A bridge whose talks say made-up voices: what a script host asks, and what a phone answered."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from core.clock import SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.ami import Account
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.floor import Floor
from dialer.bridges.port import CallEnded, OutboundCall, TrunkLimits
from dialer.model import AnsweredBy
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn
from tests.asterisk.kit.pair import DIAL, SECRET, TRUNK, Pair
from tests.asterisk.kit.sounds import Samples, read_wav, speech, write_wav
from tests.unit.dialer.bridges.stand_ins import Ear

PHONE = PhoneNumber("+8613800138001")
BYE = Turn(step="bye", language=Language.ENGLISH, say=("Goodbye.",), hang_up=True)
_WITHIN_S = 20.0


def asks(kind: AskKind, *say: str, barge_in: bool = True, **asked: object) -> Turn:
    """Return a turn that asks."""
    return Turn(
        step=f"asks-{kind.value}",
        language=Language.ENGLISH,
        say=say or ("A question.",),
        ask=Ask(kind=kind, **asked),  # type: ignore[arg-type]
        barge_in=barge_in,
    )


@dataclass
class Voices:
    """Speech of our own: each sentence a voice, as long as it is told."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    slow: dict[str, asyncio.Event] = field(default_factory=dict)

    async def stem(self, sentence: str, language: Language, *, shared: str) -> str:
        self.asked.append(sentence)
        if sentence in self.slow:
            await self.slow[sentence].wait()
        file = self.file(sentence)
        if not file.exists():
            write_wav(file, speech(self.seconds.get(sentence, 0.5), seed=len(sentence)))
        return f"{shared}/{file.stem}"

    def sorry(self, language: Language, *, shared: str) -> str:
        return f"{shared}/sorry"

    def file(self, sentence: str) -> Path:
        return self.folder / f"voice-{sentence.encode().hex()[:60]}.wav"

    def samples(self, sentence: str) -> Samples:
        return read_wav(self.file(sentence))


@dataclass
class Host:
    """A script host that says given turns, one after another, whatever is replied."""

    turns: list[Turn]
    first: Turn | None = None
    room: str | None = None
    opened: dict[UUID, AnsweredBy] = field(default_factory=dict)
    replies: list[Reply] = field(default_factory=list)
    may_open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    think_s: float = 0.0

    def __post_init__(self) -> None:
        self.may_open.set()

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        self.opened[attempt_id] = answered_by
        await self.may_open.wait()
        return self._next()

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        self.replies.append(reply)
        await asyncio.sleep(self.think_s)
        return BYE if reply.kind is ReplyKind.HUNG_UP else self._next()

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        return self.first

    async def abandoned(self, attempt_id: UUID) -> Turn:
        return replace(BYE, say=("Nobody is free.",))

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        return self.room

    def _next(self) -> Turn:
        self.asked.set()
        return self.turns.pop(0) if self.turns else BYE


class Seating:
    """As much of a floor as talks ask for."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self._changed: list[Callable[[], None]] = []

    def seats(self) -> dict[str, str]:
        return self.places

    def on_seats(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def seat(self, room: str, place: str) -> None:
        self.places[room] = place
        for changed in self._changed:
            changed()


@dataclass(kw_only=True)
class TalkRig:
    """A bridge in a test's own process."""

    bridge: AsteriskBridge
    talks: AsteriskTalks
    voices: Voices
    ear: Ear
    seating: Seating
    server: ManagedServer
    pair: Pair
    host: Host = field(default_factory=lambda: Host(turns=[]))

    def order(self, **changes: object) -> OutboundCall:
        plain = OutboundCall(
            attempt_id=_IDS.new(),
            to=PHONE,
            caller_id="075512345678",
            trunk=TRUNK,
            ring_timeout_s=20.0,
            max_seconds=60.0,
            detect_machine=False,
            synthetic=False,
            language=Language.ENGLISH,
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    async def start(self, *turns: Turn) -> Host:
        self.host.turns = list(turns)
        await self.bridge.start(self.ear, self.host)
        return self.host

    async def ring(self, **changes: object) -> OutboundCall:
        placed = self.order(**changes)
        await self.bridge.originate(placed)
        return placed

    async def end_of(self, call: OutboundCall) -> CallEnded:
        async with asyncio.timeout(_WITHIN_S):
            while not any(isinstance(each, CallEnded) for each in self.ear.of(call.attempt_id)):  # noqa: ASYNC110 - the ear of the contract tells nobody
                await asyncio.sleep(0.01)
        return self.ear.end(call.attempt_id)


_CLOCK = SystemClock()
_IDS = IdSource(_CLOCK, random.SystemRandom())


@contextlib.asynccontextmanager
async def talk_rig(pair: Pair) -> AsyncIterator[TalkRig]:
    """Hold a bridge to the pair's Asterisk for the block; it is not started."""
    account = Account(
        host="127.0.0.1", port=pair.dialer.ports.ami, username="ownerline", secret=SECRET
    )
    server = ManagedServer(account, name=TRUNK, clock=_CLOCK)
    trunk = Trunk(
        limits=TrunkLimits(name=TRUNK, channels=20, calls_per_second=50),
        server=server,
        dialect=Dialect.read(DIAL, region="CN"),
        caller_ids=CallerIds(),
        shared=str(pair.shared),
    )
    voices, seating = Voices(pair.shared), Seating()
    floor: Floor = seating  # type: ignore[assignment]  # talks ask for nothing else
    talks = AsteriskTalks(clock=_CLOCK, sounds=voices, ids=_IDS, folder=pair.shared, rooms=floor)
    bridge = AsteriskBridge([trunk], [server], clock=_CLOCK, talks=talks)
    rig = TalkRig(
        bridge=bridge,
        talks=talks,
        voices=voices,
        ear=Ear(),
        seating=seating,
        server=server,
        pair=pair,
    )
    try:
        yield rig
    finally:
        await bridge.close()
