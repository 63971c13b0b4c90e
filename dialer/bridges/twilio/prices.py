"""What Twilio billed for calls that are over: asked for in pages, now and again.

A price is known some time after a call's end, and nobody is told. Of calls without an answer there
is none to wait for.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from twilio.rest.api.v2010.account.call import CallInstance, CallPage

from core.clock import Clock
from core.columns import table_of
from dialer.bridges.twilio.rest import Rest
from dialer.bridges.twilio.rooms import Part
from dialer.bridges.twilio.rounds import Rounds
from dialer.bridges.twilio.tables import TwilioCall, TwilioSeat

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 300.0
PAGE = 1000  # the most Twilio gives at once
_MOST_PAGES = 50  # of one look; the rest comes with the next
_SETTLES_WITHIN = timedelta(days=3)  # what has no price by then keeps its estimate


class Prices:
    """Fills in the prices of calls and agents' phones; several dialers may do it."""

    def __init__(
        self,
        rest: Rest,
        sessions: async_sessionmaker[AsyncSession],
        clock: Clock,
        *,
        every_s: float = LOOK_EVERY_S,
        page_size: int = PAGE,
    ) -> None:
        self._rest = rest
        self._sessions = sessions
        self._clock = clock
        self._page_size = page_size
        self._rounds = Rounds(self.look, every_s=every_s, failed="prices_not_read")

    async def start(self) -> None:
        """Look again and again, in the background."""
        self._rounds.start()

    async def close(self) -> None:
        """Look no more."""
        await self._rounds.close()

    async def look(self) -> int:
        """Ask for the prices that are missing; returns how many came.

        Raises:
            OwnerlineError: Twilio does not answer.
        """
        found = 0
        async for page in self._pages():
            billed = dict(each for call in page if (each := _price(call)) is not None)
            spawned = {
                str(call.parent_call_sid): billed[str(call.sid)]
                for call in page
                if call.parent_call_sid and str(call.sid) in billed
            }
            found += await self._keep(billed, spawned)
        if found:
            log.info("prices_learnt", calls=found)
        return found

    async def _pages(self) -> AsyncIterator[list[CallInstance]]:
        """Yield the account's calls, the newest first, as long as a price is missing."""
        since = await self._oldest()
        page = None if since is None else await self._first_page(since)
        for _ in range(_MOST_PAGES):
            if page is None:
                return
            yield list(page)
            page = await self._page_after(page)

    async def _first_page(self, since: datetime) -> CallPage:
        # Twilio finds calls by the day on which they were dialled.
        day = datetime.combine(since.astimezone(UTC).date(), time(0), UTC)
        return await self._rest.ask(
            lambda: self._rest.client.calls.page_async(
                status="completed", start_time_after=day, page_size=self._page_size
            ),
            what="reading prices",
        )

    async def _page_after(self, page: CallPage) -> CallPage | None:
        """Return the page after one; None: there is none, or no price is missing any more."""
        if not page.next_page_url or await self._oldest() is None:
            return None
        following = await self._rest.ask(page.next_page_async, what="reading prices")
        return following if isinstance(following, CallPage) else None

    async def _oldest(self) -> datetime | None:
        """Return when the oldest call began whose price is missing; None: none is."""
        since = self._clock.now() - _SETTLES_WITHIN
        async with self._sessions() as session:
            at: datetime | None = await session.scalar(_OLDEST, {"since": since})
        return at

    async def _keep(self, billed: Mapping[str, Decimal], spawned: Mapping[str, Decimal]) -> int:
        kept = 0
        async with self._sessions.begin() as session:
            for statement, prices in (
                (_CALLS_BILLED, billed),
                (_SEATS_BILLED, billed),
                (_OUTSIDE_BILLED, spawned),
            ):
                if prices:
                    given = {"sids": list(prices), "prices": list(prices.values())}
                    rows = await session.execute(statement, given)
                    kept += len(rows.all())
        return kept


def _price(call: CallInstance) -> tuple[str, Decimal] | None:
    """Return a call's name and what it cost, which Twilio writes as less than nothing."""
    try:
        return str(call.sid), abs(Decimal(str(call.price)))
    except InvalidOperation:  # None, or empty: not known yet
        return None


_CALL, _SEAT = table_of(TwilioCall), table_of(TwilioSeat)
_OUTSIDE = _SEAT.c.part == Part.OUTSIDE.value  # a call of Twilio's own, whose name we do not learn
_SINCE = sa.bindparam("since", type_=sa.DateTime(timezone=True))
_OLDEST = sa.select(
    sa.func.least(
        sa.select(sa.func.min(_CALL.c.placed_at))
        .where(
            _CALL.c.placed_at >= _SINCE,
            _CALL.c.price.is_(None),
            _CALL.c.sid.is_not(None),
            _CALL.c.answered_at.is_not(None),
            _CALL.c.ended_at.is_not(None),
        )
        .scalar_subquery(),
        sa.select(sa.func.min(_SEAT.c.rung_at))
        .where(
            _SEAT.c.rung_at >= _SINCE,
            _SEAT.c.price.is_(None),
            _SEAT.c.seated_at.is_not(None) | _OUTSIDE,
            _SEAT.c.gone_at.is_not(None),
        )
        .scalar_subquery(),
    )
)

_TOLD = (
    sa.func.unnest(
        sa.bindparam("sids", type_=ARRAY(sa.Text)),
        sa.bindparam("prices", type_=ARRAY(sa.Numeric)),
    )
    .table_valued("sid", sa.column("price", sa.Numeric), name="told")
    .render_derived()
)
_CALLS_BILLED = (
    sa.update(_CALL)
    .where(_CALL.c.sid == _TOLD.c.sid, _CALL.c.price.is_(None))
    .values(price=_TOLD.c.price)
    .returning(_CALL.c.call_id)
)
_SEATS_BILLED = (
    sa.update(_SEAT)
    .where(_SEAT.c.sid == _TOLD.c.sid, _SEAT.c.price.is_(None))
    .values(price=_TOLD.c.price)
    .returning(_SEAT.c.seat_id)
)
_OUTSIDE_BILLED = (
    sa.update(_SEAT)
    .where(
        _OUTSIDE,
        _SEAT.c.call_id == _CALL.c.call_id,
        _CALL.c.sid == _TOLD.c.sid,
        _SEAT.c.price.is_(None),
    )
    .values(price=_TOLD.c.price)
    .returning(_SEAT.c.seat_id)
)
