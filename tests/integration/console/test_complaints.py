"""The complaint register in the console: on the file, on the desk, as a list and a workbook."""

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.model import ApiRole
from callback.campaigns import Dialling
from customers.complaint_tables import Complaint
from tests.integration.api.town import Debtor, debtor
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.house import HTML, House
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers

CHINESE = {**HTML, "Accept-Language": "zh"}
GIVEN = {"words": "楼道没人打扫 {x}", "category": "service", "channel": "visit"}


@pytest.fixture
async def owner(house: House) -> Debtor:
    return await debtor(house.office)


async def send(browser: httpx.AsyncClient, path: str, status: int, **fields: str) -> str:
    answer = await browser.post(path, data=fields)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_a_complaint_is_taken_replied_to_closed_and_judged(
    house: House, owner: Debtor
) -> None:
    path = f"/files/{owner.person_id}"
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        assert "No complaints on file" in (await browser.get(path)).text
        unit = str(owner.unit_id)
        await send(browser, f"{path}/complaints", 303, **GIVEN, unit_id=unit, serious="true")
        page = (await browser.get(path)).text
        for said in ("楼道没人打扫 {x}", "reply by", "to the manager by", "supervisor is accou"):
            assert said in page, said
        complaint_id = await house.office.one("SELECT complaint_id FROM complaint")
        steps = f"/complaints/{complaint_id}/steps"
        await send(browser, steps, 303, step="manager_told", words="赵经理")
        told = await send(browser, steps, 409, step="closed", words="已打扫")
        assert "moved on meanwhile" in told
        assert "已打扫</textarea>" in told  # what was typed is kept
        await send(browser, steps, 303, step="replied", words="今天就去")
        await send(browser, steps, 303, step="closed", words="已打扫", call_at="2026-05-21T10:30")
        assert "A call is promised for" in (await browser.get(path)).text
        await send(browser, steps, 303, step="dissatisfied", words="又脏了")
        page = (await browser.get(path)).text
        assert "opened again: 1" in page
        assert "Dissatisfied, complaint opened again" in page  # the timeline
        for wrong in ({"step": "replied"}, {"step": "x", "words": "y"}):
            await send(browser, steps, 422, **wrong)
        await send(browser, steps, 422, step="replied", words="y", call_at="soon")
    call_at = await house.office.one("SELECT call_at FROM callback_request")
    assert call_at.isoformat() == "2026-05-21T02:30:00+00:00"  # as the community's clock has it
    noted = await house.office.one(
        "SELECT string_agg(action, ' ' ORDER BY audit_entry_id) FROM audit_entry"
        " WHERE action LIKE 'complaint%'"
    )
    assert noted == "complaint_taken" + " complaint_step" * 4


async def test_a_form_that_lacks_something_keeps_what_was_typed(
    house: House, owner: Debtor
) -> None:
    path = f"/files/{owner.person_id}/complaints"
    async with house.browser(ApiRole.AGENT) as browser:
        assert "write what the owner says" in await send(browser, path, 422, category="fees")
        for wrong in ({"category": "x"}, {"call_at": "never"}, {"call_at": "2020-01-01T10:00"}):
            text = await send(browser, path, 422, **(GIVEN | wrong))
            assert "楼道没人打扫 {x}</textarea>" in text, wrong
        await send(browser, path, 422, **GIVEN, unit_id="999")
    assert await house.office.one("SELECT count(*) FROM complaint") == 0


async def test_the_list_says_what_is_overdue_and_leaves_as_a_workbook(
    house: House, owner: Debtor
) -> None:
    async with house.browser(ApiRole.SUPERVISOR, CHINESE) as browser:
        for standing in ("open", "overdue", "closed", "all"):
            empty = await browser.get(f"/complaints?standing={standing}")
            assert "没有这样的投诉" in empty.text
        path = f"/files/{owner.person_id}/complaints"
        await send(browser, path, 303, **(GIVEN | {"words": "=1+1"}), unit_id=str(owner.unit_id))
    await house.office.clock.drive(house.office.clock.now() + timedelta(hours=49))
    async with house.browser(ApiRole.SUPERVISOR, CHINESE) as browser:
        page = (await browser.get("/complaints?standing=overdue&category=service")).text
        assert "1 件投诉超期" in page
        assert "王建国" in page
        assert "没有这样的投诉" in (await browser.get("/complaints?category=fees")).text
        assert "'=1+1" in (await browser.get("/complaints/list.csv")).text
        assert (await browser.get("/complaints/list.xlsx")).status_code == 200
        report = (await browser.get("/reports/complaints?preset=month")).text
        assert "1 件投诉，按时答复 0%，最多的是物业服务" in report


async def test_an_agent_takes_a_complaint_down_during_a_call(database: AsyncEngine) -> None:
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PREVIEW))
    await floor.at_work()
    owner = await floor.owner(answers())
    async with floor.tab() as tab:
        nobody = await tab.post("/desk/complaint", words="x", category="fees")
        assert nobody.status_code == 409
    await floor.put_through(owner.phones[0], owner.person_id)
    async with floor.tab() as tab:
        assert "No complaints on file" in (await tab.get("/desk/know?tab=complaints")).text
        lacking = await tab.post("/desk/complaint", words="", category="fees")
        assert "write what the owner says" in lacking.text
        taken = await tab.post("/desk/complaint", words="the lift stops", category="quality")
        assert "the lift stops" in taken.text
        assert '<span class="count">1</span>' in taken.text
        brief = (await tab.get("/desk/know")).text
        assert "Complaint: Construction or product" in brief
    (row,) = await floor.rows(sa.select(Complaint.channel, Complaint.accountable))
    assert tuple(row) == ("hotline", "Li")


async def test_the_list_shows_ones_own_the_teams_and_a_communitys(
    house: House, owner: Debtor
) -> None:
    path = f"/files/{owner.person_id}/complaints"
    async with house.browser(ApiRole.AGENT) as agent, house.browser(ApiRole.SUPERVISOR) as lead:
        await send(agent, path, 303, **(GIVEN | {"words": "of the agent"}))
        await send(lead, path, 303, **(GIVEN | {"words": "of the lead"}))
        for query, seen in (
            ("", {"agent", "lead"}),
            ("?of=mine", {"agent"}),
            ("?of=team", {"agent"}),
            ("?community=999", set()),
        ):
            page = (await agent.get(f"/complaints{query}")).text
            assert {who for who in ("agent", "lead") if f"of the {who}" in page} == seen, query
        assert "My team" in (await agent.get("/complaints")).text
        page = (await lead.get("/complaints?of=mine")).text
        assert "of the lead" in page
        assert "of the agent" not in page
        for wrong in ("?of=x", "?community=-1", "?community=x"):
            assert (await agent.get(f"/complaints{wrong}")).status_code in {404, 422}
