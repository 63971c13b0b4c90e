"""A served floor of agents whose lines are the test's, and whose time it lets pass.

The engine, its bridge and the people behind the phones are objects of their own, apart from the web
server: it can be stopped in the middle of a call, and the call goes on.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from sse_starlette.sse import AppStatus

from api.app import make_app
from api.console import sessions as console_sessions
from api.model import ApiRole
from api.tables import ApiUser
from callback.campaign_model import HouseCampaigns
from callback.campaigns import Campaigns, Dialling, shipped_campaigns
from core.database import create_engine, libpq_url
from core.live import LiveFeed
from customers.model import CallMode, Language
from ownerline.services.web import listen, url_of
from tests.integration.console.desk_floor import DeskFloor, user_of

_GRACE_S = 1  # then connections that are still open are cut
_LONG_TALK_S = 1800


def all_by_agents(dialling: Dialling = Dialling.PREVIEW) -> Campaigns:
    """Return the shipped campaigns, with repairs and reminders called by agents."""
    shipped = shipped_campaigns()
    by_agents = {"mode": CallMode.AGENT, "dialling": dialling}
    return Campaigns(
        HouseCampaigns.model_construct(
            version=shipped.version,
            source=shipped.source,
            overdue=shipped.overdue.model_copy(update=by_agents),
            repair=shipped.repair.model_copy(update=by_agents),
            survey=shipped.survey,
            promised=shipped.promised,
            uploaded=shipped.uploaded,
        )
    )


@dataclass
class WebServer:
    """The pages of an application on one port; it can be stopped and started again."""

    app: FastAPI
    url: str
    _port: int
    _server: uvicorn.Server
    _serving: asyncio.Task[None]

    @classmethod
    async def begin(cls, app: FastAPI, *, port: int = 0) -> "WebServer":
        """Listen; port 0 takes any that is free."""
        listener = listen("127.0.0.1", port)
        server, serving = _serve(app, listener)
        port = listener.getsockname()[1]
        return cls(app, url_of(listener), port, server, serving)

    async def stop(self) -> None:
        """Let go of whoever is connected, and of the port."""
        AppStatus.should_exit = True  # lets go of those who follow the live feed
        self._server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await self._serving

    async def begin_again(self, app: FastAPI) -> None:
        """Listen on the same port with a new application."""
        self.app = app
        self._server, self._serving = _serve(app, listen("127.0.0.1", self._port))


def _serve(app: FastAPI, listener: socket.socket) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    AppStatus.should_exit = False  # what was served before in this process has set it
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", timeout_graceful_shutdown=_GRACE_S
    )
    server = uvicorn.Server(config)
    return server, asyncio.create_task(server.serve(sockets=[listener]))


@dataclass
class ServedFloor:
    """A floor and its web server; `visiting` takes it for what is served."""

    floor: DeskFloor
    web: WebServer
    agent_id: int = 0

    @property
    def url(self) -> str:
        """Where its pages are."""
        return self.web.url

    async def cookie_of(self, role: ApiRole, language: Language) -> str:
        """Begin a session of the role's user, who reads this language; return its cookie."""
        async with self.floor.sessions.begin() as session:
            user_id = await user_of(session, role)
            await session.execute(
                sa.update(ApiUser).where(ApiUser.api_user_id == user_id).values(language=language)
            )
            return await console_sessions.begin(
                session,
                user_id,
                address="127.0.0.1",
                browser="a test",
                now=self.floor.clock.now(),
            )

    async def restart(self) -> None:
        """Begin the web server anew on its port, as another process would."""
        await self.web.begin_again(make_app(self.floor.house.office.deps))


@contextlib.asynccontextmanager
async def open_floor(
    database_url: str, campaigns: Campaigns | None = None
) -> AsyncIterator[ServedFloor]:
    """Serve a floor for the block; who lives there and what they owe is the test's to say."""
    engine = create_engine(database_url, name="desk")
    feed = LiveFeed(libpq_url(database_url))
    await feed.start()
    floor = await DeskFloor.opened(engine, campaigns=campaigns or all_by_agents(), feed=feed)
    floor.talks_s = _LONG_TALK_S
    web = await WebServer.begin(floor.house.office.app)
    try:
        yield ServedFloor(floor, web)
    finally:
        await web.stop()
        await feed.close()
        await engine.dispose()
