"""Every branch of every shipped script, walked in both languages."""

from functools import cache

import pytest

from customers.model import Language
from scripts.language import Script
from scripts.library import SHIPPED, Library, load_library
from scripts.samples import situations
from scripts.steps import Prompted
from scripts.telling import tell
from scripts.variables import IDENTIFIED
from scripts.walk import Walked, explore, walk
from scripts.wording import names_a_debt, threatens

NAMES = sorted(load_library().scripts)


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=list(Language))
def talks(request: pytest.FixtureRequest, name: str) -> list[Walked]:
    return walked(name, request.param)


@cache
def walked(name: str, language: Language) -> list[Walked]:
    return list(walk(load_library(), name, language))


def test_the_library_has_the_ladder_and_one_script_for_each_other_reason() -> None:
    steps = ("courtesy", "1", "7", "15", "30", "60", "90")
    others = {"repair", "survey", "promised", "invitation", "missed-call", "inbound", "complaint"}
    assert set(NAMES) == {f"overdue-{step}" for step in steps} | others
    assert SHIPPED.is_dir()


def test_every_talk_ends_with_one_outcome_for_its_section(talks: list[Walked]) -> None:
    for talk in talks:
        last = talk.turns[-1]
        assert last.ask is None
        assert last.hang_up is (last.transfer is None)
        assert [outcome.due_call_id for outcome in talk.outcomes] == [1]


def test_every_turn_before_the_last_waits_for_an_answer(talks: list[Walked]) -> None:
    for talk in talks:
        for turn in talk.turns[:-1]:
            assert turn.ask is not None
            assert not turn.hang_up
            assert turn.transfer is None
            assert all(sentence and "{" not in sentence for sentence in turn.say)


def test_a_debt_is_named_only_after_the_digits(talks: list[Walked]) -> None:
    for talk in talks:
        proven = False
        for turn, heard in zip(talk.turns, (None, *talk.heard), strict=True):
            proven = proven or (heard is not None and heard.label == talk.situation.plan.identity)
            if not proven:
                assert not any(names_a_debt(sentence, turn.language) for sentence in turn.say)
            assert not any(threatens(sentence, turn.language) for sentence in turn.say)


def prompts_of(script: Script) -> set[str]:
    """The prompts a call about this script alone comes to: digits only where a debt may be."""
    prompts = {name for name, step in script.steps.items() if isinstance(step, Prompted)}
    no_debt = script.identity == "light" and script.strong_if is None
    return prompts - {"verify"} if no_debt else prompts


def test_every_prompt_is_walked(talks: list[Walked], library: Library, name: str) -> None:
    asked = {turn.step.partition(":")[2] for talk in talks for turn in talk.turns}
    assert prompts_of(library.get(name)) <= asked


def test_every_prompt_lets_the_owner_opt_out_leave_and_ask_for_a_person(
    talks: list[Walked],
) -> None:
    for talk in talks:
        for turn in talk.turns:
            if turn.ask is not None and not turn.step.endswith(":opt_out"):
                assert {"9", "0", "*"} <= set(turn.ask.keys) or {"*9", "*0", "*"} <= set(
                    turn.ask.keys
                )


def test_what_scripts_walk_prints_names_every_prompt_once(library: Library, name: str) -> None:
    script = library.get(name)
    for language in Language:
        told = tell(library, name, language)
        assert told.startswith(f"{name} · {script.title[language]}")
        assert all(f"[{step}]\n" in told for step in prompts_of(script))


def test_the_strong_check_is_remembered_in_the_state(library: Library) -> None:
    situation = next(situations(library.get("overdue-7"), Language.ENGLISH))
    nodes = explore(library, situation.plan).values()
    assert {node.state.position[IDENTIFIED] for node in nodes} == {"none", "light", "strong"}
