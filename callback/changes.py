"""What building one reason changed, and how its statements are counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What a build did to one reason's due calls.

    `restored` were withdrawn and are owed again; `withdrawn` counts by why the reason has gone.
    `lacking` says, by community, how many owners a survey's sample is short of.
    """

    created: int = 0
    restored: int = 0
    expired: int = 0
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    lacking: Mapping[int, int] = field(default_factory=dict)


async def counts(
    session: AsyncSession, statement: sa.TextClause, parameters: Mapping[str, Any] | None = None
) -> dict[Any, int]:
    """Run a statement that returns a word and a count a row; return them in order of the words."""
    rows = (await session.execute(statement, parameters or {})).all()
    return {row[0]: row[1] for row in sorted(rows, key=lambda row: row[0])}


async def add(
    session: AsyncSession, statement: sa.TextClause, parameters: Mapping[str, Any]
) -> tuple[int, int]:
    """Run an insert that counts by `is_new`; return how many were new and how many restored."""
    found = await counts(session, statement, parameters)
    return found.get(True, 0), found.get(False, 0)


def withdrawing(with_gone: str) -> sa.TextClause:
    """Return the statement that withdraws what has lost its reason, and counts by why.

    `with_gone` is a constant: WITH clauses, the last of which is `gone` with `due_call_id` (locked)
    and `because`. The instant is bound as `now`.
    """
    return sa.text(f"""
    {with_gone}, withdrawn AS (
        UPDATE due_call
        SET state = 'withdrawn', settled_at = :now, settled_because = gone.because
        FROM gone
        WHERE due_call.due_call_id = gone.due_call_id
        RETURNING due_call.settled_because
    )
    SELECT settled_because, count(*) FROM withdrawn GROUP BY settled_because
    """)  # noqa: S608 - put together of constants
