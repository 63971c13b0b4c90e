"""Agents of a whole installation: signed in, and what they ask for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa

from callback.packs import shipped_packs
from core.columns import AnyRow
from dialer.agents import service
from dialer.agents.commands import Asking
from dialer.agents.desk import Desk
from dialer.agents.model import AgentState, CommandState
from dialer.agents.tables import Agent, FloorCommand
from dialer.outcome import Settlement
from dialer.tables import Attempt
from ownerline.books import campaigns_of
from scripts.library import load_library
from tests.asterisk.home import CLOCK, Home


class AtWork(Home):
    """An installation whose agents are signed in, and what they ask for."""

    async def agent(self, name: str, endpoint: str) -> int:
        async with self.runtime.sessions.begin() as session:
            agent_id = await service.add_agent(
                session, name=name, endpoint=endpoint, now=CLOCK.now()
            )
            await service.sign_in(session, agent_id, now=CLOCK.now())
            await service.beat(session, agent_id, at=CLOCK.now().replace(year=2100))
        return agent_id

    def desk(self) -> Desk:
        """Return what the web tier's desks rest on."""
        library = load_library()
        return Desk(
            settlement=Settlement(campaigns=campaigns_of(self.settings), library=library),
            packs=shipped_packs(),
            bridge=self.settings.bridge.value,
            bridge_is_real=True,
            test_numbers=self.settings.test_numbers,
        )

    async def until_agents(self, *states: AgentState, seated: bool = True) -> list[AnyRow]:
        """Wait until the agents stand so, in their order, and whoever is not away is seated."""
        away = {AgentState.BREAK, AgentState.OFFLINE}
        async with asyncio.timeout(60):
            while True:
                rows = await self.rows(sa.select(Agent.__table__).order_by(Agent.agent_id))
                there = all(row.seated_on is not None or row.state in away for row in rows)
                if [row.state for row in rows] == list(states) and (there or not seated):
                    return rows
                await asyncio.sleep(0.05)

    async def do(
        self, ask: Callable[[Any, Asking], Awaitable[AnyRow]], *, of: int = 1, tries: int = 3
    ) -> None:
        """Ask for something of an agent's call; returns once a dialer has done it.

        On a busy machine its seconds may run out; then it is asked again, as agents do.
        """
        asking = Asking(agent_id=of, by="li.na", now=CLOCK.now())
        async with self.runtime.sessions.begin() as session:
            command = await ask(session, asking)
        done = sa.select(FloorCommand.state, FloorCommand.reason).where(
            FloorCommand.command_id == command.command_id
        )
        async with asyncio.timeout(30):
            while (row := (await self.rows(done))[0]).state in {  # noqa: ASYNC110 - a database tells nobody
                CommandState.ASKED,
                CommandState.TAKEN,
            }:
                await asyncio.sleep(0.02)
        if row.state is CommandState.FAILED and tries > 1 and "no dialer" in row.reason:
            await self.do(ask, of=of, tries=tries - 1)
            return
        assert (row.state, row.reason) == (CommandState.DONE, None)

    async def until_talking(self) -> None:
        """Wait until the one call has its first turn: keys that are pressed before are lost."""
        async with asyncio.timeout(60):
            while not await self.rows(sa.select(1).where(Attempt.talk.is_not(None))):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.05)

    async def until_ended(self) -> None:
        """Wait until the one call has its end on file."""
        async with asyncio.timeout(60):
            while not await self.rows(sa.select(1).where(Attempt.ended_at.is_not(None))):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.05)

    async def rows(self, query: Any) -> list[AnyRow]:
        async with self.runtime.sessions() as session:
            return list(await session.execute(query))
