"""A person on the line: what each temper presses, and how long hearing and speaking take."""

import random
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from customers.model import Language
from dialer.bridges.simulated.meanings import Drift, drift_of, weights
from dialer.bridges.simulated.people import Behaviour, Temper
from dialer.bridges.simulated.talker import Response, Talker, speech_seconds
from scripts.model import Ask, AskKind, Reply, ReplyKind, Transfer, Turn

NOW = datetime(2026, 3, 30, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
MENU = {"1": "Will pay", "2": "Already paid", "3": "Disputes it"}
WAYS_OUT = {"9": "No more calls", "0": "An agent", "*": "Repeat"}
SAYS = "Please say how you would like to go on with the charge of March."


def ask(kind: AskKind, keys: dict[str, str] | None = None, *, barge_in: bool = True) -> Turn:
    return Turn(
        step="ask",
        language=Language.ENGLISH,
        say=(SAYS,),
        ask=Ask(kind=kind, keys=keys or {}, timeout_s=5.0, max_seconds=10),
        barge_in=barge_in,
    )


def heard(
    turn: Turn, temper: Temper = Temper.COOPERATIVE, *, seed: int = 1, **known: Any
) -> Response:
    """Return the answer of a new person to a turn."""
    talker = Talker(Behaviour(**known), temper=temper, rng=random.Random(seed))
    return talker.hear(turn, now=NOW)


def values(turn: Turn, temper: Temper = Temper.COOPERATIVE, **known: Any) -> Counter[str]:
    """Return what two hundred people of a temper press."""
    return Counter(heard(turn, temper, seed=n, **known).reply.value for n in range(200))


def test_mandarin_takes_longer_by_the_character_than_english() -> None:
    mandarin = Turn(step="a", language=Language.MANDARIN, say=("您好" * 45,), hang_up=True)
    english = Turn(step="a", language=Language.ENGLISH, say=("Good day. " * 28,), hang_up=True)
    assert speech_seconds(mandarin) == pytest.approx(20.3)
    assert speech_seconds(english) == pytest.approx(20.3)


def test_most_people_go_along_and_some_do_not() -> None:
    pressed = values(ask(AskKind.KEY, MENU | WAYS_OUT))
    assert pressed["1"] > 100
    assert pressed["2"] > 5
    assert pressed["3"] > 5


@pytest.mark.parametrize(
    ("temper", "key"),
    [(Temper.OPTS_OUT, "9"), (Temper.WANTS_AGENT, "0")],
    ids=["opts out", "wants an agent"],
)
def test_who_wants_out_takes_the_way_out(temper: Temper, key: str) -> None:
    assert values(ask(AskKind.KEY, MENU | WAYS_OUT), temper) == {key: 200}
    while_typing = ask(AskKind.DIGITS, {f"*{key}": WAYS_OUT[key]})
    assert values(while_typing, temper, identity="1234") == {f"*{key}": 200}


def test_who_opted_out_does_not_take_it_back() -> None:
    talker = Talker(Behaviour(), temper=Temper.OPTS_OUT, rng=random.Random(1))
    talker.hear(ask(AskKind.KEY, MENU | WAYS_OUT), now=NOW)
    undo = talker.hear(ask(AskKind.KEY, {"1": "A slip: go on"}), now=NOW)
    assert undo.reply.kind is ReplyKind.SILENCE


def test_the_wrong_person_says_so() -> None:
    who = ask(AskKind.KEY, {"1": "Speaking", "2": "Not here now", "3": "Wrong number"})
    assert values(who, Temper.WRONG_PERSON) == {"3": 200}


def test_a_silent_person_lets_the_time_run_out() -> None:
    turn = ask(AskKind.KEY, MENU)
    response = heard(turn, Temper.SILENT)
    assert response.reply == Reply(kind=ReplyKind.SILENCE)
    assert response.after_s == pytest.approx(speech_seconds(turn) + 5.0)


def test_an_impatient_person_hangs_up_within_four_turns() -> None:
    for seed in range(50):
        talker = Talker(Behaviour(), temper=Temper.IMPATIENT, rng=random.Random(seed))
        kinds = [talker.hear(ask(AskKind.KEY, MENU), now=NOW).reply.kind for _ in range(4)]
        assert ReplyKind.HUNG_UP in kinds


def test_a_confused_person_gets_there_in_the_end() -> None:
    for seed in range(50):
        talker = Talker(Behaviour(), temper=Temper.CONFUSED, rng=random.Random(seed))
        replies = [talker.hear(ask(AskKind.KEY, MENU), now=NOW).reply for _ in range(3)]
        assert replies[0].value not in MENU
        assert replies[2].value in MENU


def test_only_who_knows_the_digits_presses_them() -> None:
    turn = ask(AskKind.DIGITS)
    assert values(turn, identity="1234").most_common(1)[0][0] == "1234"
    assert values(turn) == {"": 200}
    assert values(turn, Temper.WRONG_PERSON, identity="1234") == {"": 200}


def test_people_press_the_amount_they_know_and_slip_now_and_then() -> None:
    pressed = values(ask(AskKind.AMOUNT), amount="1280*50")
    assert set(pressed) == {"1280*50", "0"}
    assert pressed["1280*50"] > 150
    assert all(value.isdecimal() for value in values(ask(AskKind.AMOUNT)))


def test_dates_are_within_a_week_across_the_end_of_the_month_and_sometimes_impossible() -> None:
    pressed = values(ask(AskKind.DATE))
    soon = {"0331", *(f"040{day}" for day in range(1, 7))}
    assert set(pressed) == soon | {"0231"}
    assert pressed["0231"] < 40


def test_times_are_of_the_day_and_sometimes_impossible() -> None:
    pressed = values(ask(AskKind.TIME))
    assert "2575" in pressed
    assert all(len(value) == 4 for value in pressed)


def test_a_recording_is_no_longer_than_asked_for() -> None:
    replies = [heard(ask(AskKind.RECORD), seed=n).reply for n in range(100)]
    assert {reply.kind for reply in replies} == {ReplyKind.RECORDING, ReplyKind.SILENCE}
    assert all(reply.seconds <= 10 for reply in replies)
    assert all(reply.seconds >= 3 for reply in replies if reply.kind is ReplyKind.RECORDING)


def test_keys_interrupt_speech_only_where_they_may() -> None:
    def pressed_after(*, barge_in: bool) -> list[float]:
        turn = ask(AskKind.KEY, MENU, barge_in=barge_in)
        return [heard(turn, seed=n).after_s for n in range(100)]

    speech_s = speech_seconds(ask(AskKind.KEY))
    assert min(pressed_after(barge_in=True)) < speech_s
    assert min(pressed_after(barge_in=False)) > speech_s


def test_a_machine_presses_nothing_whoever_owns_it() -> None:
    for temper in Temper:
        talker = Talker(
            Behaviour(answers=("1",)), temper=temper, rng=random.Random(1), is_machine=True
        )
        assert talker.hear(ask(AskKind.KEY, MENU), now=NOW).reply.kind is ReplyKind.SILENCE


def test_the_last_words_are_heard_out() -> None:
    for last in (
        Turn(step="bye", language=Language.ENGLISH, say=(SAYS,), hang_up=True),
        Turn(step="t", language=Language.ENGLISH, say=(SAYS,), transfer=Transfer(queue="q")),
    ):
        response = heard(last)
        assert response.reply.kind is ReplyKind.SILENCE
        assert response.after_s == pytest.approx(speech_seconds(last))


def test_told_answers_are_pressed_in_turn_and_then_the_temper_speaks() -> None:
    behaviour = Behaviour(answers=("3", "", "2"))
    talker = Talker(behaviour, temper=Temper.SILENT, rng=random.Random(1))
    replies = [talker.hear(ask(AskKind.KEY, MENU), now=NOW).reply for _ in range(4)]
    assert [reply.value for reply in replies] == ["3", "", "2", ""]


@pytest.mark.parametrize(
    ("meaning", "drift"),
    [
        ("承诺缴款", Drift.GOOD),
        ("Will pay", Drift.GOOD),
        ("已缴", Drift.PAID),
        ("Already paid", Drift.PAID),
        ("有疑问", Drift.BAD),
        ("Disputes it", Drift.BAD),
        ("不满意", Drift.BAD),
        ("Not satisfied", Drift.BAD),
        ("满意", Drift.GOOD),
        ("Satisfied", Drift.GOOD),
        ("一般", Drift.NEUTRAL),
        ("So-so", Drift.NEUTRAL),
        ("改时间", Drift.LATER),
        ("Another time", Drift.LATER),
        ("打错了", Drift.NOT_ME),
        ("Wrong number", Drift.NOT_ME),
        ("不再来电", Drift.OPT_OUT),
        ("No more calls", Drift.OPT_OUT),
        ("No", Drift.BAD),
        ("No, thank you", Drift.BAD),
        ("North gate", Drift.NEUTRAL),
        ("will_pay", Drift.GOOD),
        ("opt_out", Drift.OPT_OUT),
    ],
)
def test_a_meaning_is_understood_in_both_languages(meaning: str, drift: Drift) -> None:
    assert drift_of("1", meaning) is drift


def test_scores_lean_to_the_satisfied_alike_in_both_languages() -> None:
    mandarin = weights({str(n): f"{n}分" for n in range(1, 6)})
    assert mandarin == weights({str(n): f"{n} of 5" for n in range(1, 6)})
    assert mandarin["1"] < mandarin["3"] < mandarin["5"]
