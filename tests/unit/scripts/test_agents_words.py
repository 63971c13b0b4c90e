"""A script as an agent says it: own words without keys, values written, what is asked for taken."""

from dataclasses import replace
from functools import cache

import pytest

from customers.model import Language, WrapUpCode
from scripts.interpreter import advance, refusal, start, take_over
from scripts.library import Library, load_library
from scripts.model import AskKind, CallPlan, Reply, ReplyKind, Speaker, TalkState, Turn
from scripts.samples import situations
from scripts.state import dump_state, load_state
from scripts.variables import IDENTIFIED
from scripts.walk import Node, explore
from scripts.wording import names_a_debt, speaks_of_keys
from tests.unit.scripts.talks import OWNER, call

NAMES = sorted(load_library().scripts)
NO_WORDS = Reply(kind=ReplyKind.SILENCE)


@cache
def places(name: str, language: Language) -> tuple[Node, ...]:
    library = load_library()
    found = (
        explore(library, replace(situation.plan, speaker=Speaker.AGENT)).values()
        for situation in situations(library.get(name), language)
    )
    return tuple(node for nodes in found for node in nodes)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", NAMES)
def test_an_agent_says_nothing_of_keys_and_no_debt_before_the_check(
    name: str, language: Language
) -> None:
    for node in places(name, language):
        read = (*node.turn.say, *node.turn.asides)
        assert not any(speaks_of_keys(each, language) for each in node.turn.say), node.turn
        if node.state.position[IDENTIFIED] != "strong":
            assert not any(names_a_debt(each, language) for each in read), node.turn
        assert len(node.turn.facts) == len(node.turn.say)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_a_title_and_a_day_stands_alone_on_its_button(
    name: str, language: Language
) -> None:
    for node in places(name, language):
        ask = node.turn.ask
        if ask is None or node.turn.step.endswith((":opt_out", ":may_record")):
            continue
        assert node.turn.title
        if ask.kind is AskKind.CHOICE:
            assert not any(speaks_of_keys(each, language) for each in ask.keys.values())


@pytest.mark.parametrize(
    ("language", "says", "fact"),
    [
        (Language.MANDARIN, "您是准备一次缴清 1,234.05 元，还是先缴一部分？", "1,234.05 元"),
        (Language.ENGLISH, "Would you like to pay all of it, CNY 1,234.05, or a part first?", None),
    ],
)
def test_values_are_written_and_marked(
    library: Library, language: Language, says: str, fact: str | None
) -> None:
    _, turn = said(library, agents(call(library, "overdue-7", language=language)), *OWNER, "1")
    assert turn.say == (says,)
    ((start_at, end_at),) = turn.facts[0]
    assert turn.say[0][start_at:end_at] == (fact or "CNY 1,234.05")


@pytest.mark.parametrize("script", ["overdue-30", "repair", "survey", "promised"])
def test_an_agents_talk_comes_to_what_a_scripts_talk_comes_to(
    library: Library, script: str
) -> None:
    plan = call(library, script, about="overdue")
    keys = [*OWNER, "1", "2", "500", "20260310", "1", "3", "1"]
    spoken = start(library, plan)
    read = start(library, agents(plan))
    for key in keys:
        if spoken[0].ended:
            break
        reply = Reply(kind=ReplyKind.KEYS, value=key)
        spoken, read = advance(library, spoken[0], reply), advance(library, read[0], reply)
        assert read[1].step == spoken[1].step
    assert read[0].outcomes == spoken[0].outcomes


def test_a_value_that_would_be_refused_is_told_without_a_step(library: Library) -> None:
    state, _ = said(library, agents(call(library, "overdue-7")), *OWNER, "1", "2")
    before = dump_state(state)
    assert refusal(library, state, keys("1")) == (
        "Sorry, a first part has to be at least CNY 246.81."
    )
    assert refusal(library, state, keys("what")) == "Sorry, that is not an amount."
    assert refusal(library, state, keys("500")) is None
    assert dump_state(state) == before


def test_free_speech_is_kept_in_the_words_written_down(library: Library) -> None:
    plan = replace(agents(call(library, "repair")), free_answers=False)
    state, turn = said(library, plan, "1", "3")
    assert turn.ask is not None
    assert turn.ask.kind is AskKind.RECORD
    state, _ = advance(library, state, Reply(kind=ReplyKind.WORDS, value="still drips"))
    (outcome,) = state.outcomes
    assert outcome.wrap_up_code is WrapUpCode.DISSATISFIED
    assert outcome.data["said"] == {"recording": "still drips"}
    assert "recording" not in outcome.data


@pytest.mark.parametrize("about", ["overdue", "greeting"])
def test_a_talk_that_was_handed_over_goes_on_where_it_stood(library: Library, about: str) -> None:
    plan = call(library, "promised", about=about)
    at = (*OWNER, "1", "2", "500") if about == "overdue" else ("1",)
    before, asked = said(library, plan, *at)
    if not before.ended:
        before, _ = said_on(library, before, "*0")
    assert before.ended
    assert [each.wrap_up_code for each in before.outcomes] == [WrapUpCode.TRANSFERRED]
    state, turn = take_over(library, load_state(dump_state(before)))
    assert state.plan.speaker is Speaker.AGENT
    if about == "overdue":
        assert not state.ended
        assert state.outcomes == ()
        assert turn.step == asked.step == "promised:pay_date"
        assert state.position[IDENTIFIED] == "strong"
        state, _ = said_on(library, state, "20260310", "1")
        (outcome,) = state.outcomes
        assert outcome.data["promised_amount_minor"] == 50000
    else:
        assert turn.transfer is not None  # to whoever reads it


def agents(plan: CallPlan) -> CallPlan:
    """Return a plan that an agent speaks."""
    return replace(plan, speaker=Speaker.AGENT)


def said(library: Library, plan: CallPlan, *answers: str) -> tuple[TalkState, Turn]:
    """Let a talk hear keys from its beginning."""
    first = start(library, plan)
    return said_on(library, first[0], *answers) if answers else first


def said_on(library: Library, state: TalkState, *answers: str) -> tuple[TalkState, Turn]:
    """Let a talk hear more keys."""
    first, *others = answers
    after = advance(library, state, keys(first))
    for each in others:
        after = advance(library, after[0], keys(each))
    return after


def keys(value: str) -> Reply:
    """Return keys pressed."""
    return Reply(kind=ReplyKind.KEYS, value=value)
