"""Agents for calls that came in: the caller's own first, then one of the queue, then anybody."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from dialer.agents.desk import Desk
from dialer.agents.phones import Phones
from dialer.agents.reserving import Wanted, free_agents, reserve
from dialer.agents.steps import CallOver
from dialer.agents.tables import Agent
from dialer.agents.transitions import change

_BY = "inbound"
_AGENT = table_of(Agent)
_HOLDER = sa.select(_AGENT).where(_AGENT.c.attempt_id == sa.bindparam("call_id"))


class Colleagues(Protocol):
    """Whom a caller can be put through to."""

    async def is_somebody_free(self, session: AsyncSession, wanted: Wanted) -> bool:
        """Say whether anybody could take the call now."""
        ...

    async def put_through(
        self, session: AsyncSession, wanted: Wanted, *, now: datetime
    ) -> AnyRow | None:
        """Reserve an agent; the caller commits. None: nobody is free."""
        ...

    async def let_go(self, session: AsyncSession, call_id: UUID, *, now: datetime) -> None:
        """Let the agent of a call that has ended take others."""
        ...


class FloorColleagues:
    """The agents who are signed in, with their phones."""

    def __init__(self, desk: Desk, *, phones: Phones) -> None:
        self._desk = desk
        self._phones = phones

    async def is_somebody_free(self, session: AsyncSession, wanted: Wanted) -> bool:
        """Say whether anybody could take the call now."""
        anybody = replace(wanted, queue=None)
        found = await free_agents(session, anybody, desk=self._desk, phones=self._phones)
        return bool(found)

    async def put_through(
        self, session: AsyncSession, wanted: Wanted, *, now: datetime
    ) -> AnyRow | None:
        """Reserve an agent, of the queue if one is free; asked twice, it is the same one."""
        holder = (await session.execute(_HOLDER, {"call_id": wanted.call_id})).one_or_none()
        if holder is not None:
            return holder
        for each in (wanted, replace(wanted, queue=None)):
            agent = await reserve(
                session, each, desk=self._desk, phones=self._phones, by=_BY, now=now
            )
            if agent is not None:
                return agent
        return None

    async def let_go(self, session: AsyncSession, call_id: UUID, *, now: datetime) -> None:
        """Let the agent of a call that has ended take others.

        There is no due call to wrap up, so the wrap-up is over as it begins.
        """
        holder = (await session.execute(_HOLDER, {"call_id": call_id})).one_or_none()
        if holder is not None:
            over = CallOver(attempt_id=call_id, spoke=True, wrap_up_until=now)
            await change(session, holder.agent_id, over, by=_BY, why="inbound_ended", now=now)
