"""Two accounts of the keys pressed: none is lost, none counts twice."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.asterisk.agi.keys import Keys

SESSION, MANAGER = "s", "m"


def _taken(
    told: list[tuple[str, str]], *, every_s: float = 0.01, manager_within_s: float = 0.0
) -> str:
    at_s = [0.0]
    keys = Keys(lambda: at_s[0], manager_within_s=manager_within_s)
    for who, key in told:
        at_s[0] += every_s
        (keys.told_by_session if who == SESSION else keys.told_by_manager)(key)
    taken = ""
    while (key_ := keys.take()) is not None:
        taken += key_
    return taken


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("m1 s1", "1"),
        ("s1 m1", "1"),
        ("m1 m2 m3 s3", "123"),
        ("m1 m1 s1", "11"),
        ("s1 m1 m1", "11"),
        ("m1 s1 s1 m1", "11"),
        ("m2 m3 s3 s2 m2", "232"),
        ("s1 s2 s1", "121"),
    ],
)
def test_a_key_that_both_tell_counts_once(told: str, taken: str) -> None:
    assert _taken([(each[0], each[1]) for each in told.split()]) == taken


def test_an_end_that_the_manager_tells_again_without_a_beginning_is_no_key() -> None:
    keys = Keys(lambda: 0.0)
    for key in "113":
        keys.begun(key)
        keys.told_by_manager(key)
        keys.told_by_manager(key)  # read again by the next command
    assert [keys.take() for _ in range(4)] == ["1", "1", "3", None]


def test_what_only_the_session_has_told_is_left_a_while_for_one_that_comes_before_it() -> None:
    at_s = [0.0]
    keys = Keys(lambda: at_s[0], manager_within_s=0.5)
    keys.told_by_session("1")
    at_s[0] = 0.2
    assert keys.unsure_s() == pytest.approx(0.3)
    keys.told_by_manager("7")
    assert keys.take() == "7"
    assert keys.unsure_s() == pytest.approx(0.3)
    keys.told_by_manager("1")
    assert (keys.unsure_s(), keys.take(), keys.take()) == (0.0, "1", None)


def test_a_key_that_the_manager_never_tells_is_sure_after_a_while() -> None:
    at_s = [0.0]
    keys = Keys(lambda: at_s[0], manager_within_s=0.5)
    keys.told_by_session("1")
    at_s[0] = 0.6
    assert (keys.unsure_s(), keys.take()) == (0.0, "1")


def test_a_key_of_a_while_ago_is_another_one() -> None:
    assert _taken([(MANAGER, "1"), (SESSION, "1")], every_s=4.0) == "11"


@st.composite
def _accounts(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """Return the keys pressed, and who tells them when: the session leaves some out."""
    pressed = draw(st.text("12*#", max_size=12))
    by_session = [key for key in pressed if draw(st.booleans())]
    told: list[tuple[str, str]] = []
    manager, session = list(pressed), list(by_session)
    while manager or session:
        first = session if session and (not manager or draw(st.booleans())) else manager
        told.append((SESSION if first is session else MANAGER, first.pop(0)))
    return pressed, told


@given(_accounts())
def test_keys_come_in_their_order_each_once_whoever_tells_them_first(
    accounts: tuple[str, list[tuple[str, str]]],
) -> None:
    pressed, told = accounts
    assert _taken(told, manager_within_s=1.0) == pressed
    assert Counter(_taken(told)) == Counter(pressed)


@given(st.text("0123456789*#", max_size=20))
def test_with_one_account_deaf_the_other_holds(pressed: str) -> None:
    assert _taken([(SESSION, key) for key in pressed]) == pressed
    assert _taken([(MANAGER, key) for key in pressed]) == pressed
