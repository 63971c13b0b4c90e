"""A call that is up at the emulated carrier, and recorders of several processes that follow it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.clock import SystemClock
from core.columns import AnyRow, table_of
from core.phone import PhoneNumber
from customers.model import Language, RecordingConsent
from dialer.bridges.port import OutboundCall, RecordingReady, RecordingStarted
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.booked import BookedCall, Told
from dialer.bridges.twilio.floor_hooks import FloorHooks
from dialer.bridges.twilio.hook import NOTHING, Answer, Hook, Hooks, Visit, twiml
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import RecordingBook
from dialer.bridges.twilio.recording_hooks import RecordingHooks
from dialer.bridges.twilio.reports import told_by_form
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.rooms import Part, RoomDocuments
from dialer.bridges.twilio.tapes import Tapes
from dialer.recording import note_recording
from recordings.tables import Recording
from tests.integration.jobs.house import house
from tests.integration.jobs.test_recordings import ATTEMPT, INBOUND, Place
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN, OUR_NUMBER
from tests.twilio.kit.legs import Leg
from tests.twilio.kit.tapes import Tape
from tests.twilio.serving import HookServer

OWNER = PhoneNumber("+8613800138000")
ROOM, AGENT = "agent-1", "client:agent-1"
_WITHIN_S = 5.0
_LOOK_S = 0.005
_TWILIO = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "from_number": OUR_NUMBER}


@dataclass
class Words:
    """Stands in for the desk: the words that callers left."""

    kept: list[tuple[UUID, str, float]] = field(default_factory=list)

    async def recorded(self, call_id: UUID, name: str, location: str, seconds: float) -> None:
        """Note a word."""
        assert location.startswith("twilio:RE")
        self.kept.append((call_id, name, seconds))


@dataclass(kw_only=True)
class TapeRig:
    """A call, its recorder, and the carrier's side of it."""

    twilio: Emulator
    rest: Rest
    book: Book
    tapes: RecordingBook
    recorder: Recorder
    hooks: RecordingHooks
    addresses: Addresses
    place: Place
    words: Words
    agent_calls: bool

    def another(self) -> Recorder:
        """Return the recorder of another process."""
        return Recorder(
            self.tapes,
            Tapes(self.rest, self.addresses, clock=SystemClock()),
            clock=SystemClock(),
            agent_calls=self.agent_calls,
            desk=self.words,  # type: ignore[arg-type]  # it asks for no more
        )

    async def sits_down(self) -> Leg:
        """Have an agent's phone in the room."""
        made = await self.rest.client.calls.create_async(
            to=AGENT, from_=OUR_NUMBER, url=self.addresses.at("/agents/answer")
        )
        leg = self.twilio.carrier.legs[str(made.sid)]
        await self.twilio.carrier.until(leg, "in-progress")
        return leg

    async def rings(
        self, consent: RecordingConsent = RecordingConsent.ANNOUNCE, *, room: str | None = None
    ) -> BookedCall:
        """Place a call that is answered, and goes on until somebody hangs up."""
        now = SystemClock().now()
        order = OutboundCall(
            attempt_id=ATTEMPT,
            to=OWNER,
            caller_id=OUR_NUMBER,
            trunk="twilio",
            ring_timeout_s=20,
            max_seconds=600,
            detect_machine=False,
            synthetic=False,
            language=Language.ENGLISH,
            recording=consent,
            room=room,
        )
        ends_by = now + timedelta(hours=1)
        await self.book.write_ahead(order, shown=OUR_NUMBER, placed_at=now, ends_by=ends_by)
        made = await self.rest.client.calls.create_async(
            to=OWNER.e164,
            from_=OUR_NUMBER,
            url=self.addresses.answer(ATTEMPT),
            status_callback=self.addresses.status(ATTEMPT),
        )
        await self.book.told(ATTEMPT, Told(sid=str(made.sid)))
        await self.twilio.carrier.until(self.twilio.carrier.legs[str(made.sid)], "in-progress")
        return await self.call()

    async def call(self) -> BookedCall:
        """Return the call as the book has it."""
        found = await self.book.call(ATTEMPT)
        assert found is not None
        return found

    async def says(self, *, recorded: bool) -> None:
        """Say a turn, and have all that follows of it done."""
        await self.recorder.follow(await self.call(), recorded=recorded)
        await self.recorder.settled()
        await self.twilio.carrier.postman.until_idle()
        await self.recorder.settled()

    async def hang_up(self) -> None:
        """Let the owner hang up; returns when all was told of it."""
        self.twilio.carrier.up(OWNER.e164).hang_up(by_us=False)
        await self.twilio.carrier.until_idle()
        await self.recorder.settled()

    def taped(self) -> list[Tape]:
        """Return the recordings at the carrier, the oldest first."""
        return list(self.twilio.carrier.tapes.all.values())

    def are_deleted(self) -> bool:
        """Say whether the carrier has none of them any more."""
        return all(each.is_deleted for each in self.taped())

    async def rows(self) -> list[AnyRow]:
        """Return the recordings on file, the oldest first."""
        query = sa.select(table_of(Recording)).order_by(Recording.recording_id)
        async with self.place.runtime.sessions() as session:
            return list((await session.execute(query)).all())

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(_WITHIN_S):
            while not await holds():  # noqa: ASYNC110 - the database is looked at
                await asyncio.sleep(_LOOK_S)

    async def until_rows(self, number: int) -> list[AnyRow]:
        """Wait until so many recordings are on file."""

        async def are_there() -> bool:
            return len(await self.rows()) == number

        await self.until(are_there)
        return await self.rows()


@contextlib.asynccontextmanager
async def tape_rig(
    twilio: Emulator, engine: AsyncEngine, home: Path, *, agent_calls: bool = True
) -> AsyncIterator[TapeRig]:
    """Hold an installation with an attempt and a call that came in, and its webhooks."""
    runtime = house(engine, home)
    server = HookServer()
    account = Account(
        account_sid=ACCOUNT_SID,
        username=ACCOUNT_SID,
        password=AUTH_TOKEN,
        base_url=twilio.url,
        timeout_s=1.0,
    )
    async with open_rest(account) as rest, server.listening():
        settings = runtime.settings.model_copy(
            update={
                "public_url": server.url,
                "twilio": runtime.settings.twilio.__class__(
                    **_TWILIO, api_base_url=twilio.url, api_timeout_s=1.0
                ),
            }
        )
        place = Place(replace(runtime, settings=settings))
        await place.open()
        addresses, book = Addresses(public_url=server.url), Book(runtime.sessions)
        tapes = RecordingBook(runtime.sessions, owe=partial(_owe, place))
        words = Words()
        quick = Rest(rest.client, timeout_s=1.0, pauses_s=(0.01, 0.02))
        rig = TapeRig(
            twilio=twilio,
            rest=quick,
            book=book,
            tapes=tapes,
            recorder=None,  # type: ignore[arg-type]  # made of the rest of it
            hooks=None,  # type: ignore[arg-type]
            addresses=addresses,
            place=place,
            words=words,
            agent_calls=agent_calls,
        )
        rig.recorder = rig.another()
        rig.hooks = RecordingHooks(book, rig.recorder, addresses)
        rooms = RoomDocuments(addresses=addresses, installation_id=INBOUND)
        floor = FloorHooks(runtime.sessions, rooms, recorder=rig.recorder)
        server.serve((*rig.hooks.hooks(), *floor.hooks(), *_talk(book, rooms)))
        yield rig
        await rig.recorder.settled()


async def _owe(
    place: Place, session: AsyncSession, event: RecordingStarted | RecordingReady
) -> None:
    await note_recording(session, event, recording_id=place.runtime.ids.new())


def _talk(book: Book, rooms: RoomDocuments) -> Hooks:
    """Return what stands in for the talk, which never ends by itself, and for an agent's phone."""

    async def answer(visit: Visit) -> Answer:
        call = await book.call(UUID(visit.path["call_id"]))
        if call is None or call.order is None or call.order.room is None:
            return twiml("<Response><Pause length='600'/></Response>")
        return twiml(rooms.owner(call.order.room, Language.ENGLISH))

    async def agent(_: Visit) -> Answer:
        return twiml(rooms.phone(ROOM, Part.SEAT))

    async def status(visit: Visit) -> Answer:
        await book.told(UUID(visit.path["call_id"]), told_by_form(visit.form, at=visit.at))
        return NOTHING

    return (
        Hook(path="/calls/{call_id}/answer", answer=answer),
        Hook(path="/calls/{call_id}/status", answer=status),
        Hook(path="/agents/answer", answer=agent),
    )


__all__ = ["ATTEMPT", "INBOUND", "OWNER", "TapeRig", "tape_rig"]
