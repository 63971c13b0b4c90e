"""The ready window: a small table of the due calls that come next, refilled set-based.

However many calls wait, a refill looks at a bounded number of them: of each campaign and priority
those with the nearest deadlines, and of all those that have been ready longest. Only calls that the
script alone makes enter it; agents have an order of their own.

A refill never waits for a claim, nor a claim for a refill: each leaves alone what the other holds.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.answering.reading import (
    FIRST_PHONE,
    PART,
    USUAL_ODDS,
    learned_of,
    local_at,
    others_chance,
    own_chance,
)
from dialer.scoring import Scoring, shipped_scoring

# Candidates looked at for each place of the window: some will have been put off to a later hour.
_REACH = 2

# So many of the window, the best first, are on record for a supervisor who looks back.
_RECORDED = 20

_LOCK = "hashtextextended('ownerline ready window', 0)"
_TRY_LOCK = sa.text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
_WAIT_FOR_LOCK = sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})")

_HOLDS = sa.text("""
    SELECT count(*)
    FROM ready_call
    JOIN due_call dc USING (due_call_id)
    WHERE dc.state = 'waiting' AND dc.next_at <= :now
""")

# The campaigns and priorities that wait are found by hopping along their index. What is foretold of
# owners themselves is read for as many calls as the window holds: by what is usual where they live
# those are the best.
#
# A call gives way by as much as its owner, more than anybody else there, is likelier to answer in
# the best hour to come of a part of the day; hours in which nobody was ever rung are none to wait
# for.
_NOW = "CAST(:now AS timestamptz)"
_FILL = sa.text(f"""
    WITH RECURSIVE lane AS (
        (SELECT campaign, priority FROM due_call WHERE state = 'waiting' AND mode = 'automatic'
         ORDER BY campaign, priority LIMIT 1)
        UNION ALL
        SELECT following.campaign, following.priority
        FROM lane
        CROSS JOIN LATERAL (
            SELECT dc.campaign, dc.priority
            FROM due_call dc
            WHERE dc.state = 'waiting' AND dc.mode = 'automatic'
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
            WHERE dc.state = 'waiting' AND dc.mode = 'automatic'
              AND dc.campaign = lane.campaign AND dc.priority = lane.priority
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
            WHERE dc.state = 'waiting' AND dc.mode = 'automatic' AND dc.next_at <= :now
            ORDER BY dc.next_at, dc.due_by
            LIMIT :reach
        ) AS longest
    ), usual AS (
        SELECT community.community_id, {PART} AS part, {USUAL_ODDS} AS odds
        FROM community
        {local_at(_NOW)}
    ), to_come AS (
        SELECT community_id, array_agg(part) AS parts, array_agg(odds) AS odds
        FROM (
            SELECT community.community_id, {PART} AS part, max({USUAL_ODDS}) AS odds
            FROM community
            CROSS JOIN generate_series(1, CAST(:hours_ahead AS int)) AS ahead (hours)
            {local_at(f"{_NOW} + ahead.hours * interval '1 hour'")}
            WHERE house.attempts > 0 AND EXISTS (SELECT FROM answer_fit WHERE taste > 0)
            GROUP BY 1, 2
        ) AS best
        GROUP BY community_id
    ), place AS (
        SELECT usual.*, {others_chance("usual.odds")} AS chance, to_come.parts AS parts_to_come,
               to_come.odds AS odds_to_come
        FROM usual
        LEFT JOIN answer_fit fit ON true
        LEFT JOIN answer_kind kind ON false
        LEFT JOIN to_come USING (community_id)
    ), nearest AS MATERIALIZED (
        SELECT dc.due_call_id, dc.person_id, dc.campaign, dc.appointment, dc.due_by, place.chance,
               place.part, place.odds, place.parts_to_come, place.odds_to_come,
               CASE WHEN dc.appointment THEN 1000 ELSE 0 END
               + CAST(:deadline AS float8) * power(0.5, greatest(
                   0, extract(epoch FROM dc.due_by - {_NOW})
                      / (3600 * CAST(:deadline_half_hours AS float8))))
               + CAST(:priority AS float8) * least(greatest(dc.priority, 0), 100) / 100
               + CAST(:answer AS float8) * place.chance AS score
        FROM candidate dc
        JOIN place USING (community_id)
        WHERE dc.next_at <= :now AND dc.campaign <> ALL (CAST(:paused AS text[]))
          -- Hashed once, however many calls are live when the server's statistics are old.
          AND dc.person_id NOT IN (SELECT person_id FROM attempt WHERE state <> 'ended')
        ORDER BY score DESC, dc.due_call_id
        LIMIT :size
    ), scored AS (
        SELECT dc.due_call_id, dc.campaign,
               dc.score + CAST(:answer AS float8)
               * (at_now.own - coalesce(later.gives_way, 0) - dc.chance) AS score
        FROM nearest dc
        {FIRST_PHONE}
        {learned_of(person="dc.person_id", kind="line.kind")}
        CROSS JOIN LATERAL (
            SELECT {own_chance("dc.odds", "dc.part")} AS own,
                   {others_chance("dc.odds")} AS others
            OFFSET 0
        ) AS at_now
        LEFT JOIN LATERAL (
            SELECT greatest(0, max(
                at_best.own - at_now.own - greatest(0, at_best.others - at_now.others)
            )) AS gives_way
            FROM unnest(dc.parts_to_come, dc.odds_to_come) AS best (part, odds)
            CROSS JOIN LATERAL (
                SELECT {own_chance("best.odds", "best.part")} AS own,
                       {others_chance("best.odds")} AS others
                OFFSET 0
            ) AS at_best
        ) AS later ON NOT dc.appointment AND owner.person_id IS NOT NULL
             AND dc.due_by > {_NOW} + :spare_hours * interval '1 hour'
    ), next AS MATERIALIZED (
        -- Rounded, so that a row is written again only when its score has drifted by that much.
        SELECT due_call_id, campaign, CAST(round(CAST(score AS numeric), 1) AS float8) AS score
        FROM scored
    ), out_of_place AS (
        DELETE FROM ready_call
        WHERE due_call_id IN (
            SELECT ready.due_call_id
            FROM ready_call ready
            WHERE ready.due_call_id NOT IN (SELECT due_call_id FROM next)
            FOR UPDATE OF ready SKIP LOCKED
        )
    ), drifted AS MATERIALIZED (
        SELECT ready.due_call_id, next.score
        FROM ready_call ready
        JOIN next USING (due_call_id)
        WHERE ready.score <> next.score
        FOR UPDATE OF ready SKIP LOCKED
    ), scored_again AS (
        UPDATE ready_call SET score = drifted.score
        FROM drifted
        WHERE ready_call.due_call_id = drifted.due_call_id
    ), entered AS (
        INSERT INTO ready_call (due_call_id, campaign, score, entered_at)
        SELECT due_call_id, campaign, score, :now
        FROM next
        WHERE NOT EXISTS (SELECT FROM ready_call WHERE ready_call.due_call_id = next.due_call_id)
        ORDER BY due_call_id
        ON CONFLICT DO NOTHING
    ), recorded AS (
        INSERT INTO window_record (at, held, first)
        SELECT :now, count(*), coalesce(
            jsonb_agg(jsonb_build_array(due_call_id, score) ORDER BY score DESC, due_call_id)
                FILTER (WHERE place <= :recorded),
            '[]'
        )
        FROM (
            SELECT due_call_id, score,
                   row_number() OVER (ORDER BY score DESC, due_call_id) AS place
            FROM next
        ) AS placed
        HAVING count(*) > 0
    )
    SELECT count(*) FROM next
""")  # noqa: S608 - the parts are constants of ours

_EARLIEST = sa.text("""
    SELECT min(next_at) FROM due_call WHERE state = 'waiting' AND mode = 'automatic'
""")

_NEXT = sa.text("""
    SELECT min(next_at) FROM due_call
    WHERE state = 'waiting' AND mode = 'automatic' AND next_at > :now
""")


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

    While another refill is under way it waits for that one, which has most often done the work.

    Args:
        session: its transaction; the next refill waits until it ends.
        now: business time, aware.
        size: places of the window; more than all claims at work may hold at once.
        paused: campaigns left out.
        scoring: None means the shipped one.
    """
    rules = scoring or shipped_scoring()
    if not await session.scalar(_TRY_LOCK):
        await session.execute(_WAIT_FOR_LOCK)
        held = int(await session.scalar(_HOLDS, {"now": now}) or 0)
        if held >= size // 2:
            return held
    filled = await session.execute(
        _FILL,
        {
            "now": now,
            "paused": sorted(paused),
            **rules.weights.model_dump(),
            **rules.giving_way.model_dump(),
            "answer_chance": rules.answer_chance,
            "size": size,
            "reach": size * _REACH,
            "recorded": _RECORDED,
        },
    )
    return int(filled.scalar_one())


_FORGET = sa.text("""
    DELETE FROM ready_call
    WHERE due_call_id IN (
        SELECT due_call_id FROM ready_call WHERE campaign = :campaign FOR UPDATE SKIP LOCKED
    )
""")


async def hold_refills(session: AsyncSession) -> None:
    """Keep refills waiting to the transaction's end: what they would read is being changed."""
    await session.execute(_WAIT_FOR_LOCK)


async def forget_ready(session: AsyncSession, campaign: str) -> None:
    """Take a campaign's calls out of the window, but for those that a claim holds."""
    await session.execute(_FORGET, {"campaign": campaign})


async def earliest_due_at(session: AsyncSession) -> datetime | None:
    """Return when the earliest automatic call may be, or might have been, tried; None: none."""
    return (await session.execute(_EARLIEST)).scalar_one_or_none()


async def next_due_at(session: AsyncSession, now: datetime) -> datetime | None:
    """Return when the next automatic call may be tried, after `now`; None: none waits."""
    return (await session.execute(_NEXT, {"now": now})).scalar_one_or_none()
