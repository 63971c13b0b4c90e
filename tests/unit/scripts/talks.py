"""Calls and replies that the tests of the scripts share."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from customers.model import Language, WrapUpCode
from scripts.interpreter import advance, start
from scripts.library import Library
from scripts.model import CallPlan, Reply, ReplyKind, Section, TalkState, Turn
from scripts.samples import SAMPLE_IDENTITY, SAMPLE_NOW, sample_plan

SILENCE = Reply(kind=ReplyKind.SILENCE)
HANG_UP = Reply(kind=ReplyKind.HUNG_UP)
SPEECH = Reply(kind=ReplyKind.RECORDING, value="recording-1", seconds=4.0)
OWNER = ("1", SAMPLE_IDENTITY)  # says who it is and proves it


def call(
    library: Library,
    *scripts: str,
    language: Language = Language.ENGLISH,
    identity: str | None = SAMPLE_IDENTITY,
    agents_available: bool = True,
    **chosen: object,
) -> CallPlan:
    """Return a call about several due calls, numbered from 1, with made-up variables."""
    plans = [sample_plan(library.get(name), language, chosen) for name in scripts]
    return CallPlan(
        language=language,
        now=SAMPLE_NOW,
        currency="CNY",
        variables={"today": "2026-03-05", "agents_available": agents_available},
        sections=tuple(
            Section(due_call_id=n, script=name, variables=plan.sections[0].variables)
            for n, (name, plan) in enumerate(zip(scripts, plans, strict=True), start=1)
        ),
        identity=identity,
    )


@dataclass(kw_only=True)
class Conversation:
    """A talk in progress: what was said so far, and the present turn."""

    library: Library
    state: TalkState
    turn: Turn
    said: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, library: Library, plan: CallPlan) -> "Conversation":
        state, turn = start(library, plan)
        return cls(library=library, state=state, turn=turn, said=list(turn.say))

    def hear(
        self,
        *replies: str | Reply,
        facts: Mapping[int, Mapping[str, Any]] | None = None,
        withdrawn: Collection[int] | Mapping[int, str] = (),
    ) -> "Conversation":
        """Let the talk hear replies (a text is keys); news comes with the last one."""
        for n, reply in enumerate(replies, start=1):
            last = n == len(replies)
            self.state, self.turn = advance(
                self.library,
                self.state,
                Reply(kind=ReplyKind.KEYS, value=reply) if isinstance(reply, str) else reply,
                facts=facts if last else None,
                withdrawn=withdrawn if last else (),
            )
            self.said += self.turn.say
        return self

    @property
    def codes(self) -> list[WrapUpCode]:
        return [outcome.wrap_up_code for outcome in self.state.outcomes]

    @property
    def data(self) -> list[Mapping[str, Any]]:
        return [outcome.data for outcome in self.state.outcomes]

    @property
    def step(self) -> str:
        return self.turn.step.partition(":")[2]
