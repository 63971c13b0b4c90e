"""Callbacks that owners asked for and an agent promised, handed over to whoever has them now."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS

_HAND_OVER = sa.text("""
    UPDATE callback_request SET agent_id = given.agent_id
    FROM callback_request AS asked
    LEFT JOIN unnest(:person_ids, :agent_ids) AS given (person_id, agent_id)
           ON given.person_id = asked.person_id
    WHERE callback_request.callback_request_id = asked.callback_request_id
      AND asked.agent_id = :from_agent_id AND asked.cancelled_at IS NULL AND asked.call_at > :now
      AND (:rest OR given.person_id IS NOT NULL)
    RETURNING callback_request.callback_request_id
""").bindparams(sa.bindparam("person_ids", type_=BIGINTS), sa.bindparam("agent_ids", type_=BIGINTS))


async def hand_over_requests(
    session: AsyncSession,
    *,
    from_agent_id: int,
    to: Mapping[int, int],
    rest: bool,
    now: datetime,
) -> int:
    """Give callbacks that are still to come to other agents, by person; returns how many.

    With `rest` those of persons who are not named go to the team; else they stay.
    """
    given = {"person_ids": list(to), "agent_ids": list(to.values())}
    rows = await session.execute(
        _HAND_OVER, {**given, "from_agent_id": from_agent_id, "rest": rest, "now": now}
    )
    return len(rows.all())
