"""Reads what earlier days have shown: who answered when, what talks came to, how long things took.

Also whom the roster has, and when each agent was at work on their last days.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from dialer.agents.tables import Agent
from dialer.shrinkage import Slot, Tally
from dialer.whatif.model import Window
from dialer.whatif.world import LEAST_TIMES, Seen

_POINTS = 64  # of a distribution of times
_LAST_DAYS = 10  # of an agent
_ROSTER_DAYS = 28

_WITHIN = """
    a.direction = 'outbound' AND a.state = 'ended' AND a.submitted_at IS NOT NULL
    AND a.started_at > :since AND a.started_at <= :now
"""
_HUMAN = """
    a.telephony_result IN ('answered', 'abandoned') AND a.answered_by IS DISTINCT FROM 'machine'
"""

# Whether a call rang or not, its community, hour and outcome; later ones of a due call apart.
_OUTCOMES = sa.text(f"""
    SELECT dc.community_id, extract(isodow FROM local.at) > 5 AS weekend,
           CAST(extract(hour FROM local.at) AS int) AS hour, {_HUMAN} AS answered,
           EXISTS (
               SELECT FROM attempt_due_call before
               JOIN attempt tried ON tried.attempt_id = before.attempt_id
               WHERE before.due_call_id = adc.due_call_id
                 AND tried.direction = 'outbound' AND tried.started_at < a.started_at
           ) AS again,
           CASE WHEN NOT {_HUMAN}
                THEN coalesce(adc.wrap_up_code, a.telephony_result) END AS word,
           count(*) AS calls
    FROM attempt a
    JOIN attempt_due_call adc ON adc.attempt_id = a.attempt_id AND adc.position = 0
    JOIN due_call dc USING (due_call_id)
    JOIN community USING (community_id)
    CROSS JOIN LATERAL (SELECT a.started_at AT TIME ZONE community.time_zone AS at) AS local
    WHERE {_WITHIN}
    GROUP BY 1, 2, 3, 4, 5, 6
""")  # noqa: S608 - conditions of this module
_CODES = sa.text(f"""
    SELECT dc.reason, coalesce(adc.wrap_up_code, a.telephony_result) AS word, count(*) AS talks
    FROM attempt a
    JOIN attempt_due_call adc USING (attempt_id)
    JOIN due_call dc USING (due_call_id)
    WHERE {_WITHIN} AND a.telephony_result = 'answered' AND {_HUMAN}
    GROUP BY 1, 2
""")  # noqa: S608 - conditions of this module
_TIMES = sa.text(f"""
    WITH call AS (
        SELECT a.mode, a.telephony_result, {_HUMAN} AS human, dc.reason,
               extract(epoch FROM a.answered_at - a.submitted_at) AS answered_s,
               extract(epoch FROM a.ended_at - a.submitted_at) AS lasted_s,
               extract(epoch FROM a.ended_at - a.answered_at) AS talked_s,
               CASE WHEN a.met_at IS NOT NULL
                    THEN extract(epoch FROM adc.wrapped_up_at - a.ended_at) END AS wrote_s
        FROM attempt a
        JOIN attempt_due_call adc ON adc.attempt_id = a.attempt_id AND adc.position = 0
        JOIN due_call dc USING (due_call_id)
        WHERE {_WITHIN}
    ), seen AS (
        SELECT 'live' AS kind, answered_s AS seconds FROM call WHERE human
        UNION ALL
        SELECT CASE WHEN telephony_result IN ('machine', 'no_answer', 'busy', 'rejected')
                    THEN telephony_result ELSE 'other' END, lasted_s
        FROM call WHERE NOT human
        UNION ALL
        SELECT 'talk:' || CASE WHEN mode = 'automatic' THEN 'auto' ELSE 'agent' END
               || CASE WHEN part.whole THEN '' ELSE ':' || reason END, talked_s
        FROM call CROSS JOIN (VALUES (true), (false)) AS part (whole)
        WHERE human AND telephony_result = 'answered'
        UNION ALL
        SELECT 'wrap', greatest(wrote_s, 0) FROM call WHERE wrote_s IS NOT NULL
        UNION ALL
        SELECT 'look', seconds FROM (
            SELECT extract(epoch FROM lead(at) OVER mine - at) AS seconds, to_state, due_call_id
            FROM agent_state_change
            WHERE at > :since AND at <= :now
            WINDOW mine AS (PARTITION BY agent_id ORDER BY at, agent_state_change_id)
        ) AS step
        WHERE to_state = 'reserved' AND due_call_id IS NOT NULL AND seconds IS NOT NULL
    )
    SELECT kind, count(*) AS times,
           percentile_cont(CAST(:shares AS float8[])) WITHIN GROUP (ORDER BY seconds) AS points
    FROM seen
    WHERE seconds >= 0
    GROUP BY kind
""")  # noqa: S608 - conditions of this module
_SKIPS = sa.text("""
    SELECT (SELECT count(*) FROM preview_skip WHERE at > :since AND at <= :now) AS skipped,
           (SELECT count(*) FROM attempt
            WHERE mode = 'agent' AND started_at > :since AND started_at <= :now) AS placed
""")
# A due call that is open for some days could have been withdrawn on each.
_WITHDRAWN = sa.text("""
    SELECT dc.reason,
           count(*) FILTER (WHERE dc.state = 'withdrawn'
               AND extract(hour FROM dc.settled_at AT TIME ZONE community.time_zone)
                   BETWEEN 8 AND 20) AS gone,
           CAST(sum(1 + extract(day FROM least(coalesce(dc.settled_at, :now), :now)
               - greatest(dc.created_at, :since))) AS bigint) AS days
    FROM due_call dc
    JOIN community USING (community_id)
    WHERE dc.created_at <= :now AND coalesce(dc.settled_at, :now) > :since
    GROUP BY dc.reason
""")
_DAYS = sa.text(f"""
    SELECT count(DISTINCT CAST(a.started_at AT TIME ZONE :time_zone AS date))
    FROM attempt a WHERE {_WITHIN}
""")  # noqa: S608 - conditions of this module
_WORDS = sa.text("""
    SELECT adc.due_call_id, coalesce(adc.wrap_up_code, adc.telephony_result) AS word,
           count(*) AS times
    FROM attempt_due_call adc
    JOIN attempt a USING (attempt_id)
    WHERE adc.due_call_id = ANY (CAST(:due_call_ids AS bigint[]))
      AND adc.settled_at IS NOT NULL AND a.submitted_at IS NOT NULL AND a.direction = 'outbound'
    GROUP BY 1, 2
""")
_AGENT = table_of(Agent)
_STEPS = sa.text("""
    SELECT agent_id, at, to_state
    FROM agent_state_change
    WHERE at > :since AND at <= :now
    ORDER BY agent_id, at, agent_state_change_id
""")
_AWAY = frozenset({"offline", "break"})

# What rang: of the others nothing is said of who is at home.
_RANG = frozenset({"machine", "busy", "no_answer", "rejected", "message_left"})


async def read_seen(
    session: AsyncSession,
    *,
    now: datetime,
    history_days: int,
    time_zone: str,
    curve: Sequence[float],
) -> Seen:
    """Return what the last days on file have shown.

    Args:
        session: only read.
        now: aware; later attempts are left out.
        history_days: how far back.
        time_zone: of the house; its days are counted.
        curve: the chance of an answer by hour before there is history.
    """
    asked: dict[str, Any] = {"now": now, "since": now - timedelta(days=history_days)}
    tallies: dict[tuple[int, Slot], Tally] = {}
    unanswered: dict[str, int] = defaultdict(int)
    calls: list[tuple[int, bool, bool, int]] = []
    for row in await session.execute(_OUTCOMES, asked):
        if row.word is not None:
            unanswered[row.word] += row.calls
        # Every call that was placed counts: a dead number is no answer, either.
        slot = Slot(weekend=row.weekend, hour=row.hour)
        tally = Tally(attempts=row.calls, answers=row.calls if row.answered else 0)
        key = (row.community_id, slot)
        tallies[key] = tallies.get(key, Tally(attempts=0, answers=0)) + tally
        calls.append((row.hour, row.answered, row.again, row.calls))
    codes: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await session.execute(_CODES, asked):
        codes[row.reason][row.word] = row.talks
    shares = [(nth + 0.5) / _POINTS for nth in range(_POINTS)]
    times = {
        row.kind: tuple(float(each) for each in row.points)
        for row in await session.execute(_TIMES, {**asked, "shares": shares})
        if row.times >= LEAST_TIMES
    }
    skips = (await session.execute(_SKIPS, asked)).one()
    again = _again(calls, curve)
    return Seen(
        tallies=tallies,
        unanswered=dict(unanswered),
        codes={reason: dict(words) for reason, words in codes.items()},
        times=times,
        again_expected=again[0],
        again_answers=again[1],
        again_calls=again[2],
        shown=skips.placed + skips.skipped,
        skipped=skips.skipped,
        withdrawn={
            row.reason: (row.gone, row.days) for row in await session.execute(_WITHDRAWN, asked)
        },
        days=int(await session.scalar(_DAYS, {**asked, "time_zone": time_zone}) or 0),
    )


def _again(
    calls: Sequence[tuple[int, bool, bool, int]], curve: Sequence[float]
) -> tuple[float, int, int]:
    """Return the answers later calls would have had like first ones, those they had, and them."""
    del curve
    first: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    later: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for hour, answered, again, count in calls:
        tally = (later if again else first)[hour]
        tally[0] += count
        tally[1] += count if answered else 0
    total = [sum(each[0] for each in first.values()), sum(each[1] for each in first.values())]
    rate = (total[1] + 1) / (total[0] + 3)
    expected = sum(
        tally[0] * (first[hour][1] + 20 * rate) / (first[hour][0] + 20)
        for hour, tally in later.items()
    )
    return (
        expected,
        sum(each[1] for each in later.values()),
        sum(each[0] for each in later.values()),
    )


async def words_of(
    session: AsyncSession, due_call_ids: Sequence[int]
) -> Mapping[int, Mapping[str, int]]:
    """Return how often each due call came to each word, as the retry rules count."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in await session.execute(_WORDS, {"due_call_ids": list(due_call_ids)}):
        found[row.due_call_id][row.word] = row.times
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class OnRoster:
    """An agent of the roster and when they were at work on their last days, that kind of day."""

    row: AnyRow
    days: tuple[tuple[Window, ...], ...]  # seconds after the local midnight


async def read_roster(
    session: AsyncSession, *, now: datetime, day: date, time_zone: str
) -> list[OnRoster]:
    """Return the roster; of an agent without a day on file, no days."""
    rows = (
        await session.execute(sa.select(_AGENT).where(_AGENT.c.active).order_by(_AGENT.c.agent_id))
    ).all()
    since = now - timedelta(days=_ROSTER_DAYS)
    steps: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
    for step in await session.execute(_STEPS, {"now": now, "since": since}):
        steps[step.agent_id].append((step.at, step.to_state not in _AWAY))
    zone = ZoneInfo(time_zone)
    weekend = day.weekday() > 4  # noqa: PLR2004 - Friday
    return [
        OnRoster(row=row, days=days_at_work(steps[row.agent_id], zone=zone, weekend=weekend))
        for row in rows
    ]


def days_at_work(
    steps: Sequence[tuple[datetime, bool]], *, zone: ZoneInfo, weekend: bool
) -> tuple[tuple[Window, ...], ...]:
    """Return the latest days on which somebody was at work, as stretches after local midnight."""
    days: dict[date, list[Window]] = defaultdict(list)
    began: datetime | None = None
    for at, here in steps:
        if here and began is None:
            began = at
        elif not here and began is not None:
            local, left = began.astimezone(zone), at.astimezone(zone)
            if local.date() == left.date() and left > local:
                days[local.date()].append((_of_day(local), _of_day(left)))
            began = None
    alike = [day for day in sorted(days) if (day.weekday() > 4) == weekend]  # noqa: PLR2004
    latest = (alike or sorted(days))[-_LAST_DAYS:]
    return tuple(tuple(days[day]) for day in latest)


def _of_day(local: datetime) -> float:
    return local.hour * 3600.0 + local.minute * 60.0 + local.second
