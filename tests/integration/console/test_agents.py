"""The agents' pages: the roster, one agent's day and phone, listening, whose owners are whose."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from api.console.words import load_words
from api.model import ApiRole
from customers.model import Language
from dialer.agents.model import AgentState, BreakReason
from dialer.agents.portfolio import assign_by_hand
from dialer.agents.service import sign_in, take_break
from tests.integration.api.office import TEN
from tests.integration.console.house import HTML, House
from tests.integration.dialer.floor_town import FloorTown

_CHINESE = {**HTML, "Accept-Language": "zh-CN"}


@pytest.fixture
async def town(house: House) -> FloorTown:
    """A community in the house."""
    return await FloorTown.of(house.office)


async def own(town: FloorTown, agent_id: int, count: int, **values: Any) -> list[int]:
    """Give an agent so many owners of their own."""
    people = [await town.owner(**values) for _ in range(count)]
    async with town.office.deps.sessions.begin() as session:
        for person_id in people:
            await assign_by_hand(session, person_id=person_id, agent_id=agent_id, by="x", now=TEN)
    return people


def mark_of(text: str) -> str:
    found = re.search(r'name="mark" value="([0-9a-f]{32})"', text)
    assert found is not None
    return found[1]


async def owners(town: FloorTown, agent_id: int) -> Any:
    return await town.office.one(
        "SELECT count(*) FROM portfolio WHERE agent_id = :agent_id", agent_id=agent_id
    )


@pytest.mark.parametrize("path", ["/agents", "/agents/1", "/agents/1/ear", "/agents/balance"])
async def test_agents_and_integrators_see_none_of_it(house: House, path: str) -> None:
    for role in (ApiRole.AGENT, ApiRole.INTEGRATOR):
        async with house.browser(role) as browser:
            assert (await browser.get(path)).status_code == 403


@pytest.mark.parametrize(
    "path", ["", "/1/roster", "/1/endpoint", "/1/force", "/1/monitor", "/balance/move"]
)
async def test_no_agent_changes_another(house: House, path: str) -> None:
    async with house.browser(ApiRole.AGENT) as browser:
        assert (await browser.post(f"/agents{path}", data={"x": "1"})).status_code == 403


@pytest.mark.parametrize("headers", [HTML, _CHINESE])
async def test_the_roster_shows_states_phones_and_todays_hours(
    house: House, town: FloorTown, headers: Mapping[str, str]
) -> None:
    await town.agent("<i>孙浩</i>", skills=["debt"], languages=list(Language), endpoint="PJSIP/7")
    await town.agent("章程", state="break", break_reason="lunch", phone_trouble="busy")
    async with house.browser(ApiRole.SUPERVISOR, headers) as browser:
        page = await browser.get("/agents")
    assert page.status_code == 200
    assert "&lt;i&gt;孙浩&lt;/i&gt;" in page.text
    and_ = "、" if headers is _CHINESE else ", "
    assert f"09:00–12:00{and_}14:00–20:00" in page.text
    assert "style=" not in page.text


async def test_somebody_is_put_on_the_roster(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        given = {"name": " 李  娜 ", "team": "north", "skills": "debt，vip", "languages": "en"}
        added = await browser.post("/agents", data=given)
        assert added.status_code == 303
        shown = await browser.get(added.headers["Location"])
        assert "李 娜" in shown.text
        again = await browser.post("/agents", data=given)
        assert again.status_code == 422
        assert "There is an agent of this name" in again.text
        assert 'value="debt，vip"' in again.text
    assert await house.office.one("SELECT skills FROM agent WHERE team = 'north'") == [
        "debt",
        "vip",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "Give a name"),
        ({"name": "x", "endpoint": "PJSIP/13800138000@trunk"}, "This is no phone of ours"),
        ({"name": "x", "team": "t" * 65}, "Too long"),
    ],
)
async def test_what_cannot_be_used_is_said_beside_its_field(
    house: House, given: Mapping[str, str], said: str
) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        refused = await browser.post("/agents", data=dict(given))
    assert refused.status_code == 422
    assert said in refused.text


async def test_an_agents_day_is_a_bar_with_its_stretches(house: House, town: FloorTown) -> None:
    agent_id = await town.agent("李娜", state="offline")
    async with house.office.deps.sessions.begin() as session:
        await sign_in(session, agent_id, now=TEN - timedelta(hours=1))
        await take_break(session, agent_id, BreakReason.LUNCH, now=TEN - timedelta(minutes=20))
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        page = await browser.get(f"/agents/{agent_id}")
        assert "Ready 40:00, Break 20:00" in page.text
        assert 'class="day__ready" x="0.000%" width="66.667%"' in page.text
        earlier = await browser.get(f"/agents/{agent_id}?day=2026-05-19")
        assert "Not signed in on this day" in earlier.text
        assert (await browser.get(f"/agents/{agent_id}?day=nonsense")).status_code == 200


async def test_a_supervisor_sends_an_agent_away_and_says_why(house: House, town: FloorTown) -> None:
    agent_id = await town.agent("李娜")
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        path = f"/agents/{agent_id}/force"
        silent = await browser.post(path, data={"to": "break", "why": " "})
        assert silent.status_code == 422
        assert "Say why; nothing was changed" in silent.text
        sent = await browser.post(path, data={"to": "break", "why": "培训"})
        assert sent.status_code == 303
        refused = await browser.post(path, data={"to": "on_call", "why": "x"})
        assert refused.status_code == 422
    assert await house.office.one("SELECT state FROM agent WHERE name = '李娜'") == "break"
    detail = await house.office.one(
        "SELECT detail ->> 'why' FROM audit_entry WHERE action = 'agent_forced'"
    )
    assert detail == "培训"


async def test_an_agents_phone_and_place_on_the_roster_are_changed(
    house: House, town: FloorTown
) -> None:
    agent_id = await town.agent("李娜")
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        wrong = await browser.post(f"/agents/{agent_id}/endpoint", data={"endpoint": "Local/1"})
        assert wrong.status_code == 422
        assert 'value="Local/1"' in wrong.text
        await browser.post(f"/agents/{agent_id}/endpoint", data={"endpoint": "PJSIP/101"})
        await browser.post(f"/agents/{agent_id}/roster", data={"active": "false"})
    row = await house.office.one(
        "SELECT endpoint || ' ' || active || ' ' || state FROM agent WHERE name = '李娜'"
    )
    assert row == "PJSIP/101 false offline"


async def test_a_supervisors_phone_is_rung_to_listen_and_the_answer_is_shown(
    house: House, town: FloorTown
) -> None:
    agent_id = await town.agent("李娜", endpoint="PJSIP/101")
    part = {"HX-Request": "true"}
    given = {"mode": "whisper", "endpoint": "PJSIP/199"}
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        path = f"/agents/{agent_id}/monitor"
        empty = await browser.post(path, data=given, headers=part)
        assert "not in its room" in empty.text
        await town.write("UPDATE agent SET seated_on = 'a', seat_seen_at = now()")
        wrong = await browser.post(path, data={**given, "endpoint": "12345"}, headers=part)
        assert "This is no phone of ours" in wrong.text
        asked = await browser.post(path, data=given, headers=part)
        assert "Your phone PJSIP/199 is being rung" in asked.text
        again = re.search(r'hx-get="(/agents/\d+/commands/\d+)"', asked.text)
        assert again is not None
        await town.write("UPDATE floor_command SET expires_at = now() - interval '1 second'")
        late = await browser.get(again[1], headers=part)
        assert "no dialer took it up" in late.text
        assert "hx-trigger" not in late.text
        await town.write(
            "UPDATE floor_command SET state = 'failed', reason = 'busy', ended_at = now()"
        )
        failed = await browser.get(again[1], headers=part)
        assert "Not connected" in failed.text
        assert "hx-trigger" not in failed.text
        assert (await browser.get(f"/agents/{agent_id}/commands/999")).status_code == 404


async def test_owners_are_moved_by_number_as_they_were_shown(house: House, town: FloorTown) -> None:
    giver, taker = await town.agent("A"), await town.agent("B")
    await own(town, giver, 5)
    given = {"from_id": str(giver), "to": f"agent:{taker}", "count": "3"}
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        shown = await browser.post("/agents/balance/preview", data=given)
        assert "3 of 3 chosen owners move" in shown.text
        assert await owners(town, taker) == 0
        moving = {**given, "mark": mark_of(shown.text)}
        assert (await browser.post("/agents/balance/move", data=moving)).status_code == 303
        assert (await owners(town, giver), await owners(town, taker)) == (2, 3)
        twice = await browser.post("/agents/balance/move", data=moving)
        assert twice.status_code == 409
        assert "nothing was moved" in twice.text
        assert (await owners(town, giver), await owners(town, taker)) == (2, 3)


@pytest.mark.parametrize("count", ["", "0", "-1", "x", "1e9", "9" * 12])
async def test_a_number_that_is_none_moves_nobody(
    house: House, town: FloorTown, count: str
) -> None:
    giver = await town.agent("A")
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        refused = await browser.post(
            "/agents/balance/preview", data={"from_id": str(giver), "count": count}
        )
    assert refused.status_code == 422
    assert "nothing was changed" in refused.text


async def test_a_leavers_work_is_handed_over_in_one_step(house: House, town: FloorTown) -> None:
    leaver = await town.agent("A")
    one, other = await town.agent("B", skills=["debt"]), await town.agent("C")
    await own(town, leaver, 4)
    given = {"from_id": str(leaver), "leaving": "yes"}
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        shown = await browser.post("/agents/balance/preview", data=given)
        assert "A leaves" in shown.text
        moving = {**given, "mark": mark_of(shown.text), "off": "yes"}
        assert (await browser.post("/agents/balance/move", data=moving)).status_code == 303
        balance = await browser.get("/agents/balance")
    assert ">A</a>" not in balance.text
    assert await owners(town, leaver) == 0
    # 陈静 of the house, B and C: who has least comes first.
    assert await owners(town, one) + await owners(town, other) in {2, 3}
    assert await house.office.one("SELECT active FROM agent WHERE name = 'A'") is False
    assert (
        await house.office.one("SELECT actor FROM audit_entry WHERE action = 'owners_moved'")
        == "console:supervisor"
    )


def test_every_state_somebody_is_sent_to_has_its_words() -> None:
    keys = load_words().keys()
    assert {f"agents.force.{each}" for each in (AgentState.BREAK, AgentState.READY)} <= keys
    assert {f"agents.language.of-{each.value}" for each in Language} <= keys
