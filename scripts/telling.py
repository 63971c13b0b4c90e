"""What `ownerline scripts walk` prints: the talk of a script, prompt by prompt, for people."""

import itertools
from collections.abc import Iterator

from customers.model import Language
from scripts.library import Library
from scripts.model import ReplyKind, TalkState, Turn
from scripts.samples import recorded_situations, situations
from scripts.steps import GLOBAL_KEYS, REPEAT_KEY
from scripts.walk import Heard, Node, explore, hear

_WORDS = {
    Language.MANDARIN: {
        "silence": "无应答",
        "hang up": "挂断",
        "withdrawn": "（通话中事由消失）",
        "speech": "（录音）",
    },
    Language.ENGLISH: {
        "silence": "no answer",
        "withdrawn": "(the reason goes away)",
        "speech": "(speaks)",
    },
}


def tell(library: Library, name: str, language: Language) -> str:
    """Return the talk of a script: each prompt once, with where every answer leads.

    What works at every prompt is told at the first one; of further situations, what differs.
    """
    script = library.get(name)
    lines = [
        f"{script.name} · {script.title[language]} · v{script.version} · {script.purpose.value}"
    ]
    told: set[tuple[str, ...]] = set()
    recorded = recorded_situations(script, language)
    for situation in itertools.chain(situations(script, language), recorded):
        nodes = [n for n in explore(library, situation.plan).values() if _is_first(n)]
        blocks = [tuple(_block(library, node, everything=node is nodes[0])) for node in nodes]
        fresh = [block for block in blocks if block not in told]
        told.update(fresh)
        if fresh:
            lines += ["", f"== {situation.name}"]
            lines += [line for block in fresh for line in ("", *block)]
    return "\n".join(lines)


def _block(library: Library, node: Node, *, everything: bool) -> Iterator[str]:
    yield f"[{_step(node.turn)}]"
    yield from (f"    {sentence}" for sentence in node.turn.say)
    for heard in node.answers:
        if everything or not _works_everywhere(heard):
            way = _way(library, node, heard)
            yield f"  {_label(heard, node.turn)} → {way}"


def _way(library: Library, node: Node, heard: Heard) -> str:
    """Say where an answer leads; where the prompt is asked again, where the same one leads then."""
    state, turn = hear(library, node.state, heard)
    why = f"“{turn.say[0]}” … " if turn.say and turn.step == node.turn.step else ""
    if _works_everywhere(heard):
        return _ending(state, turn)
    while turn.step == node.turn.step and not state.ended:
        state, turn = hear(library, state, heard)
    return why + _ending(state, turn)


def _works_everywhere(heard: Heard) -> bool:
    pressed = heard.label.removeprefix(REPEAT_KEY) or REPEAT_KEY
    return pressed in GLOBAL_KEYS or heard.withdrawn or heard.reply.kind is ReplyKind.HUNG_UP


def _ending(state: TalkState, turn: Turn) -> str:
    if not state.ended:
        return f"[{_step(turn)}]"
    codes = ", ".join(outcome.wrap_up_code.value for outcome in state.outcomes)
    queue = f" → {turn.transfer.queue}" if turn.transfer else ""
    words = f" “{turn.say[0]}”" if turn.say else ""
    return f"{codes}{queue}{words}"


def _label(heard: Heard, turn: Turn) -> str:
    meaning = turn.ask.keys.get(heard.label) if turn.ask else None
    word = _WORDS[turn.language].get(heard.label, heard.label)
    return f"{word} {meaning}" if meaning else word


def _is_first(node: Node) -> bool:
    """Say whether a prompt is heard for the first time, not again after a miss."""
    at = node.state.position
    again = at["misses"] or at["tries"] or at["repeats"]
    return not node.state.ended and not again and not at["opting_out"]


def _step(turn: Turn) -> str:
    return turn.step.partition(":")[2]
