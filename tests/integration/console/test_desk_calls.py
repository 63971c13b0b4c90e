"""Calls an agent asks for from a file, callbacks of their own, callers put through, own news."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.console.routes.desk_live import OwnNews
from api.model import ApiRole
from callback.campaigns import Dialling
from core.database import libpq_url
from core.live import LiveFeed, News, Topic, tell
from customers.tables import CallbackRequest, Note
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import RINGS_OUT, answers


@pytest.fixture
async def floor(database: AsyncEngine) -> DeskFloor:
    """Ten in the morning, and Li is at work with a phone; nobody is due a call."""
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PREVIEW))
    await floor.at_work()
    return floor


async def test_a_call_from_a_file_is_the_persons_due_call_and_rings_by_the_rules(
    floor: DeskFloor,
) -> None:
    first, second = await floor.owner(answers()), await floor.owner(answers())
    for owner in (first, second):
        await floor.repaired(owner)
    await floor.build()
    async with floor.house.browser(ApiRole.AGENT) as browser:
        led = await browser.post(f"/desk/call?person_id={second.person_id}")
        assert (led.status_code, led.headers["Location"]) == (303, "/desk")
    async with floor.tab() as tab:
        assert tab.mark.startswith("offer-")
        await tab.post("/desk/dial")
        await floor.work(0.5)
    assert floor.rung == list(second.phones)


async def test_nobody_is_rung_without_a_reason_but_an_owner_may_ask_for_it(
    floor: DeskFloor,
) -> None:
    owner = await floor.owner(answers())
    async with floor.tab() as tab:
        refused = await tab.post(f"/desk/call?person_id={owner.person_id}")
        assert "Nothing makes a call to this owner due" in refused.text
        bad = await tab.post(f"/desk/callback?person_id={owner.person_id}", at="soon")
        assert "Choose a day and time to come" in bad.text
        asked = await tab.post(f"/desk/callback?person_id={owner.person_id}", at="2026-05-20T10:05")
        assert "Written down among your callbacks" in asked.text
        mine = await tab.get("/desk/mine")
        assert "王小明" in mine.text
        assert "Ring now" not in mine.text, "its time has not come"
        await floor.until(floor.clock.now() + timedelta(minutes=6))
        assert "Ring now" in (await tab.get("/desk/mine")).text
        await tab.look()
        await tab.post(f"/desk/call?person_id={owner.person_id}")
        assert tab.mark.startswith("offer-")
        assert "You promised this call yourself" in tab.text
    (request,) = await floor.rows(sa.select(CallbackRequest.agent_id))
    assert request.agent_id == 1


async def test_a_call_the_rules_refuse_is_refused_by_name_and_until_when(
    floor: DeskFloor,
) -> None:
    owner = await floor.owner(RINGS_OUT)
    await floor.repaired(owner)
    await floor.build()
    async with floor.tab() as tab:
        await tab.post("/desk/next")
        await tab.post("/desk/dial")
        await floor.work(2)
        await tab.look()
        assert tab.mark == "ready"
        refused = await tab.post(f"/desk/call?person_id={owner.person_id}")
    assert "Not now" in refused.text
    assert "the interval after the last attempt has not ended" in refused.text
    assert len(floor.rung) == 1


async def test_a_colleagues_promise_is_theirs_while_they_are_at_work(floor: DeskFloor) -> None:
    owner = await floor.owner(answers())
    wu = await floor.agent("Wu")
    async with floor.tab() as tab:
        await tab.post(f"/desk/callback?person_id={owner.person_id}", at="2026-05-20T10:01")
        await floor.write(
            lambda session: session.execute(sa.text("UPDATE due_call SET agent_id = 2"))
        )
        await floor.until(floor.clock.now() + timedelta(minutes=2))
        await tab.look()
        refused = await tab.post(f"/desk/call?person_id={owner.person_id}")
    assert "Wu promised them this call" in refused.text
    assert wu == 2


async def test_a_caller_who_is_put_through_pops_and_what_they_say_is_on_file(
    floor: DeskFloor,
) -> None:
    owner = await floor.owner(answers())
    call_id = await floor.put_through(owner.phones[0], owner.person_id)
    async with floor.tab() as tab:
        assert tab.mark == f"call-{call_id}"
        assert "Inbound call" in tab.text
        assert "王小明" in tab.text
        assert (await tab.get("/desk/know")).status_code == 200
        await tab.post("/desk/inbound-note", text="the lift is loud again")
    (note,) = await floor.rows(sa.select(Note.text, Note.person_id))
    assert tuple(note) == ("the lift is loud again", owner.person_id)


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(libpq_url(database_url))
    await feed.start()
    yield feed
    await feed.close()


async def test_a_desk_hears_its_own_agent_and_call_and_nobody_elses(
    floor: DeskFloor, feed: LiveFeed
) -> None:
    mine, theirs = uuid4(), uuid4()
    wanted = OwnNews(floor.sessions, 1, mine)
    heard: list[tuple[str, str]] = []
    over = asyncio.Event()

    def hear(news: News) -> None:
        name = wanted(news)
        if name is not None:
            heard.append((news.topic.value, news.key))
        if news.topic is Topic.SWITCHES:
            over.set()

    end = feed.subscribe(hear)
    async with floor.sessions.begin() as session:
        await tell(session, Topic.AGENT, 2)
        await tell(session, Topic.ATTEMPT, str(theirs))
        await tell(session, Topic.ACCOUNT, 1)
        await tell(session, Topic.ATTEMPT, str(mine))
        await tell(session, Topic.AGENT, 1)
        await tell(session, Topic.SWITCHES, "installation")
    await asyncio.wait_for(over.wait(), 10)
    end()
    assert heard == [
        ("attempt", str(mine)),
        ("agent", "1"),
        ("switches", "installation"),
    ]


async def test_a_desk_learns_which_call_is_its_own(floor: DeskFloor) -> None:
    await floor.repaired(await floor.owner(answers()))
    await floor.build()
    floor.talks_s = 600
    wanted = OwnNews(floor.sessions, 1, None)
    async with floor.tab() as tab:
        await tab.post("/desk/next")
        await tab.post("/desk/dial")
        await floor.work(0.6)
        await tab.look()
    attempt_id = tab.mark.removeprefix("call-")
    assert wanted(News(topic=Topic.ATTEMPT, key=attempt_id)) is None
    assert wanted(News(topic=Topic.AGENT, key="1")) == "desk"
    await wanted.settled()
    assert wanted(News(topic=Topic.ATTEMPT, key=attempt_id)) == "desk"


async def test_who_waits_is_told_why(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        assert "No call waits for you on any list" in tab.text
        async with floor.house.office.client() as admin:
            await admin.post("/switches/stop")
        assert "All dialling is stopped" in await tab.look()
