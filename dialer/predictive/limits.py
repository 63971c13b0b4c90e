"""What binds a campaign's pacing: the strictest rule pack, a supervisor, the trunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaign
from callback.conduct import conduct_under
from callback.hours import weekly, zone_named
from callback.pack_model import Abandonment
from callback.packs import Packs
from dialer.pacing.model import Limits
from dialer.wall.lanes import sources_of
from dialer.wall.model import Place

_MOST_PLACES = 200
_STEP = timedelta(minutes=5)
_HOUR_S = 3600.0

_PLACES = sa.text("""
    SELECT DISTINCT time_zone, packs, region
    FROM community
    WHERE EXISTS (
        SELECT FROM due_call
        WHERE due_call.community_id = community.community_id AND campaign = :campaign
          AND settled_at IS NULL
    )
    ORDER BY 1, 2, 3
    LIMIT :most
""")
_EVERYWHERE = sa.text("""
    SELECT DISTINCT time_zone, packs, region FROM community ORDER BY 1, 2, 3 LIMIT :most
""")
_TIGHTENED = sa.text("""
    SELECT target, one_line_each, set_at, set_by, why
    FROM pacing_tightening
    WHERE campaign = :campaign
""")


class Why(StrEnum):
    """Why a campaign is dialled one line an idle agent."""

    SUPERVISOR = "supervisor"
    PACK = "pack"  # no rule pack says how many may be abandoned: nobody may


@dataclass(frozen=True, kw_only=True, slots=True)
class PackLimits:
    """What the packs of a campaign's communities lay down, the strictest of each figure."""

    ceiling: float | None  # None: a pack says nothing, and calls are not placed ahead
    window_s: float
    agent_within_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Tightened:
    """What a supervisor has set over the packs."""

    target: float | None
    one_line_each: bool
    at: datetime
    by: str
    why: str


async def places_of(session: AsyncSession, campaign: str) -> list[Place]:
    """Return the rules of the communities whose owners the campaign is to call.

    While nobody is due a call of it, of all communities.
    """
    asked = {"campaign": campaign, "most": _MOST_PLACES}
    rows = (await session.execute(_PLACES, asked)).all()
    if not rows:
        rows = (await session.execute(_EVERYWHERE, {"most": _MOST_PLACES})).all()
    return [
        Place(time_zone=row.time_zone, packs=tuple(row.packs), region=row.region) for row in rows
    ]


async def tightened(session: AsyncSession, campaign: str) -> Tightened | None:
    """Return what a supervisor has tightened; None: nothing."""
    row: Any = (await session.execute(_TIGHTENED, {"campaign": campaign})).one_or_none()
    if row is None:
        return None
    return Tightened(
        target=row.target,
        one_line_each=row.one_line_each,
        at=row.set_at,
        by=row.set_by,
        why=row.why,
    )


def pack_limits(places: Sequence[Place], packs: Packs) -> PackLimits:
    """Return the strictest figures of the packs of these places.

    The lowest ceiling holds over the longest window, and over each day in it besides.
    """
    rules: list[Abandonment] = []
    speak = bool(places)
    for place in places:
        applying = packs.applying(place.packs, place.region, place.region)
        found = conduct_under(applying).abandonment if applying else ()
        speak = speak and bool(found)
        rules += found
    if not rules:
        return PackLimits(ceiling=None, window_s=24 * _HOUR_S, agent_within_s=2.0)
    return PackLimits(
        ceiling=min(rule.ceiling for rule in rules) if speak else None,
        window_s=max(rule.window_hours for rule in rules) * _HOUR_S,
        agent_within_s=min(rule.agent_within_s for rule in rules),
    )


def limits_of(
    law: PackLimits,
    set_over: Tightened | None,
    *,
    channels: int | None,
    calls_per_second: float | None,
) -> Limits:
    """Return what binds the next decision; a supervisor narrows the packs and never widens them."""
    ceiling = law.ceiling or _TARGET_OF_NONE
    asked = ceiling if set_over is None or set_over.target is None else set_over.target
    return Limits(
        target=min(ceiling, asked),
        window_s=law.window_s,
        agent_within_s=law.agent_within_s,
        predictive=why_progressive(law, set_over) is None,
        channels=channels,
        calls_per_second=calls_per_second,
    )


# One line an agent is placed without looking at it.
_TARGET_OF_NONE = 0.01


def why_progressive(law: PackLimits, set_over: Tightened | None) -> Why | None:
    """Return why calls are not placed ahead; None: they are."""
    if law.ceiling is None:
        return Why.PACK
    return Why.SUPERVISOR if set_over is not None and set_over.one_line_each else None


def day_ends_at(
    campaign: Campaign, places: Sequence[Place], packs: Packs, *, now: datetime, zone: str
) -> datetime | None:
    """Return the end of the last minutes of the house's day in which anybody may be rung.

    None: nobody may any more, or no rules are known.
    """
    local = now.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), ZoneInfo(zone))
    schedules = []
    for place in places:
        sources = sources_of(place, campaign.purpose, packs)
        home = zone_named(place.time_zone)
        if not sources or home is None:
            continue
        own = () if campaign.hours is None else ((weekly(campaign.hours), home),)
        schedules.append((*sources, *own))
    at = midnight - _STEP
    while at >= now - _STEP:
        if any(all(each.is_open(at, home) for each, home in every) for every in schedules):
            return at + _STEP
        at -= _STEP
    return None
