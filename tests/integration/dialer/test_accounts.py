"""What happens to the account before, during and instead of the call."""

from datetime import timedelta

import sqlalchemy as sa

from core.phone import PhoneNumber
from customers.account_tables import Charge
from customers.model import Reason
from customers.service import dispute_charges, mark_deceased, opt_out
from dialer.bridges.port import CallEvent, CallRinging
from dialer.control import pause_campaign
from tests.integration.dialer.day import IDENTITY, RINGS_OUT, TODAY, Day, Owner, answers

PROMISES = ("1", IDENTITY, "1", "1", "0522", "1")


async def test_an_owner_who_paid_after_queueing_is_not_rung(day: Day) -> None:
    owner = await day.owner(answers(*PROMISES))
    charge = await day.owes(owner)
    await day.build()

    await day.pays(charge)
    await day.dial()

    assert day.rung == []
    assert await day.due(Reason.OVERDUE) == [("withdrawn", "paid")]


async def test_an_owner_who_paid_a_part_is_asked_for_the_rest(day: Day) -> None:
    owner = await day.owner(answers("1", IDENTITY))
    charge = await day.owes(owner, 10_000)
    await day.build()

    await day.pays(charge, 2_500)
    await day.dial(0.1)

    assert day.rung == list(owner.phones)
    spoken = " ".join(day.bridge.spoken)
    assert "75 yuan" in spoken or "75.00" in spoken or "¥75" in spoken, spoken
    assert "100" not in spoken


async def test_an_owner_who_pays_while_it_rings_is_not_kept_ringing(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    charge = await day.owes(owner)
    await day.build()

    async def pay(_: CallEvent) -> None:
        await day.pays(charge)

    await _while_it_rings(day, pay)

    (call,) = day.carrier.ledger.calls()
    assert call.ended_at is not None
    assert call.ringing_at is not None
    assert call.ended_at - call.ringing_at < timedelta(seconds=1)
    assert await day.results() == [("cancelled", None)]
    assert await day.due(Reason.OVERDUE) == [("withdrawn", "paid")]


async def test_who_pays_between_the_claim_and_the_ring_is_not_rung(day: Day) -> None:
    charges = [await day.owes(await day.owner(RINGS_OUT)) for _ in range(2)]
    await day.build()

    async def both_pay() -> None:
        for charge in charges:
            await day.pays(charge)
        await day.engine.accounts_changed()

    day.bridge.before_ring = both_pay
    await day.dial(0.1)

    assert len(day.rung) <= 1, "the one on its way may slip through, and is cut"
    for call in day.carrier.ledger.calls():
        assert call.ringing_at is None
    assert await day.results() == [("cancelled", None)] * 2
    assert await day.due(Reason.OVERDUE) == [("withdrawn", "paid")] * 2


async def test_a_number_opted_out_while_it_rings_is_not_kept_ringing_though_another_would_do(
    day: Day,
) -> None:
    owner = await day.owner(RINGS_OUT, RINGS_OUT)
    await day.owes(owner)
    await day.build()

    async def wish(_: CallEvent) -> None:
        await day.write(
            lambda session: opt_out(
                session,
                phone=PhoneNumber(owner.phones[0]),
                said_by="owner",
                how="letter",
                now=day.clock.now(),
            )
        )

    await _while_it_rings(day, wish)

    assert (await day.results())[0] == ("cancelled", None)
    assert day.rung.count(owner.phones[0]) == 1


async def test_a_paused_campaign_does_not_keep_a_paid_owner_ringing(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    charge = await day.owes(owner)
    await day.build()

    async def pause_and_pay(event: CallEvent) -> None:
        await day.write(
            lambda session: pause_campaign(session, campaign="overdue", by="test", now=event.at)
        )
        await day.pays(charge)

    await _while_it_rings(day, pause_and_pay)

    assert await day.results() == [("cancelled", None)]


async def test_a_call_that_still_has_one_reason_goes_on_ringing(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    charge = await day.owes(owner)
    await day.repaired(owner)
    await day.build()

    async def pay(_: CallEvent) -> None:
        await day.pays(charge)

    await _while_it_rings(day, pay)

    assert await day.results() == [("no_answer", None)] * 2


async def test_an_owner_who_pays_during_the_talk_hears_that_it_is_settled(day: Day) -> None:
    owner = await day.owner(answers("1", IDENTITY, "1", pays_after_turns=3))
    await day.owes(owner)
    await day.build()

    await day.dial()

    assert await day.results() == [("answered", "already_paid")]
    assert "nothing is left to pay" in " ".join(day.bridge.spoken)
    assert await day.due(Reason.OVERDUE) == [("done", "already_paid")]


async def test_a_new_owner_never_hears_of_the_old_owners_debt(day: Day) -> None:
    old, new = await day.owner(answers("1")), await day.owner(answers("1"))
    charge = await day.owes(old)
    await day.build()

    await day.write(
        lambda session: session.execute(
            sa.update(Charge)
            .where(Charge.charge_id == charge)
            .values(liable_person_id=new.person_id, due_on=TODAY + timedelta(days=30))
        )
    )
    await day.dial()

    assert day.rung == []
    assert await day.due(Reason.OVERDUE) == [("withdrawn", "not_liable")]


async def test_a_disputed_debt_is_left_to_an_agent(day: Day) -> None:
    owner = await day.owner(answers("1"))
    charge = await day.owes(owner)
    await day.build()

    await day.write(
        lambda session: dispute_charges(
            session, person_id=owner.person_id, charge_ids=[charge], now=day.clock.now()
        )
    )
    await day.dial()

    assert day.rung == []
    assert await day.last_rule() == "disputed"


async def test_nobody_rings_the_dead(day: Day) -> None:
    owner = await _with_everything_due(day)

    await day.write(
        lambda session: mark_deceased(session, person_id=owner.person_id, now=day.clock.now())
    )
    await day.dial()

    assert day.rung == []
    assert await day.last_rule() == "deceased"


async def _with_everything_due(day: Day) -> Owner:
    owner = await day.owner(answers("1"))
    await day.owes(owner)
    await day.repaired(owner)
    await day.build()
    return owner


async def _while_it_rings(day: Day, happen: object) -> None:
    """Dial for a few minutes; when the first phone rings, something happens and we are told."""
    told = False

    async def heard(event: CallEvent) -> None:
        nonlocal told
        if isinstance(event, CallRinging) and not told:
            told = True
            assert callable(happen)
            await happen(event)
            await day.engine.accounts_changed()

    day.bridge.on_event = heard
    await day.dial(0.1)
    assert told
