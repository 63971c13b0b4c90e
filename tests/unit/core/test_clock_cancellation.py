"""Cancelled tasks of a virtual clock: they clean up in their turn, and hold nobody up."""

import asyncio
from contextlib import suppress

import pytest

from core.clock import Signal, VirtualClock
from tests.unit.core.diary import SOON, START, Diary, settled


async def test_a_cancelled_sleeper_cleans_up_at_the_instant_of_its_cancellation(
    clock: VirtualClock, diary: Diary
) -> None:
    async def sleeper() -> None:
        async with diary.lived("sleeper", leaves_s=2):
            await clock.sleep(100)

    async def canceller(task: asyncio.Task[None]) -> None:
        await clock.sleep(5)
        task.cancel()
        diary.note("canceller")

    task = clock.spawn(sleeper())
    clock.spawn(canceller(task))
    clock.spawn(diary.sleeper("other", 6))
    await clock.drive(SOON)
    assert task.cancelled()
    assert diary.entries == [
        (5, "canceller"),
        (5, "sleeper cancelled"),
        (6, "other"),
        (7, "sleeper clean"),
    ]


async def test_a_cancelled_task_does_not_run_beside_the_one_that_cancelled_it(
    clock: VirtualClock, diary: Diary
) -> None:
    async def sleeper() -> None:
        async with diary.lived("sleeper"):
            await clock.sleep(100)

    async def canceller(task: asyncio.Task[None]) -> None:
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)  # a commit, say
        diary.note("canceller")

    clock.spawn(canceller(clock.spawn(sleeper())))
    await clock.drive(SOON)
    assert [who for _, who in diary.entries] == [
        "canceller",
        "sleeper cancelled",
        "sleeper clean",
    ]


async def test_a_task_due_at_the_instant_it_is_cancelled_is_cancelled_all_the_same(
    clock: VirtualClock, diary: Diary
) -> None:
    async def canceller() -> None:
        await clock.sleep(5)
        victim.cancel()

    clock.spawn(canceller())
    victim = clock.spawn(diary.sleeper("victim", 5))
    await clock.drive(SOON)
    assert victim.cancelled()
    assert diary.entries == []


async def test_a_cancelled_wait_leaves_the_signal_to_the_next_one(
    clock: VirtualClock, diary: Diary
) -> None:
    signal = Signal()

    async def canceller() -> None:
        await clock.sleep(1)
        first.cancel()
        signal.set()
        await clock.sleep(1)
        clock.spawn(diary.waiter("second", signal, SOON))

    first = clock.spawn(diary.waiter("first", signal))
    clock.spawn(canceller())
    await clock.drive(SOON)
    assert diary.entries == [(2, "second set")]


async def test_a_task_cancelled_before_its_first_step_holds_nothing_up(
    clock: VirtualClock, diary: Diary
) -> None:
    stillborn = clock.spawn(diary.sleeper("stillborn", 1))
    stillborn.cancel()
    clock.spawn(diary.sleeper("other", 1))
    await clock.drive(SOON)
    assert stillborn.cancelled()
    assert diary.entries == [(1, "other")]


async def test_a_task_cancelled_by_its_parent_before_its_first_step_holds_nothing_up(
    clock: VirtualClock, diary: Diary
) -> None:
    async def parent() -> None:
        for yields in range(4):
            child = clock.spawn(diary.sleeper("child", 1))
            for _ in range(yields):
                await asyncio.sleep(0)
            child.cancel()
        await clock.sleep(2)
        diary.note("parent")

    clock.spawn(parent())
    await clock.drive(SOON)
    assert diary.entries == [(2, "parent")]


async def test_a_task_that_fails_lets_the_others_go_on(clock: VirtualClock, diary: Diary) -> None:
    async def fails() -> None:
        await clock.sleep(1)
        message = "the database has gone"
        raise ConnectionError(message)

    failed = clock.spawn(fails())
    clock.spawn(diary.sleeper("other", 2))
    await clock.drive(SOON)
    assert isinstance(failed.exception(), ConnectionError)
    assert diary.entries == [(2, "other")]


async def test_with_nobody_driving_a_cancellation_comes_at_once(
    clock: VirtualClock, diary: Diary
) -> None:
    """So that the end of a program, or of a test, never waits for a drive."""
    task = clock.spawn(diary.sleeper("a", 100))
    await clock.drive(START)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_interrupted_drive_delivers_the_cancellations_it_owed(
    clock: VirtualClock, diary: Diary
) -> None:
    forever = asyncio.Event()

    async def sleeper() -> None:
        async with diary.lived("sleeper"):
            await clock.sleep(100)

    async def canceller(task: asyncio.Task[None]) -> None:
        await clock.sleep(1)
        task.cancel()
        await forever.wait()

    task = clock.spawn(sleeper())
    held_up = clock.spawn(canceller(task))
    drive = asyncio.ensure_future(clock.drive(SOON))
    await settled()
    drive.cancel()
    with suppress(asyncio.CancelledError):
        await drive
    await settled()
    assert diary.entries == [(1, "sleeper cancelled")]
    forever.set()
    await clock.drive(SOON)
    assert task.cancelled()
    assert held_up.done()
