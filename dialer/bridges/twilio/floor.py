"""Agents' phones and their rooms on Twilio: seats, hold, third parties, supervisors.

A room is a conference; an agent's phone is a call of its own that stays in it. What becomes of
phones is told to webhooks, on any process, which fill in the book that every floor reads.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from uuid import UUID

import structlog

from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.floor import MonitorMode, PhoneTrouble
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.book import Book, BookedCall, Told
from dialer.bridges.twilio.phones import CallGoneError, DeskPhones, asked
from dialer.bridges.twilio.rooms import Part
from dialer.bridges.twilio.watch import FloorWatch

log = structlog.get_logger(__name__)

RING_S = 25.0  # an agent at the desk picks up sooner; the carrier of a guest may need as long
_GUEST_RINGS_S = 45.0


class Silencer(Protocol):
    """What pauses recordings, and goes on with them."""

    async def pause(self, call_id: UUID) -> None:
        """Record silence for a while; `BridgeError` when it may go on being recorded."""
        ...

    async def resume(self, call_id: UUID) -> None:
        """Record again; `BridgeError` when it is not recorded, with why."""
        ...


class TwilioFloor:
    """The floor of the Twilio bridge."""

    def __init__(
        self,
        phones: DeskPhones,
        book: Book,
        watch: FloorWatch,
        *,
        language: Language = Language.MANDARIN,
        recordings: Silencer | None = None,
        ring_s: float = RING_S,
    ) -> None:
        """Put a floor together.

        Args:
            phones: rings them.
            book: of the owners' calls.
            watch: knows how the rooms stand.
            language: of callers whose own is not known.
            recordings: of the calls; None: nothing is recorded, so that nothing can be paused.
            ring_s: how long phones of ours ring.
        """
        self._phones = phones
        self._seats = phones.seats
        self._documents = phones.documents
        self._rest = phones.rest
        self._book = book
        self._watch = watch
        self._language = language
        self._recordings = recordings
        self._ring_s = ring_s

    async def start(self) -> None:
        """Read how the rooms stand, and go on doing so."""
        await self._watch.start()

    async def close(self) -> None:
        """Leave every phone where it is: another dialer, or the next start, finds it."""
        await self._watch.close()

    # Seats.

    async def seat(self, room: str, endpoint: str) -> None:
        """Ring an agent's phone; see the port."""
        await self._phones.ring(Part.SEAT, room, endpoint, within_s=self._ring_s)

    async def unseat(self, room: str) -> None:
        """Hang up the agent's phone; see the port."""
        for seat in await self._seats.open_in(room, Part.SEAT):
            await self._phones.end(seat)

    async def is_seated(self, room: str) -> bool:
        """Say whether the agent's phone is in its room, as the database has it now."""
        return await self._seats.is_seated(room)

    def seats(self) -> Mapping[str, str]:
        """Return the place of each room whose agent is in it."""
        return self._watch.seats()

    def is_known(self, place: str) -> bool:
        """Say whether the database could be read a moment ago."""
        return self._watch.is_known(place)

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms that were rung for are not seated."""
        return self._watch.troubles()

    def on_seats(self, changed: Callable[[], None]) -> None:
        """Call this whenever a phone has come or gone."""
        self._watch.on_change(changed)

    # Owners' calls.

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into a room, or bring it back from hold; `CallInRoom` follows."""
        call, sid = await self._up(attempt_id)
        if call.room == room and call.in_room_at is not None:
            try:
                await self._set_on_hold(room, sid, is_held=False)
            except CallGoneError:
                log.debug("call_not_in_its_room", attempt_id=str(attempt_id), room=room)
            else:
                return
        # Before they come: a room they were in earlier may be told late, and within one second.
        await self._book.told(attempt_id, Told(room=room))
        try:
            await self._lead(sid, self._documents.owner(room, self._language_of(call)))
        except BridgeError:
            if call.room is not None:
                stays = Told(room=call.room, in_room_at=call.in_room_at)
                await self._book.told(attempt_id, stays)
            raise

    async def hold(self, attempt_id: UUID) -> None:
        """Let a call wait with music: it stays in the conference, and hears nobody in it."""
        call, sid = await self._up(attempt_id)
        if call.room is None:
            message = f"call {attempt_id} is in no room: there is nobody to hold it for"
            raise BridgeError(message, retryable=False)
        await self._set_on_hold(call.room, sid, is_held=True)

    async def apologise(self, attempt_id: UUID) -> None:
        """Let a call hear the apology, and end."""
        call, sid = await self._up(attempt_id)
        await self._lead(sid, self._documents.sorry(self._language_of(call)))

    async def pass_on(self, attempt_id: UUID, to: PhoneNumber, *, caller_id: str) -> None:
        """Connect a call with an outside number and leave the two alone."""
        call, sid = await self._up(attempt_id)
        document = self._documents.pass_on(attempt_id, to.e164, shown=caller_id or call.shown)
        await self._phones.pass_on(
            call.room or "", attempt_id, to, lambda: self._lead(sid, document)
        )

    async def invite(
        self, attempt_id: UUID, room: str, to: PhoneNumber | str, *, caller_id: str
    ) -> None:
        """Ring a third party into the room of a call."""
        call, _ = await self._up(attempt_id)
        await self._phones.ring(
            Part.GUEST,
            room,
            to.e164 if isinstance(to, PhoneNumber) else to,
            within_s=_GUEST_RINGS_S,
            call_id=attempt_id,
            caller_id=caller_id or call.shown,
        )

    async def dismiss(self, room: str) -> None:
        """Hang up whoever was invited into a room."""
        for guest in await self._seats.open_in(room, Part.GUEST):
            await self._phones.end(guest)

    async def pause_recording(self, attempt_id: UUID) -> None:
        """Record silence from now on."""
        await self._with_recordings(attempt_id).pause(attempt_id)

    async def resume_recording(self, attempt_id: UUID) -> None:
        """Record what is said again."""
        await self._with_recordings(attempt_id).resume(attempt_id)

    # Supervisors.

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Ring a supervisor's phone; picked up, it takes part in the room, and in nothing else."""
        if not await self._seats.is_seated(room):
            message = f"nobody sits in room {room!r}: there is nothing to {mode} to"
            raise BridgeError(message, retryable=False)
        for before in await self._seats.monitoring_at(endpoint):
            await self._phones.end(before)
        part = Part(MonitorMode(mode).value)
        await self._phones.ring(part, room, endpoint, within_s=self._ring_s)

    # How.

    async def _up(self, attempt_id: UUID) -> tuple[BookedCall, str]:
        """Return a call that is up, and its name at Twilio."""
        call = await self._book.call(attempt_id)
        if call is None or call.sid is None or call.ended is not None or call.is_cut:
            message = f"call {attempt_id} is not up"
            raise BridgeError(message, retryable=False)
        return call, call.sid

    def _language_of(self, call: BookedCall) -> Language:
        return self._language if call.order is None else call.order.language

    async def _lead(self, sid: str, document: str) -> None:
        """Have a call go on with a document, wherever it is."""
        await self._ask(
            lambda: self._rest.client.calls(sid).update_async(twiml=document), what="lead a call"
        )

    async def _set_on_hold(self, room: str, sid: str, *, is_held: bool) -> None:
        """Hold a call in a room, or no longer.

        Raises:
            CallGoneError: it is not in the room's conference.
        """
        conference_sid = await self._phones.conference_of(room)
        await self._ask(
            lambda: (
                self._rest.client.conferences(conference_sid)
                .participants(sid)
                .update_async(hold=is_held)
            ),
            what="hold a call" if is_held else "bring a call back",
        )

    async def _ask(self, say: Callable[[], Awaitable[object]], *, what: str) -> None:
        await asked(self._rest, say, what=what)

    def _with_recordings(self, attempt_id: UUID) -> Silencer:
        if self._recordings is None:
            message = f"call {attempt_id} is not recorded: there is nothing to pause"
            raise BridgeError(message, retryable=False)
        return self._recordings
