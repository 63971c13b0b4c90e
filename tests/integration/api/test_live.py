"""News over server-sent events: what changed is told, who lags is let go, nothing ends badly."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.deps import ApiLimits
from api.model import ApiRole
from api.users import disable_user
from core.database import libpq_url
from core.live import LiveFeed
from tests.integration.api.office import Office


class Listener:
    """One who follows the live feed, below HTTP: it can go away in the middle."""

    def __init__(self, office: Office, query: str = "") -> None:
        token = office.tokens[ApiRole.SUPERVISOR].encode()
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/v1/live",
            "raw_path": b"/api/v1/live",
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"authorization", b"Bearer " + token)],
            "client": ("127.0.0.1", 1),
            "server": ("ownerline.test", 80),
        }
        self.parts: asyncio.Queue[bytes] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._task = asyncio.create_task(office.app(self._scope, self._receive, self._send))

    async def next(self) -> tuple[str, str]:
        """Return the next event's name and key."""
        text = (await asyncio.wait_for(self.parts.get(), 10)).decode()
        fields = dict(line.split(": ", 1) for line in text.strip().splitlines())
        return fields["event"], json.loads(fields["data"])["key"]

    async def leave(self) -> None:
        self._gone.set()
        await asyncio.wait_for(self._task, 10)

    async def ended(self) -> None:
        await asyncio.wait_for(self._task, 10)

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            self.parts.put_nowait(message["body"])


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(libpq_url(database_url))
    await feed.start()
    yield feed
    await feed.close()


async def test_a_switch_that_is_turned_is_heard_at_once(
    database: AsyncEngine, feed: LiveFeed
) -> None:
    office = await Office.open(database, feed=feed)
    listener = Listener(office, "topic=switches")
    assert await listener.next() == ("listening", "")
    async with office.client() as client:
        await client.post("/switches/stop")
    assert await listener.next() == ("switches", "installation")
    await listener.leave()


async def test_who_lags_too_far_behind_is_let_go_with_a_word(
    database: AsyncEngine, feed: LiveFeed
) -> None:
    limits = ApiLimits(live_queue=1)
    office = await Office.open(database, feed=feed, limits=limits)
    listener = Listener(office)
    assert await listener.next() == ("listening", "")
    async with office.client() as client:
        # One transaction tells of many: they come at once, faster than anybody is sent them.
        items = [
            {"community": "湖畔", "unit": f"1-1-{n}", "name": f"王{n}"} for n in range(101, 121)
        ]
        await client.post("/bulk/persons", json={"items": items})
    names = []
    while "dropped" not in names:
        names.append((await listener.next())[0])
    assert names[-1] == "dropped"
    await listener.ended()


async def test_after_its_time_the_token_must_be_shown_again(
    database: AsyncEngine, feed: LiveFeed
) -> None:
    office = await Office.open(database, feed=feed, limits=ApiLimits(live_hours=1e-5))
    listener = Listener(office)
    assert [await listener.next() for _ in range(2)] == [("listening", ""), ("over", "")]
    await listener.ended()


async def test_one_caller_has_so_many_listeners_and_no_more(
    database: AsyncEngine, feed: LiveFeed
) -> None:
    office = await Office.open(database, feed=feed, limits=ApiLimits(live_listeners=1))
    first = Listener(office)
    await first.next()
    async with office.client(ApiRole.SUPERVISOR) as client:
        assert (await client.get("/live")).status_code == 429
    await first.leave()
    second = Listener(office)
    assert await second.next() == ("listening", "")
    await second.leave()


async def test_a_process_without_a_feed_says_so(office: Office) -> None:
    async with office.client() as client:
        answer = await client.get("/live")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_word_nobody_here_understands_may_mean_anything_and_ends_nothing(
    database: AsyncEngine, feed: LiveFeed
) -> None:
    office = await Office.open(database, feed=feed)
    listener = Listener(office, "topic=switches")
    assert await listener.next() == ("listening", "")
    for payload in ('["of a newer version", "1"]', "no JSON", "[1]"):
        async with office.deps.sessions.begin() as session:
            told = sa.text("SELECT pg_notify('ownerline', :payload)")
            await session.execute(told, {"payload": payload})
        assert await listener.next() == ("missed", "")
    async with office.client() as client:
        await client.post("/switches/stop")
    assert await listener.next() == ("switches", "installation")
    await listener.leave()


async def test_who_is_disabled_hears_no_more(database: AsyncEngine, feed: LiveFeed) -> None:
    office = await Office.open(database, feed=feed, limits=ApiLimits(live_check_s=0))
    listener = Listener(office)
    assert await listener.next() == ("listening", "")
    async with office.deps.sessions.begin() as session:
        await disable_user(session, name=ApiRole.SUPERVISOR.value, now=office.clock.now())
    assert await listener.next() == ("over", "")
    await listener.ended()
