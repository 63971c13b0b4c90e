"""What may be recorded of a talk: never before it was announced, or said yes to."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from customers.model import Language, RecordingConsent
from scripts.interpreter import abandon_message, message
from scripts.library import Library, load_library
from scripts.linter import lint
from scripts.model import AskKind, CallPlan, Turn
from scripts.samples import SAMPLE_IDENTITY, recorded_situations
from scripts.state import dump_state, load_state
from scripts.walk import Node, explore
from tests.unit.scripts.talks import SILENCE, SPEECH, Conversation, call

# The steps of the ladder differ in words only.
NAMES = sorted(
    name
    for name in load_library().scripts
    if name not in {f"overdue-{n}" for n in (1, 15, 30, 60, 90)}
)


def plan(library: Library, consent: RecordingConsent, *scripts: str) -> CallPlan:
    return replace(call(library, *scripts), recording=consent)


@cache
def places(name: str, language: Language) -> dict[str, list[Node]]:
    library = load_library()
    found = recorded_situations(library.get(name), language)
    return {each.name: list(explore(library, each.plan).values()) for each in found}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", list(Language))
def test_every_recorded_talk_is_told_of_it_and_none_records_the_digits(
    name: str, language: Language
) -> None:
    words = {Language.MANDARIN: "录音", Language.ENGLISH: "record"}[language]
    for situation, nodes in places(name, language).items():
        for node in nodes:
            if node.turn.ask is not None and node.turn.step.endswith(":verify"):
                assert not node.turn.recorded
            told = node.state.position["recording"]
            if node.turn.recorded:
                assert situation.endswith("one_party") or told in {"announced", "agreed"}
        assert any(node.turn.recorded for node in nodes)
        first = nodes[0].turn
        assert first.recorded is situation.endswith("one_party")
        assert any(words in sentence for sentence in first.say) is not first.recorded


@pytest.mark.parametrize("name", NAMES)
def test_a_talk_that_is_not_recorded_says_nothing_of_it(name: str) -> None:
    library = load_library()
    first = Conversation.begin(library, plan(library, RecordingConsent.NEVER, name)).turn
    assert not first.recorded
    assert not any("record" in sentence for sentence in first.say)


def test_an_announcement_comes_before_the_first_question_and_cannot_be_pressed_past(
    library: Library,
) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ANNOUNCE, "repair"))
    assert "This call is recorded" in talk.turn.say[-2]
    assert (talk.step, talk.turn.barge_in, talk.turn.recorded) == ("who", False, False)
    talk.hear(SILENCE)
    assert (talk.step, talk.turn.barge_in, talk.turn.recorded) == ("who", True, True)
    assert not any("This call is recorded" in sentence for sentence in talk.turn.say)


def test_who_asks_to_hear_it_again_hears_the_announcement_again(library: Library) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ANNOUNCE, "repair"))
    before = talk.turn.say
    talk.hear("*")
    assert talk.turn.say == before


def test_recording_goes_on_after_the_digits_and_not_during_them(library: Library) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ANNOUNCE, "overdue-7"))
    talk.hear("1")
    assert (talk.step, talk.turn.recorded) == ("verify", False)
    talk.hear("0000")
    assert (talk.step, talk.turn.recorded) == ("verify", False)
    talk.hear(SAMPLE_IDENTITY)
    assert talk.turn.recorded


@pytest.mark.parametrize(
    ("reply", "told", "recorded"),
    [
        ("1", "agreed", True),
        ("2", "refused", False),
        (SILENCE, "refused", False),
        ("7", "refused", False),
        (SPEECH, "refused", False),
    ],
    ids=["yes", "no", "silence", "another key", "something said"],
)
def test_only_a_yes_is_a_yes_and_the_answer_is_on_file(
    library: Library, reply: Any, told: str, recorded: bool
) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ASK, "repair"))
    assert (talk.step, talk.turn.recorded) == ("may_record", False)
    assert talk.turn.ask is not None
    assert talk.turn.ask.kind is AskKind.KEY
    talk.hear(reply)
    assert (talk.step, talk.turn.recorded) == ("who", recorded)
    assert dump_state(talk.state)["position"]["recording"] == told
    assert any("not recorded" in sentence for sentence in talk.turn.say) is not recorded


@pytest.mark.parametrize(
    ("keys", "step", "left"),
    [("9", "opt_out", True), ("0", "transfer", True), ("*", "may_record", False)],
)
def test_the_keys_of_every_prompt_work_at_the_question_too(
    library: Library, keys: str, step: str, left: bool
) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ASK, "repair"))
    before: Turn = talk.turn
    talk.hear(keys)
    assert talk.step == step
    assert (talk.turn.say == before.say) is not left


def test_who_takes_an_opt_out_back_is_asked_again(library: Library) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ASK, "repair"))
    talk.hear("9", "1")
    assert talk.step == "may_record"
    assert talk.hear("1").turn.recorded


def test_who_wants_no_recording_is_not_asked_to_speak_after_the_tone(library: Library) -> None:
    talk = Conversation.begin(library, plan(library, RecordingConsent.ASK, "repair"))
    talk.hear("2", "1", "3")
    assert talk.state.ended
    assert [code.value for code in talk.codes] == ["dissatisfied"]
    agreed = Conversation.begin(library, plan(library, RecordingConsent.ASK, "repair"))
    agreed.hear("1", "1", "3")
    assert agreed.turn.ask is not None
    assert agreed.turn.ask.kind is AskKind.RECORD


def test_where_recording_is_forbidden_no_free_answer_is_taken(library: Library) -> None:
    forbidden = replace(call(library, "repair"), free_answers=False)
    talk = Conversation.begin(library, forbidden).hear("1", "3")
    assert [code.value for code in talk.codes] == ["dissatisfied"]


@pytest.mark.parametrize("consent", list(RecordingConsent))
def test_neither_a_machine_nor_who_was_abandoned_is_recorded(
    library: Library, consent: RecordingConsent
) -> None:
    asked = plan(library, consent, "repair")
    assert not message(library, asked).recorded
    assert not abandon_message(library, asked).recorded


def test_a_script_without_the_sentences_is_not_recorded(library: Library) -> None:
    script = library.get("repair")
    mute = script.sentences.model_copy(update={"recorded": None, "may_record": None})
    spoiled = script.model_copy(update={"sentences": mute})
    without = replace(library, scripts={**library.scripts, "repair": spoiled})
    for consent in (RecordingConsent.ANNOUNCE, RecordingConsent.ASK):
        talk = Conversation.begin(without, plan(without, consent, "repair")).hear("1")
        assert not talk.turn.recorded


def test_the_linter_wants_an_announcement_that_announces(library: Library) -> None:
    script = library.get("repair")
    vague = {Language.MANDARIN: "请稍候。", Language.ENGLISH: "One moment please."}
    sentences = script.sentences.model_copy(update={"recorded": vague, "not_recorded": None})
    found = lint(script.model_copy(update={"sentences": sentences}))
    assert [(each.rule.value, each.step) for each in found] == [
        ("missing_sentence", "sentences.not_recorded"),
        ("recording_not_named", "sentences.recorded"),
        ("recording_not_named", "sentences.recorded"),
    ]


def test_a_talk_of_an_older_version_goes_on_unrecorded(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "repair"))
    saved = dump_state(talk.state)
    del saved["plan"]["recording"], saved["plan"]["free_answers"], saved["position"]["recording"]
    talk.state = load_state(saved)
    assert not talk.hear("1").turn.recorded
