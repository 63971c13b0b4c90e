"""The walk: every branch of a script, spoken through the interpreter with made-up replies."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from customers.model import Language
from scripts.interpreter import advance, start
from scripts.library import Library
from scripts.model import (
    Ask,
    AskKind,
    CallPlan,
    Reply,
    ReplyKind,
    SectionOutcome,
    TalkState,
    Turn,
)
from scripts.samples import Situation, situations
from scripts.steps import GLOBAL_KEYS, REPEAT_KEY
from scripts.variables import money_of

SILENCE = Reply(kind=ReplyKind.SILENCE)
HANG_UP = Reply(kind=ReplyKind.HUNG_UP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One made-up answer; `withdrawn` when the due call's reason goes away just then."""

    label: str
    reply: Reply
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Walked:
    """One talk from its greeting to its end: a turn more than answers."""

    situation: Situation
    turns: tuple[Turn, ...]
    heard: tuple[Heard, ...]
    outcomes: tuple[SectionOutcome, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A place in a talk: the state, what was said on coming there, and where each answer leads."""

    state: TalkState
    turn: Turn
    answers: tuple[Heard, ...]
    ways: dict[str, "Key"] = field(default_factory=dict)


Key = tuple[Any, ...]


def walk(library: Library, name: str, language: Language) -> Iterator[Walked]:
    """Yield talks that together take every way of a script at least once, in every situation."""
    for situation in situations(library.get(name), language):
        nodes = explore(library, situation.plan)
        yield from _cover(library, situation, nodes)


def explore(library: Library, plan: CallPlan) -> dict[Key, Node]:
    """Return every place a talk of this plan can come to; the first is its beginning."""
    nodes: dict[Key, Node] = {}
    state, turn = start(library, plan)
    key = key_of(state, turn)
    nodes[key] = _node(state, turn)
    queue = deque([key])
    while queue:
        node = nodes[queue.popleft()]
        for heard in node.answers:
            next_state, next_turn = hear(library, node.state, heard)
            next_key = key_of(next_state, next_turn)
            node.ways[heard.label] = next_key
            if next_key not in nodes:
                nodes[next_key] = _node(next_state, next_turn)
                queue.append(next_key)
    return nodes


def hear(library: Library, state: TalkState, heard: Heard) -> tuple[TalkState, Turn]:
    """Let a talk hear an answer."""
    gone = [section.due_call_id for section in state.plan.sections] if heard.withdrawn else []
    return advance(library, state, heard.reply, withdrawn=gone)


def key_of(state: TalkState, turn: Turn) -> Key:
    """Return what makes a place in a talk different from another, values apart."""
    at = state.position
    codes = tuple((o.wrap_up_code.value, o.data.get("reason")) for o in state.outcomes)
    if state.ended:
        return (turn.step, codes, turn.transfer is not None)
    return (
        turn.step,
        at["misses"],
        at["tries"],
        bool(at["repeats"]),
        at["identified"],
        at["verify_failed"],
        bool(at["answers"]),
        at.get("recording", ""),
        at["step"],  # what a return from the opt-out leads back to
        codes,
    )


def answers_to(turn: Turn, state: TalkState) -> tuple[Heard, ...]:
    """Return an answer of each sort to a turn: what fits, what does not, and the global keys."""
    ask = turn.ask
    if ask is None:
        return ()
    fitting = [_pressed(keys) for keys in _values(ask, state)]
    if ask.kind is AskKind.RECORD:
        reply = Reply(kind=ReplyKind.RECORDING, value="recording-1", seconds=5.0)
        fitting = [Heard(label="speech", reply=reply)]
    elif ask.kind is AskKind.KEY:
        fitting += [_pressed(key) for key in ("8", "#") if key not in ask.keys][:1]
    found = [*fitting, Heard(label="silence", reply=SILENCE)]
    at = state.position
    if not (at["misses"] or at["tries"] or at["repeats"]):
        found += [_pressed(key) for key in ask.keys if key.removeprefix(REPEAT_KEY) in GLOBAL_KEYS]
        found += [_pressed(REPEAT_KEY)] if REPEAT_KEY in ask.keys else []
        found.append(Heard(label="hang up", reply=HANG_UP))
        if not at["opting_out"]:
            found.append(Heard(label="withdrawn", reply=SILENCE, withdrawn=True))
    return tuple({heard.label: heard for heard in found}.values())


def _values(ask: Ask, state: TalkState) -> list[str]:
    today = state.plan.now.date()
    match ask.kind:
        case AskKind.KEY | AskKind.CHOICE:
            own = [key for key in ask.keys if key not in GLOBAL_KEYS]
            return own + (["8"] if ask.kind is AskKind.CHOICE else [])
        case AskKind.DATE:
            days = (3, -1, 90)
            return [f"{today + timedelta(days=n):%m%d}" for n in days] + ["0231"]
        case AskKind.TIME:
            return ["1430", "0300", "2575"]
        case AskKind.AMOUNT:
            total = _total(state)
            return [f"{total // 100}", f"{total // 200}*5", "1", f"{total}", "5*5*5"]
        case _:
            return ["0000", state.plan.identity or "1234"]


def _total(state: TalkState) -> int:
    variables = state.plan.sections[0].variables
    total = variables.get("total", 10_000)
    return money_of(total, state.plan.currency).amount_minor


def _pressed(keys: str) -> Heard:
    return Heard(label=keys, reply=Reply(kind=ReplyKind.KEYS, value=keys))


def _node(state: TalkState, turn: Turn) -> Node:
    return Node(state=state, turn=turn, answers=() if state.ended else answers_to(turn, state))


def _cover(library: Library, situation: Situation, nodes: Mapping[Key, Node]) -> Iterator[Walked]:
    """Talk until every way was taken: go to the nearest untaken one, then on to an end."""
    untaken = {(key, label) for key, node in nodes.items() for label in node.ways}
    homeward = _steps_to_end(nodes)
    routes = _routes(nodes)
    for key, node in nodes.items():
        for label in node.ways:
            if (key, label) in untaken:
                yield _talk(library, situation, nodes, [*routes[key], label], untaken, homeward)


def _talk(  # noqa: PLR0917 - one private caller
    library: Library,
    situation: Situation,
    nodes: Mapping[Key, Node],
    route: list[str],
    untaken: set[tuple[Key, str]],
    homeward: Mapping[Key, int],
) -> Walked:
    state, turn = start(library, situation.plan)
    turns, heard_all = [turn], []
    while not state.ended:
        key = key_of(state, turn)
        node = nodes[key]
        label = route.pop(0) if route else _choose(key, node, untaken, homeward)
        untaken.discard((key, label))
        heard = next(heard for heard in node.answers if heard.label == label)
        state, turn = hear(library, state, heard)
        turns.append(turn)
        heard_all.append(heard)
    return Walked(
        situation=situation,
        turns=tuple(turns),
        heard=tuple(heard_all),
        outcomes=state.outcomes,
    )


def _choose(
    key: Key, node: Node, untaken: set[tuple[Key, str]], homeward: Mapping[Key, int]
) -> str:
    """Take an untaken way that leads on, else the shortest one to an end."""
    fresh = [label for label in node.ways if (key, label) in untaken]
    onward = [label for label in fresh if homeward[node.ways[label]]]
    return (onward or fresh or sorted(node.ways, key=lambda label: homeward[node.ways[label]]))[0]


def _routes(nodes: Mapping[Key, Node]) -> dict[Key, list[str]]:
    """Return the answers that lead from the beginning to each place, the fewest."""
    first = next(iter(nodes))
    routes: dict[Key, list[str]] = {first: []}
    queue = deque([first])
    while queue:
        key = queue.popleft()
        for label, target in nodes[key].ways.items():
            if target not in routes:
                routes[target] = [*routes[key], label]
                queue.append(target)
    return routes


def _steps_to_end(nodes: Mapping[Key, Node]) -> dict[Key, int]:
    """Return how many answers each place is from an end."""
    before: dict[Key, list[Key]] = {}
    for key, node in nodes.items():
        for target in node.ways.values():
            before.setdefault(target, []).append(key)
    distance = {key: 0 for key, node in nodes.items() if not node.ways}
    queue = deque(distance)
    while queue:
        key = queue.popleft()
        for earlier in before.get(key, ()):
            if earlier not in distance:
                distance[earlier] = distance[key] + 1
                queue.append(earlier)
    return distance
