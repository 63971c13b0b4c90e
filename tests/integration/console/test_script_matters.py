"""One call about several matters: each has its own result, also after going back across them."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from dialer.tables import AttemptDueCall
from tests.integration.console.desk_floor import DeskFloor, Tab
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers
from tests.unit.api.forms import form_of, text_of

_OUTCOMES = sa.select(
    AttemptDueCall.due_call_id, AttemptDueCall.wrap_up_code, AttemptDueCall.outcome
).order_by(AttemptDueCall.position)


async def _speaking(database: AsyncEngine) -> DeskFloor:
    """Li speaks with an owner two of whose repairs are finished."""
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PROGRESSIVE))
    owner = await floor.owner(answers())
    await floor.repaired(owner)
    await floor.repaired(owner)
    await floor.speaks(talks_s=900)
    assert len(await floor.rows(_OUTCOMES)) == 2
    return floor


async def _press(tab: Tab, choice: str, value: str = "") -> str:
    sent = form_of((await tab.get("/desk/step")).text, "step").press(choice, value=value)
    return text_of((await tab.post("/desk/step", **sent)).text)


async def test_both_results_are_as_they_were_last_answered(database: AsyncEngine) -> None:
    floor = await _speaking(database)
    async with floor.tab() as tab:
        await tab.look()
        await _press(tab, "1")
        await _press(tab, "1")
        await _press(tab, "3")
        await _press(tab, "give", "the tap drips")
        page = (await tab.get("/desk/step")).text
        counter = form_of(page, "step").fields["counter"]
        await tab.post("/desk/step/back", counter=counter, to="1")
        await _press(tab, "3")
        await _press(tab, "give", "the lamp flickers")
        await _press(tab, "1")
        await tab.post("/desk/hang-up")
        await floor.work(0.2)
        page = (await tab.get("/desk/result")).text
        sent = form_of(page, "result").fields
        await tab.post("/desk/result", **{**sent, "do": "save"})
    first, second = await floor.rows(_OUTCOMES)
    assert first.wrap_up_code.value == "dissatisfied"
    assert "the lamp flickers" in str(first.outcome)
    assert second.wrap_up_code.value == "satisfied"
    assert "drips" not in str(second.outcome)


async def test_a_result_chosen_for_one_matter_leaves_the_other_as_the_script_came_to_it(
    database: AsyncEngine,
) -> None:
    floor = await _speaking(database)
    one, other = [row.due_call_id for row in await floor.rows(_OUTCOMES)]
    async with floor.tab() as tab:
        await tab.look()
        await _press(tab, "1")
        await _press(tab, "1")
        await tab.post("/desk/hang-up")
        await floor.work(0.2)
        sent = form_of((await tab.get("/desk/result")).text, "result").fields
        await tab.post("/desk/result", **{**sent, "do": f"choose:{other}:refused"})
        sent = form_of((await tab.get("/desk/result")).text, "result").fields
        assert (sent[f"{one}.code"], sent[f"{other}.code"]) == ("satisfied", "refused")
        await tab.post("/desk/result", **{**sent, "do": "save"})
    outcomes = await floor.rows(_OUTCOMES)
    assert [row.wrap_up_code.value for row in outcomes] == ["satisfied", "refused"]
    assert await floor.states() == ["ready"]
