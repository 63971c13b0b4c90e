"""How complaints were dealt with: by category, of those taken in a period."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import within

# The first reply of a complaint is judged by the deadline it had; later cycles count as reopened.
_LINES = sa.text(f"""
    SELECT k.category, count(*) AS taken,
           count(*) FILTER (WHERE first.at < first.due_by) AS met,
           count(*) FILTER (WHERE first.at >= first.due_by
                OR (first.at IS NULL AND k.reply_by <= :now)) AS missed,
           count(*) FILTER (WHERE first.at IS NULL AND k.reply_by > :now) AS open,
           count(*) FILTER (WHERE k.closed_at IS NOT NULL) AS closed,
           count(*) FILTER (WHERE k.cycle > 1) AS reopened,
           count(*) FILTER (WHERE k.satisfied_at IS NOT NULL) AS satisfied
    FROM complaint k
    JOIN community c USING (community_id)
    LEFT JOIN LATERAL (
        SELECT s.at, s.due_by FROM complaint_step s
        WHERE s.complaint_id = k.complaint_id AND s.kind = 'replied' AND s.due_by IS NOT NULL
        ORDER BY s.complaint_step_id LIMIT 1
    ) AS first ON true
    WHERE {within("k.taken_at")}
    GROUP BY k.category
    ORDER BY taken DESC, k.category
""")  # noqa: S608 - a condition of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplaintLine:
    """The complaints of one category; `met` and `missed` are of the first reply."""

    category: str
    taken: int
    met: int
    missed: int
    open: int
    closed: int
    reopened: int
    satisfied: int

    @property
    def judged(self) -> int:
        """How many were answered on time or not."""
        return self.met + self.missed


async def complaint_lines(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[ComplaintLine]:
    """Return a line for each category there was, the most frequent first."""
    return [ComplaintLine(**row._asdict()) for row in await session.execute(_LINES, parameters)]
