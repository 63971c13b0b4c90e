"""A batch is claimed as a whole, and whoever claims leaves alone what another holds."""

import asyncio
import random

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from callback.tables import DueCall, VerdictRow
from core.ids import IdSource
from customers.model import CallMode
from dialer.answer_chance import chances_at, learn_answer_chances
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import SettingBasis
from dialer.claim import ClaimReport, claim
from dialer.ready import refill
from dialer.tables import Attempt, AttemptDueCall, ReadyCall
from tests.integration.dialer.day import RINGS_OUT, Day, Owner

SWITCHES = SettingBasis(
    bridge_is_real=False,
    armed=False,
    stopped=False,
    paused_campaigns=frozenset(),
    test_numbers=(),
    destinations=(),
)


async def _claim(
    day: Day, session: AsyncSession, *, tokens: int = 5, batch: int = 10, seed: int = 1
) -> ClaimReport:
    return await claim(
        session,
        [TrunkLimits(name=f"t{n}", channels=5, calls_per_second=5) for n in range(tokens)],
        bridge="simulated",
        now=day.clock.now(),
        basis=SWITCHES,
        campaigns=shipped_campaigns(),
        packs=shipped_packs(),
        ids=IdSource(day.clock, random.Random(seed)),
        batch=batch,
    )


async def _ready(day: Day) -> None:
    await day.build()
    await day.write(lambda session: refill(session, now=day.clock.now(), size=10))


async def _sharing_a_phone(day: Day) -> tuple[Owner, Owner]:
    one, other = await day.owner(RINGS_OUT), await day.owner(RINGS_OUT)
    await day.write(
        lambda session: session.execute(
            sa.text("UPDATE phone SET e164 = :e164 WHERE person_id = :person_id"),
            {"e164": one.phones[0], "person_id": other.person_id},
        )
    )
    return one, other


async def _left_in_window(day: Day) -> int:
    return len(await day.rows(sa.select(ReadyCall.due_call_id)))


async def test_every_token_gets_a_call_of_its_own_and_all_of_it_is_on_file(day: Day) -> None:
    owners = [await day.owner(RINGS_OUT) for _ in range(3)]
    for owner in owners:
        await day.owes(owner)
        await day.repaired(owner)
    await _ready(day)

    async with day.sessions.begin() as session:
        report = await _claim(day, session)

    assert report.looked_at == 6
    assert [call.to.e164 for call in report.calls] == [owner.phones[0] for owner in owners]
    assert [call.trunk.name for call in report.calls] == ["t0", "t1", "t2"]
    written = await day.rows(
        sa.select(Attempt.attempt_id, Attempt.trunk, AttemptDueCall.due_call_id)
        .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
        .order_by(Attempt.trunk, AttemptDueCall.position)
    )
    assert [tuple(row) for row in written] == [
        (call.attempt_id, call.trunk.name, due_call_id)
        for call in report.calls
        for due_call_id in call.due_call_ids
    ]
    assert {row.state for row in await day.rows(sa.select(DueCall.state))} == {"claimed"}
    assert {row.rule for row in await day.rows(sa.select(VerdictRow.rule))} == {"allowed"}
    assert await _left_in_window(day) == 0


async def test_who_is_not_reached_when_the_tokens_run_out_keeps_their_place(day: Day) -> None:
    for _ in range(4):
        await day.owes(await day.owner(RINGS_OUT))
    await _ready(day)

    async with day.sessions.begin() as session:
        report = await _claim(day, session, tokens=1)

    assert (len(report.calls), report.looked_at) == (1, 1)
    assert await _left_in_window(day) == 3


async def test_of_two_people_on_one_phone_in_a_batch_the_first_is_rung_and_the_other_waits(
    day: Day,
) -> None:
    one, other = await _sharing_a_phone(day)
    third = await day.owner(RINGS_OUT)
    for owner in (one, other, third):
        await day.owes(owner)
    await _ready(day)

    async with day.sessions.begin() as session:
        report = await _claim(day, session, tokens=2)

    assert [call.to.e164 for call in report.calls] == [one.phones[0], third.phones[0]]
    put_off = await day.rows(
        sa.select(DueCall.person_id, VerdictRow.decision)
        .join(VerdictRow, VerdictRow.due_call_id == DueCall.due_call_id)
        .where(VerdictRow.rule == "live_call")
    )
    assert [tuple(row) for row in put_off] == [(other.person_id, "defer")]


async def test_the_token_of_a_taken_line_goes_to_who_comes_next(day: Day) -> None:
    one, other = await _sharing_a_phone(day)
    third = await day.owner(RINGS_OUT)
    await day.owes(one)
    await _ready(day)
    async with day.sessions.begin() as session:
        assert len((await _claim(day, session)).calls) == 1
    for owner in (other, third):
        await day.owes(owner)
    await _ready(day)

    async with day.sessions.begin() as session:
        report = await _claim(day, session, tokens=1, seed=2)

    assert [call.to.e164 for call in report.calls] == list(third.phones)
    assert [call.trunk.name for call in report.calls] == ["t0"]


async def test_a_person_whom_another_claim_holds_is_left_to_it(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.owes(owner)
    await _ready(day)
    async with day.sessions() as one, day.sessions() as another:
        # As if the first had popped another due call of this person at the same instant.
        held = await one.scalar(sa.text(_HOLD_PERSON), {"person_id": owner.person_id})
        report = await _claim(day, another, seed=2)
        await another.commit()

    assert held
    assert report == ClaimReport(calls=(), looked_at=0)
    assert await day.rows(sa.select(VerdictRow.rule)) == []
    async with day.sessions.begin() as session:
        assert len((await _claim(day, session)).calls) == 1


_HOLD_PERSON = """
    SELECT pg_try_advisory_xact_lock(hashtextextended('ownerline claim of a person', :person_id))
"""


async def test_agents_calls_are_left_to_agents(day: Day) -> None:
    await day.owes(await day.owner(RINGS_OUT))
    await _ready(day)
    assert await _left_in_window(day) == 1
    await day.write(lambda session: session.execute(sa.update(DueCall).values(mode=CallMode.AGENT)))

    async with day.sessions.begin() as session:
        report = await _claim(day, session)
    await day.write(lambda session: refill(session, now=day.clock.now(), size=10))

    assert report == ClaimReport(calls=(), looked_at=0)
    assert await _left_in_window(day) == 0


async def test_a_refill_does_not_wait_for_a_claim_nor_a_claim_for_a_refill(day: Day) -> None:
    for _ in range(6):
        await day.owes(await day.owner(RINGS_OUT))
    await _ready(day)
    async with day.sessions() as claiming, day.sessions() as refilling, day.sessions() as next_one:
        for session in (claiming, refilling, next_one):
            await session.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
        first = await _claim(day, claiming, tokens=2, batch=3)
        assert await refill(refilling, now=day.clock.now(), size=10) == 6
        second = await _claim(day, next_one, tokens=3, batch=3, seed=2)
        for session in (next_one, refilling, claiming):
            await session.commit()

    claimed = [due for call in (*first.calls, *second.calls) for due in call.due_call_ids]
    assert len(set(claimed)) == len(claimed) == 5


async def test_who_waited_for_another_refill_goes_by_what_it_found(day: Day) -> None:
    for _ in range(3):
        await day.owes(await day.owner(RINGS_OUT))
    await day.build()
    now = day.clock.now()
    async with day.sessions() as one, day.sessions() as other:
        assert await refill(one, now=now, size=4) == 3
        waiting = asyncio.create_task(refill(other, now=now, size=4, paused={"overdue"}))
        async with asyncio.timeout(5), day.sessions() as looking:
            while not await looking.scalar(_WAITING):
                assert not waiting.done(), "it did not wait"
                await looking.rollback()
        await one.commit()
        assert await waiting == 3
        await other.commit()

    assert await _left_in_window(day) == 3


_WAITING = sa.text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'advisory'
""")


async def test_what_is_foretold_when_it_is_claimed_stays_with_the_attempt(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await _ready(day)
    due_call_ids = [row.due_call_id for row in await day.rows(sa.select(ReadyCall.due_call_id))]

    async with day.sessions.begin() as session:
        foretold = await chances_at(session, due_call_ids, at=day.clock.now())
        await _claim(day, session)
    await day.write(lambda session: learn_answer_chances(session, now=day.clock.now()))

    (attempt,) = await day.rows(sa.select(Attempt.foretold))
    assert attempt.foretold == pytest.approx(foretold[due_call_ids[0]])
