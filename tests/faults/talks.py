"""What the carrier's people said, against the talk on file: every reply that was taken is in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from scripts.interpreter import advance, start
from scripts.library import Library
from scripts.model import Reply, ReplyKind, SectionOutcome, TalkState
from scripts.state import load_state

_OPEN = "open"


@dataclass(frozen=True, kw_only=True, slots=True)
class TalkLine:
    """Something a dialer was asked in a talk; `taken`: it answered, so it had committed."""

    reply: str  # "open", or the kind of the reply
    value: str
    taken: bool


def read_talks(path: Path) -> dict[UUID, list[TalkLine]]:
    """Return the lines of each call, in order."""
    talks: dict[UUID, list[TalkLine]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            talks.setdefault(UUID(line["call_id"]), []).append(
                TalkLine(reply=line["reply"], value=line["value"], taken=line["then"] is not None)
            )
    return talks


def problem_with_talk(
    library: Library,
    talk: Mapping[str, Any] | None,
    lines: Sequence[TalkLine],
    *,
    facts_changed: bool,
) -> str | None:
    """Return what of a talk is not on file; None when all is.

    A reply that a dialer broke down over may be on file or not. Where every one was taken, and no
    fact changed meanwhile, the replies spoken again must end in the very same outcomes.
    """
    replies = _since_opened(lines)
    taken = [line for line in replies if line.taken]
    if not taken:
        return None
    if talk is None or "state" not in talk:
        return None if _is_of_a_machine(talk) else f"{len(taken)} replies were taken, none is kept"
    state = load_state(talk["state"])
    turns = state.position["turns"]
    if not len(taken) <= turns <= len(replies) + 1:  # one more: the hang-up that settling adds
        return f"{len(taken)} replies of {len(replies)} were taken, {turns} are kept"
    if facts_changed or len(taken) < len(replies):
        return None
    again = _spoken_again(library, state, taken)
    if _outcomes(again) != _outcomes(state.outcomes):
        return f"the replies come to {_outcomes(again)}, on file is {_outcomes(state.outcomes)}"
    return None


def _is_of_a_machine(talk: Mapping[str, Any] | None) -> bool:
    return talk is not None and ("machine" in talk or "gone" in talk)


def _since_opened(lines: Sequence[TalkLine]) -> list[TalkLine]:
    """Return the replies since the talk was opened: one opened again starts anew."""
    opened = [n for n, line in enumerate(lines) if line.reply == _OPEN]
    return list(lines[opened[-1] + 1 :]) if opened else list(lines)


def _spoken_again(
    library: Library, state: TalkState, taken: Sequence[TalkLine]
) -> Sequence[SectionOutcome]:
    again, _ = start(library, state.plan)
    for line in taken:
        if again.ended:
            break
        reply = Reply(kind=ReplyKind(line.reply), value=line.value)
        again, _ = advance(library, again, reply)
    if not again.ended:
        again, _ = advance(library, again, Reply(kind=ReplyKind.HUNG_UP))
    return again.outcomes


def _outcomes(outcomes: Sequence[SectionOutcome]) -> list[tuple[int, str, dict[str, Any]]]:
    return [(each.due_call_id, each.wrap_up_code.value, dict(each.data)) for each in outcomes]
