"""One dialer paces a campaign at a time; another goes on where it stopped."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from callback.tables import DueCall
from core.columns import table_of
from customers.model import CallMode, Reason
from dialer.control import switches
from dialer.fleet.tables import DialerLease
from dialer.pacing.model import Bound
from dialer.predictive.source import PredictiveCalls
from dialer.predictive.tables import PacingRun
from dialer.predictive.tightening import loosen, tighten
from dialer.tables import Attempt
from tests.integration.dialer.predictive.ahead import Ahead, people

_RUN, _LEASE = table_of(PacingRun), table_of(DialerLease)
ONE, OTHER = UUID(int=1), UUID(int=2)


async def test_two_dialers_never_both_pace_and_one_takes_over_from_the_dead(ahead: Ahead) -> None:
    await ahead.owners(people(40, answering=0.0))
    await ahead.team(4)
    for dialer in (ONE, OTHER):
        await _joins(ahead, dialer)
    one, other = ahead.source(ONE), ahead.source(OTHER)

    assert await _claimed(ahead, one) > 0
    assert await _claimed(ahead, other) == 0
    await _a_second_passes(ahead)
    assert await _claimed(ahead, other) == 0, "while the other one lives"
    (before,) = await ahead.rows(sa.select(_RUN))
    assert before.dialer_id == ONE

    await _dies(ahead, ONE)
    await _a_second_passes(ahead)
    await _claimed(ahead, other)
    runs = await ahead.rows(sa.select(_RUN).order_by(_RUN.c.began_at))
    assert [each.dialer_id for each in runs] == [ONE, OTHER]
    made = await ahead.decisions()
    assert made[-1].pacing_run_id == runs[-1].pacing_run_id
    assert len(made[-1].glance["ringing"]) == len(await _up(ahead)), "what the first placed counts"

    await _a_second_passes(ahead)
    assert await _claimed(ahead, one) == 0, "who comes back has lost it"
    assert len(await ahead.rows(sa.select(_RUN))) == 2


async def test_a_decision_whose_commit_failed_is_kept_and_placed_nothing(ahead: Ahead) -> None:
    await ahead.owners(people(40, answering=0.0))
    await ahead.team(4)
    source = ahead.source()
    await _claimed(ahead, source, fails=True)
    assert await _up(ahead) == []
    await _a_second_passes(ahead)
    placed = await _claimed(ahead, source)
    first, second = await ahead.decisions()
    assert first.dial > 0
    assert (first.n, first.placed, second.placed) == (0, 0, placed)
    assert second.glance["placed"] == 0


async def test_a_claim_that_is_tried_again_asks_the_pacer_once(ahead: Ahead) -> None:
    await ahead.owners(people(40, answering=0.0))
    await ahead.team(4)
    source = ahead.source()
    await _claimed(ahead, source, fails=True)
    placed = await _claimed(ahead, source)
    (only,) = await ahead.decisions()
    assert placed == only.placed == only.dial
    assert await _claimed(ahead, source) == 0, "the same instant"


async def test_a_supervisor_tightens_and_the_next_decision_obeys(ahead: Ahead) -> None:
    await ahead.owners(people(60, answering=0.0))
    await ahead.team(4)
    source = ahead.source()
    await _claimed(ahead, source)
    now, packs = ahead.clock.now(), ahead.desk.packs
    tightens = partial(tighten, campaign="repair", packs=packs, by="Wu", why="asked", now=now)
    await ahead.write(lambda session: tightens(session, target=0.01, one_line_each=False))
    await _a_second_passes(ahead)
    await _claimed(ahead, source)
    await ahead.write(lambda session: tightens(session, target=None, one_line_each=True))
    await _a_second_passes(ahead)
    await _claimed(ahead, source)
    await ahead.write(lambda session: loosen(session, "repair"))
    await _a_second_passes(ahead)
    await _claimed(ahead, source)
    made = await ahead.decisions()
    assert [each.limits["target"] for each in made] == [0.03, 0.01, 0.03, 0.03]
    assert [each.limits["predictive"] for each in made] == [True, True, False, True]
    assert made[2].bound == Bound.PROGRESSIVE.value
    assert made[2].dial == 0, "more rings than agents are free"


async def test_an_agent_is_kept_for_a_callback_that_was_promised(ahead: Ahead) -> None:
    await ahead.owners(people(40, answering=0.0))
    one, *_ = await ahead.team(4)
    promised = sa.select(sa.func.min(DueCall.due_call_id)).scalar_subquery()
    await ahead.write(
        lambda session: session.execute(
            sa.update(DueCall)
            .where(DueCall.due_call_id == promised)
            .values(agent_id=one, mode=CallMode.AGENT, next_at=ahead.clock.now() + ahead.SOON)
        )
    )
    await _claimed(ahead, ahead.source())
    (made,) = await ahead.decisions()
    assert (made.glance["agents"], made.glance["idle"]) == (3, 3)
    assert {state for state, _ in await ahead.due(Reason.REPAIR)} == {"claimed", "waiting"}


async def test_a_pack_that_sets_no_budget_lets_nobody_be_called_ahead(ahead: Ahead) -> None:
    await ahead.in_country("nobody-knows")
    await ahead.owners(people(20, answering=0.0))
    await ahead.team(4)
    assert await _claimed(ahead, ahead.source()) == 0
    (made,) = await ahead.decisions()
    assert made.limits["predictive"] is False


async def _claimed(ahead: Ahead, source: PredictiveCalls, *, fails: bool = False) -> int:
    """Let a source claim, commit unless it fails, and say how many calls there were."""
    async with ahead.sessions() as session:
        report = await source.claim(
            session,
            ahead.bridge.trunks * 30,
            turned=await switches(session),
            now=ahead.clock.now(),
        )
        await (session.rollback() if fails else session.commit())
    return len(report.calls)


async def _a_second_passes(ahead: Ahead) -> None:
    await ahead.until(ahead.clock.now() + timedelta(seconds=1))


async def _up(ahead: Ahead) -> list[UUID]:
    rows = await ahead.rows(sa.select(Attempt.attempt_id).where(Attempt.ended_at.is_(None)))
    return [row.attempt_id for row in rows]


async def _joins(ahead: Ahead, dialer_id: UUID) -> None:
    lease = sa.text(
        "INSERT INTO dialer_lease (dialer_id, bridge, host, pid, joined_at, lease_until)"
        " VALUES (:dialer_id, 'simulated', 'here', 1, clock_timestamp(),"
        " clock_timestamp() + interval '1 hour')"
    )
    await ahead.write(lambda session: session.execute(lease, {"dialer_id": dialer_id}))


async def _dies(ahead: Ahead, dialer_id: UUID) -> None:
    lapsed = (
        sa.update(_LEASE)
        .where(_LEASE.c.dialer_id == dialer_id)
        .values(lease_until=sa.func.clock_timestamp() - sa.text("interval '1 s'"))
    )
    await ahead.write(lambda session: session.execute(lapsed))
