"""Days that are over, counted once: kept by a job, used by every report, live where not yet kept.

A day may be kept when it has ended in the last zone and as long again has passed. Whoever changes a
call of such a day takes the day out of what is kept, in their own transaction (`CountedDay`); who
counts waits for all of them first. Both use the database's own clock, whatever the program's says.
"""

from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
from customers.periods import Period

# By figure: rows of day, of, word and their sums.
CallFigures = dict[str, list[AnyRow]]

MOST_DAYS = 10  # that one run counts; the next goes on
_AHEAD = timedelta(hours=15)  # no zone is further from UTC
_OVER = "interval '24 hours'"  # after midnight UTC: the last zone's day, and as long again

# Somebody or something picked up; a person did; that person met nobody of ours.
_CONNECTED = "telephony_result IN ('answered', 'machine', 'abandoned')"
_LIVE = "telephony_result IN ('answered', 'abandoned')"

# A call belongs to the community of the first due call it serves, and to the day it began there.
# Calls of kept days are left out.
_PLACED = """
    SELECT attempt_id, campaign, started_at, telephony_result, agent_id, met_at, ended_at,
           wrapped_up_at, community_id, local
    FROM (
        SELECT a.attempt_id, a.campaign, a.started_at, a.telephony_result, a.agent_id, a.met_at,
               a.ended_at, first_served.wrapped_up_at, c.community_id,
               a.started_at AT TIME ZONE c.time_zone AS local
        FROM attempt a
        JOIN attempt_due_call first_served
            ON first_served.attempt_id = a.attempt_id AND first_served.position = 0
        JOIN due_call dc ON dc.due_call_id = first_served.due_call_id
        JOIN community c ON c.community_id = dc.community_id
        WHERE a.direction = 'outbound' AND a.state = 'ended' AND a.telephony_result <> 'cancelled'
          AND a.started_at >= :live_earliest AND a.started_at < :latest
          AND (CAST(:community_id AS bigint) IS NULL
               OR c.community_id = CAST(:community_id AS bigint))
        OFFSET 0  -- the zones are looked at last, or every call would meet every community
    ) AS near
    WHERE CAST(local AS date) >= CAST(:first AS date) AND CAST(local AS date) < CAST(:until AS date)
      AND CAST(local AS date) NOT IN (SELECT day FROM counted_day)
"""

_AGENT_SUMS = """
    count(*) AS calls, count(met_at) AS talks,
    CAST(coalesce(sum(extract(epoch FROM ended_at - met_at)), 0) AS bigint) AS talk_s,
    CAST(coalesce(sum(extract(epoch FROM greatest(wrapped_up_at - ended_at, interval '0')))
                  FILTER (WHERE met_at IS NOT NULL), 0) AS bigint) AS wrap_up_s
"""

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('ownerline counted days'))")
_TO_KEEP = sa.text(f"""
    SELECT CAST(each AS date)
    FROM generate_series(
        (SELECT CAST(min(started_at) AT TIME ZONE 'UTC' AS date) - 1 FROM attempt),
        CAST((least(:now, now()) - {_OVER}) AT TIME ZONE 'UTC' AS date) - 1,
        interval '1 day'
    ) AS each
    WHERE NOT EXISTS (SELECT FROM counted_day WHERE day = CAST(each AS date))
    ORDER BY each
    LIMIT :most
""")  # noqa: S608 - constants of ours
_CLEAR = sa.text("DELETE FROM call_figure WHERE day = :day")
_COUNTED = f"""
    WITH placed AS MATERIALIZED ({_PLACED}), spoken AS MATERIALIZED (
        SELECT CAST(local AS date) AS day, placed.community_id, placed.agent_id, placed.met_at,
               dc.reason, served.wrap_up_code
        FROM placed
        JOIN attempt_due_call served USING (attempt_id)
        JOIN due_call dc ON dc.due_call_id = served.due_call_id
        WHERE served.wrap_up_code IS NOT NULL
    ), counted (day, community_id, figure, of, word, calls, connected, answered, talk_s,
                wrap_up_s) AS (
        SELECT CAST(local AS date), community_id, 'hour',
               CAST(CAST(extract(hour FROM local) AS int) AS text), '', count(*),
               count(*) FILTER (WHERE {_CONNECTED}), count(*) FILTER (WHERE {_LIVE}), 0, 0
        FROM placed GROUP BY 1, 2, 4
        UNION ALL
        SELECT CAST(local AS date), community_id, 'result', campaign, telephony_result, count(*),
               0, 0, 0, 0
        FROM placed GROUP BY 1, 2, 4, 5
        UNION ALL
        SELECT day, community_id, 'agent', CAST(agent_id AS text), '', calls, 0, talks, talk_s,
               wrap_up_s
        FROM (
            SELECT CAST(local AS date) AS day, community_id, agent_id, {_AGENT_SUMS}
            FROM placed WHERE agent_id IS NOT NULL GROUP BY 1, 2, 3
        ) AS sums
        UNION ALL
        SELECT day, community_id, 'code', reason, wrap_up_code, count(*), 0, 0, 0, 0
        FROM spoken GROUP BY 1, 2, 4, 5
        UNION ALL
        SELECT day, community_id, 'agent_code', CAST(agent_id AS text), wrap_up_code, count(*),
               0, 0, 0, 0
        FROM spoken WHERE agent_id IS NOT NULL AND met_at IS NOT NULL GROUP BY 1, 2, 4, 5
    )
"""  # noqa: S608 - conditions of ours
_COUNT = sa.text(f"""
    {_COUNTED}
    INSERT INTO call_figure (day, community_id, figure, of, word, calls, connected, answered,
                             talk_s, wrap_up_s)
    SELECT day, community_id, figure, of, word, calls, connected, answered, talk_s, wrap_up_s
    FROM counted
""")  # noqa: S608 - conditions of ours
_SHOWN = sa.text(f"""
    {_COUNTED}
    SELECT day, figure, of, word, CAST(sum(calls) AS bigint) AS calls,
           CAST(sum(connected) AS bigint) AS connected, CAST(sum(answered) AS bigint) AS answered,
           CAST(sum(talk_s) AS bigint) AS talk_s, CAST(sum(wrap_up_s) AS bigint) AS wrap_up_s
    FROM (
        SELECT * FROM counted
        UNION ALL
        SELECT f.day, f.community_id, f.figure, f.of, f.word, f.calls, f.connected, f.answered,
               f.talk_s, f.wrap_up_s
        FROM call_figure f
        JOIN counted_day USING (day)
        WHERE f.day >= CAST(:first AS date) AND f.day < CAST(:until AS date)
          AND (CAST(:community_id AS bigint) IS NULL
               OR f.community_id = CAST(:community_id AS bigint))
    ) AS both_of_them
    GROUP BY day, figure, of, word
    ORDER BY day, figure, of, word
""")  # noqa: S608 - conditions of ours
_NOTE = sa.text("INSERT INTO counted_day (day, counted_at) VALUES (:day, :now)")
_LIVE_FROM = sa.text("""
    SELECT CAST(coalesce(min(each), CAST(:until AS date)) AS date) FROM generate_series(
        CAST(:first AS date), CAST(:until AS date) - 1, interval '1 day'
    ) AS each
    WHERE NOT EXISTS (SELECT FROM counted_day WHERE day = CAST(each AS date))
""")


async def keep_days(session: AsyncSession, *, now: datetime, most: int = MOST_DAYS) -> int:
    """Count days that are over and not kept yet, the oldest first; returns how many."""
    await session.execute(_LOCK)
    days = (await session.scalars(_TO_KEEP, {"now": now, "most": most})).all()
    for day in days:
        await session.execute(_CLEAR, {"day": day})
        period = Period.of(day, day + timedelta(days=1)).parameters()
        await session.execute(_COUNT, {**period, "live_earliest": period["earliest"]})
        await session.execute(_NOTE, {"day": day, "now": now})
    return len(days)


async def call_figures(session: AsyncSession, parameters: dict[str, object]) -> CallFigures:
    """Return every figure of a period's calls, kept or counted now; one statement for them all."""
    first: date = (await session.execute(_LIVE_FROM, parameters)).scalar_one()
    live = {"live_earliest": datetime.combine(first, time(), UTC) - _AHEAD}
    found: CallFigures = {}
    for row in await session.execute(_SHOWN, {**parameters, **live}):
        found.setdefault(row.figure, []).append(row)
    return found
