"""The wrap-up: one outcome a matter, checked, with its effects; corrected by supervisors only."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from customers.account_tables import ReworkNotice
from customers.model import Reason, WrapUpCode
from customers.tables import AgentTask, AuditEntry, CallbackRequest, Note
from dialer.agents.forms import WrapUpFormError
from dialer.agents.model import AgentStateError, BreakReason
from dialer.agents.wrap_up import WrappedUpAlreadyError, WrapUpForm, correct_outcome, wrap_up
from dialer.tables import AttemptDueCall
from tests.integration.dialer.agents.floor import Floor, later
from tests.integration.dialer.day import answers


async def _spoke(floor: Floor) -> int:
    await floor.repaired(await floor.owner(answers()))
    await floor.build()
    agent = await floor.agent()
    await floor.work(1.5)
    assert await floor.states() == ["wrap_up"]
    return agent


async def test_a_dissatisfied_owner_reopens_the_order_and_the_note_is_on_file(
    progressive: Floor,
) -> None:
    floor = progressive
    agent = await _spoke(floor)
    await floor.wrap_up(agent, WrapUpCode.DISSATISFIED, reason="still leaks")
    (notice,) = await floor.rows(sa.select(ReworkNotice.finding))
    assert notice.finding == "still leaks"
    (note,) = await floor.rows(sa.select(Note.text, Note.written_by))
    assert tuple(note) == ("was polite", "Li")


@pytest.mark.parametrize(
    ("code", "values", "says"),
    [
        (WrapUpCode.DISSATISFIED, {}, "reason"),
        (WrapUpCode.PROMISE_TO_PAY, {"amount_minor": 1, "promised_on": "2026-05-21"}, "repair"),
        (WrapUpCode.SURVEY_COMPLETE, {"answers": {"a": 5}}, "repair"),
        (WrapUpCode.CALLBACK_REQUESTED, {}, "callback_at"),
        (WrapUpCode.CALLBACK_REQUESTED, {"callback_at": "2026-05-19T10:00"}, "past"),
        (WrapUpCode.SATISFIED, {"colour": "blue"}, "colour"),
    ],
    ids=["no reason", "no debt", "no survey", "no time", "yesterday", "unknown field"],
)
async def test_a_form_that_cannot_be_is_refused_and_the_agent_may_mend_it(
    progressive: Floor, code: WrapUpCode, values: dict[str, Any], says: str
) -> None:
    floor = progressive
    agent = await _spoke(floor)
    with pytest.raises(WrapUpFormError, match=says):
        await floor.wrap_up(agent, code, **values)
    assert await floor.states() == ["wrap_up"]
    assert await floor.due(Reason.REPAIR) == [("claimed", None)]
    await floor.wrap_up(agent, WrapUpCode.SATISFIED)
    assert await floor.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_a_second_wrap_up_is_refused_and_names_the_first(progressive: Floor) -> None:
    floor = progressive
    agent = await _spoke(floor)
    await floor.wrap_up(agent, WrapUpCode.SATISFIED, then=BreakReason.REST)
    assert await floor.states() == ["break"]
    with pytest.raises(WrappedUpAlreadyError, match=r"satisfied by Li"):
        await floor.wrap_up(agent, WrapUpCode.REFUSED)
    assert await floor.results() == [("answered", "satisfied")]


async def test_an_agent_of_a_call_with_all_its_outcomes_goes_on_without_a_form(
    progressive: Floor,
) -> None:
    floor = progressive
    agent = await _spoke(floor)
    (served,) = await floor.rows(sa.select(AttemptDueCall.attempt_id))
    async with floor.sessions.begin() as session:
        await session.execute(
            sa.update(AttemptDueCall).values(
                settled_at=floor.clock.now(),
                telephony_result="answered",
                wrap_up_code="satisfied",
                outcome={},
            )
        )
    with pytest.raises(WrappedUpAlreadyError, match="satisfied"):
        await floor.wrap_up(agent, WrapUpCode.REFUSED)
    async with floor.sessions.begin() as session:
        await wrap_up(
            session,
            agent,
            served.attempt_id,
            [],
            desk=floor.desk,
            now=floor.clock.now(),
        )
    assert await floor.states() == ["ready"]


async def test_during_the_call_there_is_nothing_to_wrap_up(progressive: Floor) -> None:
    floor = progressive
    floor.talks_s = 500
    await floor.repaired(await floor.owner(answers()))
    await floor.build()
    agent = await floor.agent()
    await floor.work(1)
    with pytest.raises(AgentStateError, match="end it first"):
        await floor.wrap_up(agent, WrapUpCode.SATISFIED)


async def test_a_wrap_up_that_never_comes_is_settled_by_name_and_becomes_a_task(
    progressive: Floor,
) -> None:
    floor = progressive
    agent = await _spoke(floor)
    await floor.until(later(floor, 5))
    report = await floor.sweep()
    assert (report.late, report.settled) == (1, 1)
    assert await floor.states() == ["ready"]
    assert await floor.due(Reason.REPAIR) == [("done", "transferred")]
    (served,) = await floor.rows(sa.select(AttemptDueCall.outcome, AttemptDueCall.wrapped_up_by))
    assert served.outcome == {"reason": "wrap_up_ran_out"}
    (task,) = await floor.rows(sa.select(AgentTask.kind, AgentTask.done_at))
    assert tuple(task) == ("wrap_up", None)
    with pytest.raises(WrappedUpAlreadyError, match="supervisor"):
        await floor.wrap_up(agent, WrapUpCode.SATISFIED)


async def test_a_supervisor_corrects_with_an_entry_in_the_audit(progressive: Floor) -> None:
    floor = progressive
    await _spoke(floor)
    await floor.until(later(floor, 5))
    await floor.sweep()
    (served,) = await floor.rows(sa.select(AttemptDueCall.attempt_id, AttemptDueCall.due_call_id))
    attempt_id, due_call_id = served.attempt_id, served.due_call_id
    form = WrapUpForm(
        due_call_id=due_call_id, code=WrapUpCode.DISSATISFIED, values={"reason": "heard the tape"}
    )
    await floor.write(
        lambda session: correct_outcome(
            session,
            attempt_id,
            form,
            by="Chen",
            why="agent forgot",
            desk=floor.desk,
            now=floor.clock.now(),
        )
    )
    assert await floor.due(Reason.REPAIR) == [("done", "dissatisfied")]
    (task,) = await floor.rows(sa.select(AgentTask.done_at))
    assert task.done_at is not None
    (entry,) = await floor.rows(
        sa.select(AuditEntry.detail).where(AuditEntry.action == "outcome_corrected")
    )
    assert (entry.detail["before"], entry.detail["after"]) == ("transferred", "dissatisfied")
    assert await floor.rows(sa.select(ReworkNotice.work_order_id))


async def test_a_personal_promise_is_kept_by_who_made_it_and_falls_to_the_team(
    progressive: Floor,
) -> None:
    floor = progressive
    agent = await _spoke(floor)
    at = floor.clock.now() + timedelta(hours=1)
    await floor.wrap_up(
        agent, WrapUpCode.CALLBACK_REQUESTED, callback_at=at.isoformat(), personal=True
    )
    (request,) = await floor.rows(sa.select(CallbackRequest.agent_id, CallbackRequest.mode))
    assert (request.agent_id, request.mode.value) == (agent, "agent")

    other = await floor.agent("Wu")
    await floor.until(at)
    assert await floor.offer(other) is None
    await floor.until(later(floor, 3))
    shown = await floor.offer(other)
    assert shown is not None
    assert shown.due_call.reason is Reason.PROMISED


async def test_a_personal_promise_is_offered_to_its_agent_at_its_time(progressive: Floor) -> None:
    floor = progressive
    agent = await _spoke(floor)
    at = floor.clock.now() + timedelta(hours=1)
    await floor.wrap_up(
        agent, WrapUpCode.CALLBACK_REQUESTED, callback_at=at.isoformat(), personal=True
    )
    assert await floor.offer(agent) is None
    await floor.until(at)
    shown = await floor.offer(agent)
    assert shown is not None
    assert shown.due_call.agent_id == agent
