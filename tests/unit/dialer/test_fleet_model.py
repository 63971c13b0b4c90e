"""Whose channels are whose, and how fast dialling returns."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.port import TrunkLimits
from dialer.fleet.model import FleetRules, Member, share, view_of

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)


def trunk(channels: int, name: str = "a") -> TrunkLimits:
    return TrunkLimits(name=name, channels=channels, calls_per_second=1.0)


def member(number: int, *, live: int = 0, lost: bool = False, left: bool = False) -> Member:
    return Member(
        dialer_id=UUID(int=number),
        lease_until=NOW,
        alive=not (lost or left),
        lost=lost,
        left=left,
        live={"a": live},
    )


def channels_of(members: list[Member], channels: int) -> list[int]:
    return [
        view_of(each.dialer_id, members, [trunk(channels)], pace=1.0).channels["a"]
        for each in members
    ]


@pytest.mark.parametrize(
    ("channels", "size", "shares"),
    [(4, 2, [2, 2]), (5, 2, [3, 2]), (1, 2, [1, 0]), (10, 4, [3, 3, 2, 2]), (3, 1, [3])],
)
def test_channels_are_shared_and_the_remainder_goes_to_low_ranks(
    channels: int, size: int, shares: list[int]
) -> None:
    assert [share(channels, rank, size) for rank in range(size)] == shares


def test_a_newcomer_waits_for_the_channels_an_older_one_still_uses() -> None:
    assert channels_of([member(1, live=4), member(2)], 4) == [2, 0]
    assert channels_of([member(1, live=3), member(2)], 4) == [2, 1]
    assert channels_of([member(1, live=2), member(2)], 4) == [2, 2]


def test_the_channels_of_a_lost_dialer_stay_its_own_until_its_calls_are_taken_over() -> None:
    assert channels_of([member(1, lost=True, live=4), member(2)], 8) == [4, 4]


def test_who_took_calls_over_leaves_less_to_the_others() -> None:
    # Three of four each; the third is gone, and the first carries its calls.
    assert channels_of([member(1, live=8), member(2, live=4)], 12) == [6, 4]


def test_who_left_has_no_channels_and_still_shares_the_rate_for_a_moment() -> None:
    one, gone = member(1), member(2, left=True)
    view = view_of(one.dialer_id, [one, gone], [trunk(4)], pace=1.0)
    assert (view.rank, view.size, view.channels) == (0, 1, {"a": 4})
    assert view.shares_rate
    assert view.somebody_went


def test_alone_nothing_is_shared() -> None:
    view = view_of(UUID(int=1), [member(1)], [trunk(4)], pace=1.0)
    assert not view.shares_rate
    assert not view.somebody_went


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=6),
)
def test_what_all_may_have_up_is_never_more_than_there_is(
    channels: int, drawn: list[tuple[int, bool]]
) -> None:
    """Whoever has more up than its part gets nothing new; all others fit into the rest."""
    members = [member(n, live=live, lost=lost) for n, (live, lost) in enumerate(drawn)]
    allowed = channels_of(members, channels)
    for each, most in zip(members, allowed, strict=True):
        assert 0 <= most <= channels
        if each.live["a"] < most:  # it may place calls, and the others all stay as they are
            others = sum(other.live["a"] for other in members if other is not each)
            assert most + others <= channels
    if all(each.live["a"] <= most for each, most in zip(members, allowed, strict=True)):
        assert sum(allowed) <= channels


@pytest.mark.parametrize(
    ("since_s", "pace"),
    [(None, 1.0), (0.0, 0.1), (-3.0, 0.1), (300.0, 0.55), (599.0, 0.9985), (600.0, 1.0)],
)
def test_dialling_returns_at_a_tenth_and_grows_to_the_whole_in_ten_minutes(
    since_s: float | None, pace: float
) -> None:
    assert FleetRules().pace(since_s) == pytest.approx(pace)


def test_a_return_at_the_full_rate_is_no_slow_return() -> None:
    assert FleetRules(return_from=1.0).pace(0.0) == 1.0
