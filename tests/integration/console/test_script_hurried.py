"""The script when two pages, two presses or two processes meet: nothing twice, nothing lost."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.model import ApiRole
from api.tables import ApiUser
from callback.campaigns import Dialling
from customers.account_tables import ReworkNotice
from customers.service import opt_out
from customers.tables import AgentTask, Note
from dialer.agents import service
from dialer.agents.guide_tables import CallGuide
from dialer.agents.model import AgentState
from dialer.agents.tables import Agent
from dialer.tables import Attempt, AttemptDueCall
from tests.integration.console.desk_floor import DeskFloor, Tab
from tests.integration.dialer.agents.floor import agents_campaigns, live_attempt
from tests.integration.dialer.day import answers
from tests.unit.api.forms import form_of

_GUIDE = sa.select(CallGuide.note, CallGuide.counter)


@pytest.fixture
async def floor(database: AsyncEngine) -> DeskFloor:
    """Li speaks with the owner of a finished repair."""
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PROGRESSIVE))
    await floor.repaired(await floor.owner(answers()))
    await floor.speaks()
    return floor


async def _step_of(tab: Tab, choice: str) -> Mapping[str, str]:
    return form_of((await tab.get("/desk/step")).text, "step").press(choice)


async def _kept(floor: DeskFloor) -> tuple[str, int]:
    (row,) = await floor.rows(_GUIDE)
    return row.note, row.counter


async def test_a_page_that_no_longer_speaks_answers_notes_and_saves_nothing(
    floor: DeskFloor,
) -> None:
    attempt_id = str(await live_attempt(floor))
    async with floor.tab("old") as old:
        await old.look()
        answer = await _step_of(old, "1")
        async with floor.tab("young") as young:
            for path, sent in (
                ("/desk/step", answer),
                ("/desk/step/back", {"counter": "0", "to": "0"}),
                ("/desk/note", {"attempt_id": attempt_id, "note": "from the old one"}),
                ("/desk/result", {"attempt_id": attempt_id, "do": "keep", "note": "from it"}),
            ):
                refused = await old.post(path, **sent)
                assert refused.status_code == 409, path
                assert "another window" in refused.text
            await young.look()
            await young.post("/desk/note", attempt_id=attempt_id, note="from the young one")
    assert await _kept(floor) == ("from the young one", 0)


async def test_an_answer_of_another_call_answers_nothing_of_this_one(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        await tab.look()
        answer = await _step_of(tab, "1")
        tab.mark = "call-00000000-0000-7000-8000-000000000001"
        assert (await tab.post("/desk/step", **answer)).status_code == 200
    assert await _kept(floor) == ("", 0)


async def test_what_was_answered_as_the_line_went_counts(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        await tab.look()
        answer = await _step_of(tab, "1")
        await tab.post("/desk/hang-up")
        await floor.work(0.2)
        assert await floor.states() == ["wrap_up"]
        assert tab.mark.startswith("call-")
        await tab.post("/desk/step", **answer)
    assert await _kept(floor) == ("", 1)


async def _chosen(floor: DeskFloor, tab: Tab, code: str, **values: str) -> str:
    """Choose a code by hand after the call, type in its form, and save nothing."""
    await tab.look()
    await tab.post("/desk/hang-up")
    await floor.work(0.2)
    (row,) = await floor.rows(sa.select(AttemptDueCall.due_call_id, AttemptDueCall.attempt_id))
    sent = {"attempt_id": str(row.attempt_id), "note": "typed, not saved"}
    await tab.post("/desk/result", do=f"choose:{row.due_call_id}:{code}", **sent)
    typed = {f"{row.due_call_id}.{name}": each for name, each in values.items()}
    await tab.post("/desk/result", do="draft", **sent, **typed, **{f"{row.due_call_id}.code": code})
    return str(row.due_call_id)


async def test_what_was_chosen_by_hand_stands_when_the_wrap_up_runs_out(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        await tab.post("/desk/step", **await _step_of(tab, "1"))
        await tab.post("/desk/step", **await _step_of(tab, "1"))
        due_call_id = await _chosen(floor, tab, "dissatisfied", reason="it drips again")
    await floor.work(5)
    assert await floor.results() == [("answered", "dissatisfied")]
    (notice,) = await floor.rows(sa.select(ReworkNotice.finding))
    assert notice.finding == "it drips again"
    (task,) = await floor.rows(sa.select(AgentTask.detail).where(AgentTask.kind == "wrap_up"))
    assert task.detail["chosen"]["code"] == "dissatisfied"
    (note,) = await floor.rows(sa.select(Note.text))
    assert (note.text, due_call_id.isdigit()) == ("typed, not saved", True)


async def test_what_was_chosen_by_hand_and_is_not_whole_is_kept_for_who_completes_it(
    floor: DeskFloor,
) -> None:
    async with floor.tab() as tab:
        await _chosen(floor, tab, "callback_requested", callback_at="2020-01-01T10:00")
        agents = await floor.rows(sa.select(Agent.agent_id))
        async with floor.sessions.begin() as session:
            await service.force(
                session,
                agents[0].agent_id,
                AgentState.OFFLINE,
                by="Chen",
                why="went home",
                now=floor.clock.now(),
            )
    await floor.work(1)
    assert await floor.results() == [("answered", "transferred")]
    (task,) = await floor.rows(sa.select(AgentTask.detail).where(AgentTask.kind == "wrap_up"))
    assert task.detail["chosen"]["code"] == "callback_requested"
    (note,) = await floor.rows(sa.select(Note.text))
    assert note.text == "typed, not saved"


async def test_a_wrap_up_that_is_saved_as_its_time_runs_out_is_written_once(
    floor: DeskFloor,
) -> None:
    async with floor.tab() as tab:
        await tab.post("/desk/step", **await _step_of(tab, "1"))
        due_call_id = await _chosen(floor, tab, "satisfied")
        (row,) = await floor.rows(sa.select(AttemptDueCall.attempt_id))
        await floor.until(floor.clock.now() + floor.desk.rules.wrap_up)
        sent = {"attempt_id": str(row.attempt_id), "do": "save", "note": "one line"}
        sent[f"{due_call_id}.code"] = "satisfied"
        both = await asyncio.gather(
            tab.post("/desk/result", **sent), floor.sweep(), tab.post("/desk/result", **sent)
        )
    assert {each.status_code for each in both if isinstance(each, httpx.Response)} <= {200, 204}
    assert await floor.states() == ["ready"]
    assert await floor.results() == [("answered", "satisfied")]
    assert len(await floor.rows(sa.select(Note.text))) == 1
    assert await _kept(floor) == ("", 2)


async def test_a_note_of_2000_signs_is_kept_whole_and_a_longer_one_to_there(
    floor: DeskFloor,
) -> None:
    attempt_id = str(await live_attempt(floor))
    async with floor.tab() as tab:
        await tab.look()
        assert (await tab.get("/desk/step")).status_code == 200
        await tab.post("/desk/note", attempt_id=attempt_id, note="漏" * 2000)
        assert await _kept(floor) == ("漏" * 2000, 0)
        await tab.post("/desk/note", attempt_id=attempt_id, note="漏" * 2001)
        assert await _kept(floor) == ("漏" * 2000, 0)
        refused = await tab.post("/desk/note", attempt_id=attempt_id, note="漏" * 4001)
        assert refused.status_code == 422


async def test_who_opts_out_by_another_road_is_not_rung_again_whatever_the_script_comes_to(
    floor: DeskFloor,
) -> None:
    async with floor.tab() as tab:
        await tab.look()
        await tab.post("/desk/step", **await _step_of(tab, "1"))
        (row,) = await floor.rows(sa.select(Attempt.person_id))
        await floor.write(
            lambda session: opt_out(
                session,
                person_id=row.person_id,
                said_by="owner",
                how="by letter",
                now=floor.clock.now(),
            )
        )
        page = await tab.post("/desk/step", **await _step_of(tab, "1"))
        assert page.status_code == 200
        await tab.post("/desk/hang-up")
        await floor.work(0.2)
        result = form_of((await tab.get("/desk/result")).text, "result").fields
        await tab.post("/desk/result", **{**result, "do": "save"})
    assert await floor.states() == ["ready"]
    assert await floor.results() == [("answered", "satisfied")]


async def test_a_user_who_is_disabled_in_a_call_leaves_nobody_stuck(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        answer = await _step_of(tab, "1")
        await tab.post("/desk/step", **answer)
        await floor.write(
            lambda session: session.execute(
                sa.update(ApiUser)
                .where(ApiUser.role == ApiRole.AGENT)
                .values(disabled_at=floor.clock.now())
            )
        )
        turned_away = await tab.post("/desk/step", **answer)
        assert turned_away.headers.get("HX-Redirect", "").startswith("/sign-in")
    assert await floor.states() == ["on_call"]
    await floor.work(15)
    assert await floor.states() != ["wrap_up"]
    assert (await floor.results())[0][0] == "answered"
