"""Every branch of every shipped script, walked through the agent's page as by the interpreter."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import Request

from api.console import formats
from api.console.page import Page
from api.console.script_view import Kind, kind_of, reply_of, view_of
from api.deps import ApiDeps
from customers.model import Language
from dialer.agents.guide import Guide
from dialer.agents.guide_path import Answer, Place, read_reply, taken
from scripts.answers import nearest_date
from scripts.library import load_library
from scripts.model import AskKind, Reply, ReplyKind, Speaker
from scripts.samples import SAMPLE_IDENTITY, situations
from scripts.state import dump_state
from scripts.walk import Heard, Node, explore, hear
from scripts.wording import names_a_debt
from tests.unit.api.forms import Form, form_of, text_of

CALL = UUID(int=7)
LIBRARY = load_library()
NAMES = sorted(LIBRARY.scripts)
NOT_ON_THE_PAGE = {"*", "hang up"}  # said again by the agent; the call's end is the line's


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", NAMES)
def test_every_branch_is_walked_through_the_agents_page_as_by_the_interpreter(
    name: str, language: Language
) -> None:
    walked = 0
    for node in places(name, language):
        shown = Shown.of(node, language)
        shown.tells_what_is_said()
        for heard in node.answers:
            if heard.label not in NOT_ON_THE_PAGE:
                shown.answers_as_walked(heard)
                walked += 1
    assert walked


class Shown:
    """A place of a talk as the page shows it."""

    def __init__(self, node: Node, place: Place, html: str) -> None:
        self.node, self.place, self.html = node, place, html
        self.form: Form = form_of(html, "step")
        self.kind: Kind = kind_of(place, LIBRARY)

    @classmethod
    def of(cls, node: Node, language: Language) -> "Shown":
        place = Place(number=3, state=node.state, turn=node.turn)
        return cls(node, place, render(place, language))

    def tells_what_is_said(self) -> None:
        """The sentences, and no amount or debt before the check, wherever it might stand."""
        turn, words = self.node.turn, text_of(self.html)
        for sentence in turn.say:
            assert sentence in words
        for each in turn.asides:
            assert each in words
        if self.node.state.position["identified"] != "strong":
            assert not names_a_debt(" ".join(turn.say), turn.language)
            for minor in amounts(self.node):
                assert formats.amount(minor, "CNY") not in words
                assert f"{minor / 100:.2f}" not in self.html
        assert SAMPLE_IDENTITY not in self.html

    def answers_as_walked(self, heard: Heard) -> None:
        """What the page's own form sends comes to what the interpreter made of the answer."""
        library = LIBRARY
        sent = self.sent(heard)
        if sent is None:
            assert heard.label not in self.form.choices
            return
        assert sent["counter"] == "3"
        reply = reply_of(self.node.turn, self.kind, choice=sent["choice"], value=sent["value"])
        assert reply is not None, (self.node.turn, heard)
        read = read_reply(library, self.place, reply, wrong_before=0)
        gone = {each.due_call_id: "withdrawn" for each in self.node.state.plan.sections}
        walked_state, walked_turn = hear(library, self.node.state, heard)
        if isinstance(read, str):
            assert walked_state.position["misses"] or walked_turn.step != self.node.turn.step
            if walked_turn.step == self.node.turn.step:
                assert walked_turn.say[0] == read
            return
        answer = replace(read, withdrawn=gone if heard.withdrawn else {})
        if read.is_right is not None:
            assert not read.reply.value
        state, turn = taken(library, self.node.state, answer)
        assert turn == walked_turn, (self.node.turn.step, heard.label)
        if heard.reply.kind is ReplyKind.RECORDING:
            assert [each.wrap_up_code for each in state.outcomes] == [
                each.wrap_up_code for each in walked_state.outcomes
            ]
        else:
            assert dump_state(state) == dump_state(walked_state)

    def sent(self, heard: Heard) -> dict[str, str] | None:
        """What the browser would send; None: the page has no such answer."""
        keys = heard.reply.value
        ask = self.node.turn.ask
        assert ask is not None
        match heard.reply.kind:
            case ReplyKind.SILENCE:
                return self.form.press("silence")
            case ReplyKind.RECORDING:
                return self.form.press("give", value="It still drips.")
            case _:
                pass
        if keys in ask.keys and keys.removeprefix("*") in {"9", "0"}:
            return self.form.press("never" if keys.endswith("9") else "person")
        if "value" in self.form.fields:
            return self.form.press("give", value=typed(ask.kind, keys))
        return self.form.press(keys) if keys in self.form.choices else None


def typed(kind: AskKind, keys: str) -> str:
    """Return what an agent types for keys."""
    match kind:
        case AskKind.AMOUNT:
            return keys.replace("*", ".")
        case AskKind.DATE:
            day = nearest_date(keys, datetime(2026, 3, 5, tzinfo=UTC).date())
            return f"2026-{keys[:2]}-{keys[2:]}" if day is None else day.isoformat()
        case AskKind.TIME:
            return f"{keys[:2]}:{keys[2:]}"
        case _:
            return keys


@cache
def places(name: str, language: Language) -> tuple[Node, ...]:
    """Return every place of an agent's talk of a script, in every situation."""
    library = LIBRARY
    found = (
        explore(library, replace(situation.plan, speaker=Speaker.AGENT)).values()
        for situation in situations(library.get(name), language)
    )
    return tuple(node for nodes in found for node in nodes)


def amounts(node: Node) -> Iterator[int]:
    for section in node.state.plan.sections:
        total = section.variables.get("total")
        if total is not None:
            yield total["amount_minor"]


def guide_at(place: Place) -> Guide:
    return Guide(
        attempt_id=CALL,
        counter=place.number,
        note="",
        drafts={},
        base={},
        answers=(Answer(reply=Reply(kind=ReplyKind.SILENCE)),),
        typed={},
        wrong_proofs=0,
        library=LIBRARY,
        places=(place,),
    )


@cache
def page_in(language: Language) -> Page:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/desk/step",
        "query_string": b"",
        "headers": [],
    }
    return Page(
        request=Request(scope),
        deps=cast("ApiDeps", None),  # no template of a step asks for it
        language=language,
        now=datetime(2026, 3, 5, tzinfo=UTC),
    )


def render(place: Place, language: Language) -> str:
    page = page_in(language)
    view = view_of(guide_at(place), say=page.say)
    return page.text_of("desk/script/step.html", view=view, colleagues=(), codes=(), by_hand=False)
