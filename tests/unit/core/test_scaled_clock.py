"""The sped-up clock: the same instant in every process, and waits as much shorter as it is fast."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ClockError, ScaledClock, Signal, SystemClock

START = datetime(2026, 12, 16, 6, tzinfo=UTC)
A_YEAR = 365 * 24 * 3600.0  # of this clock, in a moment of the machine's


def sped_up(factor: float) -> ScaledClock:
    return ScaledClock(START, factor=factor, origin=SystemClock().now())


def test_it_shows_its_start_at_its_origin_and_runs_by_its_factor_from_there() -> None:
    wall = SystemClock()
    began = wall.now() - timedelta(seconds=100)
    before, shown, after = (
        wall.now(),
        ScaledClock(START, factor=60, origin=began).now(),
        wall.now(),
    )
    assert START + (before - began) * 60 <= shown <= START + (after - began) * 60
    assert shown.tzinfo is UTC


def test_before_its_origin_it_shows_an_earlier_instant() -> None:
    later = SystemClock().now() + timedelta(hours=1)
    assert ScaledClock(START, factor=24, origin=later).now() < START - timedelta(hours=23)


@given(factor=st.floats(0.1, 10_000), age_s=st.floats(0, 86_400))
def test_two_processes_with_the_same_values_show_the_same_instant(
    factor: float, age_s: float
) -> None:
    origin = SystemClock().now() - timedelta(seconds=age_s)
    elsewhere = timezone(timedelta(hours=8))
    one = ScaledClock(START, factor=factor, origin=origin)
    other = ScaledClock(START.astimezone(elsewhere), factor=factor, origin=origin)
    first, between, last = one.now(), other.now(), one.now()
    assert first <= between <= last


@pytest.mark.parametrize("factor", [0, -1])
def test_a_clock_that_stands_or_runs_backwards_is_refused(factor: float) -> None:
    with pytest.raises(ClockError, match="above 0"):
        sped_up(factor)


async def test_a_year_of_its_time_passes_in_a_moment() -> None:
    clock = sped_up(A_YEAR * 1_000_000)
    began = clock.now()
    await clock.sleep(A_YEAR)
    await clock.sleep_until(began + timedelta(days=400))
    assert not await clock.wait(Signal(), began + timedelta(days=500))
    assert clock.now() >= began + timedelta(days=500)


async def test_a_signal_is_heard_long_before_the_instant() -> None:
    clock, signal = sped_up(0.001), Signal()
    waiting = clock.spawn(clock.wait(signal, clock.now() + timedelta(days=1)))
    await asyncio.sleep(0)
    signal.set()
    assert await waiting
