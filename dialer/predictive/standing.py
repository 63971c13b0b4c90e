"""How a campaign's pacing stands: the budget used, why it dials as it does, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import Packs
from dialer.pacing.bounds import surely_above
from dialer.pacing.budget import Spent
from dialer.pacing.model import Bound, Decision
from dialer.predictive.campaign import day_starts, local_day
from dialer.predictive.limits import (
    PackLimits,
    Tightened,
    Why,
    limits_of,
    pack_limits,
    places_of,
    tightened,
    why_progressive,
)
from dialer.predictive.looking import count_answers

# A decision older than that says how it was, not how it is.
IS_NOW_FOR = timedelta(seconds=10)

_LAST = sa.text("""
    SELECT decision.*
    FROM pacing_decision decision
    WHERE pacing_run_id = (
        SELECT pacing_run_id FROM pacing_run
        WHERE campaign = :campaign
        ORDER BY began_at DESC, pacing_run_id DESC
        LIMIT 1
    )
    ORDER BY n DESC
    LIMIT 1
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class LastDecision:
    """What the pacer said last, and how many of the calls were placed."""

    at: datetime
    decision: Decision
    placed: int

    def is_of_now(self, now: datetime) -> bool:
        """Say whether calls are still being decided by it."""
        return now - self.at <= IS_NOW_FOR


@dataclass(frozen=True, kw_only=True, slots=True)
class PacingStanding:
    """A campaign whose calls are placed ahead of agents, as a supervisor sees it."""

    campaign: str
    today: Spent
    window: Spent
    law: PackLimits
    target: float
    tightened: Tightened | None
    why_progressive: Why | None
    last: LastDecision | None

    @property
    def is_surely_above(self) -> bool:
        """Whether the rate of today or of the window is above the target, chance apart."""
        return any(
            surely_above(each.abandoned, each.live, share=self.target)
            for each in (self.today, self.window)
        )

    @property
    def is_above(self) -> bool:
        """Whether either rate is above the target, be it by chance."""
        return any(each.abandoned > self.target * each.live for each in (self.today, self.window))

    @property
    def bound(self) -> Bound | None:
        """What kept the last decision from one call more."""
        return None if self.last is None else self.last.decision.bound


async def pacing_standing(
    session: AsyncSession, campaign: str, *, packs: Packs, zone: str, now: datetime
) -> PacingStanding:
    """Return how a campaign's pacing stands."""
    law = pack_limits(await places_of(session, campaign), packs)
    set_over = await tightened(session, campaign)
    starts = day_starts(local_day(now, zone), zone)
    since = now - timedelta(seconds=law.window_s)
    before = await count_answers(session, campaign, since=since, until=max(since, starts))
    today = await count_answers(session, campaign, since=starts)
    row: Any = (await session.execute(_LAST, {"campaign": campaign})).one_or_none()
    limits = limits_of(law, set_over, channels=None, calls_per_second=None)
    return PacingStanding(
        campaign=campaign,
        today=_together(today),
        window=_together([*before, *today]),
        law=law,
        target=limits.target,
        tightened=set_over,
        why_progressive=why_progressive(law, set_over),
        last=None if row is None else _last(row),
    )


def _together(hours: Any) -> Spent:
    return Spent(
        live=sum(each.live for each in hours), abandoned=sum(each.abandoned for each in hours)
    )


def _last(row: Any) -> LastDecision:
    return LastDecision(
        at=row.at,
        placed=row.placed,
        decision=Decision(
            dial=row.dial,
            bound=Bound(row.bound),
            odds=row.odds,
            limit=row.odds_limit,
            chance=row.chance,
            free_soon=row.free_soon,
            due=row.due,
            idle=row.glance["idle"],
            ringing=len(row.glance["ringing"]),
            live=row.glance["live"],
            abandoned=row.glance["abandoned"],
            target=row.limits["target"],
        ),
    )
