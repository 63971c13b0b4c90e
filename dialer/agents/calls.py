"""Agents' calls in the engine: claims them within the trunks' tokens, and follows them.

Progressive: a call for each ready agent. Preview: what an agent said may ring. The agent is
reserved in the transaction that commits the attempt, and moves on in those that commit its states.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Dialling
from callback.conduct import conduct_under
from callback.rules import Rule
from core.columns import AnyRow, table_of
from core.ids import IdSource
from customers.model import CallMode, Language
from dialer import states
from dialer.agents.choice import choose, learn_lists, load_with_the_persons_others, still_waits
from dialer.agents.desk import Desk
from dialer.agents.model import AgentState, Unwrapped
from dialer.agents.outcomes import settle_without_agent
from dialer.agents.phones import Phones
from dialer.agents.states import Dialling as DiallingState
from dialer.agents.states import Offered, OnCall
from dialer.agents.steps import CallMet, CallOver, CallPlaced, PhoneMissing, Release
from dialer.agents.tables import Agent
from dialer.agents.transitions import change_locked, lock_agent, standing_of
from dialer.bridges.port import TrunkLimits
from dialer.claim import Claimed, ClaimReport
from dialer.claim_plan import (
    Judged,
    NewAttempt,
    judged_in_turn,
    recording_consent,
    ring_at_least_s,
    served_together,
    unless_line_taken,
)
from dialer.claim_writes import commit_attempts, keep_verdicts, put_off
from dialer.control import Switches
from dialer.model import AnsweredBy, AttemptState, Direction, TelephonyResult
from dialer.replay.model import LookKind
from dialer.replay.writing import Look
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

# While agents are there something may come for them though nobody nudges: a turn, the end of a
# colleague's first word.
LOOK_EVERY = timedelta(minutes=2)

_BY = "dialer"
_AGENT, _ATTEMPT = table_of(Agent), table_of(Attempt)

# Who said that it may ring goes first, then who has been ready longest.
_WANTING = (
    sa.select(_AGENT)
    .where(
        sa.or_(
            _AGENT.c.state == AgentState.READY,
            sa.and_(_AGENT.c.state == AgentState.RESERVED, _AGENT.c.dial),
        )
    )
    .order_by(_AGENT.c.dial.desc(), _AGENT.c.state_since, _AGENT.c.agent_id)
    .with_for_update(skip_locked=True)
)
_SIGNED_IN = sa.select(
    sa.exists().where(_AGENT.c.state.not_in([AgentState.OFFLINE])).label("signed_in")
)
_HOLDER = sa.select(_AGENT.c.agent_id).where(_AGENT.c.attempt_id == sa.bindparam("attempt_id"))
_MET = sa.update(_ATTEMPT).where(_ATTEMPT.c.attempt_id == sa.bindparam("of_attempt"))
_OURS = sa.select(_ATTEMPT.c.attempt_id).where(
    sa.or_(
        _ATTEMPT.c.agent_id.is_not(None),
        sa.and_(
            _ATTEMPT.c.mode == CallMode.AGENT, _ATTEMPT.c.direction == Direction.OUTBOUND
        ),  # placed ahead of agents
    ),
    _ATTEMPT.c.state != AttemptState.ENDED,
)


class AgentCalls:
    """A source of calls and a follower of attempts for one engine."""

    is_asked_without_lines = False

    def __init__(self, desk: Desk, *, ids: IdSource, phones: Phones | None = None) -> None:
        """Put a source together; without `phones` every agent is heard wherever a call hangs."""
        self._desk = desk
        self._ids = ids
        self._phones = phones
        self._signed_in = False
        self._live: set[UUID] = set()  # agents' calls of this process, and those it adopted
        self._on_file: frozenset[UUID] = frozenset()  # of them, what was up at the last look

    def next_at(self, now: datetime) -> datetime | None:
        """Return when to look again: soon while agents are signed in, else not by ourselves."""
        return now + LOOK_EVERY if self._signed_in else None

    async def adopt(self, session: AsyncSession) -> None:
        """Follow the agents' calls that are up already, and forget those that have ended."""
        up = frozenset((await session.execute(_OURS)).scalars())
        self._live = (self._live - self._on_file) | up
        self._on_file = up

    # The source.

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        """Claim at most one call a token and a waiting agent; the engine commits, then rings."""
        agents = (await session.execute(_WANTING)).all()
        if agents:
            self._signed_in = True
            await learn_lists(session, self._desk.campaigns)
        else:
            self._signed_in = bool((await session.execute(_SIGNED_IN)).scalar_one())
        free, calls, looked_at = list(tokens), [], 0
        for agent in agents:
            if not free:
                break
            trunk = free[0] if self._phones is None else self._phones.token_for(agent, free)
            if trunk is None:
                continue  # their phone is not in its room, or other servers have the free lines
            claim = _Claim(self._desk, agent, ids=self._ids, turned=turned, now=now)
            call = await claim.for_agent(session, trunk)
            looked_at += claim.looked_at
            if call is not None:
                free.remove(trunk)
                calls.append(call)
                self._live.add(call.attempt_id)
        return ClaimReport(calls=tuple(calls), looked_at=looked_at)

    def follow(self, attempt_id: UUID) -> None:
        """Follow a call that an agent takes over from its script."""
        self._live.add(attempt_id)

    # The follower.

    async def followed(
        self, session: AsyncSession, attempt_id: UUID, state: states.Attempt
    ) -> None:
        """Let the agent meet who answered, and owe the wrap-up when the line is gone."""
        if attempt_id not in self._live:
            return
        if isinstance(state, states.Answered) and state.answered_by is not AnsweredBy.MACHINE:
            await self._met(session, state)
        elif isinstance(state, states.Ended):  # followed on: this transaction may be done again
            await self._over(session, state)

    async def _met(self, session: AsyncSession, state: states.Answered) -> None:
        agent = await _holder(session, state.attempt_id)
        if agent is None or not isinstance(standing_of(agent), DiallingState):
            return  # the sweep finds somebody else, or ends the call
        await meet(session, agent, state.attempt_id, at=state.answered_at)

    async def _over(self, session: AsyncSession, state: states.Ended) -> None:
        agent = await _holder(session, state.attempt_id)
        if agent is None:
            lost = Unwrapped.AGENT_LOST
            await settle_without_agent(
                session, state.attempt_id, lost, desk=self._desk, now=state.ended_at
            )
        else:
            await end_for_agent(session, agent, state.attempt_id, desk=self._desk)


async def meet(session: AsyncSession, agent: AnyRow, attempt_id: UUID, *, at: datetime) -> None:
    """Let an agent, whose row is held, speak with who answered."""
    met = CallMet(attempt_id=attempt_id)
    await change_locked(session, agent, met, by=_BY, why="answered", now=at)
    await session.execute(_MET, {"of_attempt": attempt_id, "met_at": at})


async def end_for_agent(
    session: AsyncSession, agent: AnyRow, attempt_id: UUID, *, desk: Desk
) -> None:
    """Let an agent whose call has ended owe a wrap-up, or be ready where they met nobody.

    Who was answered and whose phone was not there takes no more calls until they see to it: the
    next owner would be met by silence too.
    """
    row = (
        await session.execute(
            sa.select(_ATTEMPT.c.met_at, _ATTEMPT.c.ended_at, _ATTEMPT.c.telephony_result).where(
                _ATTEMPT.c.attempt_id == attempt_id
            )
        )
    ).one()
    if row.telephony_result is TelephonyResult.ABANDONED:
        missing = PhoneMissing(attempt_id=attempt_id)
        await change_locked(session, agent, missing, by=_BY, why="abandoned", now=row.ended_at)
        return
    over = CallOver(
        attempt_id=attempt_id,
        spoke=row.met_at is not None or isinstance(standing_of(agent), OnCall),
        wrap_up_until=row.ended_at + desk.rules.wrap_up,
    )
    why = str(row.telephony_result.value)
    await change_locked(session, agent, over, by=_BY, why=why, now=row.ended_at)


async def _holder(session: AsyncSession, attempt_id: UUID) -> AnyRow | None:
    """Return, held, the agent whose call it is."""
    found = (await session.execute(_HOLDER, {"attempt_id": attempt_id})).scalar_one_or_none()
    if found is None:
        return None
    agent = await lock_agent(session, found)
    return agent if agent.attempt_id == attempt_id else None


class _Claim:
    """The claim of one call for one agent, whose row is held."""

    def __init__(
        self, desk: Desk, agent: AnyRow, *, ids: IdSource, turned: Switches, now: datetime
    ) -> None:
        self.looked_at = 0
        self._desk = desk
        self._agent = agent
        self._ids = ids
        self._basis = desk.basis(turned, agent_reserved=True)
        self._previews = desk.campaigns_of(agent, Dialling.PREVIEW, turned)
        self._progressive = desk.campaigns_of(agent, Dialling.PROGRESSIVE, turned)
        self._ahead = desk.campaigns_of(agent, Dialling.PREDICTIVE, turned)
        self._now = now

    async def for_agent(self, session: AsyncSession, trunk: TrunkLimits) -> Claimed | None:
        """Commit an attempt that may ring now, and reserve the agent for it."""
        standing = standing_of(self._agent)
        if isinstance(standing, Offered):
            return await self._what_was_shown(session, standing, trunk)
        due_call_ids = await choose(
            session,
            self._agent,
            campaigns=self._progressive,
            promised_of=self._ahead,
            rules=self._desk.rules,
            now=self._now,
        )
        for due_call_id in due_call_ids:
            judged = await self._judged(session, due_call_id, self._progressive)
            call = await self._commit(session, judged, trunk)
            if call is not None:
                return call
        return None

    async def _what_was_shown(
        self, session: AsyncSession, shown: Offered, trunk: TrunkLimits
    ) -> Claimed | None:
        judged = await self._judged(session, shown.due_call_id, self._previews)
        if not judged and await still_waits(session, shown.due_call_id):
            return None  # held by somebody else at this moment: it is tried again
        call = await self._commit(session, judged, trunk) if judged else None
        if call is None:
            why = _refusal(judged)
            refused = Release()
            await change_locked(session, self._agent, refused, by=_BY, why=why, now=self._now)
        return call

    async def _judged(
        self, session: AsyncSession, due_call_id: int, campaigns: Sequence[str]
    ) -> list[Judged]:
        """Return the due call, judged, and after it what else the person may hear of."""
        candidates = await load_with_the_persons_others(
            session,
            due_call_id,
            own_campaigns=campaigns,
            basis=self._basis,
            campaigns=self._desk.campaigns,
            now=self._now,
        )
        judged = judged_in_turn(candidates, now=self._now, packs=self._desk.packs)
        self.looked_at += len(judged)
        return sorted(judged, key=lambda each: each.candidate.due_call_id != due_call_id)

    async def _commit(
        self, session: AsyncSession, judged: list[Judged], trunk: TrunkLimits
    ) -> Claimed | None:
        if not judged:
            return None
        attempt = self._attempt(judged, trunk)
        bridge, now = self._desk.bridge, self._now
        attempts = [] if attempt is None else [attempt]
        written = await commit_attempts(session, attempts, bridge=bridge, now=now)
        if attempt is None or attempt.attempt_id not in written:
            await self._keep(session, judged, self._look(judged, trunk, lost=attempts))
            return None
        await self._keep(session, judged, self._look(judged, trunk, placed=attempts))
        placed = CallPlaced(attempt_id=attempt.attempt_id)
        why = attempt.lead.due_call.campaign
        await change_locked(session, self._agent, placed, by=_BY, why=why, now=now)
        return self._claimed(attempt)

    async def _keep(self, session: AsyncSession, judged: Sequence[Judged], look: Look) -> None:
        served = frozenset(due for each in look.placed for due in each.due_call_ids)
        outcome = unless_line_taken(judged, served, now=self._now)
        await keep_verdicts(session, outcome, look, now=self._now)
        await put_off(session, outcome, served, now=self._now)

    def _look(
        self,
        judged: Sequence[Judged],
        trunk: TrunkLimits,
        *,
        placed: Sequence[NewAttempt] = (),
        lost: Sequence[NewAttempt] = (),
    ) -> Look:
        return Look(
            kind=LookKind.AGENT,
            packs=self._desk.packs,
            bridge=self._desk.bridge,
            agent_id=self._agent.agent_id,
            trunks=[trunk],
            placed=placed,
            lost=lost,
            chosen=judged[0].candidate.due_call_id,
        )

    def _attempt(self, judged: Sequence[Judged], trunk: TrunkLimits) -> NewAttempt | None:
        """Return the call, unless the rules refuse what it is for."""
        phone = judged[0].verdict.phone
        if not judged[0].allowed or phone is None:
            return None
        return NewAttempt(
            attempt_id=self._ids.new(),
            served=tuple(each.candidate for each in served_together(judged)),
            phone=phone,
            trunk=trunk,
            mode=judged[0].candidate.due_call.mode,
            agent_id=self._agent.agent_id,
        )

    def _claimed(self, attempt: NewAttempt) -> Claimed:
        lead, packs = attempt.lead, self._desk.packs
        place = lead.facts.place
        applying = packs.applying(place.packs, place.region, attempt.phone.region)
        conduct = conduct_under(applying) if applying else None
        return Claimed(
            attempt_id=attempt.attempt_id,
            to=attempt.phone,
            trunk=attempt.trunk,
            campaign=lead.due_call.campaign,
            community=lead.due_call.community,
            synthetic=lead.due_call.synthetic,
            language=lead.facts.person.language or Language.MANDARIN,
            ring_at_least_s=ring_at_least_s(attempt, packs),
            recording=recording_consent(attempt, packs),
            due_call_ids=attempt.due_call_ids,
            room=self._agent.room,
            room_within_s=conduct.agent_within_s if conduct is not None else 2.0,
            detect_machine=conduct is not None and conduct.amd_on_agent_campaigns,
        )


def _refusal(judged: Sequence[Judged]) -> str:
    """Return why what was shown is not dialled."""
    if not judged:
        return "withdrawn"
    return Rule.LIVE_CALL.value if judged[0].allowed else judged[0].verdict.rule.value
