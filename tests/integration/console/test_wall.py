"""The wallboard and the red button: who may, what they show, what one look costs."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.console.routes import wall_board
from api.console.routes.wall_board import PARTS, Board
from api.console.words import load_words
from api.deps import ApiLimits
from api.model import ApiRole
from callback.rules import Rule
from core.database import create_engine
from customers.model import CallMode, Language, Reason
from dialer.agents.model import AgentState, BreakReason
from dialer.bridges.floor import PhoneTrouble
from dialer.control import stop, switches
from dialer.wall.why import CAUSES
from tests.integration.api.office import TEN, Office
from tests.integration.console.house import HTML, House
from tests.integration.dialer.floor_town import FloorTown

_CHINESE = {**HTML, "Accept-Language": "zh-CN"}


@pytest.fixture
async def town(house: House) -> FloorTown:
    """A community and a dialer in the house."""
    town = await FloorTown.of(house.office)
    await town.dialer()
    return town


async def stopped(house: House) -> bool:
    async with house.office.deps.sessions() as session:
        return (await switches(session)).stopped


async def audited(house: House, action: str) -> Any:
    return await house.office.one(
        "SELECT actor FROM audit_entry WHERE action = :action", action=action
    )


@pytest.mark.parametrize("path", ["/wall", "/wall/part", "/wall/live", "/resume", "/arm"])
async def test_the_floor_is_shown_to_no_agent_and_no_integrator(house: House, path: str) -> None:
    for role in (ApiRole.AGENT, ApiRole.INTEGRATOR):
        async with house.browser(role) as browser:
            assert (await browser.get(path)).status_code == 403


@pytest.mark.parametrize("path", ["/stop", "/resume", "/arm", "/disarm"])
async def test_no_agent_turns_a_switch(house: House, path: str) -> None:
    async with house.browser(ApiRole.AGENT) as browser:
        assert (await browser.post(path, data={"sure": "yes"})).status_code == 403
    assert not await stopped(house)


async def test_an_empty_house_shows_a_wall_with_nothing_due(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        wall = await browser.get("/wall")
        part = await browser.get("/wall/part")
    assert wall.status_code == 200
    assert "Nothing is due at this moment" in wall.text
    assert all(f'data-part="{name}"' in part.text for name in PARTS)


@pytest.mark.parametrize("headers", [HTML, _CHINESE])
async def test_a_full_wall_reads_in_both_languages(
    house: House, town: FloorTown, headers: Mapping[str, str]
) -> None:
    await town.due(Reason.MISSED_CALL, by=timedelta(hours=1), rule=Rule.HOUSE_HOURS)
    await town.due(Reason.REPAIR, by=timedelta(minutes=40), mode=CallMode.AGENT)
    await town.due(Reason.PROMISED, by=timedelta(hours=2), not_before=TEN + timedelta(hours=1))
    talk = await town.due(state="claimed")
    attempt_id = await town.attempt(talk, state="answered", answered_at=TEN)
    await town.attempt(
        None, ago=timedelta(hours=1), telephony_result="abandoned", mode=CallMode.AGENT
    )
    await town.agent("<b>孙浩</b>", state="on_call", attempt_id=attempt_id)
    await town.agent("章程", state="break", break_reason="lunch")
    async with house.browser(ApiRole.SUPERVISOR, headers) as browser:
        wall = await browser.get("/wall?far")
    assert wall.status_code == 200
    assert "&lt;b&gt;孙浩&lt;/b&gt;" in wall.text
    assert 'data-theme="dark" data-far' in wall.text
    assert "style=" not in wall.text
    assert ("外呼时段之外" if headers is _CHINESE else "outside the calling hours") in wall.text


async def test_one_press_stops_everything_and_every_page_says_so(
    house: House, town: FloorTown
) -> None:
    await town.due()
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        pressed = await browser.post("/stop")
        assert pressed.headers["Location"] == "/wall"
        assert await stopped(house)
        wall = await browser.get("/wall")
        assert "All dialling has stopped" in wall.text
        assert "by supervisor at 10:00" in wall.text
        for path in ("/wall", "/wall?far", "/password", "/resume"):
            assert "All dialling stopped" in (await browser.get(path)).text
        assert (await browser.post("/stop")).status_code == 303  # pressed twice
    assert await audited(house, "stop") == "console:supervisor"


async def test_resuming_says_what_will_happen_and_then_does_it(
    house: House, town: FloorTown
) -> None:
    await town.due(by=-timedelta(hours=1))
    await town.due(Reason.OVERDUE)
    async with house.office.deps.sessions.begin() as session:
        await stop(session, by="api:何莉", now=TEN)
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        asked = await browser.get("/resume")
        assert "Stopped by 何莉" in asked.text
        assert "within the rules: 2" in asked.text
        assert "which come first: 1" in asked.text
        assert "may be dialled now" in asked.text
        assert await stopped(house)
        assert (await browser.post("/resume")).headers["Location"] == "/wall"
        assert not await stopped(house)
        assert "Dialling has not stopped" in (await browser.get("/resume")).text
    assert await audited(house, "resume") == "console:supervisor"


async def test_resuming_in_the_owners_rest_says_from_when_they_are_rung(
    house: House, town: FloorTown
) -> None:
    await town.due()
    async with house.office.deps.sessions.begin() as session:
        await stop(session, by="api:何莉", now=TEN)
    await house.office.clock.drive(TEN + timedelta(hours=2, minutes=30))
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        assert "not before 14:00" in (await browser.get("/resume")).text


async def test_arming_wants_a_tick_and_the_right(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        assert (await browser.get("/arm")).status_code == 403
    async with house.browser(ApiRole.ADMIN) as browser:
        assert "This installation is disarmed" in (await browser.get("/arm")).text
        assert (await browser.post("/arm")).status_code == 422
        assert await audited(house, "arm") is None
        await browser.post("/arm", data={"sure": "yes"})
        assert "This installation is armed" in (await browser.get("/arm")).text
        await browser.post("/disarm")
        assert "This installation is disarmed" in (await browser.get("/arm")).text
    assert await audited(house, "disarm") == "console:admin"


async def test_twenty_who_ask_at_once_share_one_look(house: House, town: FloorTown) -> None:
    await town.due()
    board = Board(house.office.deps)
    seen = await asyncio.gather(*(board.look() for _ in range(20)))
    assert {each.number for each in seen} == {1}
    assert board.looks == 1


async def test_watchers_are_sent_what_changed_and_nothing_else(
    house: House, town: FloorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_board, "_LOOKED_ANEW_S", 0.05)
    monkeypatch.setattr(wall_board, "_PAUSE_S", 0.01)
    board = Board(house.office.deps)
    one, other = board.watch(), board.watch()
    first = await anext(one)
    assert (await anext(other)).number == first.number
    assert first.wall.waiting == 0
    await town.due()
    while (await anext(one)).wall.waiting == 0:
        pass
    assert (await anext(other)).wall.waiting == 1
    assert board.watchers == 2
    await one.aclose()
    await other.aclose()
    assert board.watchers == 0


async def test_the_live_feed_sends_whole_parts_first(database: AsyncEngine) -> None:
    house = House(office=await Office.open(database, limits=ApiLimits(live_hours=0)))
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        told = await browser.get("/wall/live")
    assert told.headers["Content-Type"].startswith("text/event-stream")
    data = next(line for line in told.text.splitlines() if line.startswith("data: "))
    told = json.loads(data.removeprefix("data: "))
    parts = told["parts"]
    assert set(parts) == set(PARTS)
    texts = {name: "\n".join(lines) for name, lines in parts.items()}
    assert "csrf" in told["standing"]
    assert not any("csrf" in texts[name] for name in PARTS)


def test_every_cause_state_and_trouble_has_its_words() -> None:
    words = load_words()
    wanted = {
        *(f"wall.cause.{rule.value}" for rule in Rule),
        *(f"wall.cause.{cause}" for cause in CAUSES),
        *(f"wall.lane.{reason.value}" for reason in Reason),
        *(f"wall.state.{state.value}" for state in AgentState),
        *(f"wall.break.{reason.value}" for reason in BreakReason),
        *(f"wall.trouble.{trouble.value}" for trouble in PhoneTrouble),
    }
    assert wanted <= words.keys()
    assert words.say("wall.cause.stopped", Language.ENGLISH) == "all dialling was stopped"


async def test_more_walls_than_connections_are_opened_at_once(database: AsyncEngine) -> None:
    url = database.url.render_as_string(hide_password=False)
    few = create_engine(url, pool_size=1)  # two at most
    office = await House.office_of(few)
    office.app.state.turns = asyncio.Semaphore(1)
    try:
        async with House(office).browser(ApiRole.SUPERVISOR) as browser:
            opened = await asyncio.gather(*(browser.get("/wall") for _ in range(6)))
    finally:
        await few.dispose()
    assert {each.status_code for each in opened} == {200}
