"""Live pages end when who looks may look no more."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sse_starlette.event import ServerSentEvent

from api.listening import while_known
from api.model import ApiRole
from api.tables import ApiUser
from api.users import disable_user
from core.database import libpq_url
from core.live import LiveFeed, News
from tests.integration.console.house import House

_PATIENCE_S = 20


class _Feed(LiveFeed):
    """A feed of which is known when somebody follows it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.followed = asyncio.Event()

    def subscribe(self, hear: Callable[[News], None]) -> Callable[[], None]:
        self.followed.set()
        return super().subscribe(hear)


@pytest.mark.parametrize("how", ["disabled", "of another role", "signed out"])
async def test_a_live_page_ends_for_who_may_look_no_more(
    house: House, database_url: str, how: str
) -> None:
    state = house.office.app.state
    feed = _Feed(libpq_url(database_url))
    state.deps = replace(state.deps, feed=feed, limits=replace(state.deps.limits, live_check_s=0))
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        live = asyncio.create_task(browser.get("/campaigns/live"))
        await feed.followed.wait()
        if how == "signed out":
            assert (await browser.post("/sign-out")).status_code == 303
        else:
            await _change(house, how)
        async with asyncio.timeout(_PATIENCE_S):
            assert "event: over" in (await live).text


async def test_a_look_that_never_comes_does_not_keep_a_listener() -> None:
    answers = iter([True, True, False])
    closed = asyncio.Event()

    async def silent() -> AsyncGenerator[ServerSentEvent, None]:
        try:
            await asyncio.Event().wait()
            yield ServerSentEvent()
        finally:
            closed.set()

    async def still() -> bool:
        return next(answers)

    heard = [event.event async for event in while_known(silent(), still, every_s=0)]
    assert heard == ["over"]
    assert closed.is_set()


async def _change(house: House, how: str) -> None:
    async with house.office.deps.sessions.begin() as session:
        if how == "disabled":
            await disable_user(session, name="supervisor", now=house.office.clock.now())
        else:
            await session.execute(
                sa.update(ApiUser)
                .where(ApiUser.role == ApiRole.SUPERVISOR)
                .values(role=ApiRole.INTEGRATOR)
            )
