"""Calls that come in, in the book and at the desk: entered once, and ended, whoever hears of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.database import may_pass_later
from core.errors import OwnerlineError
from core.ids import IdSource
from dialer.bridges.inbound import InboundCall, InboundDesk
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.booked import BookedCall, Told
from dialer.bridges.twilio.callers import caller_of
from dialer.bridges.twilio.tables import TwilioCall
from dialer.bridges.twilio.teller import LAST_REPLY
from scripts.model import Reply, ReplyKind

log = structlog.get_logger(__name__)

# Longer than nearly every call: then Twilio is asked, and one that is up is hung up.
LONGEST = timedelta(minutes=32)


_FIRST = sa.select(sa.func.min(TwilioCall.placed_at))


class CallNotEnteredError(OwnerlineError):
    """A call that came in was entered into the book, and is not there; Twilio asks again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A call to a number of ours, in Twilio's words."""

    sid: str
    written: str  # who rings
    dialled: str
    at: datetime


class InboundBook:
    """Puts calls that come in into the book, and tells the desk how they end."""

    def __init__(
        self,
        book: Book,
        sessions: async_sessionmaker[AsyncSession],
        *,
        ids: IdSource,
        trunk: str,
        region: str,
    ) -> None:
        """Put it together; `region`: where numbers without country code belong."""
        self._book = book
        self._sessions = sessions
        self._ids = ids
        self._trunk = trunk
        self._region = region

    async def known(self, sid: str) -> BookedCall | None:
        """Return a call by Twilio's name; None: it was not entered."""
        return await self._book.call_of(sid)

    async def began_at(self) -> datetime | None:
        """Return since when the book is kept; None: nothing is in it."""
        async with self._sessions() as session:
            return await session.scalar(_FIRST)

    async def enter(self, arrival: Arrival) -> BookedCall:
        """Return the call of an arrival, the same whoever enters it first, and again."""
        known = await self._book.call_of(arrival.sid)
        if known is not None:
            return known
        caller = caller_of(arrival.written, region=self._region)
        await self._book.came_in(
            self._ids.new(),
            sid=arrival.sid,
            trunk=self._trunk,
            e164=None if caller is None else caller.e164,
            shown=arrival.dialled,
            at=arrival.at,
            ends_by=arrival.at + LONGEST,
        )
        entered = await self._book.call_of(arrival.sid)
        if entered is None:
            message = f"a call that came in ({arrival.sid}) is not in the book; it was taken out"
            raise CallNotEnteredError(message)
        return entered

    def told(self, call: BookedCall, arrival: Arrival) -> InboundCall:
        """Return a call as the desk hears of it; its channel is Twilio's name."""
        return InboundCall(
            call_id=call.call_id,
            at=call.placed_at,
            channel=arrival.sid,
            caller=caller_of(arrival.written, region=self._region),
            dialled=arrival.dialled,
            trunk=self._trunk,
        )

    async def missed(self, desk: InboundDesk, arrival: Arrival, told: Told) -> None:
        """Put a call on file that went before anybody answered it."""
        call = await self.enter(arrival)
        await desk.missed(self.told(call, arrival))
        await self._book.told(call.call_id, told)
        await self._book.mark_told(call.call_id, ended=True)

    async def over(
        self, desk: InboundDesk, call: BookedCall, *, at: datetime, told: Told | None = None
    ) -> None:
        """Tell the desk that a line has gone, and first the script that waited for a reply.

        `told` is what is new of it; without it the book has all.
        """
        await self._last_word(desk, call)
        await desk.ended(call.sid or "", at)
        # At last: whoever dies before this leaves it to be told again.
        if told is not None:
            await self._book.told(call.call_id, told)
        await self._book.mark_told(call.call_id, ended=True)

    async def _last_word(self, desk: InboundDesk, call: BookedCall) -> None:
        if not call.is_asking:
            return
        try:
            await desk.reply(call.call_id, Reply(kind=ReplyKind.HUNG_UP), key=LAST_REPLY)
        except Exception as err:
            if may_pass_later(err):
                raise
            # A call session's edge: whatever ails the script, the line has gone and is told.
            log.exception("last_word_not_heard", call_id=str(call.call_id))
