"""What became of a call, by the book and by Twilio: asked, never rung again (decision 0035)."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.clock import Clock
from dialer.bridges.port import Fate, FateKind
from dialer.bridges.twilio.book import Book, BookedCall, Told
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.rest import RestBusyError, RestLostError, RestRefusedError
from dialer.bridges.twilio.results import CallStatus
from dialer.bridges.twilio.teller import Teller, ended_of

log = structlog.get_logger(__name__)

# A request whose answer was given up may still be on its way to Twilio, and a call that it makes
# is listed a moment later. With a time-out of ten seconds it is known at the engine's third and
# last ask, fifteen seconds after an answer that came at once and said nothing (HTTP 500).
LISTED_WITHIN = timedelta(seconds=5)
# Why a call failed is told by its callback alone, up to half a minute late; a failure is soon over.
TOLD_WITHIN = timedelta(seconds=35)
_FAILS_WITHIN = timedelta(minutes=3)
# An id that was asked for once is not kept for ever.
_ASKED_FOR = timedelta(minutes=5)
_UNKNOWN = Fate(kind=FateKind.UNKNOWN)
_NEVER = Fate(kind=FateKind.NEVER_PLACED)
_LIVE = Fate(kind=FateKind.LIVE)
_NOT_ANSWERED = (RestRefusedError, RestBusyError, RestLostError)


class Fates:
    """Asks for calls; one that is up is carried here from then on."""

    def __init__(
        self,
        book: Book,
        lines: Lines,
        teller: Teller,
        clock: Clock,
        *,
        timeout_s: float,
        listed_within: timedelta = LISTED_WITHIN,
        told_within: timedelta = TOLD_WITHIN,
    ) -> None:
        """Put it together.

        Args:
            book: of calls.
            lines: asks Twilio.
            teller: carries calls that are up.
            clock: the time.
            timeout_s: how long the answer to a creation is waited for.
            listed_within: how long a call may take to be on Twilio's list.
            told_within: how late a callback may be.
        """
        self._book = book
        self._lines = lines
        self._teller = teller
        self._clock = clock
        self._told_within = told_within
        self._settled_in = timedelta(seconds=timeout_s) + listed_within
        self._absent: dict[UUID, datetime] = {}  # not in the book when they were asked for

    async def of(self, call_id: UUID) -> Fate:
        """Say what became of a call; see the port.

        NEVER_PLACED: it is not in the book, and a call is in it before it is created; or Twilio
        does not list it although its creation was asked for long enough ago. A call that is asked
        for twice and is not in the book is closed there: who claimed it and slept will not ring.
        """
        call = await self._book.call(call_id)
        if call is None:
            return await self._absent_once_more(call_id)
        self._absent.pop(call_id, None)
        try:
            return await self._asked(call)
        except _NOT_ANSWERED as err:
            log.warning("fate_not_asked", attempt_id=str(call_id), error=str(err))
            return _UNKNOWN

    async def refresh(self, call: BookedCall) -> BookedCall:
        """Ask Twilio about a call and return it as the book has it then; errors as `Rest.ask`."""
        sid = call.sid or await self.name_of(call)
        if sid is None:
            return call
        now = self._clock.now()
        told = await self._lines.told_of(sid, at=now)
        if self._is_callback_awaited(call, told, now):
            told = replace(told, gone=None)
        await self._book.told(call.call_id, told)
        return await self._book.call(call.call_id) or call

    def _is_callback_awaited(self, call: BookedCall, told: Told, now: datetime) -> bool:
        """Say whether a call has failed just now: the API does not know that its number is none."""
        gone = told.gone
        return (
            gone is not None
            and gone.status is CallStatus.FAILED
            and now - gone.at < self._told_within
            and now - call.placed_at < _FAILS_WITHIN
        )

    async def name_of(self, call: BookedCall) -> str | None:
        """Look for a call whose creation was not answered; None: Twilio does not list it."""
        for sid in await self._lines.look_for(call, at=self._clock.now()):
            if await self._book.call_of(sid) is None:
                log.info("call_found", attempt_id=str(call.call_id), sid=sid)
                await self._book.told(call.call_id, Told(sid=sid))
                return sid
        return None

    async def _absent_once_more(self, call_id: UUID) -> Fate:
        now = self._clock.now()
        self._absent = {each: at for each, at in self._absent.items() if now - at < _ASKED_FOR}
        if call_id not in self._absent:
            self._absent[call_id] = now
            return _NEVER
        return _NEVER if await self._book.close(call_id, at=now) else _UNKNOWN

    async def _asked(self, call: BookedCall) -> Fate:
        if call.ended is None:
            call = await self.refresh(call)
        if call.ended is not None:
            if call.sid is None and call.is_cut:
                return _NEVER
            await self._teller.bring_up(call.call_id)
            return Fate(kind=FateKind.ENDED, ended=ended_of(call))
        if call.sid is not None:
            if call.is_cut:  # before its name was known
                await self._lines.end(call.sid)
            self._teller.carry(call.call_id)
            return _LIVE
        now = self._clock.now()
        if now - call.placed_at < self._settled_in:
            return _UNKNOWN
        return _NEVER if await self._book.give_up(call.call_id, at=now) else _UNKNOWN
