"""A floor of agents with its console over one database and one clock: a desk that can be used."""

import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from api.app import make_app
from api.deps import ApiDeps, ApiLimits
from api.model import ApiRole
from api.tables import ApiUser
from api.users import add_user
from callback.campaigns import Campaigns
from core.database import session_factory
from core.ids import IdSource
from core.live import LiveFeed
from customers.importing.model import Defaults
from tests.integration.api.office import HOUSE, Office
from tests.integration.console.house import House
from tests.integration.dialer.agents.floor import Desks

MARK = re.compile(r'data-mark="([^"]+)"')


@dataclass
class Tab:
    """One open page of a desk, as its script talks to the server."""

    browser: httpx.AsyncClient
    name: str
    mark: str = ""
    text: str = ""

    async def take(self) -> httpx.Response:
        """Load the page: from now on it speaks for the agent."""
        return await self.post("/desk/take")

    async def look(self) -> str:
        """Return the parts as they are now."""
        return self._seen(await self.browser.get("/desk/parts", headers=self._headers())).text

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Press something."""
        headers = {**self._headers(), **({"X-Desk-Mark": self.mark} if self.mark else {})}
        return self._seen(await self.browser.post(path, data=fields, headers=headers))

    async def get(self, path: str) -> httpx.Response:
        """Fetch a fragment."""
        return await self.browser.get(path, headers=self._headers())

    def _headers(self) -> Mapping[str, str]:
        return {"HX-Request": "true", "X-Desk-Tab": self.name}

    def _seen(self, response: httpx.Response) -> httpx.Response:
        found = MARK.search(response.text)
        if response.is_success and found:
            self.mark, self.text = found[1], response.text
        return response


class DeskFloor(Desks):
    """Agents with desk phones, the dialer that rings for them, and their console."""

    house: House

    @classmethod
    async def opened(
        cls, database: AsyncEngine, *, campaigns: Campaigns, feed: LiveFeed | None = None
    ) -> "DeskFloor":
        """Open the floor and its console."""
        floor = cls(session_factory(database), campaigns=campaigns)
        await floor.open()
        deps = ApiDeps(
            sessions=floor.sessions,
            clock=floor.clock,
            ids=IdSource(floor.clock, random.Random(3)),
            desk=floor.desk,
            house=HOUSE,
            defaults=Defaults(synthetic=True),
            feed=feed,
            limits=ApiLimits(requests_per_minute=1_000_000, refusals_per_minute=1_000_000),
        )
        async with floor.sessions.begin() as session:
            tokens = {
                role: await add_user(session, name=role.value, role=role, now=floor.clock.now())
                for role in ApiRole
            }
        office = Office(app=make_app(deps), deps=deps, clock=floor.clock, tokens=tokens)
        floor.house = House(office=office)
        return floor

    async def is_user(self, agent_id: int) -> None:
        """Let the user of the role agent be this agent."""
        async with self.sessions.begin() as session:
            await session.execute(
                sa.update(ApiUser).where(ApiUser.role == ApiRole.AGENT).values(agent_id=agent_id)
            )

    @asynccontextmanager
    async def tab(self, name: str = "tab1", role: ApiRole = ApiRole.AGENT) -> AsyncIterator[Tab]:
        """Yield a page of the desk that has just been opened."""
        async with self.house.browser(role) as browser:
            tab = Tab(browser=browser, name=name)
            await tab.take()
            yield tab


async def user_of(session: AsyncSession, role: ApiRole) -> int:
    """Return the user of a role."""
    found = await session.execute(sa.select(ApiUser.api_user_id).where(ApiUser.role == role))
    return int(found.scalar_one())
