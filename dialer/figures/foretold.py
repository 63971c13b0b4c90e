"""Answers as foretold when calls were claimed, beside those that came; a tenth of the scale a line.

What was foretold is on the attempt, so nothing here knows better than the dialer did. Two plain
means stand beside it: of the hour, and of the community's hour, each taken from the other calls of
the period, so that no call foretells itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import within
from dialer.answering.learning import ANSWERED, RANG

_TENTHS = sa.text(f"""
    WITH rung AS (
        SELECT CAST(a.foretold AS float8) AS foretold, CAST({ANSWERED} AS int) AS came,
               c.community_id, extract(hour FROM a.started_at AT TIME ZONE c.time_zone) AS hour
        FROM attempt a
        JOIN attempt_due_call first_served
            ON first_served.attempt_id = a.attempt_id AND first_served.position = 0
        JOIN due_call dc ON dc.due_call_id = first_served.due_call_id
        JOIN community c ON c.community_id = dc.community_id
        WHERE {RANG} AND a.foretold IS NOT NULL AND {within("a.started_at")}
    ), beside AS (
        SELECT foretold, came,
               CAST(sum(came) OVER () - came AS float8)
                   / nullif(count(*) OVER () - 1, 0) AS by_all,
               CAST(sum(came) OVER an_hour - came AS float8)
                   / nullif(count(*) OVER an_hour - 1, 0) AS by_hour,
               CAST(sum(came) OVER a_place - came AS float8)
                   / nullif(count(*) OVER a_place - 1, 0) AS by_place
        FROM rung
        WINDOW an_hour AS (PARTITION BY hour), a_place AS (PARTITION BY community_id, hour)
    )
    SELECT tenth, count(*) AS calls, sum(came) AS answered, avg(foretold) AS foretold,
           avg(power(foretold - came, 2)) AS brier,
           avg(power(coalesce(by_hour, by_all) - came, 2)) AS brier_hour,
           avg(power(coalesce(by_place, by_hour, by_all) - came, 2)) AS brier_place
    FROM (SELECT *, CAST(least(9, floor(10 * foretold)) AS int) AS tenth FROM beside) AS told
    GROUP BY GROUPING SETS ((tenth), ())
    HAVING count(*) > 0
    ORDER BY tenth NULLS LAST
""")  # noqa: S608 - conditions of ours

_Z = 1.959964  # standard deviations that hold 95 % of a normal distribution


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenth:
    """Calls whose chance was foretold within a tenth of the scale; None: all of them.

    Brier scores are mean squared distances, 0 best: of what was foretold, and of the two means;
    those of a call that is alone are None.
    """

    tenth: int | None  # 0: under 10 %
    calls: int
    answered: int
    foretold: float  # mean
    brier: float
    brier_hour: float | None
    brier_place: float | None

    @property
    def bounds(self) -> tuple[float, float]:
        """Where the share that was answered lies, of such calls without end, at 95 %."""
        return share_bounds(self.answered, self.calls)

    @property
    def holds(self) -> bool:
        """Whether what was foretold lies within these bounds."""
        low, high = self.bounds
        return low <= self.foretold <= high


async def tenths(session: AsyncSession, parameters: dict[str, object]) -> Sequence[Tenth]:
    """Return the tenths in which calls were foretold, lowest first, and all calls together last."""
    return [Tenth(**row._asdict()) for row in await session.execute(_TENTHS, parameters)]


def share_bounds(part: int, whole: int) -> tuple[float, float]:
    """Return the bounds of a share at 95 % (Wilson, 1927); of nothing all is possible."""
    if not whole:
        return 0.0, 1.0
    share, wide = part / whole, _Z**2 / whole
    middle = (share + wide / 2) / (1 + wide)
    spread = sqrt(wide * (share * (1 - share) + wide / 4)) / (1 + wide)
    return max(0.0, middle - spread), min(1.0, middle + spread)
