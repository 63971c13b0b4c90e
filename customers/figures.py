"""What owners promised and answered: promises by the week they fell due, surveys by question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import within

# A promise belongs to the community of its first charge. What came between the promise and its
# settling on the charges it is about makes a broken one paid in part.
_PROMISES = sa.text("""
    SELECT CAST(date_trunc('week', pr.promised_on) AS date) AS week, pr.currency,
           count(*) FILTER (WHERE pr.state = 'kept') AS kept,
           count(*) FILTER (WHERE pr.state = 'broken' AND came.paid_minor > 0) AS in_part,
           count(*) FILTER (WHERE pr.state = 'broken' AND came.paid_minor <= 0) AS broken,
           count(*) FILTER (WHERE pr.state = 'open') AS open,
           CAST(sum(pr.amount_minor) AS bigint) AS promised_minor,
           CAST(coalesce(sum(pr.amount_minor) FILTER (WHERE pr.state = 'kept'), 0) AS bigint)
               AS kept_minor
    FROM promise pr
    JOIN LATERAL (
        SELECT h.community_id
        FROM promise_charge about JOIN charge h USING (charge_id)
        WHERE about.promise_id = pr.promise_id
        ORDER BY h.charge_id
        LIMIT 1
    ) AS place ON true
    JOIN LATERAL (
        SELECT coalesce(sum(payment.amount_minor), 0) AS paid_minor
        FROM promise_charge about JOIN payment USING (charge_id)
        WHERE pr.state = 'broken' AND about.promise_id = pr.promise_id
          AND payment.received_at >= pr.made_at AND payment.received_at < pr.settled_at
    ) AS came ON true
    WHERE pr.promised_on >= CAST(:first AS date) AND pr.promised_on < CAST(:until AS date)
      AND (CAST(:community_id AS bigint) IS NULL
           OR place.community_id = CAST(:community_id AS bigint))
    GROUP BY 1, 2
    ORDER BY 1, 2
""")
_SURVEY = sa.text(f"""
    SELECT answer.question, answer.score, count(*) AS answers
    FROM survey_answer answer
    JOIN survey_target target USING (survey_target_id)
    JOIN community c USING (community_id)
    WHERE answer.score IS NOT NULL AND {within("answer.answered_at")}
    GROUP BY answer.question, answer.score
    ORDER BY answer.question, answer.score
""")  # noqa: S608 - a condition of ours
_SURVEYED = sa.text(f"""
    SELECT count(DISTINCT answer.survey_target_id)
    FROM survey_answer answer
    JOIN survey_target target USING (survey_target_id)
    JOIN community c USING (community_id)
    WHERE {within("answer.answered_at")}
""")  # noqa: S608 - a condition of ours

_SATISFIED_FROM, _PROMOTER, _DETRACTOR_TO = 4, 5, 3
_SCORES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class PromiseWeek:
    """The promises of one currency that fell due in the week that begins with this Monday."""

    week: date
    currency: str
    kept: int
    in_part: int
    broken: int
    open: int
    promised_minor: int
    kept_minor: int

    @property
    def judged(self) -> int:
        """How many were kept or broken, in part or whole."""
        return self.kept + self.in_part + self.broken


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionScores:
    """The answers to one question; `scores` counts 1 to 5."""

    question: str
    scores: tuple[int, ...]

    @property
    def answers(self) -> int:
        """How many answered."""
        return sum(self.scores)

    @property
    def mean(self) -> float | None:
        """The mean score; None when nobody answered."""
        total = sum(score * count for score, count in enumerate(self.scores, start=1))
        return round(total / self.answers, 2) if self.answers else None

    @property
    def satisfied(self) -> int:
        """How many gave 4 or 5: the CSAT's upper part."""
        return sum(self.scores[_SATISFIED_FROM - 1 :])

    @property
    def dissatisfied(self) -> int:
        """How many gave 1 or 2."""
        return sum(self.scores[:2])

    @property
    def net_promoters(self) -> int | None:
        """Share of 5 less share of 1 to 3, −100 to 100; None when nobody answered.

        The survey asks from 1 to 5 and not from 0 to 10; this is that scale taken over: who gives
        5 recommends us, who gives 4 is neither, everybody else warns.
        """
        if not self.answers:
            return None
        warn = sum(self.scores[:_DETRACTOR_TO])
        return round(100 * (self.scores[_PROMOTER - 1] - warn) / self.answers)


async def promise_weeks(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[PromiseWeek]:
    """Return the weeks in which promises fell due, oldest first; parameters of a period."""
    return [PromiseWeek(**row._asdict()) for row in await session.execute(_PROMISES, parameters)]


async def survey_scores(
    session: AsyncSession, parameters: dict[str, object]
) -> tuple[int, Sequence[QuestionScores]]:
    """Return how many owners answered, and the scores by question."""
    found: dict[str, list[int]] = {}
    for question, score, answers in await session.execute(_SURVEY, parameters):
        found.setdefault(question, [0] * _SCORES)[score - 1] = answers
    owners = await session.scalar(_SURVEYED, parameters)
    lines = [QuestionScores(question=name, scores=tuple(each)) for name, each in found.items()]
    return owners or 0, lines
