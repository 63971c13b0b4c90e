"""Learning when people answer, from the attempts on file; the ready window scores by it."""

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.scoring import Scoring, shipped_scoring
from dialer.shrinkage import Estimate, Slot, Tally, learned

# What rang at somebody's: the others say nothing of who is at home. A call that was answered and
# met no agent was answered all the same.
_COUNTS = sa.text("""
    SELECT dc.community_id, extract(isodow FROM local_time) > 5 AS weekend,
           CAST(extract(hour FROM local_time) AS int) AS hour, count(*) AS attempts,
           count(*) FILTER (
               WHERE a.telephony_result IN ('answered', 'abandoned')
                 AND a.answered_by IS DISTINCT FROM 'machine'
           ) AS answers
    FROM attempt a
    JOIN attempt_due_call adc ON adc.attempt_id = a.attempt_id AND adc.position = 0
    JOIN due_call dc USING (due_call_id)
    JOIN community USING (community_id)
    CROSS JOIN LATERAL (SELECT a.started_at AT TIME ZONE community.time_zone AS local_time) AS at
    WHERE a.direction = 'outbound' AND a.started_at > :since AND a.started_at <= :now
      AND a.telephony_result IN ('answered', 'abandoned', 'machine', 'busy', 'no_answer',
                                 'rejected')
    GROUP BY dc.community_id, weekend, hour
    ORDER BY dc.community_id, weekend, hour
""")

_KEEP = sa.text("""
    INSERT INTO answer_chance (community_id, weekend, hour, attempts, answers, chance, learned_at)
    SELECT community_id, weekend, hour, attempts, answers, chance, :now
    FROM jsonb_to_recordset(CAST(:learned AS jsonb)) AS learned (
        community_id bigint, weekend boolean, hour smallint, attempts int, answers int,
        chance float8
    )
    ORDER BY community_id NULLS FIRST, weekend, hour
    ON CONFLICT (community_id, weekend, hour) DO UPDATE
    SET attempts = excluded.attempts, answers = excluded.answers, chance = excluded.chance,
        learned_at = excluded.learned_at
""")
_FORGET = sa.text("DELETE FROM answer_chance WHERE learned_at <> :now")


async def learn_answer_chances(
    session: AsyncSession, *, now: datetime, scoring: Scoring | None = None
) -> int:
    """Learn the chance of an answer anew from the attempts of the last months.

    Args:
        session: the caller commits.
        now: business time, aware.
        scoring: None means the shipped one.

    Returns:
        How many hours of communities have a history of their own.
    """
    rules = scoring or shipped_scoring()
    since = now - timedelta(days=rules.learning.history_days)
    counted = await session.execute(_COUNTS, {"now": now, "since": since})
    history = {
        (row.community_id, Slot(weekend=row.weekend, hour=row.hour)): Tally(
            attempts=row.attempts, answers=row.answers
        )
        for row in counted
    }
    found = learned(history, prior=rules.answer_chance, learning=rules.learning)
    rows = [_row(community_id, slot, each) for (community_id, slot), each in found.items()]
    await session.execute(_KEEP, {"learned": json.dumps(rows), "now": now})
    await session.execute(_FORGET, {"now": now})
    return len(history)


def _row(community_id: int | None, slot: Slot, estimate: Estimate) -> dict[str, object]:
    return {
        "community_id": community_id,
        "weekend": slot.weekend,
        "hour": slot.hour,
        "attempts": estimate.tally.attempts,
        "answers": estimate.tally.answers,
        "chance": estimate.chance,
    }
