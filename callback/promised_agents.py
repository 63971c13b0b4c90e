"""Due calls that an agent promised in person, handed over to whoever has the owner now."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS

# A call that is shown to an agent, or rings, is left with them: it is settled before long.
_HAND_OVER = sa.text("""
    UPDATE due_call SET agent_id = given.agent_id
    FROM due_call AS due
    LEFT JOIN unnest(:person_ids, :agent_ids) AS given (person_id, agent_id)
           ON given.person_id = due.person_id
    WHERE due_call.due_call_id = due.due_call_id AND due.agent_id = :from_agent_id
      AND due.settled_at IS NULL AND due.state = 'waiting'
      AND (:rest OR given.person_id IS NOT NULL)
    RETURNING due_call.due_call_id
""").bindparams(sa.bindparam("person_ids", type_=BIGINTS), sa.bindparam("agent_ids", type_=BIGINTS))


async def hand_over_due_calls(
    session: AsyncSession, *, from_agent_id: int, to: Mapping[int, int], rest: bool
) -> int:
    """Give an agent's waiting due calls to others, by person; returns how many.

    With `rest` those of persons who are not named go to the team; else they stay.
    """
    given = {"person_ids": list(to), "agent_ids": list(to.values())}
    rows = await session.execute(
        _HAND_OVER, {**given, "from_agent_id": from_agent_id, "rest": rest}
    )
    return len(rows.all())
