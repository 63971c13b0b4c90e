"""The ready window: a small table of the due calls that come next, refilled set-based.

However many calls wait, a refill looks at a bounded number of them: of each campaign and priority
those with the nearest deadlines, and of all those that have been ready longest.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

_SHIPPED = Path(__file__).with_name("ready.yaml")

# Candidates looked at for each place of the window: some will have been put off to a later hour.
_REACH = 4

_ONE_REFILL_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtext('ownerline ready window'))")

# What a claim holds at this moment is left alone, it is taken out by that claim or by the next
# refill.
_REMOVE = sa.text("""
    DELETE FROM ready_call
    WHERE due_call_id IN (
        SELECT ready.due_call_id
        FROM ready_call ready
        JOIN due_call dc USING (due_call_id)
        WHERE dc.state <> 'waiting' OR dc.next_at > :now
           OR dc.campaign = ANY (CAST(:paused AS text[]))
        FOR UPDATE OF ready SKIP LOCKED
    )
""")

# The campaigns and priorities that wait are found by hopping along their index.
_FILL = sa.text("""
    WITH RECURSIVE lane AS (
        (SELECT campaign, priority FROM due_call WHERE state = 'waiting'
         ORDER BY campaign, priority LIMIT 1)
        UNION ALL
        SELECT following.campaign, following.priority
        FROM lane
        CROSS JOIN LATERAL (
            SELECT dc.campaign, dc.priority
            FROM due_call dc
            WHERE dc.state = 'waiting'
              AND (dc.campaign, dc.priority) > (lane.campaign, lane.priority)
            ORDER BY dc.campaign, dc.priority
            LIMIT 1
        ) AS following
    ), candidate AS (
        SELECT nearest.*
        FROM lane
        CROSS JOIN LATERAL (
            SELECT dc.due_call_id, dc.person_id, dc.community_id, dc.campaign, dc.priority,
                   dc.appointment, dc.next_at, dc.due_by
            FROM due_call dc
            WHERE dc.state = 'waiting' AND dc.campaign = lane.campaign
              AND dc.priority = lane.priority
            ORDER BY dc.due_by, dc.due_call_id
            LIMIT :reach
        ) AS nearest
        WHERE lane.campaign <> ALL (CAST(:paused AS text[]))
        UNION
        SELECT longest.*
        FROM (
            SELECT dc.due_call_id, dc.person_id, dc.community_id, dc.campaign, dc.priority,
                   dc.appointment, dc.next_at, dc.due_by
            FROM due_call dc
            WHERE dc.state = 'waiting' AND dc.next_at <= :now
            ORDER BY dc.next_at, dc.due_by
            LIMIT :reach
        ) AS longest
    ), scored AS (
        SELECT dc.due_call_id, dc.campaign,
               CASE WHEN dc.appointment THEN 1000 ELSE 0 END
               + CAST(:deadline AS float8) * power(0.5, greatest(
                   0, extract(epoch FROM dc.due_by - CAST(:now AS timestamptz))
                      / (3600 * CAST(:deadline_half_hours AS float8))))
               + CAST(:priority AS float8) * least(greatest(dc.priority, 0), 100) / 100
               + CAST(:answer AS float8) * (CAST(:answer_chance AS float8[]))[
                   1 + CAST(extract(hour FROM CAST(:now AS timestamptz)
                                              AT TIME ZONE community.time_zone) AS int)] AS score
        FROM candidate dc
        JOIN community USING (community_id)
        WHERE dc.next_at <= :now AND dc.campaign <> ALL (CAST(:paused AS text[]))
          AND NOT EXISTS (
              SELECT FROM attempt live
              WHERE live.person_id = dc.person_id AND live.state <> 'ended'
          )
        ORDER BY score DESC, dc.due_call_id
        LIMIT :size
    ), out_of_place AS (
        DELETE FROM ready_call
        WHERE due_call_id IN (
            SELECT ready.due_call_id
            FROM ready_call ready
            WHERE ready.due_call_id NOT IN (SELECT due_call_id FROM scored)
            FOR UPDATE OF ready SKIP LOCKED
        )
    ), filled AS (
        INSERT INTO ready_call (due_call_id, campaign, score, entered_at)
        SELECT due_call_id, campaign, score, :now
        FROM scored
        ORDER BY due_call_id
        ON CONFLICT (due_call_id) DO UPDATE SET score = excluded.score
        RETURNING due_call_id
    )
    SELECT count(*) FROM filled
""")

_EARLIEST = sa.text("SELECT min(next_at) FROM due_call WHERE state = 'waiting'")

_NEXT = sa.text("""
    SELECT min(next_at) FROM due_call WHERE state = 'waiting' AND next_at > :now
""")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Weights(_Data):
    """What each part of a score is worth."""

    deadline: float
    deadline_half_hours: Annotated[float, Field(gt=0)]
    priority: float
    answer: float


class Scoring(_Data):
    """How the window is scored; `answer_chance` by local hour from 0."""

    version: str
    source: str
    weights: Weights
    answer_chance: Annotated[
        list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=24, max_length=24)
    ]


@cache
def shipped_scoring() -> Scoring:
    """Return the scoring that comes with the program."""
    return Scoring.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))


async def refill(
    session: AsyncSession,
    *,
    now: datetime,
    size: int,
    paused: Collection[str] = (),
    scoring: Scoring | None = None,
) -> int:
    """Make the window hold the best waiting calls that may be tried now; return how many it holds.

    A claim must still look at the due call itself: one claimed a moment ago may stand in the
    window until the next refill.

    Args:
        session: its transaction; refills wait for one another until it ends.
        now: business time, aware.
        size: places of the window.
        paused: campaigns left out.
        scoring: None means the shipped one.
    """
    rules = scoring or shipped_scoring()
    at = {"now": now, "paused": sorted(paused)}
    await session.execute(_ONE_REFILL_AT_A_TIME)
    await session.execute(_REMOVE, at)
    filled = await session.execute(
        _FILL,
        {
            **at,
            **rules.weights.model_dump(),
            "answer_chance": rules.answer_chance,
            "size": size,
            "reach": size * _REACH,
        },
    )
    return int(filled.scalar_one())


async def earliest_due_at(session: AsyncSession) -> datetime | None:
    """Return when the earliest waiting call may be, or might have been, tried; None: none waits."""
    return (await session.execute(_EARLIEST)).scalar_one_or_none()


async def next_due_at(session: AsyncSession, now: datetime) -> datetime | None:
    """Return when the next waiting call may be tried, after `now`; None when none waits."""
    return (await session.execute(_NEXT, {"now": now})).scalar_one_or_none()
