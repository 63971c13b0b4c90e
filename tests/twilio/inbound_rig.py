"""A front desk behind numbers at the emulated carrier: owners ring, and what they hear is known."""

import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SystemClock
from core.ids import IdSource
from core.settings_model import MachineDetection
from customers.model import Language
from dialer.bridges.port import RecordingReady, RecordingStarted
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.answering import Answering
from dialer.bridges.twilio.arrivals import Arrivals
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.hook import Answer, Hook, Hooks, Visit
from dialer.bridges.twilio.inbound_book import InboundBook
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.lookback import Lookback
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import RecordingBook
from dialer.bridges.twilio.recording_hooks import RecordingHooks
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.seats import SeatBook
from dialer.bridges.twilio.talking import Stage, Talking
from dialer.bridges.twilio.tapes import Tapes
from dialer.bridges.twilio.twiml import Renderer
from dialer.inbound.tables import InboundRow
from dialer.recording import note_recording
from tests.integration.dialer.day import Day
from tests.integration.dialer.inbound.front import Front
from tests.twilio.kit.account import OurNumber
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN
from tests.twilio.kit.legs import Leg
from tests.twilio.kit.owners import LISTENS, Owner
from tests.twilio.serving import HookServer

OURS = "+8675586010000"
CLOCK = SystemClock()
NOWHERE = "http://127.0.0.1:9"  # nobody listens there


@dataclass(kw_only=True)
class InboundRig:
    """Our number, and the processes that answer for it."""

    twilio: Emulator
    rest: Rest
    front: Front
    book: Book
    entries: InboundBook
    arrivals: Arrivals
    addresses: Addresses
    ids: IdSource
    dies_after: list[str] = field(default_factory=list)  # paths whose next answer is not sent

    def lead(self, *, voice: str | None = None, status: str | None = None) -> None:
        """Lead our number to us, or to where nobody is."""
        self.twilio.carrier.numbers[:] = [
            OurNumber(
                e164=OURS,
                voice_url=voice or self.addresses.came_in(),
                voice_fallback_url=voice or self.addresses.came_in(),
                status_callback=status or self.addresses.came_in_status(),
            )
        ]

    async def rings(self, caller: str, owner: Owner = LISTENS) -> Leg:
        """Let somebody ring until the call is over, and all is told of it."""
        leg = await self.twilio.carrier.ring_us(caller, dialled=OURS, owner=owner)
        await self.twilio.carrier.until_idle()
        return leg

    async def row(self) -> InboundRow:
        """Return the one call on file."""
        (row,) = await self.front.rows()
        return row

    def lookback(self) -> Lookback:
        """Return what a dialer looks back with; nothing is too fresh for it."""
        return Lookback(self.rest, self.entries, numbers=[OURS], clock=CLOCK, told_within_s=-1.0)

    @property
    def statuses(self) -> list[int | None]:
        """What our webhooks answered, in their order."""
        return [each.reply.status for each in self.twilio.carrier.postman.sent]


@contextlib.asynccontextmanager
async def inbound_rig(twilio: Emulator, day: Day, front: Front) -> AsyncIterator[InboundRig]:
    """Hold what a web process answers for calls that come in, led to from our number."""
    ids = IdSource(CLOCK, random.Random(5))
    account = Account(
        account_sid=ACCOUNT_SID, username=ACCOUNT_SID, password=AUTH_TOKEN, base_url=twilio.url
    )
    server = HookServer()
    async with open_rest(account) as rest, server.listening():
        addresses, book = Addresses(public_url=server.url), Book(day.sessions)
        quick = Rest(rest.client, timeout_s=1.0, pauses_s=())
        owe = partial(_owe, ids)
        recorder = Recorder(
            RecordingBook(day.sessions, owe=owe),
            Tapes(quick, addresses, clock=CLOCK),
            clock=CLOCK,
            desk=front.desk,
        )
        documents = Documents(book, addresses)
        talking = Talking(
            Stage(
                book=book,
                host=front.talk,
                desk=front.desk,
                renderer=Renderer(addresses),
                documents=documents,
                seats=SeatBook(day.sessions),
                rooms=RoomDocuments(addresses=addresses, installation_id=ids.new()),
                clock=CLOCK,
                language=Language.MANDARIN,
                recorder=recorder,
            )
        )
        entries = InboundBook(book, day.sessions, ids=ids, trunk="twilio", region="CN")
        lines = Lines(quick, addresses, detects=MachineDetection.OFF)
        rig = InboundRig(
            twilio=twilio,
            rest=quick,
            front=front,
            book=book,
            entries=entries,
            arrivals=Arrivals(entries, front.desk, talking),
            addresses=addresses,
            ids=ids,
        )
        hooks: Sequence[Hook] = (
            *rig.arrivals.hooks(),
            *Answering(talking, book, lines=lines, addresses=addresses).hooks(),
            *documents.hooks(),
            *RecordingHooks(book, recorder, addresses).hooks(),
        )
        server.serve(_mortal(rig, hooks))
        rig.lead()
        yield rig
        await recorder.settled()


def _mortal(rig: InboundRig, hooks: Hooks) -> Hooks:
    """Return hooks whose process may die when all is done but the answer."""

    async def answered(hook: Hook, visit: Visit) -> Answer:
        answer = await hook.answer(visit)
        if hook.path in rig.dies_after:
            rig.dies_after.remove(hook.path)
            message = "the process died"
            raise ConnectionError(message)
        return answer

    return [replace(hook, answer=partial(answered, hook)) for hook in hooks]


async def _owe(
    ids: IdSource, session: AsyncSession, event: RecordingStarted | RecordingReady
) -> None:
    await note_recording(session, event, recording_id=ids.new())
