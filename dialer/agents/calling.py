"""A call that an agent asks for from a file: the person's own due call, under all the rules."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.building import build_lists
from callback.model import DueCallState
from callback.tables import DueCall
from callback.verdict import Verdict
from core.columns import AnyRow, table_of
from customers.model import CallMode, Reason
from customers.people import request_callback
from customers.service import audit
from dialer.agents.call_time import AskedCall, CallTime, check_call_time
from dialer.agents.desk import Desk
from dialer.agents.model import AgentState, AgentStateError
from dialer.agents.offers import Shown, show_again
from dialer.agents.service import BY_AGENT
from dialer.agents.states import Offered
from dialer.agents.steps import Offer
from dialer.agents.tables import Agent
from dialer.agents.transitions import change_locked, lock_agent, standing_of
from dialer.call_facts import load_candidates
from dialer.claim_plan import judged_in_turn
from dialer.claim_writes import keep_verdicts
from dialer.control import switches
from dialer.model import AttemptState
from dialer.replay.model import LookKind
from dialer.replay.writing import Look
from dialer.tables import Attempt

_DUE_CALL, _AGENT, _ATTEMPT = table_of(DueCall), table_of(Agent), table_of(Attempt)
_AWAY = frozenset({AgentState.OFFLINE, AgentState.BREAK})
_MOST = 20

_WAITING = (
    sa.select(
        _DUE_CALL.c.due_call_id,
        _DUE_CALL.c.mode,
        _DUE_CALL.c.agent_id,
        _AGENT.c.name.label("keeper"),
        _AGENT.c.state.label("keeper_state"),
    )
    .outerjoin(_AGENT, _AGENT.c.agent_id == _DUE_CALL.c.agent_id)
    .where(
        _DUE_CALL.c.person_id == sa.bindparam("person_id"),
        _DUE_CALL.c.state == DueCallState.WAITING,
    )
    .order_by(_DUE_CALL.c.appointment.desc(), _DUE_CALL.c.due_by, _DUE_CALL.c.due_call_id)
    .limit(_MOST)
    .with_for_update(of=_DUE_CALL, key_share=True, skip_locked=True)
)
_HOW_MANY = sa.text("""
    SELECT count(*) FROM (
        SELECT FROM due_call WHERE person_id = :person_id AND state = 'waiting' LIMIT 20
    ) AS waiting
""")
_SHOWN_TO = sa.select(_AGENT.c.name).where(
    _AGENT.c.due_call_id == _DUE_CALL.c.due_call_id,
    _DUE_CALL.c.person_id == sa.bindparam("person_id"),
    _AGENT.c.agent_id != sa.bindparam("agent_id"),
)
_ON_THE_LINE = sa.select(
    sa.exists().where(
        _ATTEMPT.c.person_id == sa.bindparam("person_id"), _ATTEMPT.c.state != AttemptState.ENDED
    )
)
_PROMISED = sa.text("""
    SELECT callback_request_id FROM callback_request
    WHERE person_id = :person_id AND agent_id = :agent_id AND cancelled_at IS NULL
      AND call_at > CAST(:call_at AS timestamptz) - interval '1 minute'
      AND call_at < CAST(:call_at AS timestamptz) + interval '1 minute'
    LIMIT 1
""")
_HOME = sa.text("""
    SELECT person.person_id, person.language,
           coalesce(home.community_id, person.community_id) AS community_id, home.unit_id
    FROM person
    LEFT JOIN LATERAL (
        SELECT unit.community_id, unit.unit_id FROM occupancy o
        JOIN unit USING (unit_id)
        JOIN community USING (community_id)
        WHERE o.person_id = person.person_id
          AND daterange(o.valid_from, o.valid_until)
              @> CAST(CAST(:now AS timestamptz) AT TIME ZONE community.time_zone AS date)
        ORDER BY o.occupancy_id LIMIT 1
    ) AS home ON true
    WHERE person.person_id = :person_id
""")


class NoCallDueError(AgentStateError):
    """Nothing makes the person due a call of an agent; a call the owner asked for would be one."""


class NotReadyError(AgentStateError):
    """The agent is not ready; who is ready rings from a file."""


class TakenError(AgentStateError):
    """Somebody else has the person at this moment; `by` is a colleague, None: nobody knows who."""

    def __init__(self, by: str | None) -> None:
        super().__init__(f"{by or 'a colleague or the script'} has them at this moment; look again")
        self.by = by


class PromisedByError(AgentStateError):
    """A colleague who is at work promised the person this call."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} promised them this call and is at the desk")
        self.by = by


class CallRefusedError(AgentStateError):
    """The rules refuse a call to the person now; `verdict` says which, and until when."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"the rules refuse a call to them now: {verdict.rule.value}")
        self.verdict = verdict


async def offer_person(
    session: AsyncSession,
    agent_id: int,
    person_id: int,
    *,
    due_call_id: int | None = None,
    desk: Desk,
    now: datetime,
) -> Shown:
    """Show a ready agent a person's due call that the rules allow; it rings when they say so.

    `due_call_id` means that one alone. The call is judged again when it is dialled.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent is not ready, or a colleague has the person.
        NoCallDueError: no due call of theirs is an agent's.
        CallRefusedError: the rules refuse it at this instant.
    """
    agent = await lock_agent(session, agent_id)
    standing = standing_of(agent)
    if isinstance(standing, Offered) and due_call_id in {None, standing.due_call_id}:
        shown = await show_again(session, standing, desk=desk, now=now)
        if shown.due_call.person_id == person_id:
            return shown  # asked for twice
    if agent.state is not AgentState.READY:
        message = f"agent {agent_id} is {agent.state.value}: ready agents ring from a file"
        raise NotReadyError(message)
    of_person = {"person_id": person_id}
    # Their calls are held before it is asked who has them: two who ask at once are one after the
    # other, and what cannot be held somebody has.
    waiting = (await session.execute(_WAITING, of_person)).all()
    colleague = await session.scalar(_SHOWN_TO, {**of_person, "agent_id": agent_id})
    if (
        colleague is not None
        or len(waiting) < await session.scalar(_HOW_MANY, of_person)
        or await session.scalar(_ON_THE_LINE, of_person)
    ):
        raise TakenError(colleague)
    rows = [
        row
        for row in waiting
        if row.mode is CallMode.AGENT and due_call_id in {None, row.due_call_id}
    ]
    if not rows:
        message = f"no call of an agent is due to person {person_id}"
        raise NoCallDueError(message)
    kept = [row for row in rows if _is_kept_from(row, agent_id)]
    if len(kept) == len(rows):
        raise PromisedByError(str(kept[0].keeper))
    free = [row.due_call_id for row in rows if row not in kept]
    return await _offer(session, agent, free, desk=desk, now=now)


async def _offer(
    session: AsyncSession, agent: AnyRow, due_call_ids: list[int], *, desk: Desk, now: datetime
) -> Shown:
    candidates = await load_candidates(
        session,
        due_call_ids,
        now=now,
        basis=desk.basis(await switches(session), agent_reserved=True),
        campaigns=desk.campaigns,
        lock=False,
    )
    judged = judged_in_turn(candidates, now=now, packs=desk.packs)
    allowed = next((each for each in judged if each.allowed), None)
    look = Look(
        kind=LookKind.FILE,
        packs=desk.packs,
        bridge=desk.bridge,
        agent_id=agent.agent_id,
        chosen=allowed.candidate.due_call_id if allowed else None,
    )
    await keep_verdicts(session, judged, look, now=now)
    if allowed is None:
        raise CallRefusedError(judged[0].verdict)
    until = now + desk.rules.offer
    offer = Offer(due_call_id=allowed.candidate.due_call_id, until=until)
    await change_locked(session, agent, offer, by=BY_AGENT, why="from_a_file", now=now)
    return Shown(candidate=allowed.candidate, verdict=allowed.verdict, until=until)


async def ask_back(
    session: AsyncSession,
    agent_id: int,
    person_id: int,
    *,
    call_at: datetime,
    by: str,
    desk: Desk,
    now: datetime,
) -> CallTime | None:
    """Write down that an owner asked to be rung by this agent, and put it on their list.

    One that is on file for the same minute stays alone. Returns what the rules say of the time.

    Raises:
        UnknownAgentError: no such agent.
        NoCallDueError: the person is unknown, or lives nowhere we know.
        CallTimeRefusedError: the rules forbid a call at that time; the text has the next one.
    """
    home = (await session.execute(_HOME, {"person_id": person_id, "now": now})).one_or_none()
    if home is None or home.community_id is None:
        message = f"person {person_id} is on no community's file: there is no list to put them on"
        raise NoCallDueError(message)
    call_at = max(call_at, now)
    await lock_agent(session, agent_id)  # the same asked twice at once is asked once
    promised = {"person_id": person_id, "agent_id": agent_id, "call_at": call_at}
    asked = AskedCall(
        person_id=person_id,
        community_id=home.community_id,
        call_at=call_at,
        about=Reason.ENQUIRY,
        mode=CallMode.AGENT,
    )
    time = await check_call_time(session, asked, desk=desk, now=now)
    if await session.scalar(_PROMISED, promised) is not None:
        return time
    request_id = await request_callback(
        session,
        person_id=person_id,
        community_id=home.community_id,
        unit_id=home.unit_id,
        call_at=call_at,
        about=Reason.ENQUIRY,
        agent_id=agent_id,
        now=now,
    )
    await audit(
        session,
        actor=by,
        action="callback_asked",
        subject=f"person:{person_id}",
        detail={"callback_request_id": request_id, "call_at": call_at.isoformat()},
        now=now,
    )
    await build_lists(session, now=now, community_ids=[home.community_id], campaigns=desk.campaigns)
    return time


def _is_kept_from(row: AnyRow, agent_id: int) -> bool:
    """Say whether a colleague who is at work promised this call in person."""
    return row.agent_id not in {None, agent_id} and row.keeper_state not in _AWAY
