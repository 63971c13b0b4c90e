"""Trunk capacity: never above channels, never above the rate, the least loaded first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.port import Closed, TrunkLimits
from dialer.trunks import TrunkGate

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def trunk(name: str = "a", *, channels: int = 10, rate: float = 5.0) -> TrunkLimits:
    return TrunkLimits(name=name, channels=channels, calls_per_second=rate)


class Caller:
    """Takes every token it is given."""

    def __init__(self, *trunks: TrunkLimits) -> None:
        self.gate = TrunkGate(trunks)
        self.placed: list[tuple[datetime, str]] = []
        self._number = 0

    def call(self, now: datetime, limit: int = 100) -> list[UUID]:
        taken = []
        for given_trunk in self.gate.tokens(now, limit):
            self._number += 1
            attempt_id = UUID(int=self._number)
            self.gate.take(given_trunk, attempt_id, now)
            self.placed.append((now, given_trunk.name))
            taken.append(attempt_id)
        return taken

    def names(self) -> list[str]:
        return [name for _, name in self.placed]


def test_a_burst_is_one_seconds_worth_and_the_next_comes_a_second_later() -> None:
    caller = Caller(trunk(rate=5))
    assert len(caller.call(NOON)) == 5
    assert caller.call(NOON + 0.99 * SECOND) == []
    assert caller.gate.next_at(NOON) == NOON + SECOND
    assert len(caller.call(NOON + SECOND)) == 5


def test_a_slow_trunk_spaces_its_calls() -> None:
    caller = Caller(trunk(rate=0.5))
    assert len(caller.call(NOON)) == 1
    assert caller.gate.next_at(NOON) == NOON + 2 * SECOND
    assert caller.call(NOON + 1.9 * SECOND) == []
    assert len(caller.call(NOON + 2 * SECOND)) == 1


def test_channels_bind_until_one_is_freed() -> None:
    caller = Caller(trunk(channels=2))
    first, _ = caller.call(NOON)
    assert caller.call(NOON + SECOND) == []
    assert caller.gate.next_at(NOON + SECOND) is None
    caller.gate.release(first)
    assert caller.gate.next_at(NOON + SECOND) == NOON + SECOND
    assert len(caller.call(NOON + SECOND)) == 1


def test_an_adopted_call_holds_a_channel_and_no_place_in_the_rate() -> None:
    caller = Caller(trunk(channels=2, rate=1))
    caller.gate.adopt(UUID(int=99), "a")
    assert len(caller.call(NOON)) == 1
    assert caller.gate.live == {UUID(int=99), UUID(int=1)}


def test_a_call_of_a_trunk_that_was_taken_away_is_adopted_and_binds_nobody() -> None:
    caller = Caller(trunk(channels=1))
    caller.gate.adopt(UUID(int=99), "gone")
    assert len(caller.call(NOON)) == 1


def test_releasing_twice_frees_one_channel() -> None:
    caller = Caller(trunk(channels=1))
    (only,) = caller.call(NOON)
    caller.gate.release(only)
    caller.gate.release(only)
    assert len(caller.call(NOON + SECOND)) == 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (4, 4, ["a", "b", "a", "b"]),
        (2, 4, ["a", "b", "b", "a"]),
        (1, 9, ["a", "b", "b", "b"]),
    ],
)
def test_the_least_loaded_trunk_comes_first(one: int, other: int, expected: list[str]) -> None:
    caller = Caller(trunk("a", channels=one), trunk("b", channels=other))
    caller.call(NOON, limit=4)
    assert caller.names() == expected


def test_without_trunks_there_are_no_tokens() -> None:
    assert TrunkGate([]).tokens(NOON, 5) == []
    assert TrunkGate([]).next_at(NOON) is None


limits = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([0.3, 0.5, 1.0, 1.5, 2.0, 5.0, 7.9])),
    min_size=1,
    max_size=3,
)
moves = st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 6), st.integers(0, 3)), max_size=40)


@given(limits, moves)
def test_no_window_of_time_ever_holds_more_than_the_rate_nor_channels_more_than_there_are(
    given_limits: list[tuple[int, float]], given_moves: list[tuple[int, int, int]]
) -> None:
    trunks = [
        trunk(str(number), channels=channels, rate=rate)
        for number, (channels, rate) in enumerate(given_limits)
    ]
    caller, now, live = Caller(*trunks), NOON, list[UUID]()
    for wait_ms, limit, ends in given_moves:
        now += timedelta(milliseconds=wait_ms)
        for attempt_id in live[:ends]:
            caller.gate.release(attempt_id)
        taken = caller.call(now, limit)
        assert len(taken) <= limit
        live = live[ends:] + taken
        assert caller.gate.live == set(live)
        assert len(live) <= sum(each.channels for each in trunks)
    for each in trunks:
        placed = [at for at, name in caller.placed if name == each.name]
        burst = max(1, int(each.calls_per_second))
        window = timedelta(seconds=burst / each.calls_per_second)
        for start in placed:
            assert sum(start <= at < start + window for at in placed) <= burst


@given(limits, moves)
def test_what_next_at_promises_is_kept(
    given_limits: list[tuple[int, float]], given_moves: list[tuple[int, int, int]]
) -> None:
    trunks = [
        trunk(str(number), channels=channels, rate=rate)
        for number, (channels, rate) in enumerate(given_limits)
    ]
    caller, now = Caller(*trunks), NOON
    for wait_ms, limit, _ in given_moves:
        now += timedelta(milliseconds=wait_ms)
        caller.call(now, limit)
        promised = caller.gate.next_at(now)
        if promised is None:
            assert caller.gate.tokens(now + timedelta(days=1), 1) == []
        else:
            assert caller.gate.tokens(max(promised, now), 1)
            if promised > now:
                assert not caller.gate.tokens(promised - timedelta(milliseconds=1), 1)


def test_a_trunk_that_refuses_rests_longer_each_time_until_it_takes_a_call() -> None:
    only = trunk()
    gate = TrunkGate([only])
    at, rests = NOON, []
    for _ in range(8):
        rests.append(gate.refused(only, at).total_seconds())
        assert gate.tokens(at, 1) == []
        at += timedelta(seconds=rests[-1])
        assert gate.tokens(at, 1) == [only]

    assert rests == [5, 10, 20, 40, 80, 120, 120, 120]
    gate.accepted(only)
    assert gate.refused(only, at).total_seconds() == rests[0]


def test_the_refusals_of_one_batch_are_one_rest() -> None:
    only = trunk()
    gate = TrunkGate([only])

    assert gate.refused(only, NOON) == 5 * SECOND
    assert gate.refused(only, NOON) == 5 * SECOND
    assert gate.next_at(NOON) == NOON + 5 * SECOND


def test_while_one_trunk_rests_the_other_goes_on() -> None:
    resting, working = trunk("a"), trunk("b")
    gate = TrunkGate([resting, working])
    gate.refused(resting, NOON)

    assert gate.tokens(NOON, 3) == [working] * 3
    assert gate.resting(NOON) is None


def test_when_every_trunk_rests_that_is_said() -> None:
    both = [trunk("a"), trunk("b")]
    gate = TrunkGate(both)
    for each in both:
        gate.refused(each, NOON)
    assert gate.resting(NOON) is Closed.AWAY
    assert gate.resting(NOON + 5 * SECOND) is None
    assert TrunkGate([]).resting(NOON) is None


def test_a_trunk_whose_server_is_away_gets_no_call_until_it_is_back() -> None:
    away, there = trunk("a"), trunk("b")
    gate = TrunkGate([away, there])
    gate.close({"a": Closed.AWAY})
    assert gate.tokens(NOON, 3) == [there] * 3
    gate.close({"a": Closed.AWAY, "b": Closed.AWAY})
    assert gate.tokens(NOON, 3) == []
    assert gate.resting(NOON) is Closed.AWAY
    gate.close({})
    assert set(gate.tokens(NOON, 4)) == {away, there}


def test_why_every_trunk_is_closed_is_said_where_all_are_for_the_same() -> None:
    gate = TrunkGate([trunk("a"), trunk("b")])
    gate.close({"a": Closed.SPENT, "b": Closed.SPENT})
    assert gate.resting(NOON) is Closed.SPENT
    gate.close({"a": Closed.SPENT, "b": Closed.AWAY})
    assert gate.resting(NOON) is Closed.AWAY


def test_a_held_down_rate_spaces_the_calls_of_every_trunk() -> None:
    gate = TrunkGate([trunk("a", rate=5.0)])
    gate.limit({"a": 10}, pace=0.1)
    (only,) = gate.tokens(NOON, 100)
    gate.take(only, UUID(int=1), NOON)

    assert gate.next_at(NOON) == NOON + 2 * SECOND
    assert gate.tokens(NOON + 1.9 * SECOND, 100) == []
    assert len(gate.tokens(NOON + 2 * SECOND, 100)) == 1
    gate.limit({"a": 10}, pace=1.0)
    assert len(gate.tokens(NOON + 0.5 * SECOND, 100)) == 4


def test_fewer_channels_let_what_is_up_go_on_and_nothing_else_begin() -> None:
    caller = Caller(trunk("a", channels=4, rate=50))
    first, second, *_ = caller.call(NOON)
    caller.gate.limit({"a": 3}, pace=1.0)
    assert caller.call(NOON + SECOND) == []
    caller.gate.release(first)
    assert caller.call(NOON + SECOND) == []
    caller.gate.release(second)
    assert len(caller.call(NOON + SECOND)) == 1
    assert caller.gate.channels == 3
    assert caller.gate.load() == {"a": 3}


def test_a_trunk_of_which_no_channel_is_ours_is_no_token() -> None:
    gate = TrunkGate([trunk("a"), trunk("b")])
    gate.limit({"b": 1}, pace=1.0)
    assert [each.name for each in gate.tokens(NOON, 5)] == ["b"]
