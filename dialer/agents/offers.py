"""Preview: a due call is shown to an agent, who has it dialled or skips it with a reason."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Dialling
from callback.model import Decision, DueCallState
from callback.tables import DueCall
from callback.verdict import Verdict
from core.columns import AnyRow
from dialer.agents.choice import choose, learn_lists
from dialer.agents.desk import Desk
from dialer.agents.model import AgentStateError, SkipReason
from dialer.agents.service import BY_AGENT
from dialer.agents.states import Offered
from dialer.agents.steps import AskToDial, Offer, Release
from dialer.agents.tables import PreviewSkip
from dialer.agents.transitions import change, change_locked, lock_agent, standing_of
from dialer.call_facts import Candidate, load_candidates
from dialer.claim_plan import Judged, judged_in_turn
from dialer.claim_writes import keep_verdicts, put_off
from dialer.control import switches
from dialer.replay.model import LookKind
from dialer.replay.writing import Look


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The due call an agent looks at: its row with person, unit and place, and what it rests on."""

    candidate: Candidate
    verdict: Verdict  # of this instant; it is judged again when it is dialled
    until: datetime

    @property
    def due_call(self) -> AnyRow:
        """The due call's row."""
        return self.candidate.due_call


async def next_offer(
    session: AsyncSession, agent_id: int, *, desk: Desk, now: datetime
) -> Shown | None:
    """Show a ready agent the due call that comes next for them; None: there is none now.

    It is kept for the agent for the house's seconds. An agent who has one already sees it again.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent is not ready.
    """
    row = await lock_agent(session, agent_id)
    standing = standing_of(row)
    if isinstance(standing, Offered):
        return await show_again(session, standing, desk=desk, now=now)
    turned = await switches(session)
    basis = desk.basis(turned, agent_reserved=True)
    await learn_lists(session, desk.campaigns)
    due_call_ids = await choose(
        session,
        row,
        campaigns=desk.campaigns_of(row, Dialling.PREVIEW, turned),
        rules=desk.rules,
        now=now,
    )
    candidates = await load_candidates(
        session, due_call_ids, now=now, basis=basis, campaigns=desk.campaigns, lock=False
    )
    refused: list[Judged] = []
    shown: Judged | None = None
    for candidate in candidates:
        (judged,) = judged_in_turn([candidate], now=now, packs=desk.packs)
        if judged.allowed:
            shown = judged
            break
        refused.append(judged)
    await put_off(session, refused, frozenset(), now=now)
    look = Look(
        kind=LookKind.PREVIEW,
        packs=desk.packs,
        bridge=desk.bridge,
        agent_id=agent_id,
        chosen=shown.candidate.due_call_id if shown else None,
    )
    await keep_verdicts(session, [*refused, shown] if shown else refused, look, now=now)
    until = now + desk.rules.offer
    offered = Offer(due_call_id=shown.candidate.due_call_id, until=until) if shown else None
    if shown is None or offered is None:
        return None
    await change_locked(session, row, offered, by=BY_AGENT, why="preview", now=now)
    return Shown(candidate=shown.candidate, verdict=shown.verdict, until=until)


async def show_again(
    session: AsyncSession, standing: Offered, *, desk: Desk, now: datetime
) -> Shown:
    """Return the call that is shown already, judged as of now."""
    basis = desk.basis(await switches(session), agent_reserved=True)
    candidates = await load_candidates(
        session, [standing.due_call_id], now=now, basis=basis, campaigns=desk.campaigns, lock=False
    )
    (judged,) = judged_in_turn(candidates, now=now, packs=desk.packs)
    return Shown(candidate=judged.candidate, verdict=judged.verdict, until=standing.until)


async def ask_to_dial(session: AsyncSession, agent_id: int, *, desk: Desk, now: datetime) -> None:
    """Let the call that is shown ring; a dialer hears of it and judges it once more.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: no call is shown to the agent.
    """
    dial = AskToDial(until=now + desk.rules.dial)
    await change(session, agent_id, dial, by=BY_AGENT, why="dial", now=now)


async def skip(
    session: AsyncSession,
    agent_id: int,
    reason: SkipReason,
    *,
    note: str | None = None,
    desk: Desk,
    now: datetime,
) -> datetime:
    """Put the call that is shown away with a reason; returns when it may be shown again.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: no call is shown to the agent.
    """
    changed = await change(session, agent_id, Release(), by=BY_AGENT, why=reason, now=now)
    if not isinstance(changed.before, Offered):  # `change` has refused it already
        raise AgentStateError(str(agent_id))
    next_at = now + desk.rules.skipped_for(reason)
    due_call_id = changed.before.due_call_id
    await session.execute(
        sa.update(DueCall)
        .where(DueCall.due_call_id == due_call_id, DueCall.state == DueCallState.WAITING)
        .values(next_at=next_at)
    )
    session.add(
        PreviewSkip(
            agent_id=agent_id,
            due_call_id=due_call_id,
            at=now,
            reason=reason,
            note=note,
            next_at=next_at,
        )
    )
    await session.flush()
    return next_at


def is_allowed(shown: Shown) -> bool:
    """Say whether the call that is shown may be rung at this instant."""
    return shown.verdict.decision is Decision.ALLOW
