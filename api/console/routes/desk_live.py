"""The desk stays true by itself: its beat, and the news of its own agent and call."""

import asyncio
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sse_starlette.sse import EventSourceResponse

from api.console.edge import router as pages
from api.console.page import Here
from api.console.routes.desk_holding import agent_id_of, tab_of
from api.listening import follow
from api.model import Right, needs
from core.columns import table_of
from core.live import News, Topic
from dialer.agents.model import AgentState
from dialer.agents.screens import holds_desk, mark_of
from dialer.agents.service import beat
from dialer.agents.tables import Agent
from dialer.agents.transitions import standing_of
from dialer.tables import Attempt

router = pages()

EVENT = "desk"
_SETTLE_S = 0.02  # what one transaction tells of a call and its agent is one look
_WORK = needs(Right.WORK_AS_AGENT)
_AGENT, _ATTEMPT = table_of(Agent), table_of(Attempt)
_CALL = sa.select(_AGENT.c.attempt_id).where(_AGENT.c.agent_id == sa.bindparam("agent_id"))
_STANDS = (
    sa.select(_AGENT, _ATTEMPT.c.state.label("attempt_state"))
    .outerjoin(_ATTEMPT, _ATTEMPT.c.attempt_id == _AGENT.c.attempt_id)
    .where(_AGENT.c.agent_id == sa.bindparam("agent_id"))
)


class OwnNews:
    """Picks from all news what one agent's desk shows: themselves, and the call they have.

    A call's news goes by its id alone, so that whose it is, is learned from the agent's own news.
    """

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], agent_id: int, attempt_id: UUID | None
    ) -> None:
        self._sessions = sessions
        self._agent_id = agent_id
        self._attempt_id = attempt_id
        self._learning: set[asyncio.Task[None]] = set()

    def __call__(self, news: News) -> str | None:
        """Return the event's name for what is this desk's; None: it is somebody else's."""
        match news.topic:
            case Topic.AGENT if news.key == str(self._agent_id):
                task = asyncio.get_running_loop().create_task(self._learn())
                self._learning.add(task)
                task.add_done_callback(self._learning.discard)
                return EVENT
            case Topic.ATTEMPT if news.key == str(self._attempt_id):
                return EVENT
            case Topic.SWITCHES | Topic.MISSED:
                return EVENT
            case Topic.DUE_CALL:
                return "lists"
        return None

    async def settled(self) -> None:
        """Wait until it is known whose the calls are that were told of."""
        await asyncio.gather(*self._learning)

    async def _learn(self) -> None:
        async with self._sessions() as session:
            self._attempt_id = await session.scalar(_CALL, {"agent_id": self._agent_id})


@router.get("/desk/live", openapi_extra=_WORK)
async def follow_desk(page: Here, request: Request) -> EventSourceResponse:
    """Tell the desk that something of its own has changed; it looks anew."""
    agent_id = agent_id_of(page)
    attempt_id = await page.work.session.scalar(_CALL, {"agent_id": agent_id})
    wanted = OwnNews(page.deps.sessions, agent_id, attempt_id)
    return follow(page.work, request, wanted, settle_s=_SETTLE_S)


@router.post("/desk/beat", openapi_extra=_WORK)
async def beat_once(page: Here) -> Response:
    """Note that the agent's screen is there, and say whether it is the one, and up to date."""
    session, agent_id = page.work.session, agent_id_of(page)
    if not await holds_desk(session, agent_id, tab_of(page)):
        return JSONResponse({"holder": False})
    row = (await session.execute(_STANDS, {"agent_id": agent_id})).one()
    if row.state is not AgentState.OFFLINE:
        await beat(session, agent_id)
    seen = (
        row.state,
        row.state_since,
        row.until,
        row.dial,
        row.hang_up,
        row.seated_on,
        row.phone_trouble,
        row.attempt_state,
    )
    word = sha256(repr(seen).encode()).hexdigest()[:12]
    return JSONResponse({"holder": True, "mark": mark_of(standing_of(row)), "word": word})
