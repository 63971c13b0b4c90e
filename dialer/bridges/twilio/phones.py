"""Phones on our side, as Twilio rings them: an agent's own, a guest's, a supervisor's."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import structlog

from core.clock import Clock
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.book import Check
from dialer.bridges.twilio.destinations import check_destination
from dialer.bridges.twilio.rest import Rest, RestBusyError, RestLostError, RestRefusedError
from dialer.bridges.twilio.rooms import LONGEST_S, Part, RoomDocuments
from dialer.bridges.twilio.seats import Seat, SeatBook

log = structlog.get_logger(__name__)

T = TypeVar("T")

NOT_IN_PROGRESS = 21220  # https://www.twilio.com/docs/api/errors/21220
_CONFERENCES = 3  # of one name; the latest comes first, earlier ones are over
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = re.compile(r"(client|sip):\S+")


class DeskPhones:
    """Rings phones of our side into rooms, and hangs them up."""

    def __init__(
        self,
        rest: Rest,
        seats: SeatBook,
        documents: RoomDocuments,
        *,
        ids: IdSource,
        clock: Clock,
        from_number: str,
        destinations: Sequence[str] = (),
        check: Check | None = None,
    ) -> None:
        """Put it together.

        Args:
            rest: Twilio's API.
            seats: the book of phones.
            documents: whose addresses Twilio asks.
            ids: of the phones.
            clock: the time.
            from_number: what a phone shows when it is rung.
            destinations: where numbers may lie; empty: anywhere.
            check: asked before a phone is written down, in its transaction: the day's ceiling.
        """
        self.rest = rest
        self.seats = seats
        self.documents = documents
        self.clock = clock
        self._ids = ids
        self._from_number = from_number
        self._destinations = destinations
        self._check = check

    async def ring(
        self,
        part: Part,
        room: str,
        endpoint: str,
        *,
        within_s: float,
        call_id: UUID | None = None,
        caller_id: str = "",
    ) -> None:
        """Ring a phone into a room; a seat that is taken, or rung for, changes nothing.

        Returns when it is being rung. A lost answer is none: if Twilio rings it, its webhook says
        so, and if not, the watch finds out.

        Raises:
            BridgeError: it is not rung.
        """
        self._look_at(endpoint)
        seat_id = self._ids.new()
        if not await self.seats.write_ahead(
            seat_id,
            room=room,
            part=part,
            endpoint=endpoint,
            at=self.clock.now(),
            call_id=call_id,
            check=self._check,
        ):
            return
        addresses = self.documents.addresses
        try:
            call = await self.rest.once(
                lambda: self.rest.client.calls.create_async(
                    to=endpoint,
                    from_=caller_id or self._from_number,
                    url=addresses.phone_answer(seat_id),
                    method="POST",
                    status_callback=addresses.phone_status(seat_id),
                    status_callback_event=["completed"],
                    status_callback_method="POST",
                    timeout=round(within_s),
                    time_limit=LONGEST_S,
                ),
                what=f"ring a phone ({part.value})",
            )
        except (RestBusyError, RestRefusedError) as err:
            await self._cannot_ring(seat_id)
            raise BridgeError(str(err), retryable=isinstance(err, RestBusyError)) from err
        except RestLostError as err:
            log.warning("phone_perhaps_rung", seat_id=str(seat_id), room=room, error=str(err))
            return
        log.info("phone_rung", part=part.value, room=room, seat_id=str(seat_id))
        seat = await self.seats.rung(seat_id, str(call.sid))
        if seat is not None and seat.gone_at is not None:  # let go while Twilio answered
            await self._hang_up(str(call.sid))

    async def end(self, seat: Seat) -> None:
        """Hang up a phone; one that is gone already is noted as such.

        Raises:
            BridgeError: nobody knows; it is up for all we know.
        """
        if seat.sid is not None and seat.part is not Part.OUTSIDE:
            await self._hang_up(seat.sid)
        await self.seats.gone([seat.seat_id], at=self.clock.now())

    async def pass_on(
        self, room: str, call_id: UUID, to: PhoneNumber, say: Callable[[], Awaitable[None]]
    ) -> None:
        """Write down that an owner is connected with an outside number, and do it.

        Raises:
            BridgeError: it is not done, or nobody knows.
        """
        self._look_at(to.e164)
        seat_id = self._ids.new()
        await self.seats.write_ahead(
            seat_id,
            room=room,
            part=Part.OUTSIDE,
            endpoint=to.e164,
            at=self.clock.now(),
            call_id=call_id,
            check=self._check,
        )
        try:
            await say()
        except BridgeError:
            await self.seats.gone([seat_id], at=self.clock.now())
            raise

    async def conference_of(self, room: str) -> str:
        """Return the name at Twilio of a room's conference.

        Raises:
            CallGoneError: nobody is in the room.
            BridgeError: nobody knows.
        """
        sid = await self.seats.conference_of(room) or await self.conference_by_name(room)
        if sid is None:
            message = f"nobody is in room {room!r}"
            raise CallGoneError(message, retryable=False)
        return sid

    async def conference_by_name(self, room: str) -> str | None:
        """Ask Twilio for a room's conference; None: there is none.

        Raises:
            BridgeError: nobody knows.
        """
        found = await asked(
            self.rest,
            lambda: self.rest.client.conferences.list_async(
                friendly_name=self.documents.conference(room), limit=_CONFERENCES
            ),
            what="ask for a room",
        )
        return next((str(each.sid) for each in found if str(each.status) != "completed"), None)

    async def _cannot_ring(self, seat_id: UUID) -> None:
        await self.seats.gone([seat_id], at=self.clock.now(), trouble=PhoneTrouble.UNREACHABLE)

    async def _hang_up(self, sid: str) -> None:
        try:
            await asked(
                self.rest,
                lambda: self.rest.client.calls(sid).update_async(status="completed"),
                what="hang up a phone",
            )
        except CallGoneError:
            log.debug("phone_gone_already", sid=sid)

    def _look_at(self, endpoint: str) -> None:
        """Refuse what Twilio cannot ring, or may not from here."""
        if _NUMBER.fullmatch(endpoint):
            check_destination(PhoneNumber(endpoint), self._destinations)
        elif _ADDRESS.fullmatch(endpoint) is None:
            message = (
                f"{endpoint!r} is no phone that Twilio rings; write a number (+86…), a SIP address "
                "(sip:name@host) or a browser (client:name)"
            )
            raise BridgeError(message, retryable=False)


class CallGoneError(BridgeError):
    """Twilio knows no such call, or it is over."""


async def asked(rest: Rest, say: Callable[[], Awaitable[T]], *, what: str) -> T:
    """Ask Twilio something of a call or conference that is up.

    Raises:
        CallGoneError: it is not.
        BridgeError: it is not done; or, retryable, nobody knows.
    """
    try:
        return await rest.ask(say, what=what)
    except RestRefusedError as err:
        if err.is_unknown or err.code == NOT_IN_PROGRESS:
            raise CallGoneError(str(err), retryable=False) from err
        raise BridgeError(str(err), retryable=False) from err
    except (RestBusyError, RestLostError) as err:
        raise BridgeError(str(err), retryable=True) from err
