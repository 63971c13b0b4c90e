"""Sees to calls whose end was not told, and to an account that takes nothing."""

from datetime import timedelta

import structlog

from core.clock import Clock
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.twilio.book import Book, BookedCall
from dialer.bridges.twilio.fates import Fates
from dialer.bridges.twilio.inbound_book import InboundBook
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.rest import Rest, RestBusyError, RestLostError, RestRefusedError
from dialer.bridges.twilio.rounds import Rounds
from dialer.model import Direction

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 10.0
_AGAIN_AFTER = timedelta(seconds=60)
_RETURNS_WITHIN = timedelta(hours=1)
_ERRORS = (RestRefusedError, RestBusyError, RestLostError)


class Sweeper:
    """Looks again and again; of several dialers one asks about each call."""

    def __init__(
        self,
        book: Book,
        fates: Fates,
        lines: Lines,
        rest: Rest,
        clock: Clock,
        *,
        arrivals: InboundBook | None = None,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Put it together; without `arrivals` calls that came in are no matter of it."""
        self._book = book
        self._fates = fates
        self._lines = lines
        self._rest = rest
        self._clock = clock
        self._arrivals = arrivals
        self._desk: InboundDesk | None = None
        self._rounds = Rounds(self._round, every_s=every_s, failed="calls_not_swept")

    async def start(self, desk: InboundDesk | None) -> None:
        """Begin; the desk hears of calls that came in and have ended."""
        self._desk = desk
        await self.knock()
        self._rounds.start()

    async def close(self) -> None:
        """Look no more."""
        await self._rounds.close()

    async def knock(self) -> None:
        """Ask Twilio for something small: whether it lets us in is then known."""
        try:
            await self._rest.once(
                lambda: self._rest.client.calls.list_async(limit=1, page_size=1),
                what="asking whether we are let in",
            )
        except _ERRORS as err:
            log.warning("twilio_not_asked", error=str(err))

    async def look(self) -> None:
        """See to the calls that should be over, and to those that should never have been."""
        now = self._clock.now()
        for call in await self._book.claim_returned(since=now - _RETURNS_WITHIN):
            await self._end_returned(call)
        for call in await self._book.claim_overdue(now, until=now + _AGAIN_AFTER):
            try:
                await self._see_to(call)
            except _ERRORS as err:
                log.warning("overdue_call_not_asked", call_id=str(call.call_id), error=str(err))

    async def _round(self) -> None:
        if self._rest.closed is not None:
            await self.knock()
        await self.look()

    async def _end_returned(self, call: BookedCall) -> None:
        """Hang up a call that was given up: its phone may be rung again by now."""
        log.warning("call_returned", call_id=str(call.call_id))
        try:
            await self._lines.end(call.sid or "")
        except _ERRORS as err:
            log.warning("returned_call_not_hung_up", call_id=str(call.call_id), error=str(err))

    async def _see_to(self, call: BookedCall) -> None:
        log.info("overdue_call_asked", call_id=str(call.call_id))
        if call.sid is None:
            await self._fates.of(call.call_id)
            return
        found = await self._fates.refresh(call)
        if found.ended is None:
            log.warning("overdue_call_hung_up", call_id=str(call.call_id))
            await self._lines.end(call.sid)
        elif (
            found.direction is Direction.INBOUND
            and self._desk is not None
            and self._arrivals is not None
        ):
            await self._arrivals.over(self._desk, found, at=found.ended.at)
