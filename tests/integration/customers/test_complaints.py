"""Complaints: by when they are answered, which step follows which, and that nothing is lost."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from customers.complaint_list import Whose, list_complaints
from customers.complaint_tables import ComplaintCategory, ComplaintChannel, ComplaintStepKind
from customers.complaints import (
    ComplaintGiven,
    ComplaintStateError,
    ImpossibleComplaintError,
    complaint_of,
    complaints_of,
    register_complaint,
    take_step,
)
from customers.desk import UnknownSubjectError
from customers.timeline import person_timeline
from tests.integration.customers.workbooks import NOW, Desk

HOUR = timedelta(hours=1)
Step = ComplaintStepKind


@pytest.fixture
async def file(desk: Desk) -> Desk:
    """A desk with an owner of one home, and somebody who holds none."""
    await desk.imports(["云麓", "3栋2单元1201", "王芳", "13800000001"])
    return desk


async def taken(desk: Desk, **facts: object) -> int:
    person_id = await desk.session.scalar(sa.text("SELECT min(person_id) FROM person"))
    unit_id = await desk.session.scalar(sa.text("SELECT min(unit_id) FROM unit"))
    given: dict[str, object] = {
        "person_id": person_id,
        "unit_id": unit_id,
        "category": ComplaintCategory.SERVICE,
        "channel": ComplaintChannel.VISIT,
        "words": "楼道没人打扫",
        "serious": False,
        "accountable": "李娜",
    }
    complaint_id, _ = await register_complaint(
        desk.session,
        ComplaintGiven(**(given | facts)),  # type: ignore[arg-type]
        taken_by="console:li",
        now=NOW,
    )
    return complaint_id


async def step(desk: Desk, complaint_id: int, kind: Step, after: timedelta = HOUR) -> None:
    await take_step(
        desk.session,
        complaint_id=complaint_id,
        kind=kind,
        words=kind.value,
        by="console:li",
        now=NOW + after,
    )


async def test_the_figures_set_the_deadlines_by_how_it_came_in(file: Desk) -> None:
    visit = await taken(file)
    hotline = await taken(file, channel=ComplaintChannel.HOTLINE, words="电梯又停了", serious=True)
    row = await complaint_of(file.session, visit, now=NOW)
    assert (row.reply_by - NOW, row.manager_by, row.standing) == (48 * HOUR, None, "open")
    row = await complaint_of(file.session, hotline, now=NOW + 25 * HOUR)
    assert (row.reply_by - NOW, row.manager_by - NOW) == (72 * HOUR, 24 * HOUR)
    assert row.standing == "overdue"  # no manager knows of it
    await step(file, hotline, Step.MANAGER_TOLD)
    assert (await complaint_of(file.session, hotline, now=NOW + 25 * HOUR)).standing == "open"
    assert (await complaint_of(file.session, hotline, now=NOW + 72 * HOUR)).standing == "overdue"


async def test_the_same_words_twice_are_one_complaint_while_it_is_open(file: Desk) -> None:
    first = await taken(file, reply="马上安排保洁")
    assert await taken(file) == first
    await step(file, first, Step.CLOSED)
    assert await taken(file) != first


async def test_who_is_dissatisfied_opens_it_again_and_what_was_done_stays(file: Desk) -> None:
    complaint_id = await taken(file)
    await step(file, complaint_id, Step.REPLIED)
    await step(file, complaint_id, Step.CLOSED)
    await step(file, complaint_id, Step.DISSATISFIED, 30 * HOUR)
    row = await complaint_of(file.session, complaint_id, now=NOW + 30 * HOUR)
    assert (row.cycle, row.closed_at, row.replied_at, row.done) == (2, None, None, None)
    assert row.reply_by == NOW + 78 * HOUR
    await step(file, complaint_id, Step.REPLIED, 40 * HOUR)
    await step(file, complaint_id, Step.CLOSED, 40 * HOUR)
    await step(file, complaint_id, Step.SATISFIED, 50 * HOUR)
    row = await complaint_of(file.session, complaint_id, now=NOW + 50 * HOUR)
    assert (row.standing, row.satisfied_at) == ("closed", NOW + 50 * HOUR)
    events = await person_timeline(file.session, person_id=row.person_id)
    told = [each.what for each in events if each.what.startswith("complaint")]
    assert sorted(told) == sorted(
        [
            "complaint",
            *["complaint_replied"] * 2,
            *["complaint_closed"] * 2,
            "complaint_dissatisfied",
            "complaint_satisfied",
        ]
    )
    due = await file.session.scalars(
        sa.text("SELECT due_by FROM complaint_step WHERE kind = 'replied' ORDER BY 1")
    )
    assert due.all() == [NOW + 48 * HOUR, NOW + 78 * HOUR]


async def test_a_step_that_does_not_follow_is_refused(file: Desk) -> None:
    complaint_id = await taken(file)
    for kind in (Step.CLOSED, Step.SATISFIED, Step.DISSATISFIED):
        with pytest.raises(ComplaintStateError):
            await step(file, complaint_id, kind)
    await step(file, complaint_id, Step.REPLIED)
    await step(file, complaint_id, Step.REPLIED)  # a second word is a follow-up
    await step(file, complaint_id, Step.MANAGER_TOLD)
    with pytest.raises(ComplaintStateError):
        await step(file, complaint_id, Step.MANAGER_TOLD)
    await step(file, complaint_id, Step.CLOSED)
    for kind in (Step.CLOSED, Step.REPLIED, Step.HANDED_OVER):
        with pytest.raises(ComplaintStateError):
            await step(file, complaint_id, kind)
    await step(file, complaint_id, Step.SATISFIED)
    with pytest.raises(ComplaintStateError):
        await step(file, complaint_id, Step.DISSATISFIED)
    with pytest.raises(UnknownSubjectError):
        await step(file, 999_999, Step.REPLIED)


async def test_a_promised_call_is_a_callback_that_a_reply_makes_needless(file: Desk) -> None:
    complaint_id = await taken(file, call_at=NOW + 5 * HOUR)
    calls = sa.text("SELECT call_at, about, cancelled_at FROM callback_request")
    assert (await file.session.execute(calls)).one() == (NOW + 5 * HOUR, "complaint", None)
    assert (await complaint_of(file.session, complaint_id, now=NOW)).call_at == NOW + 5 * HOUR
    await step(file, complaint_id, Step.REPLIED)
    assert (await file.session.execute(calls)).one().cancelled_at == NOW + HOUR
    for call_at in (NOW - HOUR, NOW + 48 * HOUR):
        with pytest.raises(ImpossibleComplaintError):
            await taken(file, words="x", call_at=call_at)


async def test_a_unit_of_somebody_else_is_refused(file: Desk) -> None:
    with pytest.raises(ImpossibleComplaintError):
        await taken(file, unit_id=999_999)
    without = await taken(file, unit_id=None)
    assert (await complaint_of(file.session, without, now=NOW)).community == "云麓"


async def test_the_list_has_the_most_urgent_first(file: Desk) -> None:
    later = await taken(file, channel=ComplaintChannel.HOTLINE, words="b")
    serious = await taken(file, words="c", serious=True, category=ComplaintCategory.FEES)
    sooner = await taken(file, words="a")
    closed = await taken(file, words="d", reply="ok")
    await step(file, closed, Step.CLOSED)

    async def listed(standing: str = "", category: str = "", hours: int = 0) -> list[int]:
        count, rows = await list_complaints(
            file.session,
            standing=standing,
            category=category,
            limit=50,
            now=NOW + hours * HOUR,
        )
        assert count == len(rows)
        return [row.complaint_id for row in rows]

    assert await listed() == [serious, sooner, later, closed]
    assert await listed("open") == [serious, sooner, later]
    assert await listed("overdue", hours=50) == [serious, sooner]
    assert await listed("closed") == [closed]
    assert await listed(category="fees") == [serious]
    person_id = (await complaint_of(file.session, closed, now=NOW)).person_id
    rows = await complaints_of(file.session, person_id, now=NOW)
    assert [row.complaint_id for row in rows] == [serious, sooner, later, closed]


async def test_the_list_is_narrowed_by_who_is_accountable_and_where(file: Desk) -> None:
    of_seven = await taken(file, words="a", agent_id=7)
    by_name = await taken(file, words="b", accountable="赵经理")
    community_id = await file.one("SELECT min(community_id) FROM community")

    async def listed(**more: Any) -> list[int]:
        count, rows = await list_complaints(
            file.session, standing="", category="", limit=50, now=NOW, **more
        )
        assert count == len(rows)
        return [row.complaint_id for row in rows]

    assert await listed() == [of_seven, by_name]
    assert await listed(whose=Whose(agent_ids=[7, 8])) == [of_seven]
    assert await listed(whose=Whose(name="赵经理")) == [by_name]
    assert await listed(whose=Whose(agent_ids=[7], name="赵经理")) == [of_seven, by_name]
    assert await listed(whose=Whose()) == []
    assert await listed(community_id=community_id) == [of_seven, by_name]
    assert await listed(community_id=community_id + 1) == []
