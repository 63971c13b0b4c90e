"""Agents in the state machine: they sit down, look, dial, talk, write down, and vanish."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall
from core.columns import AnyRow
from customers.model import WrapUpCode
from dialer.agents import offers, service
from dialer.agents.forms import WrapUpFormError, codes_for
from dialer.agents.model import AgentState, AgentStateError, BreakReason, SkipReason
from dialer.agents.tables import Agent
from dialer.agents.wrap_up import NoSuchCallError, WrappedUpAlreadyError, WrapUpForm, wrap_up
from dialer.tables import Attempt, AttemptDueCall
from tests.integration.laws.machine import Machine, one, which

_REFUSED = (AgentStateError, WrappedUpAlreadyError, NoSuchCallError)

_BROKEN = sa.text("""
    SELECT 'who is on a call has a live one of theirs' AS law, a.agent_id
    FROM agent a LEFT JOIN attempt USING (attempt_id)
    WHERE a.attempt_id IS NOT NULL AND attempt.agent_id IS DISTINCT FROM a.agent_id
    UNION ALL
    SELECT 'a call that is shown waits', a.agent_id
    FROM agent a JOIN due_call dc USING (due_call_id)
    WHERE a.until > :now AND dc.state NOT IN ('waiting', 'withdrawn', 'expired')
    UNION ALL
    SELECT 'where somebody stands is the last step on file', a.agent_id
    FROM agent a
    WHERE a.state <> 'offline' AND a.state <> (
        SELECT c.to_state FROM agent_state_change c WHERE c.agent_id = a.agent_id
        ORDER BY c.agent_state_change_id DESC LIMIT 1
    )
""")


class AgentsAtWork(Machine):
    """Rules about agents."""

    @rule(agent=which, what=st.sampled_from(["in", "in", "in", "out", "break", "back", "hang up"]))
    def an_agent_comes_or_goes(self, agent: int, what: str) -> None:
        agent_id, now = one(self.world.agent_ids, agent), self.world.now

        async def work(session: AsyncSession) -> None:
            if what == "in":
                await service.sign_in(session, agent_id, now=now)
            elif what == "out":
                await service.sign_out(session, agent_id, now=now)
            elif what == "break":
                await service.take_break(session, agent_id, BreakReason.REST, now=now)
            elif what == "back":
                await service.become_ready(session, agent_id, now=now)
            else:
                await service.hang_up(session, agent_id, now=now)

        self.ask(work)
        self.screens_beat()
        self.do(self.world.dial(2))

    @rule(agent=which, dials=st.booleans(), reason=st.sampled_from(SkipReason))
    def an_agent_looks_at_what_comes_next(
        self, agent: int, dials: bool, reason: SkipReason
    ) -> None:
        agent_id, desk, now = one(self.world.agent_ids, agent), self.world.desk, self.world.now

        async def look(session: AsyncSession) -> None:
            shown = await offers.next_offer(session, agent_id, desk=desk, now=now)
            if shown is None:
                return
            if dials:
                await offers.ask_to_dial(session, agent_id, desk=desk, now=now)
            else:
                await offers.skip(session, agent_id, reason, desk=desk, now=now)

        self.ask(look)
        self.do(self.world.dial(2))

    @precondition(lambda self: self.wrapping_up())
    @rule(agent=which, code=which, rests=st.booleans(), twice=st.booleans())
    def an_agent_writes_down_what_it_came_to(
        self, agent: int, code: int, rests: bool, twice: bool
    ) -> None:
        row = one(self.wrapping_up(), agent)

        async def write(session: AsyncSession) -> None:
            await wrap_up(
                session,
                row.agent_id,
                row.attempt_id,
                await self.forms(session, row, code),
                then=BreakReason.REST if rests else None,
                desk=self.world.desk,
                now=self.world.now,
            )

        self.ask(write)
        if twice:
            before = self.read(_outcomes)
            self.ask(write)
            assert self.read(_outcomes) == before, "a second wrap-up changed the first"

    @rule(agent=which)
    def an_agents_screen_goes_dark(self, agent: int) -> None:
        long_ago = self.world.now - timedelta(hours=1)
        agent_id = one(self.world.agent_ids, agent)
        self.write(lambda session: service.beat(session, agent_id, at=long_ago))
        self.look_after_them()

    @rule()
    def somebody_looks_after_the_agents(self) -> None:
        self.screens_beat()
        self.look_after_them()

    @invariant()
    def agents_stand_where_their_calls_are(self) -> None:
        if hasattr(self, "world"):
            now = {"now": self.world.now}

            async def look(session: AsyncSession) -> None:
                broken = (await session.execute(_BROKEN, now)).all()
                assert not broken

            self.read(look)

    # How.

    def ask(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        """Do what an agent asks for; what cannot be done now is refused and changes nothing."""

        async def transaction() -> None:
            async with self.sessions.begin() as session:
                await work(session)

        try:
            self.do(transaction())
        except (*_REFUSED, WrapUpFormError):
            return

    def screens_beat(self) -> None:
        """Let every screen that is on say so."""

        async def beat(session: AsyncSession) -> None:
            await session.execute(
                sa.update(Agent)
                .where(Agent.state != AgentState.OFFLINE)
                .values(heartbeat_at=self.world.now)
            )

        self.write(beat)

    def look_after_them(self) -> None:
        """Let every dialer see to its agents' calls."""
        for dialer in tuple(self.world.dialers):
            self.run(dialer.keeper.look())

    def wrapping_up(self) -> list[AnyRow]:
        """Return the agents who owe an outcome."""

        async def find(session: AsyncSession) -> list[AnyRow]:
            found = sa.select(Agent.agent_id, Agent.attempt_id).where(
                Agent.state == AgentState.WRAP_UP
            )
            return list(await session.execute(found.order_by(Agent.agent_id)))

        return self.read(find)

    async def forms(self, session: AsyncSession, row: AnyRow, code: int) -> list[WrapUpForm]:
        """Return a form for each matter of the call."""
        rows = await session.execute(
            sa.select(DueCall.due_call_id, DueCall.reason, DueCall.purpose, DueCall.campaign)
            .join(AttemptDueCall, AttemptDueCall.due_call_id == DueCall.due_call_id)
            .where(AttemptDueCall.attempt_id == row.attempt_id, AttemptDueCall.settled_at.is_(None))
        )
        forms = []
        for due in rows:
            word = one(codes_for(due.reason, due.purpose, due.campaign), code)
            forms.append(
                WrapUpForm(due_call_id=due.due_call_id, code=word, values=self.values_for(word))
            )
        return forms

    def values_for(self, code: WrapUpCode) -> dict[str, Any]:
        """Return what an agent writes into the form of a code."""
        tomorrow = (self.world.now + timedelta(days=1)).date().isoformat()
        values: dict[WrapUpCode, dict[str, Any]] = {
            WrapUpCode.PROMISE_TO_PAY: {"amount_minor": 1, "promised_on": tomorrow},
            WrapUpCode.EXTENSION_REQUESTED: {"until": tomorrow},
            WrapUpCode.CALLBACK_REQUESTED: {
                "callback_at": (self.world.now + timedelta(hours=3)).isoformat(),
                "personal": True,
            },
            WrapUpCode.DISPUTE: {"reason": "not mine"},
            WrapUpCode.DISSATISFIED: {"reason": "it drips"},
            WrapUpCode.TRANSFERRED: {"reason": "the manager"},
            WrapUpCode.SURVEY_COMPLETE: {"answers": {"overall": 4}},
            WrapUpCode.SURVEY_PARTIAL: {"answers": {"overall": 4}},
        }
        return values.get(code, {})


async def _outcomes(session: AsyncSession) -> list[AnyRow]:
    rows = await session.execute(
        sa.select(AttemptDueCall.__table__)
        .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
        .order_by(AttemptDueCall.attempt_id, AttemptDueCall.due_call_id)
    )
    return list(rows)
