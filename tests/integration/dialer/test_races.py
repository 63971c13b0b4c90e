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
from customers.model import Reason
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import SettingBasis
from dialer.claim import ClaimReport, claim
from dialer.model import AttemptState
from dialer.ready import refill
from dialer.tables import Attempt
from tests.integration.dialer.day import RINGS_OUT, Day, Owner
from tests.integration.dialer.facts import OF_ACCOUNTS, Fact, happens

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


# What the claim that comes second says of it.
SEEN = {
    Fact.PAYMENT: "reason_gone",
    Fact.OPT_OUT: "opted_out",
    Fact.OPT_OUT_OF_NUMBER: "opted_out",
    Fact.DISPUTE: "disputed",
    Fact.DEATH: "deceased",
    Fact.DEAD_PHONE: "no_usable_phone",
}


@pytest.mark.parametrize("fact", OF_ACCOUNTS)
async def test_a_fact_that_comes_first_is_seen_by_the_claim(day: Day, fact: Fact) -> None:
    owner, charge = await _owing(day)
    async with day.sessions() as saying, day.sessions() as claiming:
        await happens(fact, day, saying, owner=owner, charge_id=charge)
        waiting = asyncio.create_task(_claim(day, claiming))
        await _waits(day, waiting)
        await saying.commit()
        report = await waiting
        await claiming.commit()

    assert report.calls == ()
    assert await day.last_rule() == SEEN[fact]


@pytest.mark.parametrize("fact", OF_ACCOUNTS)
async def test_a_claim_that_comes_first_lets_the_fact_wait_for_its_commit(
    day: Day, fact: Fact
) -> None:
    owner, charge = await _owing(day)
    async with day.sessions() as saying, day.sessions() as claiming:
        report = await _claim(day, claiming)
        assert len(report.calls) == 1
        waiting = asyncio.create_task(happens(fact, day, saying, owner=owner, charge_id=charge))
        await _waits(day, waiting)
        await claiming.commit()
        await waiting
        await saying.commit()

    assert await day.due(Reason.OVERDUE) == [("claimed", None)]


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
