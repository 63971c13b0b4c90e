"""The clocks: one task at a time, in one order, through signals, cancellation and failure."""

import asyncio
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ClockError, Signal, SystemClock, VirtualClock
from tests.unit.core.diary import SOON, START, Diary

# Order.


async def test_time_moves_only_to_the_next_instant_somebody_waits_for(
    clock: VirtualClock, diary: Diary
) -> None:
    clock.spawn(diary.sleeper("a", 5, 5))
    clock.spawn(diary.sleeper("b", 7))
    await clock.drive(SOON)
    assert diary.entries == [(5, "a"), (7, "b"), (10, "a")]
    assert clock.now() == SOON


async def test_what_is_due_at_one_instant_happens_in_the_order_it_was_queued(
    clock: VirtualClock, diary: Diary
) -> None:
    for who in "abc":
        clock.spawn(diary.sleeper(who, 1, 1))
    await clock.drive(SOON)
    assert "".join(who for _, who in diary.entries) == "abcabc"


async def test_a_first_step_waits_until_the_task_that_spawned_it_parks(
    clock: VirtualClock, diary: Diary
) -> None:
    async def parent() -> None:
        clock.spawn(diary.sleeper("child", 0))
        await asyncio.sleep(0)  # busy elsewhere: the child may not slip in
        diary.note("parent")

    clock.spawn(parent())
    await clock.drive(SOON)
    assert diary.entries == [(0, "parent"), (0, "child")]


async def test_time_stands_still_while_a_task_is_busy_elsewhere(
    clock: VirtualClock, diary: Diary
) -> None:
    async def busy() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        diary.note("busy")

    clock.spawn(busy())
    clock.spawn(diary.sleeper("sleeper", 1))
    await clock.drive(SOON)
    assert diary.entries == [(0, "busy"), (1, "sleeper")]


async def test_a_sleep_of_nothing_lets_the_others_of_this_instant_go_first(
    clock: VirtualClock, diary: Diary
) -> None:
    clock.spawn(diary.sleeper("a", 0, 0))
    clock.spawn(diary.sleeper("b", -1, 0))
    await clock.drive(START)
    assert "".join(who for _, who in diary.entries) == "abab"


async def test_what_is_due_exactly_at_the_end_of_a_drive_still_happens(
    clock: VirtualClock, diary: Diary
) -> None:
    clock.spawn(diary.sleeper("a", 60, 0.000001))
    await clock.drive(START + timedelta(minutes=1))
    assert diary.entries == [(60, "a")]
    await clock.drive(SOON)
    assert len(diary.entries) == 2


async def test_a_drive_to_the_past_moves_nothing(clock: VirtualClock, diary: Diary) -> None:
    clock.spawn(diary.sleeper("a", 0))
    await clock.drive(START - timedelta(days=1))
    assert clock.now() == START
    assert diary.entries == []


async def test_an_instant_of_any_zone_is_the_same_instant(
    clock: VirtualClock, diary: Diary
) -> None:
    shanghai = timezone(timedelta(hours=8))

    async def until_shanghai_says() -> None:
        await clock.sleep_until(datetime(2026, 3, 9, 9, 5, tzinfo=shanghai))
        diary.note("a")

    clock.spawn(until_shanghai_says())
    await clock.drive(SOON.astimezone(shanghai))
    assert diary.entries == [(300, "a")]
    assert clock.now().tzinfo is UTC


@given(
    plans=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=5), max_size=6),
    seed=st.integers(),
)
async def test_equal_plans_give_equal_diaries_whatever_the_tasks_do_between(
    plans: list[list[int]], seed: int
) -> None:
    """The law: only the plan decides the order, not how long a task is busy between two naps."""

    async def day(busy: random.Random) -> list[tuple[float, str]]:
        clock = VirtualClock(START)
        diary = Diary(clock)

        async def live(who: str, naps: list[int]) -> None:
            for nap in naps:
                for _ in range(busy.randint(0, 3)):
                    await asyncio.sleep(0)
                await clock.sleep(nap)
                diary.note(who)

        for number, naps in enumerate(plans):
            clock.spawn(live(str(number), naps))
        await clock.drive(SOON)
        return diary.entries

    first, second = await day(random.Random(seed)), await day(random.Random(seed + 1))
    assert first == second
    assert [at for at, _ in first] == sorted(at for at, _ in first)


# Signals.


async def test_a_signal_wakes_its_waiter_at_the_instant_it_is_set(
    clock: VirtualClock, diary: Diary
) -> None:
    signal = Signal()

    async def setter() -> None:
        await clock.sleep(3)
        signal.set()
        diary.note("setter")

    clock.spawn(diary.waiter("waiter", signal, SOON))
    clock.spawn(setter())
    await clock.drive(SOON)
    assert diary.entries == [(3, "setter"), (3, "waiter set")]


async def test_a_wait_ends_late_at_its_instant(clock: VirtualClock, diary: Diary) -> None:
    clock.spawn(diary.waiter("waiter", Signal(), START + timedelta(seconds=9)))
    await clock.drive(SOON)
    assert diary.entries == [(9, "waiter late")]


async def test_a_signal_stays_set_until_a_wait_takes_it(clock: VirtualClock, diary: Diary) -> None:
    signal = Signal()
    signal.set()
    signal.set()

    async def twice() -> None:
        await diary.waiter("first", signal, SOON)
        await diary.waiter("second", signal, START + timedelta(seconds=1))

    clock.spawn(twice())
    await clock.drive(SOON)
    assert diary.entries == [(0, "first set"), (1, "second late")]


async def test_a_set_signal_wins_over_an_instant_that_has_passed(
    clock: VirtualClock, diary: Diary
) -> None:
    signal = Signal()
    signal.set()
    clock.spawn(diary.waiter("waiter", signal, START - timedelta(seconds=1)))
    await clock.drive(START)
    assert diary.entries == [(0, "waiter set")]


async def test_a_signal_set_at_the_very_instant_of_the_limit_counts_as_set(
    clock: VirtualClock, diary: Diary
) -> None:
    signal = Signal()

    async def setter() -> None:
        await clock.sleep(5)
        signal.set()

    clock.spawn(setter())
    clock.spawn(diary.waiter("waiter", signal, START + timedelta(seconds=5)))
    await clock.drive(SOON)
    assert diary.entries == [(5, "waiter set")]


async def test_a_signal_set_twice_wakes_its_waiter_once(clock: VirtualClock, diary: Diary) -> None:
    signal = Signal()

    async def setter() -> None:
        signal.set()
        signal.set()
        await clock.sleep(1)

    async def waits() -> None:
        await diary.waiter("first", signal)
        await diary.waiter("second", signal, START + timedelta(seconds=2))

    clock.spawn(waits())
    clock.spawn(setter())
    await clock.drive(SOON)
    assert diary.entries == [(0, "first set"), (2, "second late")]


async def test_a_second_waiter_of_a_signal_is_refused(clock: VirtualClock, diary: Diary) -> None:
    signal = Signal()
    clock.spawn(diary.waiter("first", signal))
    second = clock.spawn(diary.waiter("second", signal))
    await clock.drive(SOON)
    assert isinstance(second.exception(), ClockError)


# Driving.


async def test_run_returns_the_result_and_stands_where_the_task_ended(
    clock: VirtualClock, diary: Diary
) -> None:
    async def work() -> str:
        await clock.sleep(30)
        return "done"

    clock.spawn(diary.sleeper("other", 20, 20))
    assert await clock.run(work()) == "done"
    assert clock.now() == START + timedelta(seconds=30)
    assert diary.entries == [(20, "other")]


async def test_run_raises_what_the_task_raised(clock: VirtualClock) -> None:
    async def work() -> None:
        await clock.sleep(1)
        raise LookupError

    with pytest.raises(LookupError):
        await clock.run(work())


async def test_run_says_so_when_the_task_can_never_end(clock: VirtualClock, diary: Diary) -> None:
    with pytest.raises(ClockError, match="nobody can set"):
        await clock.run(diary.waiter("a", Signal()))


async def test_a_task_the_clock_did_not_start_may_not_park(clock: VirtualClock) -> None:
    with pytest.raises(ClockError, match=r"clock\.spawn"):
        await clock.sleep(1)
    await clock.drive(SOON)
    assert clock.now() == SOON


async def test_two_drives_at_once_are_refused(clock: VirtualClock) -> None:
    async def drives() -> None:
        await clock.drive(SOON)

    with pytest.raises(ClockError, match="driven already"):
        await clock.run(drives())


# The machine's own clock: nothing here waits for real time.


async def test_the_system_clock_knows_its_zone() -> None:
    assert SystemClock().now().tzinfo is UTC


async def test_the_system_clock_returns_at_once_from_an_instant_that_has_passed() -> None:
    clock = SystemClock()
    await clock.sleep_until(clock.now() - timedelta(days=1))
    assert not await clock.wait(Signal(), clock.now() - timedelta(days=1))


async def test_the_system_clock_waits_for_a_signal() -> None:
    clock, signal = SystemClock(), Signal()
    waiting = clock.spawn(clock.wait(signal, clock.now() + timedelta(days=1)))
    await asyncio.sleep(0)
    signal.set()
    assert await waiting
    assert not signal.take()


async def test_the_system_clock_ends_a_cancelled_wait_and_frees_its_signal() -> None:
    clock, signal = SystemClock(), Signal()
    waiting = clock.spawn(clock.wait(signal))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    signal.set()
    assert await clock.wait(signal)


async def test_a_virtual_clock_ends_all_its_tasks_at_once_when_nobody_drives_it() -> None:
    clock, signal = VirtualClock(START), Signal()
    diary = Diary(clock)
    tasks = [clock.spawn(diary.sleeper("late", 3600)), clock.spawn(diary.waiter("ever", signal))]
    await clock.drive(SOON)
    await clock.cancel_all()
    assert all(task.cancelled() for task in tasks)
    assert diary.entries == []
