"""The pacer's JSON lines: what is answered, and what is refused."""

import json
from typing import Any

import pytest

from dialer.pacing.keeping import LearnedError, as_json, from_json
from dialer.pacing.pacer import Learned
from ownerline.pacer import LineError, Manner, Talk

pytestmark = pytest.mark.unit

HELLO = {"hello": 1, "agents": 5, "tick": 1.0, "target": 0.03, "shift": 28800.0}
STATE: dict[str, Any] = {
    "t": 0.0,
    "tick": 1.0,
    "target": 0.03,
    "shift": 28800.0,
    "agents": 5,
    "idle": 5,
    "waiting": 0,
    "ringing": [],
    "talking": [],
    "wrapping": [],
    "dials": 0,
    "live": 0,
    "abandoned": 0,
    "machines": 0,
    "failed": 0,
    "events": [],
}
DAY_S = 30 * 86_400.0


def said(*lines: object, manner: Manner | None = None) -> list[dict[str, Any]]:
    talk = Talk(manner or Manner(window_s=DAY_S), Learned())
    told = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines]
    return [json.loads(answer) for answer in talk.answers(told)]


def test_each_state_is_answered_until_the_end() -> None:
    answers = said(HELLO, STATE, {**STATE, "t": 1.0}, {"end": 1}, b"nobody reads on")
    assert [sorted(answer) for answer in answers] == [["dial"], ["dial"]]
    assert answers[0]["dial"] >= 5


@pytest.mark.parametrize("lines", [(), (HELLO,), (HELLO, STATE)], ids=["nothing", "hello", "state"])
def test_the_end_of_input_ends_quietly(lines: tuple[object, ...]) -> None:
    assert len(said(*lines)) == max(0, len(lines) - 1)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((b"nonsense",), "line 1 on stdin is no hello"),
        ((b"\xff\xfe",), "line 1 on stdin is no hello"),
        ((STATE,), "line 1 on stdin is no hello: hello: Field required"),
        (({**HELLO, "target": 3},), "target: Input should be less than 1"),
        ((HELLO, b""), "line 2 on stdin is no state"),
        ((HELLO, b"[1]"), "line 2 on stdin is no state"),
        ((HELLO, STATE, {**STATE, "idle": -1}), "line 3 on stdin is no state: idle"),
        ((HELLO, {**STATE, "idle": "5"}), "idle: Input should be a valid integer"),
        ((HELLO, {**STATE, "ringing": [-1.0]}), "ringing.0"),
        ((HELLO, {**STATE, "events": [["gone", 1.0]]}), "events.0"),
        ((HELLO, b'{"end": "yes"}'), "line 2 on stdin is no end"),
    ],
)
def test_a_line_that_is_none_of_ours_is_named_with_its_mistake(
    lines: tuple[object, ...], told: str
) -> None:
    with pytest.raises(LineError, match=told.replace("[", r"\[")):
        said(*lines)


def test_trunks_named_on_the_command_line_are_kept() -> None:
    manner = Manner(window_s=DAY_S, channels=4)
    assert said(HELLO, STATE, manner=manner)[0]["dial"] == 4
    manner = Manner(window_s=DAY_S, calls_per_second=2.0)
    assert said(HELLO, STATE, manner=manner)[0]["dial"] == 2


def test_an_answer_is_explained_in_one_line() -> None:
    because = said(HELLO, STATE, manner=Manner(window_s=DAY_S, explain=True))[0]["because"]
    assert "5 free" in because
    assert "\n" not in because


def test_what_a_day_has_taught_is_kept_as_json_and_comes_back() -> None:
    talk = Talk(Manner(window_s=DAY_S), Learned())
    events = [["live", 12.0], ["failed", 30.0], ["talk", 90.0], ["wrap", 20.0]]
    states = [
        {**STATE, "t": 60.0 * at, "live": at, "abandoned": at // 20, "events": events}
        for at in range(100)
    ]
    list(talk.answers(json.dumps(each).encode() for each in (HELLO, *states)))
    kept = as_json(talk.learned)
    assert from_json(json.loads(json.dumps(kept))) == talk.learned
    assert sum(each.abandoned for each in talk.learned.hours) == 4
    assert talk.learned.hours[-1].hour_index < 24
    tomorrow = Talk(Manner(window_s=DAY_S), talk.learned)
    list(tomorrow.answers(json.dumps(each).encode() for each in (HELLO, {**STATE, "live": 1})))
    assert tomorrow.learned.hours[-1].hour_index == 24


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"version": 2},
        {"version": 1, "risked": -1.0},
        {"version": 1, "hours": [{"hour_index": 0, "live": 1}]},
        {"version": 1, "chance": {"9": {"placed": -4, "answered": 1}}},
        {"version": 1, "times": {"talk": {"9": {"points": [float("nan")], "count": 1}}}},
    ],
)
def test_what_is_no_learning_is_refused(value: object) -> None:
    with pytest.raises(LearnedError, match="the pacer starts anew"):
        from_json(value)
