"""What an agent's call about a complaint does to it, and that the complaint's call then rests."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from customers.complaint_tables import (
    Complaint,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintStep,
)
from customers.complaints import ComplaintGiven, register_complaint
from customers.model import Reason, WrapUpCode
from tests.integration.dialer.agents.floor import Floor
from tests.integration.dialer.day import answers

_STEPS = sa.select(ComplaintStep.kind, ComplaintStep.by, ComplaintStep.words).order_by(
    ComplaintStep.complaint_step_id
)


async def _spoke(floor: Floor) -> int:
    """Li has spoken with an owner whose complaint waited for its answer."""
    owner = await floor.owner(answers())
    async with floor.sessions.begin() as session:
        await register_complaint(
            session,
            ComplaintGiven(
                person_id=owner.person_id,
                unit_id=owner.unit_id,
                category=ComplaintCategory.SERVICE,
                channel=ComplaintChannel.VISIT,
                words="the stairs are not swept",
                serious=False,
                accountable="Li",
            ),
            taken_by="test",
            now=floor.clock.now() - timedelta(hours=30),
        )
    await floor.build()
    agent = await floor.agent()
    await floor.offer(agent)
    await floor.ask_to_dial(agent)
    await floor.work(1.5)
    assert await floor.states() == ["wrap_up"]
    return agent


@pytest.mark.parametrize(
    ("code", "values", "steps", "is_closed"),
    [
        (
            WrapUpCode.SATISFIED,
            {"reason": "swept daily"},
            ["replied", "closed", "satisfied"],
            True,
        ),
        (WrapUpCode.DISSATISFIED, {"reason": "still dirty"}, ["replied"], False),
        (WrapUpCode.INFORMATION_GIVEN, {}, ["replied"], False),
        (WrapUpCode.REFUSED, {}, [], False),
    ],
    ids=["content", "not content", "answered", "no talk"],
)
async def test_the_wrap_up_steps_the_complaint_on(
    progressive: Floor,
    code: WrapUpCode,
    values: dict[str, Any],
    steps: list[str],
    is_closed: bool,
) -> None:
    floor = progressive
    agent = await _spoke(floor)
    await floor.wrap_up(agent, code, **values)
    found = await floor.rows(_STEPS)
    assert [row.kind.value for row in found] == steps
    assert {row.by for row in found} <= {"Li"}
    if values and steps:
        assert {row.words for row in found} == set(values.values())
    (complaint,) = await floor.rows(sa.select(Complaint.closed_at, Complaint.replied_at))
    assert (complaint.closed_at is not None) is is_closed
    assert (complaint.replied_at is not None) is bool(steps)
    await floor.build()
    assert await floor.due(Reason.COMPLAINT) == [("done", code.value)]


async def test_a_call_at_another_time_goes_on_with_the_complaint(progressive: Floor) -> None:
    floor = progressive
    agent = await _spoke(floor)
    at = floor.clock.now() + timedelta(hours=3)
    await floor.wrap_up(agent, WrapUpCode.CALLBACK_REQUESTED, callback_at=at.isoformat())
    await floor.build()
    assert await floor.due(Reason.COMPLAINT) == [("done", "callback_requested")]
    assert await floor.due(Reason.PROMISED) == [("waiting", None)]
    await floor.until(at)
    await floor.offer(agent)
    await floor.ask_to_dial(agent)
    await floor.work(1.5)
    await floor.wrap_up(agent, WrapUpCode.SATISFIED)
    assert [row.kind.value for row in await floor.rows(_STEPS)] == [
        "replied",
        "closed",
        "satisfied",
    ]
