"""The bridge for the contract: phones at the emulated carrier, webhooks in this process."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from api.routes.twilio import twilio_routes
from core.clock import SystemClock
from core.database import session_factory
from core.ids import IdSource
from core.phone import PhoneNumber
from core.settings_model import MachineDetection
from customers.model import Language
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    Capabilities,
    EventSink,
    OutboundCall,
    ScriptHost,
    TrunkLimits,
)
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.answering import Answering
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.bridge import TRUNK, TwilioBridge
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.door import Door
from dialer.bridges.twilio.fates import Fates
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.placing import Placing, Shown
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.seats import SeatBook
from dialer.bridges.twilio.strangers import Strangers
from dialer.bridges.twilio.sweeper import Sweeper
from dialer.bridges.twilio.talking import Stage, Talking
from dialer.bridges.twilio.teller import Teller
from dialer.bridges.twilio.twiml import Renderer
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN, KEY_SECRET, KEY_SID, OUR_NUMBER
from tests.twilio.kit.owners import LEAVES, LISTENS, MACHINE, Owner, Reaction, nobody, presses
from tests.unit.dialer.bridges.stand_ins import PHONE, Phone, Rig

T = TypeVar("T")

BEHAVIOURS: dict[Phone, Owner] = {
    Phone.PRESSES_ONE: presses("1"),
    Phone.LISTENS: LISTENS,
    Phone.HANGS_UP: LEAVES,
    Phone.MACHINE: MACHINE,
    Phone.BUSY: nobody(Reaction.BUSY),
    Phone.REJECTS: nobody(Reaction.REJECTS),
    Phone.RINGS_OUT: nobody(Reaction.RINGS_OUT),
    Phone.SWITCHED_OFF: nobody(Reaction.SWITCHED_OFF),
    Phone.DEAD: nobody(Reaction.DEAD),
    Phone.CONGESTED: nobody(Reaction.CONGESTED),
}
TIMEOUT_S = 1.0
_CLOCK = SystemClock()
_IDS = IdSource(_CLOCK, random.SystemRandom())
_WITHIN_S = 10.0
_INSTALLATION = UUID(int=7)
_NOBODY_RINGS: Any = None  # the desk: no call of the contract comes in


@dataclass(kw_only=True)
class Heard:
    """An ear between the bridge and the test's own, which can be waited on."""

    sink: EventSink
    events: list[CallEvent] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, event: CallEvent) -> None:
        await self.sink.heard(event)
        self.events.append(event)
        self.changed.set()

    def of(self, kind: type[CallEvent]) -> set[UUID]:
        """Return the calls that had an event of a kind."""
        return {each.attempt_id for each in self.events if isinstance(each, kind)}

    async def until(self, kind: type[CallEvent]) -> None:
        """Wait until each call that was taken has had an event of a kind."""
        async with asyncio.timeout(_WITHIN_S):
            while not self.of(CallSubmitted) <= self.of(kind):
                self.changed.clear()
                await self.changed.wait()


class Web:
    """A web server on a port of its own; what it serves is said once its address is known."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:{1}".format(*self._socket.getsockname())

    @contextlib.asynccontextmanager
    async def serving(self, app: Starlette) -> AsyncIterator[None]:
        """Serve an application for the block."""
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            yield
        finally:
            server.should_exit = True
            await task


class Watched(TwilioBridge):
    """The bridge with an ear at its events; its web process begins with it and outlives it."""

    web: Web
    stage_of: Any
    is_started = False

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        self.ear = Heard(sink=sink)
        self.stage_of(host)
        await super().start(self.ear, host, inbound=inbound)
        self.is_started = True

    async def close(self) -> None:
        self.is_started = False
        await super().close()


class TwilioRig(Rig):
    """Real time, so little of it."""

    ring_s = 2.0
    rings_out_s = 1.0
    longest_s = 3.0
    synthetic = False

    def __init__(self, bridge: Watched, twilio: Emulator) -> None:
        self.bridge = self._watched = bridge
        self._carrier = twilio.carrier
        self._ids: dict[int, UUID] = {}

    def phone(self, number: PhoneNumber, behaves: Phone) -> None:
        self._carrier.owners[number.e164] = BEHAVIOURS[behaves]

    def call(self, number: int, to: PhoneNumber = PHONE, **changes: Any) -> OutboundCall:
        attempt_id = self._ids.setdefault(number, _IDS.new())
        usual = {"attempt_id": attempt_id, "trunk": TRUNK, "language": Language.ENGLISH}
        return super().call(number, to, **(usual | changes))

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        return await work

    async def until_ringing(self) -> None:
        await self._watched.ear.until(CallRinging)

    async def until_over(self) -> None:
        async with asyncio.timeout(_WITHIN_S):
            await self._carrier.until_idle()
        if self._watched.is_started:
            await self._watched.ear.until(CallEnded)

    def now(self) -> datetime:
        return _CLOCK.now()


@contextlib.asynccontextmanager
async def twilio_rig(
    twilio: Emulator, engine: AsyncEngine, *, is_restored: bool = False
) -> AsyncIterator[TwilioRig]:
    """Hold a bridge with a trunk of two channels for the block; it is not started.

    `is_restored`: its book may lack calls.
    """
    account = Account(
        account_sid=ACCOUNT_SID,
        username=KEY_SID,
        password=KEY_SECRET,
        base_url=twilio.url,
        timeout_s=TIMEOUT_S,
    )
    web, app = Web(), Starlette()
    async with open_rest(account) as rest, web.serving(app):
        book = Book(session_factory(engine))
        addresses = Addresses(public_url=web.url)
        lines = Lines(rest, addresses, detects=MachineDetection.SYNC)
        strangers = Strangers(book, [OUR_NUMBER], trunk=TRUNK) if is_restored else None
        bridge = _bridge(rest, book, lines, strangers)

        def answer_for(host: ScriptHost) -> None:
            documents = Documents(book, addresses)
            stage = Stage(
                book=book,
                host=host,
                desk=_NOBODY_RINGS,
                renderer=Renderer(addresses),
                documents=documents,
                seats=SeatBook(session_factory(engine)),
                rooms=RoomDocuments(addresses=addresses, installation_id=_INSTALLATION),
                clock=_CLOCK,
            )
            answering = Answering(Talking(stage), book, lines=lines, addresses=addresses)
            hooks = (*answering.hooks(), *documents.hooks())
            door = Door(public_url=web.url, account_sid=ACCOUNT_SID, token=AUTH_TOKEN)
            app.router.routes.extend(twilio_routes(hooks, door, _CLOCK))

        bridge.stage_of = answer_for
        try:
            yield TwilioRig(bridge, twilio)
        finally:
            await bridge.close()


def _bridge(rest: Rest, book: Book, lines: Lines, strangers: Strangers | None) -> Watched:
    trunk = TrunkLimits(name=TRUNK, channels=2, calls_per_second=100, place=TRUNK)
    teller = Teller(book, _CLOCK, waits_for_detection=True, poll_s=0.02)
    fates = Fates(
        book,
        lines,
        teller,
        _CLOCK,
        timeout_s=TIMEOUT_S,
        listed_within=timedelta(milliseconds=200),
        told_within=timedelta(milliseconds=200),
    )
    placing = Placing(
        trunk,
        book=book,
        lines=lines,
        teller=teller,
        clock=_CLOCK,
        shown=Shown(usual=OUR_NUMBER, by_community={}),
        detects=MachineDetection.SYNC,
    )
    return Watched(
        trunk,
        rest=rest,
        book=book,
        lines=lines,
        placing=placing,
        teller=teller,
        fates=fates,
        sweeper=Sweeper(book, fates, lines, rest, _CLOCK),
        clock=_CLOCK,
        capabilities=Capabilities(machine_detection=True),
        strangers=strangers,
    )
