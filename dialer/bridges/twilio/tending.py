"""Tends the rooms: lets go whom nobody is left for, and asks Twilio what no webhook told.

Every dialer does it. A phone is asked about by one of them at a time; hanging up twice is harmless.
"""

from datetime import timedelta

import structlog

from core.clock import Clock
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.book import Book, BookedCall, Told
from dialer.bridges.twilio.phones import CallGoneError, DeskPhones, asked
from dialer.bridges.twilio.results import OVER, status_of
from dialer.bridges.twilio.rooms import Part
from dialer.bridges.twilio.seats import KEPT_FOR, LeftCaller, Seat
from dialer.bridges.twilio.troubles import trouble_of

log = structlog.get_logger(__name__)

ASK_AFTER = timedelta(seconds=60)  # Twilio, of a phone that nothing was told of
_MOST_IN_A_ROOM = 20


class Tending:
    """Sees to phones and callers in rooms, once each look."""

    def __init__(
        self, phones: DeskPhones, book: Book, clock: Clock, *, ask_after: timedelta = ASK_AFTER
    ) -> None:
        """Put it together; Twilio is asked of a phone `ask_after` it was last heard of."""
        self._phones = phones
        self._seats = phones.seats
        self._rest = phones.rest
        self._book = book
        self._clock = clock
        self._ask_after = ask_after
        self._next_ask = clock.now()

    async def tend(self) -> None:
        """Let go whom nobody is left for; now and then ask Twilio who is still there."""
        for seat in await self._seats.left_over():
            await self._let_go(seat)
        for caller in await self._seats.left_callers():
            await self._end(caller)
        now = self._clock.now()
        if now < self._next_ask:
            return
        self._next_ask = now + self._ask_after / 4
        for seat in await self._seats.take_unasked(before=now - self._ask_after, now=now):
            try:
                await self._ask_of(seat)
            except BridgeError as err:  # it is asked again in its time
                log.warning("phone_not_asked", seat_id=str(seat.seat_id), error=str(err))
        await self._seats.forget(now - KEPT_FOR)

    async def _let_go(self, seat: Seat) -> None:
        try:
            await self._phones.end(seat)
        except BridgeError as err:  # it is left over at the next look too
            log.warning("phone_not_hung_up", seat_id=str(seat.seat_id), error=str(err))

    async def _end(self, caller: LeftCaller) -> None:
        """Hang up a caller whose agent has gone."""
        try:
            await asked(
                self._rest,
                lambda: self._rest.client.calls(caller.sid).update_async(status="completed"),
                what="hang up a caller whose agent has gone",
            )
        except CallGoneError:
            log.debug("caller_gone_already", call_id=str(caller.call_id))
        except BridgeError as err:
            log.warning("caller_not_hung_up", call_id=str(caller.call_id), error=str(err))
            return
        await self._book.told(caller.call_id, Told(is_cut=True))

    async def _ask_of(self, seat: Seat) -> None:
        """Find out what has become of a phone."""
        if seat.part is Part.OUTSIDE:
            return  # it goes with its owner
        if seat.sid is None:  # it was never rung, or nobody has picked it up: nor may they now
            await self._gone(seat, PhoneTrouble.UNREACHABLE)
        elif seat.seated_at is not None and seat.part is Part.SEAT:
            await self._ask_conference(seat, seat.sid)
        else:
            await self._ask_call(seat, seat.sid)

    async def _ask_call(self, seat: Seat, sid: str) -> None:
        try:
            call = await asked(
                self._rest,
                lambda: self._rest.client.calls(sid).fetch_async(),
                what="ask what became of a phone",
            )
        except CallGoneError:
            await self._gone(seat, PhoneTrouble.UNREACHABLE)
            return
        status = status_of(str(call.status))
        if status is None or status not in OVER:
            if seat.seated_at is None:
                await self._look_for(seat, sid)
            return
        was_there = seat.seated_at is not None
        await self._gone(seat, PhoneTrouble.HUNG_UP if was_there else trouble_of(status))

    async def _look_for(self, seat: Seat, sid: str) -> None:
        """Look whether a phone whose coming was never told is in its room."""
        conference_sid = await self._phones.conference_by_name(seat.room)
        if conference_sid is not None and sid in await self._present(conference_sid):
            await self._seats.joined(sid, conference_sid=conference_sid, at=self._clock.now())

    async def _ask_conference(self, seat: Seat, sid: str) -> None:
        """Look who is in a room whose agent is said to be in it."""
        conference_sid = seat.conference_sid or ""
        present = await self._present(conference_sid)
        if sid not in present:
            await self._gone(seat, PhoneTrouble.HUNG_UP)
        for other in present - {sid}:
            call = await self._book.call_of(other)
            if call is not None and _is_news(call, seat.room):
                told = Told(room=seat.room, in_room_at=self._clock.now())
                await self._book.told(call.call_id, told)

    async def _present(self, conference_sid: str) -> set[str]:
        """Return the calls in a conference; one that is over is empty."""
        try:
            present = await asked(
                self._rest,
                lambda: self._rest.client.conferences(conference_sid).participants.list_async(
                    limit=_MOST_IN_A_ROOM
                ),
                what="ask who is in a room",
            )
        except CallGoneError:
            return set()
        return {str(each.call_sid) for each in present}

    async def _gone(self, seat: Seat, trouble: PhoneTrouble) -> None:
        log.info("phone_found_gone", seat_id=str(seat.seat_id), trouble=trouble.value)
        await self._seats.gone([seat.seat_id], at=self._clock.now(), trouble=trouble)


def _is_news(call: BookedCall, room: str) -> bool:
    """Say whether the book lacks that a call is in a room; one on its way elsewhere may be yet."""
    if call.room == room:
        return call.in_room_at is None
    return call.room is None or call.in_room_at is not None
