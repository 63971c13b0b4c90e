"""Calls whose fate is unknown: after a crash, a lost answer, a lost last event."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from callback.campaigns import shipped_campaigns
from callback.tables import DueCall
from customers.model import Reason
from dialer.bridges.port import BridgeError, CallEnded, CallEvent
from dialer.engine.duty import RECONCILE_EVERY
from dialer.engine.engine import SWITCH_POLL
from dialer.tables import Attempt
from tests.integration.dialer.day import RINGS_OUT, TEN, Day, HeardBridge, answers


class PowerCut(Exception):  # noqa: N818 - no error of anybody's: the machine is gone
    """The process died here."""


async def _repaired(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()


async def test_a_call_claimed_and_never_placed_is_cancelled_and_rung_soon(day: Day) -> None:
    await _repaired(day)
    await _dies_before_the_ring(day)
    await day.dial(0.5)

    results = await day.results()
    assert results == [("cancelled", None), ("no_answer", None)]
    assert len(day.rung) == 1


async def test_a_call_that_ended_while_nobody_listened_gets_the_carriers_own_result(
    day: Day,
) -> None:
    await _repaired(day)
    await _dies_while_it_rings(day)
    await day.until(TEN + timedelta(minutes=10))
    await day.dial(0.5)

    assert await day.results() == [("no_answer", None)]
    assert len(day.rung) == 1


async def test_a_call_that_is_still_up_is_adopted_and_settled_once(day: Day) -> None:
    await _repaired(day)
    await _dies_while_it_rings(day)
    await day.dial(0.5)

    assert await day.results() == [("no_answer", None)]
    assert len(day.rung) == 1


async def test_a_call_the_carrier_cannot_account_for_is_lost_and_waits_its_interval(
    day: Day,
) -> None:
    await _repaired(day)
    await _dies_while_it_rings(day)
    day.faults.deaf_fates = 3
    await day.dial(3)

    assert await day.results() == [("lost", None)]
    (asked,) = await day.rows(sa.select(Attempt.fate_asks))
    assert asked.fate_asks == 2
    assert len(day.rung) == 1, "a lost call counts, and waits the full interval"

    await day.dial(3)
    assert len(day.rung) == 2


async def test_a_submission_whose_answer_was_lost_is_asked_about_and_never_sent_again(
    day: Day,
) -> None:
    await _repaired(day)
    day.faults.lose_answers = 1
    await day.dial(0.5)

    assert await day.results() == [("no_answer", None)]
    assert len(day.rung) == 1


async def test_a_submission_that_never_arrived_is_cancelled_and_tried_again(day: Day) -> None:
    await _repaired(day)
    day.faults.lose_submissions = 1
    await day.dial(0.5)

    assert await day.results() == [("cancelled", None), ("no_answer", None)]
    assert len(day.rung) == 1


async def test_a_refused_call_is_settled_and_frees_its_channel(day: Day) -> None:
    await _repaired(day)
    day.faults.refuse_all = True
    await day.dial(0.05)

    assert await day.results() == [("congestion", None)]
    assert day.engine.live == frozenset()
    assert await day.due(Reason.REPAIR) == [("waiting", None)]

    day.faults.refuse_all = False
    await day.dial(1)
    assert (await day.results())[-1] == ("no_answer", None)


async def test_a_drain_goes_on_after_a_refusal_that_may_be_tried_again(day: Day) -> None:
    await _repaired(day)
    day.faults.refuse_all = True

    async def comes_back() -> None:
        await day.clock.sleep(60)
        day.faults.refuse_all = False

    day.clock.spawn(comes_back())
    await day.dial(1)

    assert await day.results() == [("congestion", None), ("no_answer", None)]


async def test_a_lost_last_event_is_found_by_asking(day: Day) -> None:
    owner = await day.owner(answers("1", "1"))
    await day.repaired(owner)
    await day.build()
    heard: list[CallEvent] = []

    async def lose_the_end(event: CallEvent) -> None:
        heard.append(event)

    day.bridge.on_event = lose_the_end
    day.bridge.deaf_to = CallEnded
    await day.dial(0.5)

    assert not any(isinstance(event, CallEnded) for event in heard)
    assert await day.results() == [("answered", "satisfied")]
    assert day.engine.live == frozenset()


async def test_every_event_lost_still_settles_every_call(day: Day) -> None:
    for _ in range(3):
        await _repaired(day)
    day.faults.drop_events = 1000
    await day.dial(1)

    assert await day.results() == [("no_answer", None)] * 3
    assert day.engine.live == frozenset()


async def test_a_ring_whose_events_were_all_lost_counts_though_it_was_cut(day: Day) -> None:
    """It rang, so it waits its interval, whatever we heard of it."""
    await _repaired(day)
    day.faults.drop_events = 1000
    await _dies_while_it_rings(day)
    await day.clock.run(day.bridge.stop_all())
    await day.until(TEN + timedelta(minutes=1))
    day.faults.drop_events = 0
    await day.dial(0.2)

    first, *later = day.carrier.ledger.calls()
    assert first.ended_at is not None
    assert await day.results() != []
    assert all(call.placed_at >= first.ended_at + timedelta(minutes=5) for call in later)
    assert all(call.placed_at >= first.placed_at + timedelta(minutes=15) for call in later)


async def test_a_drain_ends_when_nothing_is_left(day: Day) -> None:
    await _repaired(day)
    engine = day.engine

    async def drain() -> None:
        await engine.start()
        await engine.run(drain=True)

    await day.clock.run(drain())

    assert await day.results() == [("no_answer", None)]
    assert day.clock.now() < datetime(2026, 5, 20, 2, 5, tzinfo=UTC)
    idle = engine.idle_reason
    assert idle is not None
    assert idle.reason == "retry_interval"


async def _dies_before_the_ring(day: Day) -> None:
    day.bridge.dies_at_originate = PowerCut
    with pytest.raises(PowerCut):
        await day.dial(0.1)
    day.bridge.dies_at_originate = None
    await day.clock.cancel_all()
    (attempt,) = await day.rows(sa.select(Attempt.state))
    assert attempt.state == "claimed"


async def _dies_while_it_rings(day: Day) -> None:
    """The process goes one second after it placed its first call; the carrier carries on."""

    async def work() -> None:
        await day.engine.start()
        await day.engine.run(until=TEN + timedelta(seconds=1))

    await day.clock.run(work())
    await day.bridge.close()


async def test_an_outage_of_the_trunk_uses_up_nobodys_tries(day: Day) -> None:
    owner = await day.owner(answers("1", "1"))
    await day.repaired(owner)
    day.faults.refuse_all = True
    await day.build()
    await day.dial(1.9)
    refusals = day.carrier.refusals["fault"]
    day.faults.refuse_all = False
    await day.until(TEN.replace(hour=6))
    await day.dial(1)

    assert refusals > shipped_campaigns().repair.max_attempts
    assert day.rung == list(owner.phones)
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]
    (tries,) = await day.rows(sa.select(DueCall.attempts))
    assert tries.attempts == 1


class _AwayCarrier(HeardBridge):
    """A carrier that is away and says so."""

    async def live(self) -> tuple[UUID, ...]:
        message = "which calls are up is not known: the carrier cannot be reached"
        raise BridgeError(message, retryable=True)


async def test_a_carrier_that_is_away_is_a_sentence_in_the_log_and_no_traceback(day: Day) -> None:
    engine = day.dialer(_AwayCarrier(day.carrier, is_real=True), poll=SWITCH_POLL)

    async def work() -> None:
        await engine.start()
        await engine.run(until=day.clock.now() + RECONCILE_EVERY * 3)

    with capture_logs() as told:
        await day.clock.run(work())

    failures = [each for each in told if each["event"] == "duty_failed"]
    assert failures
    assert {(each["duty"], each["exc_info"]) for each in failures} == {("compare", False)}
    assert all("the carrier cannot be reached" in each["error"] for each in failures)
