"""What a prompt waits for: its keys and their meanings, and the keys that work at every prompt."""

from customers.model import Language
from scripts.answers import offered_days
from scripts.memory import Memory
from scripts.model import Ask, AskKind, Reply, ReplyKind
from scripts.steps import (
    AGENT_KEY,
    GLOBAL_KEYS,
    OPT_OUT_KEY,
    REPEAT_KEY,
    AskStep,
    RecordStep,
    VerifyStep,
)

UNDO_KEY = "1"  # after the opt-out key: it was a slip
Asking = AskStep | VerifyStep | RecordStep

_GLOBAL_MEANINGS = {
    Language.MANDARIN: {OPT_OUT_KEY: "不再来电", AGENT_KEY: "人工服务", REPEAT_KEY: "重听"},
    Language.ENGLISH: {OPT_OUT_KEY: "No more calls", AGENT_KEY: "An agent", REPEAT_KEY: "Repeat"},
}
_UNDO_MEANING = {Language.MANDARIN: "按错了，继续", Language.ENGLISH: "A slip, go on"}
_MAX_DIGITS = {AskKind.AMOUNT: 12, AskKind.DATE: 8, AskKind.TIME: 4}


def make_ask(memory: Memory, step: Asking) -> tuple[Ask, tuple[str, ...]]:
    """Return what a step waits for, and the options it has to read out after its own sentence.

    An agent reads none out: they stand on the buttons.
    """
    globals_ = _global_keys(memory, step)
    if isinstance(step, RecordStep):
        ask = Ask(
            kind=AskKind.RECORD,
            keys=globals_,
            timeout_s=step.timeout_s,
            max_seconds=step.max_seconds,
        )
        return ask, ()
    if isinstance(step, VerifyStep):
        digits = len(memory.plan.identity or "")
        ask = Ask(kind=AskKind.DIGITS, keys=globals_, max_digits=digits, timeout_s=step.timeout_s)
        return ask, ()
    options = _options(memory, step)
    ask = Ask(
        kind=step.ask,
        keys=_answer_keys(memory, step) | options | globals_,
        max_digits=step.max_digits or _MAX_DIGITS.get(step.ask, 1),
        timeout_s=step.timeout_s,
    )
    return ask, () if memory.is_agents else tuple(options.values())


def make_undo_ask(language: Language) -> Ask:
    """Return what the turn after the opt-out key waits for."""
    return Ask(kind=AskKind.KEY, keys={UNDO_KEY: _UNDO_MEANING[language]})


def global_key(step: Asking, reply: Reply) -> str | None:
    """Return which of 9, 0 and * a reply is, None when it is an answer to the step."""
    if reply.kind is not ReplyKind.KEYS:
        return None
    return next((key for key in GLOBAL_KEYS if _global_form(step, key) == reply.value), None)


def _global_form(step: Asking, key: str) -> str:
    """Return how a global key is pressed at a step: after a star where digits are awaited."""
    one_key = isinstance(step, RecordStep) or (
        isinstance(step, AskStep) and step.ask in {AskKind.KEY, AskKind.CHOICE}
    )
    return key if one_key or key == REPEAT_KEY else REPEAT_KEY + key


def global_keys(language: Language) -> dict[str, str]:
    """Return the keys that work at every prompt, where one key is awaited."""
    return dict(_GLOBAL_MEANINGS[language])


def _global_keys(memory: Memory, step: Asking) -> dict[str, str]:
    meanings = global_keys(memory.plan.language)
    return {_global_form(step, key): meaning for key, meaning in meanings.items()}


def _answer_keys(memory: Memory, step: AskStep) -> dict[str, str]:
    keys: dict[str, str] = {}
    for key, answer in step.answers.items():
        memory.passing = {"key": key}
        keys[key] = memory.words(answer.means)
    return keys


def _options(memory: Memory, step: AskStep) -> dict[str, str]:
    options: dict[str, str] = {}
    if step.options is not None:
        own = step.options.agent_says if memory.is_agents else None
        for key, day in offered_days(step, memory.plan.now.date()):
            memory.passing = {"key": key, "option": day.isoformat()}
            options[key] = memory.words(own or step.options.each)
    return options
