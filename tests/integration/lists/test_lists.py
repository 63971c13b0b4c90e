"""A list from its file to its outcomes: read, matched, previewed, started, dialled, ended."""

from collections.abc import Awaitable, Callable
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback import uploaded
from callback.tables import DueCall
from callback.uploaded_model import ListKind, UploadedListError
from core.phone import PhoneNumber
from customers.model import CallMode, Purpose, Reason
from customers.service import opt_out, record_consent
from customers.tables import Person, Unit
from dialer.bridges.port import CallEvent, CallRinging
from tests.integration.dialer.day import RINGS_OUT, TEN, Day, answers
from tests.integration.lists.house import Lists

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADER = "Name,Phone,Event,Event Day,Event Place"
GUEST = "Guest,13800990001,the open day,2026-05-23,the club house"
OWN_SCRIPT = """
name: meters
version: 1
purpose: service
title: {zh-CN: "抄表", en: "Meter reading"}
include: [opening]
queue: service
identity: light
withdrawn:
  end: information_given
  say: {zh-CN: "抄表已经完成，谢谢。", en: "The meters have been read in the meantime."}
section: meters_say
variables:
  meter: {type: text}
steps:
  meters_say:
    say: {zh-CN: "我们将在{meter}上门抄表。", en: "We shall read your meter on {meter}."}
    next: meters_end
  meters_end:
    end: information_given
    say: {zh-CN: "谢谢。", en: "Thank you."}
"""
MESSY = """活动名单,,,,,,
姓名,手机,房号,活动,日期,地点,备注
{known},{phone},,开放日,2026-05-23,会所,"老业主, 请客气"
李雷,13800990001,,开放日,2026年5月23日,会所,
韩梅梅,１３８ 0099 0002,,开放日,2026/5/23,会所,
,13800990003,,开放日,2026-05-23,会所,没有姓名

赵六,110,,开放日,2026-05-23,会所,
钱七,无,,开放日,2026-05-23,会所,
孙八,138009900,,开放日,2026-05-23,会所,
周九,13800990001,,开放日,2026-05-23,会所,重复
吴十,13800990004,,开放日,哪天,会所,
郑一,13800990005,,,2026-05-23,会所,
冯二,,9-9-901,开放日,2026-05-23,会所,
合计,,,,,,9
"""
MAPPING = {"活动": "event", "日期": "event_day", "地点": "event_place"}


async def test_a_messy_list_is_read_matched_refused_with_reasons_and_called(
    day: Day, lists: Lists
) -> None:
    owner = await day.owner(answers("1", "1", patience_turns=50))
    for number in ("+8613800990001", "+8613800990002"):
        day.phones[number] = answers("1", "2", patience_turns=50)
    file = lists.csv(MESSY.format(known="王小明", phone=owner.phones[0]), encoding="gb18030")

    list_id = await lists.upload(file, columns=MAPPING, purpose=Purpose.SERVICE)
    preview = await lists.preview(list_id)

    assert preview.matched == {"phone": 1, "new": 2}
    assert await lists.refusals(list_id) == {
        6: "no_name",
        8: "emergency_number",
        9: "no_phone",
        10: "invalid_number",
        11: "duplicate",
        12: "bad_variable",
        13: "missing_variable",
        14: "unknown_unit",
    }
    assert preview.rows == 11
    assert preview.verdicts == {"allow": {"allowed": 3}}
    assert any("开放日" in said for said in preview.samples[1].said)
    assert await lists.due() == {}

    assert await lists.start(list_id) == 3
    assert await lists.start(list_id) == 0
    await day.dial()

    assert set(day.rung) == {owner.phones[0], "+8613800990001", "+8613800990002"}
    assert await lists.due() == {
        f"list:{list_id}:3": ("done", "information_given"),
        f"list:{list_id}:4": ("done", "refused"),
        f"list:{list_id}:5": ("done", "refused"),
    }
    shown = await lists.show(list_id)
    assert shown.calls == {"done": 3}
    assert shown.outcomes == {"information_given": 1, "refused": 2}


async def test_a_workbook_in_english_is_read_by_its_dates_and_matched_by_unit(
    day: Day, lists: Lists
) -> None:
    owner = await day.owner(answers("1", "1", patience_turns=50))
    [unit] = await day.rows(sa.select(Unit.label).where(Unit.unit_id == owner.unit_id))
    file = lists.xlsx(
        [
            ["Invitations to the open day"],
            ["Resident", "Room", "Tel", "Event", "Event Day", "Event Place"],
            [None, unit.label, None, "the open day", date(2026, 5, 23), "the club house"],
            ["Somebody else", unit.label, None, "the open day", date(2026, 5, 23), "the hall"],
            ["王小明", None, owner.phones[0], "the open day", date(2026, 5, 23), "the hall"],
        ]
    )

    list_id = await lists.upload(file, columns={"Resident": "name"}, purpose=Purpose.SERVICE)
    preview = await lists.preview(list_id)

    assert preview.matched == {"unit": 1}
    assert await lists.refusals(list_id) == {4: "nobody_there", 5: "same_person"}
    assert "the club house" in " ".join(preview.samples[0].said)
    await lists.start(list_id)
    await day.dial()
    assert day.rung == [owner.phones[0]]


async def test_what_the_preview_counts_is_what_then_happens(day: Day, lists: Lists) -> None:
    rows = [f"Guest {n},+86138009901{n:02},the open day,2026-05-23,the hall" for n in range(12)]
    dead = await day.owner(answers("1", "1"), deceased_at=TEN)
    gone = await day.owner(answers("1", "1"))
    await day.write(_opts_out(gone.person_id, Reason.SURVEY))
    rows += [f"Wang,{each.phones[0]},the open day,2026-05-23,the hall" for each in (dead, gone)]
    for n in range(12):
        day.phones[f"+86138009901{n:02}"] = answers("1", "2", patience_turns=50)
    list_id = await lists.upload(lists.csv("\n".join([HEADER, *rows])), purpose=Purpose.SERVICE)

    preview = await lists.preview(list_id)
    again = await lists.preview(list_id)
    await lists.start(list_id)
    await day.dial()

    assert preview == again
    assert preview.refused == {"deceased": 1}
    assert preview.verdicts == {"allow": {"allowed": 13}}
    assert len(set(day.rung)) == sum(preview.verdicts["allow"].values())
    assert (await lists.show(list_id)).refused == dict(preview.refused)


async def test_a_preview_leaves_nothing_behind(day: Day, lists: Lists) -> None:
    list_id = await lists.upload(lists.csv(f"{HEADER}\n{GUEST}"))
    before = await _people(day)

    await lists.preview(list_id)

    assert await _people(day) == before
    assert await lists.due() == {}
    assert (await lists.show(list_id)).state == "draft"


async def test_who_opts_out_between_the_preview_and_the_start_is_not_called(
    day: Day, lists: Lists
) -> None:
    owner = await day.owner(answers("1", "1"))
    file = lists.csv(f"{HEADER}\n王小明,{owner.phones[0]},x,2026-05-23,y\n{GUEST}")
    list_id = await lists.upload(file, purpose=Purpose.SERVICE)
    assert (await lists.preview(list_id)).callable == 2

    await day.write(_opts_out(owner.person_id, None))

    assert await lists.start(list_id) == 1
    assert await lists.refusals(list_id) == {2: "opted_out"}


async def test_prospects_are_rung_for_marketing_only_with_consent(day: Day, lists: Lists) -> None:
    willing, other = "+8613800990001", "+8613800990002"
    for number in (willing, other):
        day.phones[number] = answers("1", "1", patience_turns=50)

    async def consents(session: AsyncSession) -> None:
        await record_consent(
            session,
            phone=PhoneNumber(willing),
            purpose=Purpose.MARKETING,
            mode=CallMode.AUTOMATIC,
            granted=True,
            given_by="prospect",
            how="at the stand",
            now=day.clock.now(),
        )

    await day.write(consents)
    file = lists.csv(
        f"{HEADER}\nA,{willing},the open day,2026-05-23,y\nB,{other},the open day,2026-05-23,y"
    )
    list_id = await lists.upload(file, kind=ListKind.PROSPECT)

    preview = await lists.preview(list_id)
    await lists.start(list_id)
    await day.dial()

    assert preview.verdicts == {"allow": {"allowed": 1}, "deny": {"consent_unknown": 1}}
    assert day.rung == [willing]
    assert [state for state, _ in await day.due(Reason.PROSPECT)] == ["done", "waiting"]


async def test_a_list_is_paused_let_go_on_and_ended(day: Day, lists: Lists) -> None:
    day.phones["+8613800990001"] = RINGS_OUT
    list_id = await lists.upload(lists.csv(f"{HEADER}\n{GUEST}"), purpose=Purpose.SERVICE)
    with pytest.raises(UploadedListError, match="is not started yet"):
        await lists.pause(list_id)
    await lists.start(list_id)

    assert await lists.pause(list_id)
    assert not await lists.pause(list_id)
    await day.dial()
    assert day.rung == []
    assert (await lists.show(list_id)).state == "paused"

    assert await lists.resume(list_id)
    await day.dial()
    assert day.rung == ["+8613800990001"]

    assert await lists.end(list_id) == 1
    assert await lists.end(list_id) == 0
    assert await lists.due() == {f"list:{list_id}:2": ("withdrawn", "list_ended")}
    await day.dial(8)
    assert len(day.rung) == 1
    with pytest.raises(UploadedListError, match="has ended"):
        await lists.start(list_id)


async def test_a_call_that_rings_when_its_list_ends_is_cut_and_not_tried_again(
    day: Day, lists: Lists
) -> None:
    day.phones["+8613800990001"] = RINGS_OUT
    list_id = await lists.upload(lists.csv(f"{HEADER}\n{GUEST}"), purpose=Purpose.SERVICE)
    await lists.start(list_id)

    async def ends(event: CallEvent) -> None:
        if isinstance(event, CallRinging):
            await lists.end(list_id)
            await day.engine.accounts_changed()

    day.bridge.on_event = ends
    await day.dial(10)

    assert await day.results() == [("cancelled", None)]
    assert await lists.due() == {f"list:{list_id}:2": ("withdrawn", "list_ended")}


async def test_a_running_engine_calls_a_list_with_a_script_of_its_own_that_is_started_meanwhile(
    day: Day, lists: Lists
) -> None:
    for number in ("+8613800990001", "+8613800990002"):
        day.phones[number] = answers("1", "1", patience_turns=50)
    first = await lists.upload(lists.csv(f"{HEADER}\n{GUEST}"), purpose=Purpose.SERVICE)
    await lists.start(first)
    second = await lists.upload(
        lists.csv("Name,Phone,Meter\nB,13800990002,12 June", name="meters.csv"),
        name="meters",
        script="meters.yaml",
        own_script=OWN_SCRIPT,
    )

    async def starts(event: CallEvent) -> None:
        day.bridge.on_event = None
        await lists.start(second)
        day.engine.nudge()

    day.bridge.on_event = starts
    await day.dial()

    assert set(await lists.due()) == {f"list:{first}:2", f"list:{second}:2"}
    assert {state for state, _ in (await lists.due()).values()} == {"done"}
    assert any("12 June" in said for said in day.bridge.spoken)


async def test_a_draft_is_replaced_under_its_name_and_a_started_list_is_not(
    day: Day, lists: Lists
) -> None:
    file = lists.csv(f"{HEADER}\n{GUEST}")
    first = await lists.upload(file)
    second = await lists.upload(file)
    assert first != second
    await lists.start(second)

    with pytest.raises(UploadedListError, match="was started already; give this one another name"):
        await lists.upload(file)


async def test_a_row_taken_out_is_not_called(day: Day, lists: Lists) -> None:
    list_id = await lists.upload(lists.csv(f"{HEADER}\n{GUEST}"), purpose=Purpose.SERVICE)
    await lists.start(list_id)

    async def takes_out(session: AsyncSession) -> None:
        for expected in (True, False):
            assert expected is await uploaded.withdraw_row(
                session, list_id=list_id, row_number=2, by="desk", now=day.clock.now()
            )

    await day.write(takes_out)
    await day.dial()

    assert day.rung == []
    assert await lists.due() == {f"list:{list_id}:2": ("withdrawn", "row_withdrawn")}


async def test_a_list_goes_by_its_own_rules(day: Day, lists: Lists) -> None:
    day.phones["+8613800990001"] = RINGS_OUT
    list_id = await lists.upload(
        lists.csv(f"{HEADER}\n{GUEST}"),
        purpose=Purpose.SERVICE,
        rules={
            "max_attempts": 2,
            "priority": 80,
            "ends_on": "2026-05-21",
            "retry": {"no_answer": {"after_minutes": 130, "times": 3}},
        },
    )
    await lists.start(list_id)
    await day.dial(9)

    assert len(day.rung) == 2
    assert await lists.due() == {f"list:{list_id}:2": ("exhausted", "max_attempts:no_answer")}
    [row] = await day.rows(sa.select(DueCall.priority, DueCall.due_by))
    assert row.priority == 80
    assert row.due_by.astimezone(SHANGHAI).date() == date(2026, 5, 22)  # exclusive


def _opts_out(person_id: int, reason: Reason | None) -> Callable[[AsyncSession], Awaitable[object]]:
    return lambda session: opt_out(
        session, person_id=person_id, reason=reason, said_by="owner", how="test", now=TEN
    )


async def _people(day: Day) -> int:
    return len(await day.rows(sa.select(Person.person_id)))
