"""Who is kept free for callbacks that were promised and are about to be due.

A callback goes before campaign calls: its agent, or for one that anybody may make an agent who is
idle, is not counted among those for whom calls are placed ahead.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded_book import learn_campaigns
from core.columns import AnyRow
from dialer.agents.desk import Desk, takes
from dialer.agents.model import AgentState

# The soonest; more promises than agents keep all of them anyway.
_MOST = 500

_SOON = sa.text("""
    SELECT due_call.agent_id, due_call.campaign
    FROM due_call
    WHERE due_call.state = 'waiting' AND due_call.mode = 'agent'
      AND due_call.next_at <= :until
      AND (due_call.agent_id IS NOT NULL OR due_call.appointment
           OR due_call.reason IN ('promised', 'missed_call'))
    ORDER BY due_call.next_at, due_call.due_call_id
    LIMIT :most
""")


async def kept_for_promises(
    session: AsyncSession, agents: Sequence[AnyRow], *, desk: Desk, now: datetime
) -> frozenset[int]:
    """Return the agents among these who are kept free; who is asked first is longest idle."""
    until = now + desk.rules.promise_lead
    promises = (await session.execute(_SOON, {"until": until, "most": _MOST})).all()
    if not promises:
        return frozenset()
    await learn_campaigns(session, {each.campaign for each in promises}, desk.campaigns)
    present = {each.agent_id for each in agents}
    kept = {each.agent_id for each in promises if each.agent_id in present}
    idle = [each for each in agents if each.state is AgentState.READY]
    for promise in promises:
        if promise.agent_id is not None:
            continue
        campaign = desk.campaigns.get(promise.campaign)
        free = (each for each in idle if each.agent_id not in kept and takes(each, campaign))
        if (found := next(free, None)) is not None:
            kept.add(found.agent_id)
    return frozenset(kept)
