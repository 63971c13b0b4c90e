"""What somebody hears whose reason to be called has gone by the time they pick up."""

import pytest

from customers.model import Reason
from dialer.bridges.port import CallAnswered, CallEvent
from dialer.bridges.simulated.people import Reaction
from dialer.model import AnsweredBy
from tests.integration.dialer.day import Day, answers


@pytest.mark.parametrize(
    ("detected_as", "result"),
    [(AnsweredBy.HUMAN, "answered"), (AnsweredBy.MACHINE, "machine")],
    ids=["person", "machine"],
)
async def test_who_paid_a_moment_before_answering_hears_no_word_of_the_debt(
    day: Day, detected_as: AnsweredBy, result: str
) -> None:
    reaction = Reaction.MACHINE if detected_as is AnsweredBy.MACHINE else Reaction.ANSWER
    owner = await day.owner(answers("1", reaction=reaction, detected_as=detected_as))
    charge = await day.owes(owner)
    await day.build()

    async def pay(event: CallEvent) -> None:
        if isinstance(event, CallAnswered):
            await day.pays(charge)

    day.bridge.on_event = pay
    await day.dial(0.2)

    assert await day.results() == [(result, "information_given")]
    assert await day.due(Reason.OVERDUE) == [("done", "information_given")]
    assert "yuan" not in " ".join(day.bridge.spoken)


async def test_the_part_of_a_call_that_still_has_its_reason_goes_on(day: Day) -> None:
    owner = await day.owner(answers("1", "1"))
    charge = await day.owes(owner)
    await day.repaired(owner)
    await day.build()

    async def pay(event: CallEvent) -> None:
        if isinstance(event, CallAnswered):
            await day.pays(charge)

    day.bridge.on_event = pay
    await day.dial(0.2)

    assert sorted(await day.results(), key=str) == [
        ("answered", "information_given"),
        ("answered", "satisfied"),
    ]
