"""How many deadlines were met: due calls by the deadline they had, counted set-based."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import within

# Of a due call at `:now`. What was withdrawn owes nothing, what still has time is not judged.
MET = "state = 'done' AND settled_at < due_by"
MISSED = (
    "(state IN ('exhausted', 'expired') OR (state = 'done' AND settled_at >= due_by)"
    " OR (settled_at IS NULL AND due_by <= :now))"
)

_DEADLINES = sa.text(f"""
    SELECT dc.reason, CASE dc.reason WHEN 'repair' THEN dc.facts->>'category' END AS category,
           count(*) FILTER (WHERE {MET}) AS met,
           count(*) FILTER (WHERE {MISSED}) AS missed,
           count(*) FILTER (WHERE {MISSED} AND settled_at IS NULL) AS late_now,
           count(*) FILTER (WHERE settled_at IS NULL AND due_by > :now) AS open
    FROM due_call dc
    JOIN community c USING (community_id)
    WHERE dc.state <> 'withdrawn' AND {within("dc.due_by")}
    GROUP BY 1, 2
    ORDER BY 1, 2
""")  # noqa: S608 - conditions of ours
_REWORK = sa.text(f"""
    SELECT count(*) FILTER (WHERE rn.issued_at <= rn.issue_by) AS met,
           count(*) FILTER (WHERE rn.issued_at > rn.issue_by) AS missed
    FROM rework_notice rn
    JOIN work_order w USING (work_order_id)
    JOIN community c USING (community_id)
    WHERE {within("rn.issue_by")}
""")  # noqa: S608 - conditions of ours

REWORK_NOTICE = "rework_notice"  # beside the reasons of calls: a letter with a deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadlineLine:
    """What became of the deadlines of one kind that fell in a period.

    `met` were done before theirs, `missed` passed it or were given up; `late_now` of the missed
    still wait. `open` have time left and are not judged.
    """

    deadline: str  # a reason, or the rework notice
    category: str | None  # of repairs
    met: int
    missed: int
    late_now: int = 0
    open: int = 0

    @property
    def judged(self) -> int:
        """How many are met or missed."""
        return self.met + self.missed


async def deadline_lines(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[DeadlineLine]:
    """Return a line for each kind of deadline there was; parameters of a period, and `now`."""
    lines = [
        DeadlineLine(
            deadline=row.reason,
            category=row.category,
            met=row.met,
            missed=row.missed,
            late_now=row.late_now,
            open=row.open,
        )
        for row in await session.execute(_DEADLINES, parameters)
    ]
    rework = (await session.execute(_REWORK, parameters)).one()
    if rework.met or rework.missed:
        lines.append(
            DeadlineLine(
                deadline=REWORK_NOTICE, category=None, met=rework.met, missed=rework.missed
            )
        )
    return lines
