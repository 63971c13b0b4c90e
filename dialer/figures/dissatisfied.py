"""What dissatisfies owners: dissatisfied answers to calls, and low scores in surveys, by cause."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import within

_LOW = 2  # and below
_LONGEST_CAUSE = 60  # a longer sentence is a story, not a cause

# A cause is what the agent wrote down in a few words, else the kind of repair or the reason of
# the call; of a survey, the question that was scored low.
_CAUSES = sa.text(f"""
    SELECT source, cause, count(*) AS times
    FROM (
        SELECT CASE WHEN said.words IS NOT NULL THEN 'said'
                    WHEN about.reason = 'repair' THEN 'repair' ELSE 'reason' END AS source,
               coalesce(said.words,
                        CASE about.reason WHEN 'repair' THEN about.facts->>'category' END,
                        about.reason) AS cause
        FROM attempt_due_call served
        JOIN due_call dc ON dc.due_call_id = served.due_call_id
        JOIN community c ON c.community_id = dc.community_id
        LEFT JOIN due_call origin
            ON origin.due_call_id = CAST(dc.facts->>'about_due_call_id' AS bigint)
        CROSS JOIN LATERAL (
            SELECT coalesce(origin.reason, dc.reason) AS reason,
                   coalesce(origin.facts, dc.facts) AS facts
        ) AS about
        CROSS JOIN LATERAL (
            SELECT nullif(nullif(btrim(served.outcome->>'reason'), ''), 'dissatisfied') AS words
        ) AS given
        CROSS JOIN LATERAL (
            SELECT CASE WHEN length(given.words) <= :longest THEN given.words END AS words
        ) AS said
        WHERE served.wrap_up_code = 'dissatisfied' AND {within("served.settled_at")}
        UNION ALL
        SELECT 'question', answer.question
        FROM survey_answer answer
        JOIN survey_target target USING (survey_target_id)
        JOIN community c USING (community_id)
        WHERE answer.score <= :low AND {within("answer.answered_at")}
    ) AS each
    GROUP BY source, cause
    ORDER BY times DESC, source, cause
""").bindparams(low=_LOW, longest=_LONGEST_CAUSE)  # noqa: S608 - conditions of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A cause of dissatisfaction and how often it was given.

    `source` says what `cause` is: words somebody `said`, a kind of `repair`, the `reason` of a
    call, or a survey's `question`.
    """

    source: str
    cause: str
    times: int


async def causes(session: AsyncSession, parameters: dict[str, object]) -> Sequence[Cause]:
    """Return what dissatisfied, the most frequent first; parameters of a period."""
    return [Cause(**row._asdict()) for row in await session.execute(_CAUSES, parameters)]


def vital_few(found: Sequence[Cause], share: float = 0.8) -> int:
    """Return how many of the first causes together are so large a share of all (Pareto)."""
    total, so_far = sum(each.times for each in found), 0
    for nth, each in enumerate(found, start=1):
        so_far += each.times
        if so_far >= share * total:
            return nth
    return len(found)
