"""A time to call again is judged while it is chosen, and one the law forbids is never taken."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from customers.tables import CallbackRequest
from dialer.tables import AttemptDueCall
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.guide_desk import Desk
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers
from tests.unit.api.forms import form_of

REST = json.dumps([{"from": "12:00", "until": "15:00"}])


async def due_call_of(floor: DeskFloor) -> int:
    (row,) = await floor.rows(sa.select(AttemptDueCall.due_call_id))
    return int(row.due_call_id)


async def test_an_hour_the_law_forbids_is_refused_with_the_next_one_it_allows(
    debts: DeskFloor,
) -> None:
    of = await due_call_of(debts)
    at = f"{of}.callback_at"
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        await desk.hang_up()
        await desk.look("/desk/result")
        shown = await desk.result(f"choose:{of}:callback_requested")
        assert all(each in shown for each in ("In an hour", "This evening", "Tomorrow 10:00"))
        assert 'data-fill="2026-05-21T10:00"' in desk.page
        night = (await tab.get(f"/desk/call-time?of={of}&{at}=2026-05-20T23:30")).text
        assert "calls are lawful there 08:00-22:00" in night, night
        assert 'data-fill="2026-05-21T09:00"' in night
        assert "field__error" in night
        refused = await desk.result("save", **{at: "2026-05-20T23:30"})
        assert "instead" in refused
        assert form_of(desk.page, "result").fields[at] == "2026-05-20T23:30"
        assert await debts.rows(sa.select(CallbackRequest.callback_request_id)) == []
        assert await debts.states() == ["wrap_up"]
        (value,) = {each.partition('"')[0] for each in night.split('data-fill="')[1:]}
        allowed = (await tab.get(f"/desk/call-time?of={of}&{at}={value}")).text
        assert "is allowed and will be rung then" in allowed
        await desk.result("save", **{at: value})
    (request,) = await debts.rows(sa.select(CallbackRequest.call_at))
    assert request.call_at == datetime(2026, 5, 21, 1, tzinfo=UTC)


async def test_the_owners_own_rest_gives_way_to_the_time_they_name_and_it_is_said(
    repairs: DeskFloor,
) -> None:
    rest = sa.text("UPDATE person SET rest_hours = CAST(:rest AS jsonb)")
    await repairs.write(lambda session: session.execute(rest, {"rest": REST}))
    of = await due_call_of(repairs)
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        await desk.hang_up()
        await desk.look("/desk/result")
        await desk.result(f"choose:{of}:callback_requested")
        said = await tab.get(f"/desk/call-time?of={of}&at=2026-05-20T13:00")
        assert "the owner's rest hours" in said.text.replace("&#39;", "'")
        assert "The owner named it" in said.text
        junk = await tab.get(f"/desk/call-time?of={of}&at=<script>")
        assert "Give a time to come" in junk.text
        assert "<script>" not in junk.text
        assert (await tab.get("/desk/call-time?of=999&at=2026-05-20T13:00")).text.strip() == ""
        await desk.result("save", **{f"{of}.callback_at": "2026-05-20T13:00"})
    assert len(await repairs.rows(sa.select(CallbackRequest.callback_request_id))) == 1


async def test_a_callback_from_a_file_is_taken_with_a_word_and_refused_by_a_wish(
    database: AsyncEngine,
) -> None:
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PREVIEW))
    await floor.at_work()
    owner = await floor.owner(answers())
    path = f"/desk/callback?person_id={owner.person_id}"
    async with floor.tab() as tab:
        taken = await tab.post(path, at="2026-05-20T15:00", instead="2026-05-20T23:30")
        assert "Written down among your callbacks. Wed 20 May" in taken.text
        assert "would not be rung by itself" in taken.text, "the house's hours give way, in words"
        assert "Choose a day and time" in (await tab.post(path, at="2020-01-01T10:00")).text
        async with floor.sessions.begin() as session:
            await session.execute(
                sa.text(
                    "INSERT INTO do_not_call (person_id, said_by, how, since)"
                    " VALUES (:person_id, 'owner', 'letter', :since)"
                ),
                {"person_id": owner.person_id, "since": floor.clock.now()},
            )
        never = await tab.post(path, at="2026-05-21T11:00")
        assert "No time soon is allowed" in never.text
    assert len(await floor.rows(sa.select(CallbackRequest.callback_request_id))) == 1
