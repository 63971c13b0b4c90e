"""What a call comes to, and what that causes in the customer file."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from customers.account_tables import Promise, ReworkNotice, WorkOrder
from customers.model import PromiseState, Reason
from customers.service import request_callback
from customers.tables import AgentTask, DoNotCall, Phone
from dialer.bridges.simulated.people import Behaviour, Reaction
from dialer.model import AnsweredBy
from dialer.tables import AttemptDueCall
from tests.integration.dialer.day import IDENTITY, RINGS_OUT, TODAY, Day, answers

PROMISES = ("1", IDENTITY, "1", "1", "0522", "1")
IS_OWNER = "1"
MACHINE = Behaviour(reaction=Reaction.MACHINE, detected_as=AnsweredBy.MACHINE)


async def test_a_promise_is_on_file_with_amount_and_date_and_comes_back_when_broken(
    day: Day,
) -> None:
    owner = await day.owner(answers(*PROMISES))
    await day.owes(owner, 12_345)
    await day.build()
    await day.dial()

    assert await day.results() == [("answered", "promise_to_pay")]
    (promise,) = await day.rows(sa.select(Promise.amount_minor, Promise.promised_on, Promise.state))
    assert tuple(promise) == (12_345, date(2026, 5, 22), PromiseState.OPEN)

    for after in (1, 2):
        await day.until(datetime(2026, 5, 20 + after, 2, tzinfo=UTC))
        await day.build()
        assert await day.due(Reason.OVERDUE) == [("done", "promise_to_pay")]
    await day.until(datetime(2026, 5, 23, 2, tzinfo=UTC))
    await day.build()
    assert await day.due(Reason.OVERDUE) == [("done", "promise_to_pay"), ("waiting", None)]
    await day.dial()
    assert len(day.rung) == 2


async def test_a_dissatisfied_owner_reopens_the_order_and_is_asked_again_after_the_rework(
    day: Day,
) -> None:
    owner = await day.owner(answers(IS_OWNER, "3"))
    order = await day.repaired(owner)
    await day.build()
    await day.dial()

    assert await day.results() == [("answered", "dissatisfied")]
    (notice,) = await day.rows(sa.select(ReworkNotice.issued_at, ReworkNotice.found_at))
    assert notice.issued_at - notice.found_at <= timedelta(hours=24)
    await day.build()
    assert await day.due(Reason.REPAIR) == [("done", "dissatisfied")]

    await day.write(
        lambda session: session.execute(
            sa.update(WorkOrder)
            .where(WorkOrder.work_order_id == order)
            .values(completed_on=TODAY + timedelta(days=2), reopened_at=None)
        )
    )
    await day.until(datetime(2026, 5, 22, 2, tzinfo=UTC))
    await day.build()
    assert await day.due(Reason.REPAIR) == [("done", "dissatisfied"), ("waiting", None)]


async def test_a_callback_is_placed_at_the_time_the_owner_named_even_in_the_rest_hours(
    day: Day,
) -> None:
    owner = await day.owner(answers(IS_OWNER, "4", "1", "1300"))
    await day.repaired(owner)
    await day.build()
    await day.dial()
    assert await day.results() == [("answered", "callback_requested")]
    assert await day.due(Reason.PROMISED) == [("waiting", None)]

    tomorrow = datetime(2026, 5, 21, 1, tzinfo=UTC)
    await day.until(tomorrow)
    await day.build()
    await day.dial(8)

    first, second = day.carrier.ledger.calls()
    assert first.e164 == second.e164 == owner.phones[0]
    assert second.placed_at == datetime(2026, 5, 21, 5, tzinfo=UTC)  # 13:00 in Shanghai
    assert await day.last_rule() == "appointment"


async def test_a_wrong_number_kills_the_phone_and_the_next_one_is_tried(day: Day) -> None:
    owner = await day.owner(answers("3"), answers(IS_OWNER, "1"))
    await day.repaired(owner)
    await day.build()
    await day.dial()

    assert day.rung == list(owner.phones)
    assert await day.results() == [("answered", "wrong_number"), ("answered", "satisfied")]
    dead = await day.rows(sa.select(Phone.e164).where(Phone.dead_at.is_not(None)))
    assert [row.e164 for row in dead] == [owner.phones[0]]
    assert not await day.rows(sa.select(AgentTask.kind))


async def test_when_no_phone_is_left_an_agent_is_asked_for_a_better_one(day: Day) -> None:
    owner = await day.owner(Behaviour(reaction=Reaction.DEAD_NUMBER))
    await day.repaired(owner)
    await day.build()
    await day.dial()

    assert day.rung == list(owner.phones)
    assert await day.results() == [("invalid_number", None)]
    (task,) = await day.rows(sa.select(AgentTask.kind, AgentTask.person_id))
    assert tuple(task) == ("better_number", owner.person_id)
    assert await day.last_rule() == "no_usable_phone"


async def test_a_machine_hears_no_word_of_a_debt(day: Day) -> None:
    owner = await day.owner(MACHINE)
    await day.owes(owner, 98_765)
    await day.build()
    await day.dial(0.1)

    assert await day.results() == [("machine", None)]
    assert day.bridge.spoken == []


async def test_a_machine_hears_who_called_after_a_repair(day: Day) -> None:
    owner = await day.owner(MACHINE)
    await day.repaired(owner)
    await day.build()
    await day.dial(0.1)

    assert await day.results() == [("machine", "message_left")]
    assert "Green Homes" in " ".join(day.bridge.spoken)


async def test_a_person_taken_for_nobody_in_particular_hears_no_debt_without_the_digits(
    day: Day,
) -> None:
    owner = await day.owner(answers(IS_OWNER, "9999", "9999", "9999"))
    await day.owes(owner, 98_765)
    await day.build()
    await day.dial(0.1)

    assert "987" not in " ".join(day.bridge.spoken)
    assert await day.results() == [("answered", "not_the_owner")]


async def test_one_call_serves_a_repair_and_a_debt_with_an_outcome_each(day: Day) -> None:
    owner = await day.owner(answers(IS_OWNER, IDENTITY, "1", "2"))
    await day.owes(owner)
    await day.repaired(owner)
    await day.build()
    await day.dial()

    assert len(day.rung) == 1
    assert {code for _, code in await day.results()} == {"satisfied", "already_paid"}
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]
    assert await day.due(Reason.OVERDUE) == [("done", "already_paid")]


async def test_a_debt_never_shares_a_call_with_a_survey(day: Day) -> None:
    await day.until(datetime(2026, 6, 16, 2, tzinfo=UTC))
    for _ in range(3):
        await day.owes(await day.owner(RINGS_OUT))
    await day.build()
    assert ("waiting", None) in await day.due(Reason.SURVEY)
    await day.dial(24)

    served = await day.rows(
        sa.select(sa.func.count()).select_from(AttemptDueCall).group_by(AttemptDueCall.attempt_id)
    )
    assert {row[0] for row in served} == {1}


@pytest.mark.parametrize(
    "keys",
    [("9",), (IS_OWNER, "*9"), (IS_OWNER, IDENTITY, "9"), (IS_OWNER, IDENTITY, "1", "9")],
    ids=["who is speaking", "identity", "the menu", "how much"],
)
async def test_an_opt_out_at_any_prompt_stops_every_later_call(
    day: Day, keys: tuple[str, ...]
) -> None:
    owner = await day.owner(answers(*keys), answers(IS_OWNER))
    await day.owes(owner)
    await day.build()
    await day.dial()
    assert await day.results() == [("answered", "opted_out")]
    wishes = await day.rows(sa.select(DoNotCall.person_id, DoNotCall.e164))
    assert {tuple(wish) for wish in wishes} == {(owner.person_id, None), (None, owner.phones[0])}

    await day.repaired(owner)
    await day.until(datetime(2026, 5, 22, 1, tzinfo=UTC))
    await day.build()
    await day.dial(10)
    assert len(day.rung) == 1
    assert await day.last_rule() == "opted_out"


async def test_a_callback_asked_for_at_the_counter_is_placed_on_time(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    at = day.clock.now() + timedelta(minutes=40)
    await day.write(
        lambda session: request_callback(
            session,
            person_id=owner.person_id,
            community_id=owner.community_id,
            unit_id=owner.unit_id,
            call_at=at,
            about=Reason.ENQUIRY,
            now=day.clock.now(),
        )
    )
    await day.build()
    await day.dial(0.9)

    (call,) = day.carrier.ledger.calls()
    assert call.placed_at == at


async def test_no_answer_goes_on_to_the_next_phone_after_the_wait(day: Day) -> None:
    owner = await day.owner(RINGS_OUT, RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    await day.dial(10)

    first, second = day.carrier.ledger.calls()
    assert (first.e164, second.e164) == owner.phones
    assert first.ended_at is not None
    assert second.placed_at - first.ended_at >= timedelta(hours=4)
