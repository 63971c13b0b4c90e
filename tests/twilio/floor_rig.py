"""A floor over the emulated carrier: our API client, our webhooks, and owners' calls to move."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import SystemClock
from core.database import create_engine, session_factory
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book, End, Told
from dialer.bridges.twilio.floor import TwilioFloor
from dialer.bridges.twilio.floor_hooks import FloorHooks
from dialer.bridges.twilio.hook import NOTHING, Answer, Hook, Hooks, Visit, twiml
from dialer.bridges.twilio.phones import DeskPhones
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.seats import SeatBook
from dialer.bridges.twilio.tending import Tending
from dialer.bridges.twilio.watch import FloorWatch
from dialer.model import TelephonyResult
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, KEY_SECRET, KEY_SID, OUR_NUMBER
from tests.twilio.kit.legs import Leg
from tests.twilio.kit.rooms import Conference
from tests.twilio.serving import HookServer

PLACE = "twilio"
ROOM = "agent-1"
DESK = "client:agent_1"
OWNER = PhoneNumber("+8613800138000")
INSTALLATION = UUID(int=7)
_WITHIN_S = 5.0
_LOOK_S = 0.005


@dataclass
class Silences:
    """Stands in for the recorder: which calls are paused."""

    paused: set[UUID] = field(default_factory=set)

    async def pause(self, call_id: UUID) -> None:
        """Note a pause."""
        self.paused.add(call_id)

    async def resume(self, call_id: UUID) -> None:
        """Note its end."""
        self.paused.discard(call_id)


@dataclass(frozen=True, kw_only=True)
class FloorRig:
    """A floor, what it stands on, and the carrier's side of it."""

    twilio: Emulator
    rest: Rest
    book: Book
    seats: SeatBook
    documents: RoomDocuments
    floor: TwilioFloor
    watch: FloorWatch
    asking: Tending  # asks Twilio at once, of everything
    silences: Silences
    ids: IdSource
    clock: SystemClock
    sessions: async_sessionmaker[AsyncSession]

    async def owner_calls(self, room: str | None = ROOM, to: PhoneNumber = OWNER) -> UUID:
        """Place a call that goes to a room once it is answered, and return it."""
        call_id = self.ids.new()
        now = self.clock.now()
        order = OutboundCall(
            attempt_id=call_id,
            to=to,
            caller_id=OUR_NUMBER,
            trunk=PLACE,
            ring_timeout_s=20,
            max_seconds=600,
            detect_machine=False,
            synthetic=False,
            room=room,
            language=Language.ENGLISH,
        )
        ends_by = now + timedelta(seconds=600)
        await self.book.write_ahead(order, shown=OUR_NUMBER, placed_at=now, ends_by=ends_by)
        addresses = self.documents.addresses
        call = await self.rest.client.calls.create_async(
            to=to.e164,
            from_=OUR_NUMBER,
            url=addresses.answer(call_id),
            status_callback=addresses.status(call_id),
        )
        await self.book.told(call_id, Told(sid=str(call.sid)))
        return call_id

    async def met(self, room: str = ROOM) -> UUID:
        """Have an agent at their desk, and an owner with them; return the owner's call."""
        await self.sits_down(room)
        call_id = await self.owner_calls(room)
        await self.in_room(call_id, room)
        return call_id

    async def sits_down(self, room: str = ROOM, endpoint: str = DESK) -> None:
        """Have an agent's phone in its room."""
        await self.floor.seat(room, endpoint)
        await self.until(lambda: self.floor.is_seated(room))

    async def in_room(self, call_id: UUID, room: str = ROOM) -> None:
        """Wait until a call is told to be in a room."""

        async def is_there() -> bool:
            call = await self.book.call(call_id)
            return call is not None and call.room == room and call.in_room_at is not None

        await self.until(is_there)

    async def leg(self, call_id: UUID) -> Leg:
        """Return a call as the carrier has it."""
        call = await self.book.call(call_id)
        assert call is not None
        assert call.sid is not None
        return self.twilio.carrier.legs[call.sid]

    def conference(self, room: str = ROOM) -> Conference | None:
        """Return a room as the carrier has it; None: nobody is in it."""
        return self.twilio.carrier.rooms.named(self.documents.conference(room))

    def there(self, room: str = ROOM) -> set[str]:
        """Return who is in a room: the numbers and endpoints."""
        found = self.conference(room)
        return set() if found is None else {each.leg.to for each in found.members.values()}

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(_WITHIN_S):
            while not await holds():  # noqa: ASYNC110 - the carrier is looked at
                await asyncio.sleep(_LOOK_S)

    async def until_there(self, *who: str, room: str = ROOM) -> None:
        """Wait until exactly these are in a room."""

        async def are_there() -> bool:
            return self.there(room) == set(who)

        await self.until(are_there)


@contextlib.asynccontextmanager
async def floor_rig(twilio: Emulator, database_url: str) -> AsyncIterator[FloorRig]:
    """Hold a floor, and the webhooks that Twilio asks, for the block; nobody is there yet."""
    clock = SystemClock()
    engine = create_engine(database_url, name="test")
    sessions = session_factory(engine)
    async with engine.begin() as connection:
        await connection.execute(sa.text("TRUNCATE twilio_seat, twilio_call CASCADE"))
    ids = IdSource(clock, random.Random(1))
    account = Account(
        account_sid=ACCOUNT_SID,
        username=KEY_SID,
        password=KEY_SECRET,
        base_url=twilio.url,
        timeout_s=1.0,
    )
    server = HookServer()
    async with open_rest(account) as opened, server.listening():
        rest = Rest(opened.client, timeout_s=account.timeout_s, pauses_s=(0.01, 0.01))
        documents = RoomDocuments(
            addresses=Addresses(public_url=server.url), installation_id=INSTALLATION
        )
        seats, book = SeatBook(sessions), Book(sessions)
        phones = DeskPhones(rest, seats, documents, ids=ids, clock=clock, from_number=OUR_NUMBER)
        watch = FloorWatch(seats, clock, place=PLACE)
        silences = Silences()
        floor = TwilioFloor(
            phones, book, watch, language=Language.ENGLISH, recordings=silences, ring_s=1.0
        )
        own = FloorHooks(sessions, documents, language=Language.ENGLISH).hooks()
        server.serve((*own, *_owners(book, documents)))
        yield FloorRig(
            twilio=twilio,
            rest=rest,
            book=book,
            seats=seats,
            documents=documents,
            floor=floor,
            watch=watch,
            asking=Tending(phones, book, clock, ask_after=timedelta(0)),
            silences=silences,
            ids=ids,
            clock=clock,
            sessions=sessions,
        )
        await floor.close()
    await engine.dispose()


def _owners(book: Book, documents: RoomDocuments) -> Hooks:
    """Return what stands in for the talk with owners: they go to their room, and end."""

    async def answer(visit: Visit) -> Answer:
        call_id = UUID(visit.path["call_id"])
        await book.told(call_id, Told(answered_at=visit.at))
        call = await book.call(call_id)
        room = None if call is None or call.order is None else call.order.room
        if room is None:
            return twiml("<Response><Pause length='600'/></Response>")
        return twiml(documents.owner(room, Language.ENGLISH))

    async def status(visit: Visit) -> Answer:
        end = End(at=visit.at, result=TelephonyResult.ANSWERED, seconds=1.0)
        await book.told(UUID(visit.path["call_id"]), Told(ended=end))
        return NOTHING

    return (
        Hook(path="/calls/{call_id}/answer", answer=answer),
        Hook(path="/calls/{call_id}/status", answer=status),
    )
