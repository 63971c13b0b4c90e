"""A floor with its people signed in at their browsers, and calls that wait for them."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import psycopg

from api.console import sessions
from api.model import ApiRole
from api.users import make_user
from bench.queue_world import NOW, fill_queue
from core.clock import SystemClock
from core.database import create_engine, session_factory
from dialer.agents import service
from dialer.control import ensure_installation
from ownerline.database import upgrade

# The queue was made for another day; its deadlines lie around this one.
_TODAY = """
    UPDATE due_call
    SET not_before = not_before + shift, due_by = due_by + shift, next_at = next_at + shift,
        created_at = created_at + shift, settled_at = settled_at + shift
    FROM (SELECT now() - CAST(%(then)s AS timestamptz) AS shift) AS span
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """A browser somebody has signed in at; of an agent with their id."""

    token: str
    agent_id: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """Who is on the floor."""

    agents: tuple[Screen, ...]
    supervisors: tuple[Screen, ...]


def prepare(url: str, *, waiting: int, agents: int, supervisors: int) -> Cast:
    """Fill an empty database; everybody has signed in, every agent is ready."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill_queue(connection, waiting)
        connection.execute(_TODAY, {"then": NOW})
        connection.execute("VACUUM ANALYZE")
    return asyncio.run(_people(url, agents=agents, supervisors=supervisors))


async def _people(url: str, *, agents: int, supervisors: int) -> Cast:
    engine = create_engine(url, name="bench")
    now = SystemClock().now()
    desks, walls = [], []
    async with session_factory(engine).begin() as session:
        await ensure_installation(session, UUID(int=1))
        for number in range(agents):
            name = f"agent {number + 1}"
            agent_id = await service.add_agent(session, name=name, team="service", now=now)
            await service.sign_in(session, agent_id, now=now)
            user = await make_user(
                session, name=name, role=ApiRole.AGENT, agent_id=agent_id, now=now
            )
            token = await sessions.begin(
                session, user, address="127.0.0.1", browser="bench", now=now
            )
            desks.append(Screen(token=token, agent_id=agent_id))
        for number in range(supervisors):
            user = await make_user(
                session, name=f"supervisor {number + 1}", role=ApiRole.SUPERVISOR, now=now
            )
            token = await sessions.begin(
                session, user, address="127.0.0.1", browser="bench", now=now
            )
            walls.append(Screen(token=token))
    await engine.dispose()
    return Cast(agents=tuple(desks), supervisors=tuple(walls))
