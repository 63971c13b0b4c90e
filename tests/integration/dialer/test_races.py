"""Two connections that want the same rows: whoever comes first is wholly first."""

import asyncio
import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from core.ids import IdSource
from core.money import Money
from core.phone import PhoneNumber
from customers.model import Reason
from customers.service import kill_phone, mark_deceased, opt_out, record_payment
from customers.tables import Phone
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import SettingBasis
from dialer.claim import ClaimReport, claim
from dialer.model import AttemptState
from dialer.ready import refill
from dialer.tables import Attempt
from tests.integration.dialer.day import RINGS_OUT, Day, Owner

TRUNK = TrunkLimits(name="a", channels=5, calls_per_second=5)
SWITCHES = SettingBasis(
    bridge_is_real=False,
    armed=False,
    stopped=False,
    paused_campaigns=frozenset(),
    test_numbers=(),
    destinations=(),
)


async def _claim(day: Day, session: AsyncSession, *, seed: int = 1) -> ClaimReport:
    return await claim(
        session,
        [TRUNK] * 5,
        bridge="simulated",
        now=day.clock.now(),
        basis=SWITCHES,
        campaigns=shipped_campaigns(),
        packs=shipped_packs(),
        ids=IdSource(day.clock, random.Random(seed)),
        batch=10,
    )


async def _owing(day: Day) -> tuple[Owner, int]:
    owner = await day.owner(RINGS_OUT)
    charge = await day.owes(owner)
    await day.build()
    await _ready(day)
    return owner, charge


async def _ready(day: Day) -> None:
    await day.write(lambda session: refill(session, now=day.clock.now(), size=10))


async def _pay(day: Day, session: AsyncSession, charge_id: int) -> None:
    await record_payment(
        session,
        charge_id=charge_id,
        amount=Money(amount_minor=10_000, currency="CNY"),
        received_at=day.clock.now(),
        source="test",
    )


async def test_a_payment_that_comes_first_is_seen_by_the_claim(day: Day) -> None:
    _, charge = await _owing(day)
    async with day.sessions() as paying, day.sessions() as claiming:
        await _pay(day, paying, charge)
        waiting = asyncio.create_task(_claim(day, claiming))
        await _waits(day, waiting)
        await paying.commit()
        report = await waiting
        await claiming.commit()

    assert report.calls == ()
    assert await day.due(Reason.OVERDUE) == [("withdrawn", "paid")]


async def test_a_claim_that_comes_first_lets_the_payment_wait_for_its_commit(day: Day) -> None:
    _, charge = await _owing(day)
    async with day.sessions() as paying, day.sessions() as claiming:
        report = await _claim(day, claiming)
        assert len(report.calls) == 1
        waiting = asyncio.create_task(_pay(day, paying, charge))
        await _waits(day, waiting)
        await claiming.commit()
        await waiting
        await paying.commit()

    assert await day.due(Reason.OVERDUE) == [("claimed", None)]


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("opt-out", "opted_out"),
        ("opt-out of the number", "opted_out"),
        ("death", "deceased"),
        ("dead phone", "no_usable_phone"),
    ],
)
async def test_a_word_about_the_person_that_comes_first_is_seen_by_the_claim(
    day: Day, how: str, rule: str
) -> None:
    owner, _ = await _owing(day)
    async with day.sessions() as saying, day.sessions() as claiming:
        await _say(day, saying, owner, how)
        waiting = asyncio.create_task(_claim(day, claiming))
        await _waits(day, waiting)
        await saying.commit()
        report = await waiting
        await claiming.commit()

    assert report.calls == ()
    assert await day.last_rule() == rule


@pytest.mark.parametrize("how", ["opt-out", "opt-out of the number", "death", "dead phone"])
async def test_a_claim_that_comes_first_lets_a_word_about_the_person_wait(
    day: Day, how: str
) -> None:
    owner, _ = await _owing(day)
    async with day.sessions() as saying, day.sessions() as claiming:
        report = await _claim(day, claiming)
        assert len(report.calls) == 1
        waiting = asyncio.create_task(_say(day, saying, owner, how))
        await _waits(day, waiting)
        await claiming.commit()
        await waiting
        await saying.commit()


async def _say(day: Day, session: AsyncSession, owner: Owner, how: str) -> None:
    now, number = day.clock.now(), PhoneNumber(owner.phones[0])
    match how:
        case "death":
            await mark_deceased(session, person_id=owner.person_id, now=now)
        case "opt-out":
            await opt_out(session, person_id=owner.person_id, said_by="x", how="y", now=now)
        case "opt-out of the number":
            await opt_out(session, phone=number, said_by="x", how="y", now=now)
        case _:
            phone_id = await session.scalar(
                sa.select(Phone.phone_id).where(Phone.e164 == number.e164)
            )
            await kill_phone(session, phone_id=phone_id or 0, because="agent", now=now)


async def test_two_dialers_never_claim_the_same_call(day: Day) -> None:
    for _ in range(4):
        await day.owes(await day.owner(RINGS_OUT))
    await day.build()
    await _ready(day)
    async with day.sessions() as one, day.sessions() as other:
        first = await _claim(day, one, seed=1)
        second = await _claim(day, other, seed=2)
        await one.commit()
        await other.commit()

    claimed = [due for call in (*first.calls, *second.calls) for due in call.due_call_ids]
    assert len(claimed) == len(set(claimed)) == 4


async def test_two_people_on_one_phone_are_not_rung_at_the_same_time(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    other = await day.owner(RINGS_OUT)
    await day.write(
        lambda session: session.execute(
            sa.text("UPDATE phone SET e164 = :e164 WHERE person_id = :person_id"),
            {"e164": owner.phones[0], "person_id": other.person_id},
        )
    )
    for each in (owner, other):
        await day.repaired(each)
    await day.build()
    await day.dial(0.02)

    live = await day.rows(sa.select(Attempt.e164).where(Attempt.state != AttemptState.ENDED))
    assert len(live) <= 1
    await day.dial(1)
    calls = day.carrier.ledger.calls()
    assert [call.e164 for call in calls] == list(owner.phones) * 2
    assert calls[0].ended_at is not None
    assert calls[1].placed_at >= calls[0].ended_at
    assert calls[1].placed_at - calls[0].placed_at <= timedelta(minutes=2)


async def _waits(day: Day, task: "asyncio.Task[object]") -> None:
    """Let the other one run into the lock; it must not get past it."""
    async with asyncio.timeout(5), day.sessions() as looking:
        while not await looking.scalar(_WAITING):
            assert not task.done(), "it did not wait"
            await looking.rollback()


_WAITING = sa.text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
