"""Who complained and has had no answer is owed a call, by the complaint's own deadline."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from callback.subjects import load_subjects
from customers.complaint_tables import ComplaintCategory, ComplaintChannel, ComplaintStepKind
from customers.complaints import ComplaintGiven, register_complaint, take_step
from customers.model import Reason
from tests.integration.callback.customer_file import NOON, CustomerFile, Home

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
Step = ComplaintStepKind


async def complains(
    file: CustomerFile,
    home: Home,
    *,
    channel: ComplaintChannel = ComplaintChannel.VISIT,
    agent_id: int | None = None,
    call_at: datetime | None = None,
) -> int:
    """Take a complaint down at noon."""
    complaint_id, _ = await register_complaint(
        file.session,
        ComplaintGiven(
            person_id=home.person_id,
            unit_id=home.unit_id,
            category=ComplaintCategory.SERVICE,
            channel=channel,
            words="the stairs are not swept",
            serious=False,
            accountable="Li",
            agent_id=agent_id,
            call_at=call_at,
        ),
        taken_by="test",
        now=NOON,
    )
    return complaint_id


async def step(
    file: CustomerFile,
    complaint_id: int,
    kind: Step,
    *,
    after: timedelta = HOUR,
    call_at: datetime | None = None,
    agent_id: int | None = None,
) -> None:
    """Note what was done about it."""
    await take_step(
        file.session,
        complaint_id=complaint_id,
        kind=kind,
        words="done",
        by="test",
        call_at=call_at,
        agent_id=agent_id,
        now=NOON + after,
    )


@pytest.mark.parametrize(
    ("channel", "hours"), [(ComplaintChannel.VISIT, 48), (ComplaintChannel.HOTLINE, 72)]
)
async def test_the_call_is_due_by_the_deadline_of_the_register_and_not_before_a_day_of_it(
    file: CustomerFile, channel: ComplaintChannel, hours: int
) -> None:
    complaint_id = await complains(file, await file.home(), channel=channel, agent_id=7)
    report = await file.build()
    await file.build()
    (call,) = await file.calls(Reason.COMPLAINT)
    assert (call.subject, call.cycle) == (f"complaint:{complaint_id}", "1")
    assert call.due_by == NOON + hours * HOUR
    assert call.not_before == call.next_at == NOON + (hours - 24) * HOUR
    assert (call.mode, call.script, call.agent_id) == ("agent", "complaint", 7)
    assert report.to_json()["created"]["complaint"] == 1


@pytest.mark.parametrize(
    ("kinds", "because"),
    [((Step.REPLIED,), "replied"), ((Step.REPLIED, Step.CLOSED), "closed")],
)
async def test_a_complaint_that_was_answered_takes_its_call_off_the_list(
    file: CustomerFile, kinds: tuple[Step, ...], because: str
) -> None:
    complaint_id = await complains(file, await file.home())
    await file.build()
    for kind in kinds:
        await step(file, complaint_id, kind)
    (call,) = await file.waiting(Reason.COMPLAINT)
    facts = await load_subjects(file.session, [call.due_call_id], now=NOON, lock=True)
    assert facts[call.due_call_id].reason_gone == because
    await file.build()
    (call,) = await file.calls(Reason.COMPLAINT)
    assert (call.state, call.settled_because) == ("withdrawn", because)


async def test_who_has_died_is_not_answered(file: CustomerFile) -> None:
    home = await file.home()
    await complains(file, home)
    await file.build()
    await file.die(home.person_id)
    await file.build()
    assert [each.settled_because for each in await file.calls(Reason.COMPLAINT)] == ["deceased"]


async def test_a_dissatisfied_owner_is_owed_another_answer(file: CustomerFile) -> None:
    complaint_id = await complains(file, await file.home())
    for kind in (Step.REPLIED, Step.CLOSED, Step.DISSATISFIED):
        await step(file, complaint_id, kind)
    await file.build()
    (call,) = await file.waiting(Reason.COMPLAINT)
    assert (call.cycle, call.due_by) == ("2", NOON + 49 * HOUR)


async def test_nobody_is_rung_twice_where_a_call_is_promised_and_it_is_owed_when_that_failed(
    file: CustomerFile,
) -> None:
    await complains(file, await file.home(), call_at=NOON + DAY)
    await file.build()
    (promised,) = await file.waiting(Reason.PROMISED)
    assert await file.calls(Reason.COMPLAINT) == []
    facts = await load_subjects(file.session, [promised.due_call_id], now=NOON, lock=True)
    variables = facts[promised.due_call_id].script_variables
    assert variables["about"] == "complaint"
    assert variables["complained_on"] == "2026-05-20"
    await file.settle(promised.due_call_id, state="exhausted", at=NOON + DAY + HOUR)
    await file.build(days_later=1)
    (call,) = await file.waiting(Reason.COMPLAINT)
    assert call.due_by == NOON + 48 * HOUR


async def test_a_call_promised_later_takes_the_place_of_the_answer(file: CustomerFile) -> None:
    complaint_id = await complains(file, await file.home())
    await file.build()
    await step(file, complaint_id, Step.HANDED_OVER, call_at=NOON + 30 * HOUR)
    await file.build()
    assert [each.settled_because for each in await file.calls(Reason.COMPLAINT)] == ["appointment"]
    assert len(await file.waiting(Reason.PROMISED)) == 1


async def test_whom_it_is_handed_over_to_has_the_call(file: CustomerFile) -> None:
    complaint_id = await complains(file, await file.home(), agent_id=7)
    await file.build()
    await step(file, complaint_id, Step.HANDED_OVER, agent_id=9)
    await file.build()
    assert [each.agent_id for each in await file.waiting(Reason.COMPLAINT)] == [9]
    await file.session.execute(sa.text("UPDATE due_call SET agent_id = 11"))  # balanced since
    await file.build()
    assert [each.agent_id for each in await file.waiting(Reason.COMPLAINT)] == [11]
