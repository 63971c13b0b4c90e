"""The desk when the same thing is asked twice at once: it is done once."""

import asyncio
import html
import re

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from customers.tables import CallbackRequest, Note, Person
from dialer.agents.calling import NoCallDueError, offer_person
from dialer.agents.model import AgentStateError
from dialer.agents.tables import Agent, AgentStateChange, FloorCommand
from dialer.tables import Attempt, AttemptDueCall
from tests.integration.console.desk_floor import DeskFloor, Tab
from tests.integration.dialer.agents.floor import live_attempt
from tests.unit.api.forms import form_of

_SERVED = sa.select(AttemptDueCall.due_call_id)
_PERSONS = sa.select(Person.person_id)
NUMBER = "021 5108 2000"


@pytest.fixture
async def floor(database: AsyncEngine) -> DeskFloor:
    """Agents see repairs before they ring; Li is at work with a phone."""
    return await DeskFloor.with_a_repair(database)


async def _twice(tab: Tab, path: str, **fields: str) -> list[int]:
    """Press something twice at once, as Enter does that is held down."""

    async def press() -> httpx.Response:
        headers = {"HX-Request": "true", "X-Desk-Tab": tab.name, "X-Desk-Mark": tab.mark}
        return await tab.browser.post(path, data=fields, headers=headers)

    return sorted([each.status_code for each in await asyncio.gather(press(), press())])


def _post_of(page: str, path: str) -> str:
    """Return where a button of the page posts to."""
    found = re.search(rf'data-post="({path}[^"]*)"', page)
    assert found is not None, path
    return html.unescape(found[1])


async def test_every_key_of_a_call_pressed_twice_at_once_acts_once(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        assert await _twice(tab, "/desk/next") == [200, 409]
        await tab.look()
        assert await _twice(tab, "/desk/dial") == [200, 200]
        await floor.work(0.6)
        await tab.look()
        attempt_id = str(await live_attempt(floor))
        assert tab.mark == f"call-{attempt_id}"
        assert await _twice(tab, "/desk/hold") == [200, 200]
        assert await _twice(tab, "/desk/outside", number=NUMBER) == [200, 200]
        assert await _twice(tab, "/desk/outside", number=NUMBER, leave="true") == [200, 200]
        assert await _twice(tab, "/desk/pause") == [200, 200]
        asked = await floor.rows(sa.select(FloorCommand.kind).order_by(FloorCommand.command_id))
        assert [row.kind.value for row in asked] == [
            *("hold", "invite", "to_number", "pause_recording")
        ]
        page = (await tab.get("/desk/step")).text
        assert await _twice(tab, "/desk/step", **form_of(page, "step").press("1")) == [200, 200]
        assert await _twice(tab, "/desk/hang-up") == [200, 200]
        await floor.work(0.2)
        await tab.look()
        (before,) = await floor.rows(sa.select(Agent.until))
        more = _post_of(tab.text, "/desk/more-time")
        assert await _twice(tab, more) == [200, 200]
        (after,) = await floor.rows(sa.select(Agent.until))
        assert after.until - before.until == floor.desk.rules.wrap_up
        longer = sa.select(AgentStateChange.why).where(AgentStateChange.why == "more_time")
        assert len(await floor.rows(longer)) == 1
        (row,) = await floor.rows(_SERVED)
        code = {f"{row.due_call_id}.code": "satisfied"}
        await tab.post(
            "/desk/result", attempt_id=attempt_id, do=f"choose:{row.due_call_id}:satisfied"
        )
        saved = await _twice(
            tab, "/desk/result", attempt_id=attempt_id, do="save", note="ok", **code
        )
        assert saved == [200, 204]
    assert await floor.states() == ["ready"]
    assert await floor.results() == [("answered", "satisfied")]
    assert len(await floor.rows(sa.select(Note.text))) == 1
    assert len(await floor.rows(sa.select(Attempt.attempt_id))) == 1


async def test_a_call_asked_for_twice_from_a_file_leads_to_the_desk_both_times(
    floor: DeskFloor,
) -> None:
    (row,) = await floor.rows(_PERSONS)
    path = f"/desk/call?person_id={row.person_id}"
    async with floor.tab() as tab:
        both = await asyncio.gather(*(tab.browser.post(path) for _ in range(2)))
        assert [each.headers.get("location") for each in both] == ["/desk", "/desk"]
    assert await floor.states() == ["reserved"]


async def test_a_wish_to_be_rung_back_sent_twice_is_one_wish(floor: DeskFloor) -> None:
    (row,) = await floor.rows(_PERSONS)
    path = f"/desk/callback?person_id={row.person_id}"
    async with floor.tab() as tab:
        assert await _twice(tab, path, at="2026-05-20T15:00") == [200, 200]
        from_a_file = [tab.browser.post(path, data={"at": "2026-05-20T16:00"}) for _ in range(2)]
        assert [each.status_code for each in await asyncio.gather(*from_a_file)] == [303, 303]
    assert len(await floor.rows(sa.select(CallbackRequest.callback_request_id))) == 2


async def test_of_two_agents_who_ask_for_one_owner_at_once_one_is_told_of_the_other(
    floor: DeskFloor,
) -> None:
    (row,) = await floor.rows(_PERSONS)
    wu = await floor.agent("Wu", endpoint="PJSIP/102")
    now, desk = floor.clock.now(), floor.desk
    async with floor.sessions.begin() as of_li:
        await offer_person(of_li, 1, row.person_id, desk=desk, now=now)
        with pytest.raises(AgentStateError, match="has them at this moment") as told:
            async with floor.sessions.begin() as of_wu:
                await offer_person(of_wu, wu, row.person_id, desk=desk, now=now)
    assert not isinstance(told.value, NoCallDueError)
    assert await floor.states() == ["reserved", "ready"]


async def test_what_a_caller_said_sent_twice_is_on_file_once(floor: DeskFloor) -> None:
    (row,) = await floor.rows(_PERSONS)
    await floor.put_through("+8613800000001", row.person_id)
    async with floor.tab() as tab:
        assert await _twice(tab, "/desk/inbound-note", text="the lift is loud") == [200, 200]
        assert await _twice(tab, "/desk/inbound-note", text="and the door") == [200, 200]
    notes = await floor.rows(sa.select(Note.text).order_by(Note.note_id))
    assert [each.text for each in notes] == ["the lift is loud", "and the door"]
