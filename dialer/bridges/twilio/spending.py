"""What calls over Twilio cost on a day, and the ceiling: reached, nothing more is rung that day.

A call counts on the day it began, by Twilio's price once that is known, until then by begun
minutes; one that has not been picked up yet counts as a minute.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock
from core.columns import table_of
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.rooms import Part
from dialer.bridges.twilio.rounds import Rounds
from dialer.bridges.twilio.tables import TwilioCall, TwilioSeat
from dialer.model import TelephonyResult

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
# Calls that ended so long ago are summed up once a minute, not before each call: of them only
# prices may still come, which correct what was estimated.
_SETTLED_AFTER = timedelta(minutes=3)
_SETTLED_FOR = timedelta(minutes=1)
# Web processes check, and do not look: their sums get old with nobody to read them anew.
_SETTLED_AT_MOST = timedelta(minutes=5)
_LOCK = 7_002_640  # of the database: who places a call waits for who is placing one
_MINUTE_S = 60


class CeilingReachedError(BridgeError):
    """What may be spent in a day is spent; nothing was asked of Twilio."""

    def __init__(self, spent: "Spent", ceiling: Decimal) -> None:
        super().__init__(
            f"{spent.total:.2f} of {ceiling:.2f} are spent until {spent.until.isoformat()}; "
            "raise ceiling_a_day under [twilio], or wait",
            retryable=True,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How a day is counted, in the account's currency."""

    price_a_minute: Decimal  # of what is not billed yet
    line_price_a_minute: Decimal  # of agents' lines that are no telephone numbers
    zone: ZoneInfo  # whose days they are


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceiling:
    """What may be spent in a day."""

    a_day: Decimal
    tally: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What a day has cost so far; `until` is its end, aware, UTC."""

    billed: Decimal
    estimated: Decimal
    calls: int
    until: datetime

    @property
    def total(self) -> Decimal:
        """Billed and not billed yet."""
        return self.billed + self.estimated


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settled:
    """What the calls of a day cost that had ended before an instant."""

    day_from: datetime
    before: datetime
    billed: Decimal
    estimated: Decimal
    calls: int


class Spending:
    """Watches one ceiling: asked before each call, and looked at now and again."""

    def __init__(
        self, ceiling: Ceiling, sessions: async_sessionmaker[AsyncSession], clock: Clock
    ) -> None:
        self._ceiling = ceiling
        self._sessions = sessions
        self._clock = clock
        self._is_spent = False
        self._settled: _Settled | None = None
        self._rounds = Rounds(self.look, every_s=LOOK_EVERY_S, failed="spending_not_read")

    @property
    def is_spent(self) -> bool:
        """Whether a call would have been refused at the last look."""
        return self._is_spent

    async def check(self, session: AsyncSession) -> None:
        """Refuse a call that the ceiling has no room for.

        To be asked in the transaction that writes the call down: until that one ends no other
        call is weighed, in any process.

        Raises:
            CeilingReachedError: it has none.
        """
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        spent = await self._read(session, settled_for=_SETTLED_AT_MOST)
        if self._is_spent:
            raise CeilingReachedError(spent, self._ceiling.a_day)

    async def look(self) -> Spent:
        """Read what is spent today."""
        async with self._sessions() as session:
            return await self._read(session, settled_for=_SETTLED_FOR)

    async def start(self) -> None:
        """Look, and go on looking in the background."""
        await self.look()
        self._rounds.start()

    async def close(self) -> None:
        """Look no more."""
        await self._rounds.close()

    async def _read(self, session: AsyncSession, *, settled_for: timedelta) -> Spent:
        """Read what is spent today; what has settled is read anew when it is so old, or none is."""
        now, tally = self._clock.now(), self._ceiling.tally
        day_from, day_until = _day_of(now, tally.zone)
        settled = self._settled
        before = now - _SETTLED_AFTER
        given = _given(tally, day_from, day_until, now=now)
        if (
            settled is None
            or settled.day_from != day_from
            or before - settled.before >= settled_for
        ):
            row = (await session.execute(_SETTLED_SUM, given | {"before": before})).one()
            settled = self._settled = _Settled(
                day_from=day_from,
                before=before,
                billed=row.billed,
                estimated=row.estimated,
                calls=row.calls,
            )
        row = (await session.execute(_RECENT_SUM, given | {"before": settled.before})).one()
        spent = Spent(
            billed=settled.billed + row.billed,
            estimated=settled.estimated + row.estimated,
            calls=settled.calls + row.calls,
            until=day_until,
        )
        self._note(spent)
        return spent

    def _note(self, spent: Spent) -> None:
        was, self._is_spent = self._is_spent, is_reached(spent, self._ceiling)
        if self._is_spent and not was:
            log.warning(
                "ceiling_reached",
                spent=str(spent.total),
                ceiling=str(self._ceiling.a_day),
                until=spent.until.isoformat(),
            )


def is_reached(spent: Spent, ceiling: Ceiling) -> bool:
    """Say whether the first minute of another call would go beyond the ceiling."""
    return spent.total + ceiling.tally.price_a_minute > ceiling.a_day


async def spent_on(
    session: AsyncSession, tally: Tally, *, at: datetime, now: datetime | None = None
) -> Spent:
    """Return what the calls begun on the day of an instant have cost up to now, or up to it."""
    day_from, day_until = _day_of(at, tally.zone)
    given = _given(tally, day_from, day_until, now=now or at)
    row = (await session.execute(_SUM, given)).one()
    return Spent(billed=row.billed, estimated=row.estimated, calls=row.calls, until=day_until)


def _given(
    tally: Tally, day_from: datetime, day_until: datetime, *, now: datetime
) -> dict[str, object]:
    return {
        "now": now,
        "day_from": day_from,
        "day_until": day_until,
        "price": tally.price_a_minute,
        "line_price": tally.line_price_a_minute,
    }


def _day_of(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the half-open day of an instant, in UTC."""
    day = at.astimezone(zone).date()
    first, last = (
        datetime.combine(each, time(0), zone).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    return first, last


_CALL, _SEAT = table_of(TwilioCall), table_of(TwilioSeat)
_NOW = sa.bindparam("now", type_=sa.DateTime(timezone=True))
_FROM = sa.bindparam("day_from", type_=sa.DateTime(timezone=True))
_UNTIL = sa.bindparam("day_until", type_=sa.DateTime(timezone=True))
_PRICE = sa.bindparam("price", type_=sa.Numeric())
_LINE_PRICE = sa.bindparam("line_price", type_=sa.Numeric())


def _minutes(
    since: sa.ColumnElement[datetime | None], until: sa.ColumnElement[datetime | None]
) -> sa.ColumnElement[int]:
    """Return the begun minutes of an answered leg, at least one."""
    seconds = sa.extract("epoch", sa.func.coalesce(until, _NOW) - since)
    return sa.func.greatest(sa.func.ceil(seconds / _MINUTE_S), 1)


_CALLS = sa.select(
    _CALL.c.price.label("billed"),
    sa.case(
        (_CALL.c.answered_at.is_not(None), _minutes(_CALL.c.answered_at, _CALL.c.ended_at)),
        # Not picked up yet; or nobody knows whether it was.
        (_CALL.c.result.is_(None) | (_CALL.c.result == TelephonyResult.LOST), 1),
        else_=0,
    ).label("minutes"),
    _PRICE.label("price"),
).where(_CALL.c.placed_at >= _FROM, _CALL.c.placed_at < _UNTIL)

_SEATS = sa.select(
    _SEAT.c.price.label("billed"),
    sa.case(
        (_SEAT.c.seated_at.is_not(None), _minutes(_SEAT.c.seated_at, _SEAT.c.gone_at)),
        # Whom an owner was passed on to: when they picked up is not told.
        (_SEAT.c.part == Part.OUTSIDE.value, _minutes(_SEAT.c.rung_at, _SEAT.c.gone_at)),
        (_SEAT.c.gone_at.is_(None), 1),
        else_=0,
    ).label("minutes"),
    sa.case((_SEAT.c.endpoint.startswith("+"), _PRICE), else_=_LINE_PRICE).label("price"),
).where(_SEAT.c.rung_at >= _FROM, _SEAT.c.rung_at < _UNTIL)

_BEFORE = sa.bindparam("before", type_=sa.DateTime(timezone=True))
_HAS_SETTLED = _CALL.c.ended_at < _BEFORE
_HAS_NOT = _CALL.c.ended_at.is_(None) | (_CALL.c.ended_at >= _BEFORE)


def _sum(*legs: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    """Return what legs have cost: billed, and by their minutes what is not."""
    leg = sa.union_all(*legs).subquery("leg")
    not_billed = sa.func.sum(leg.c.minutes * leg.c.price).filter(leg.c.billed.is_(None))
    return sa.select(
        sa.func.coalesce(sa.func.sum(leg.c.billed), Decimal(0)).label("billed"),
        sa.func.coalesce(not_billed, Decimal(0)).label("estimated"),
        sa.func.count().label("calls"),
    )


_SUM = _sum(_CALLS, _SEATS)
_SETTLED_SUM = _sum(_CALLS.where(_HAS_SETTLED))
_RECENT_SUM = _sum(_CALLS.where(_HAS_NOT), _SEATS)
