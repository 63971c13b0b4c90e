"""What may be said at the answer, before anything is known of who listens."""

from dataclasses import replace

import pytest

from customers.model import Language
from scripts.greeting import greets_alike
from scripts.interpreter import abandon_message, start
from scripts.library import Library
from scripts.samples import sample_plan
from scripts.steps import AskStep, SayStep
from tests.unit.scripts.talks import call


@pytest.mark.parametrize("language", list(Language))
def test_every_shipped_script_begins_with_a_greeting_that_names_nobody(
    library: Library, language: Language
) -> None:
    for name in library.scripts.keys() - {"inbound"}:  # nobody is rung for that one
        plan = sample_plan(library.get(name), language)
        _, turn = start(library, plan)
        assert greets_alike(library, plan, turn), name


def test_a_greeting_that_names_the_person_waits(library: Library) -> None:
    script = library.get("repair")
    greeting = SayStep(say={Language.ENGLISH: "Hello {person}, this is {company}."}, next="who")
    steps = {**script.steps, script.opening: greeting}
    named = script.model_copy(update={"steps": steps})
    library = library.with_script(named)
    plan = call(library, "repair")
    _, turn = start(library, plan)
    assert turn.say[0].startswith("Hello Mr Wang")
    assert not greets_alike(library, plan, turn)


def test_a_script_that_begins_with_a_question_has_no_greeting(library: Library) -> None:
    script = library.get("repair")
    who = script.steps["who"]
    assert isinstance(who, AskStep)
    asking = script.model_copy(update={"opening": "who"})
    library = library.with_script(asking)
    plan = call(library, "repair")
    _, turn = start(library, plan)
    assert not greets_alike(library, plan, turn)


def test_another_turn_than_the_first_is_no_greeting(library: Library) -> None:
    plan = call(library, "repair")
    assert not greets_alike(library, plan, abandon_message(library, plan))
    _, turn = start(library, plan)
    assert not greets_alike(library, plan, replace(turn, say=()))
