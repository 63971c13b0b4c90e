"""A small installation with its console: browsers that have signed in, one for every role."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.console import sessions
from api.model import ApiRole
from api.tables import ApiUser
from dialer.agents.service import add_agent
from tests.integration.api.office import TEN, Office

HTML = {"Accept": "text/html", "Accept-Language": "en"}


@dataclass
class House:
    """The pages over one database."""

    office: Office

    @classmethod
    async def office_of(cls, database: AsyncEngine) -> Office:
        office = await Office.open(database)
        async with office.deps.sessions.begin() as session:
            agent_id = await add_agent(session, name="陈静", team="service", now=TEN)
            await session.execute(
                sa.update(ApiUser).where(ApiUser.role == ApiRole.AGENT).values(agent_id=agent_id)
            )
        return office

    @asynccontextmanager
    async def browser(
        self, role: ApiRole = ApiRole.ADMIN, headers: Mapping[str, str] = HTML
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Yield a browser in which the role's user has signed in; it shows the session's mark."""
        async with self.office.deps.sessions.begin() as session:
            user_id = await session.scalar(
                sa.select(ApiUser.api_user_id).where(ApiUser.role == role)
            )
            assert user_id is not None
            token = await sessions.begin(
                session, user_id, address="127.0.0.1", browser="a test", now=self.office.clock.now()
            )
        async with self.stranger(
            {**headers, "X-CSRF-Token": sessions.csrf_of(token)}, {sessions.COOKIE: token}
        ) as client:
            yield client

    def end_streams(self) -> None:
        """Let live pages end after their first word, where every page is asked for its answer."""
        deps = self.office.app.state.deps
        self.office.app.state.deps = replace(deps, limits=replace(deps.limits, live_hours=0))

    @asynccontextmanager
    async def visitor(self, role: ApiRole | None) -> AsyncIterator[httpx.AsyncClient]:
        """Yield a browser of a role, or one in which nobody has signed in."""
        if role is None:
            async with self.stranger() as client:
                yield client
        else:
            async with self.browser(role) as client:
                yield client

    def stranger(
        self, headers: Mapping[str, str] = HTML, cookies: Mapping[str, str] | None = None
    ) -> httpx.AsyncClient:
        """Return a browser that shows nothing but these."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.office.app, raise_app_exceptions=False),
            base_url="http://ownerline.test",
            headers=dict(headers),
            cookies=dict(cookies or {}),
        )
