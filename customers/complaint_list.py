"""The register of complaints as a list: how they stand, of which category, whose, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
from customers.complaints import COMPLAINT_ROWS

_FOUND = f"""
    SELECT * FROM ({COMPLAINT_ROWS}) AS found
    WHERE (CAST(:standing AS text) = '' OR standing = :standing
           OR (:standing = 'open' AND standing = 'overdue'))
      AND (CAST(:category AS text) = '' OR category = :category)
      AND (CAST(:community_id AS bigint) IS NULL OR community_id = CAST(:community_id AS bigint))
      AND (CAST(:agent_ids AS bigint[]) IS NULL OR accountable = :accountable
           OR agent_id = ANY (CAST(:agent_ids AS bigint[])))
"""  # noqa: S608 - parts of this module
_LISTED = sa.text(f"""
    {_FOUND}
    ORDER BY closed_at IS NOT NULL, replied_at IS NOT NULL,
             least(reply_by, CASE WHEN manager_told_at IS NULL THEN manager_by END), complaint_id
    LIMIT :limit
""")
_EVERY = sa.text(f"{_FOUND} ORDER BY complaint_id LIMIT :limit")
_COUNT = sa.text(f"SELECT count(*) FROM ({_FOUND}) AS counted")  # noqa: S608 - as above


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """Who is accountable: agents, or somebody by name."""

    agent_ids: Sequence[int] = ()
    name: str = ""


async def list_complaints(
    session: AsyncSession,
    *,
    standing: str,
    category: str,
    limit: int,
    by_deadline: bool = True,
    community_id: int | None = None,
    whose: Whose | None = None,
    now: datetime,
) -> tuple[int, Sequence[AnyRow]]:
    """Return how many complaints stand so and are of a category, and the first of them.

    An empty word asks for any; `open` takes in what is overdue. `whose` None asks for everybody's.
    """
    asked: Mapping[str, object] = {
        "standing": standing,
        "category": category,
        "community_id": community_id,
        "agent_ids": None if whose is None else list(whose.agent_ids),
        "accountable": "" if whose is None else whose.name,
        "now": now,
    }
    count = await session.scalar(_COUNT, asked)
    rows = await session.execute(_LISTED if by_deadline else _EVERY, {**asked, "limit": limit})
    return count or 0, rows.all()
