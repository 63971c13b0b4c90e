"""A desk in the middle of a call, from which stories begin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser

from api.model import ApiRole
from customers.model import Language
from tests.browser.kit.at_desk import AtDesk
from tests.browser.kit.calls import open_floor
from tests.browser.kit.visitor import visiting
from tests.integration.dialer.day import answers


@asynccontextmanager
async def speaking(
    database_url: str, browser: Browser, language: Language
) -> AsyncIterator[AtDesk]:
    """Li speaks with an owner who owes 2,860, and another waits to be rung."""
    async with open_floor(database_url) as served:
        floor = served.floor
        for name in ("李华", "周平"):
            await floor.owes(await floor.owner(answers(), name=name), 286_000)
        await floor.build()
        served.agent_id = await floor.agent("Li", endpoint="PJSIP/101")
        await floor.is_user(served.agent_id)
        await floor.work(0.1)
        async with visiting(browser, served, role=ApiRole.AGENT, language=language) as agent:
            desk = AtDesk(agent, served)
            await desk.begin()
            await desk.ring()
            yield desk
