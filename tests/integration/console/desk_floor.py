"""A floor of agents with its console over one database and one clock: a desk that can be used."""

import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from api.app import make_app
from api.deps import ApiDeps, ApiLimits
from api.model import ApiRole
from api.tables import ApiUser
from api.users import add_user
from callback.campaigns import Campaigns, Dialling
from core.database import session_factory
from core.ids import IdSource
from core.live import LiveFeed
from customers.importing.model import Defaults
from dialer.agents.phones import Phones
from dialer.agents.reserving import Wanted, reserve
from dialer.inbound.tables import InboundRow
from tests.integration.api.office import HOUSE, Office
from tests.integration.console.house import House
from tests.integration.dialer.agents.floor import Desks, agents_campaigns
from tests.integration.dialer.day import answers

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

    @classmethod
    async def with_a_repair(cls, database: AsyncEngine) -> "DeskFloor":
        """Open a floor where Li is shown a finished repair's call before it rings."""
        floor = await cls.opened(database, campaigns=agents_campaigns(Dialling.PREVIEW))
        await floor.repaired(await floor.owner(answers()))
        await floor.build()
        floor.talks_s = 600
        await floor.at_work()
        return floor

    async def at_work(self) -> None:
        """Let Li sit down at a phone, as the user of the role agent."""
        await self.is_user(await self.agent("Li", endpoint="PJSIP/101"))
        await self.work(0.1)

    async def speaks(self, *, talks_s: float = 600) -> None:
        """Build the lists and let Li speak with the owner who is due."""
        self.talks_s = talks_s
        await self.build()
        await self.is_user(await self.agent("Li", endpoint="PJSIP/101"))
        await self.work(1)
        assert await self.states() == ["on_call"]

    async def put_through(self, e164: str, person_id: int) -> UUID:
        """Let somebody ring us, and Li have their call; returns its id."""
        call_id, now = uuid4(), self.clock.now()
        async with self.sessions.begin() as session:
            await session.execute(
                sa.insert(InboundRow).values(
                    call_id=call_id,
                    channel="c1",
                    bridge="simulated",
                    trunk="a",
                    e164=e164,
                    dialled="4000",
                    person_id=person_id,
                    at=now,
                )
            )
            wanted = Wanted(call_id=call_id, trunk="a", person_id=person_id)
            phones = Phones(self.bridge)
            taken = await reserve(
                session, wanted, desk=self.desk, phones=phones, by="inbound", now=now
            )
            assert taken is not None
        return call_id

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
