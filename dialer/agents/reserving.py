"""Finding a free agent for a call that is up: the person's own first, then by queue and skills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded_book import learn_campaigns
from core.columns import AnyRow, table_of
from customers.model import CallMode, Language
from customers.tables import Person
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk, takes
from dialer.agents.model import AgentState
from dialer.agents.phones import Phones
from dialer.agents.steps import CallHandedOver
from dialer.agents.strays import hand_over
from dialer.agents.tables import Agent, Portfolio
from dialer.agents.transitions import FREE, LOOKING, change_locked
from dialer.hooks import Meeting
from dialer.model import AnsweredBy, AttemptState, Direction
from dialer.predictive.promises import kept_for_promises
from dialer.tables import Attempt

_BY, _BY_DIALER = "script", "dialer"
_AGENT, _ATTEMPT, _OWN = table_of(Agent), table_of(Attempt), table_of(Portfolio)

_READY = (
    sa.select(_AGENT)
    .where(_AGENT.c.state == AgentState.READY)
    .order_by(_AGENT.c.state_since, _AGENT.c.agent_id)
)
_FREE = sa.select(_AGENT).where(FREE).order_by(LOOKING, _AGENT.c.state_since, _AGENT.c.agent_id)
_OWN_AGENT = sa.select(_OWN.c.agent_id).where(_OWN.c.person_id == sa.bindparam("person_id"))
_CALL = (
    sa.select(
        _ATTEMPT.c.attempt_id,
        _ATTEMPT.c.person_id,
        _ATTEMPT.c.campaign,
        _ATTEMPT.c.trunk,
        _ATTEMPT.c.agent_id,
        _ATTEMPT.c.state,
        _ATTEMPT.c.answered_by,
        _ATTEMPT.c.mode,
        _ATTEMPT.c.direction,
        _ATTEMPT.c.talk,
        Person.language,
    )
    .join(Person, Person.person_id == _ATTEMPT.c.person_id)
    .where(_ATTEMPT.c.attempt_id == sa.bindparam("attempt_id"))
)
_HOLDER = sa.select(_AGENT.c.room).where(_AGENT.c.attempt_id == sa.bindparam("attempt_id"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A call that wants an agent; None: nothing is known of it."""

    call_id: UUID
    trunk: str
    language: Language | None = None
    person_id: int | None = None
    campaign: str | None = None
    queue: str | None = None  # a team's name or a skill


async def free_agents(
    session: AsyncSession,
    wanted: Wanted,
    *,
    desk: Desk,
    phones: Phones,
    hold: bool = False,
    lookers: bool = True,
) -> list[AnyRow]:
    """Return the agents who could have the call now, the best first.

    The person's own agent is first; then who is of the queue; then who takes the calls of the
    campaign; among equals who has been ready longest, and last who looks at a call that is offered
    (`lookers`), which goes back when they get this one. A call of neither queue nor campaign is
    anybody's. `hold` locks them to the end of the transaction, and leaves out whom others hold.
    """
    query = _FREE if lookers else _READY
    query = query.with_for_update(skip_locked=True) if hold else query
    ready = (await session.execute(query)).all()
    if not ready:
        return []
    own_agent_id: int | None = None
    if wanted.person_id is not None:
        own_agent_id = await session.scalar(_OWN_AGENT, {"person_id": wanted.person_id})
    if wanted.campaign is not None:
        await learn_campaigns(session, [wanted.campaign], desk.campaigns)
    ranked = [(_rank(each, wanted, own_agent_id, desk), each) for each in ready]
    fitting = [
        (rank, agent)
        for rank, agent in ranked
        if rank is not None and _speaks(agent, wanted) and phones.can_take(agent, wanted.trunk)
    ]
    return [agent for _, agent in sorted(fitting, key=lambda each: each[0])]


async def reserve(
    session: AsyncSession,
    wanted: Wanted,
    *,
    desk: Desk,
    phones: Phones,
    by: str,
    now: datetime,
) -> AnyRow | None:
    """Let a free agent have a call that is no attempt; returns their row, None: nobody is free.

    The caller commits, puts the call into `room`, and sees to the agent when the line is gone.
    """
    found = await free_agents(session, wanted, desk=desk, phones=phones, hold=True)
    if not found:
        return None
    taken = CallHandedOver(attempt_id=wanted.call_id)
    await change_locked(session, found[0], taken, by=by, why="put_through", now=now)
    return found[0]


class Transfers:
    """Puts the talks of scripts through to agents."""

    def __init__(self, desk: Desk, *, phones: Phones, calls: AgentCalls) -> None:
        self._desk = desk
        self._phones = phones
        self._calls = calls

    async def is_somebody_free(self, session: AsyncSession, attempt_id: UUID) -> bool:
        """Say whether an agent could take the call of a talk now."""
        row = (await session.execute(_CALL, {"attempt_id": attempt_id})).one_or_none()
        if row is None:
            return False
        wanted = _wanted(row, queue=None)
        return bool(await free_agents(session, wanted, desk=self._desk, phones=self._phones))

    async def meet(self, session: AsyncSession, attempt_id: UUID, *, now: datetime) -> Meeting:
        """Reserve a free agent for who answered a call that was placed ahead of agents.

        Who is kept for a callback that was promised comes last: an owner on the line is worse off
        without anybody. Asked twice, it is the same agent.
        """
        held = _CALL.with_for_update(of=_ATTEMPT)
        row = (await session.execute(held, {"attempt_id": attempt_id})).one_or_none()
        if row is None or row.mode is not CallMode.AGENT or row.direction is Direction.INBOUND:
            return Meeting.OF_SCRIPT
        if row.agent_id is not None:
            is_held = await session.scalar(_HOLDER, {"attempt_id": attempt_id}) is not None
            return Meeting.MET if is_held else Meeting.OF_SCRIPT
        if row.state is AttemptState.ENDED or row.talk is not None:
            return Meeting.OVER
        wanted = _wanted(row, queue=None)
        found = await free_agents(
            session, wanted, desk=self._desk, phones=self._phones, hold=True, lookers=False
        )
        if not found:
            return Meeting.WAITS
        kept = await kept_for_promises(session, found, desk=self._desk, now=now)
        agent = min(found, key=lambda each: each.agent_id in kept)
        await hand_over(session, agent, attempt_id, by=_BY_DIALER, why="answered", now=now)
        self._calls.follow(attempt_id)
        return Meeting.MET

    async def put_through(
        self, session: AsyncSession, attempt_id: UUID, queue: str, *, now: datetime
    ) -> str | None:
        """Let a free agent have the call of a talk; returns their room, None: nobody is free.

        The talk's outcome stays on file with it; the agent owes the wrap-up (decision 0023). Asked
        twice, it is the same agent.
        """
        held = _CALL.with_for_update(of=_ATTEMPT)
        row = (await session.execute(held, {"attempt_id": attempt_id})).one_or_none()
        if row is None or row.state is AttemptState.ENDED:
            return None
        room = await session.scalar(_HOLDER, {"attempt_id": attempt_id})
        if room is not None:
            return str(room)
        if row.state is not AttemptState.ANSWERED or row.answered_by is AnsweredBy.MACHINE:
            return None
        wanted = _wanted(row, queue=queue)
        found = await free_agents(session, wanted, desk=self._desk, phones=self._phones, hold=True)
        if not found:
            return None
        await hand_over(session, found[0], attempt_id, by=_BY, why="put_through", now=now)
        self._calls.follow(attempt_id)
        return str(found[0].room)


def _wanted(row: AnyRow, *, queue: str | None) -> Wanted:
    return Wanted(
        call_id=row.attempt_id,
        trunk=row.trunk,
        language=row.language,
        person_id=row.person_id,
        campaign=row.campaign,
        queue=queue,
    )


def _rank(agent: AnyRow, wanted: Wanted, own_agent_id: int | None, desk: Desk) -> int | None:
    """Return how well an agent fits, 0 best; None: not at all."""
    fits: Sequence[bool] = (
        agent.agent_id == own_agent_id,
        wanted.queue is not None and wanted.queue in (agent.team, *agent.skills),
        wanted.campaign is not None and takes(agent, desk.campaigns.get(wanted.campaign)),
        wanted.campaign is None and wanted.queue is None,
    )
    return fits.index(True) if any(fits) else None


def _speaks(agent: AnyRow, wanted: Wanted) -> bool:
    return not agent.languages or wanted.language is None or wanted.language in agent.languages
