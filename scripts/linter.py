"""The linter: everything a script must not do that can be seen without speaking it."""

from collections.abc import Iterator

from customers.model import Language, Purpose, WrapUpCode
from scripts import graph
from scripts.findings import Finding, Rule, finding
from scripts.language import Script
from scripts.steps import (
    AGENT_KEY,
    NOWHERE,
    OPT_OUT_KEY,
    AskStep,
    EndStep,
    ProceedStep,
    Text,
    VerifyStep,
    agent_texts,
    spoken_texts,
    targets,
)
from scripts.template import placeholders
from scripts.variable_rules import check_variables
from scripts.variables import DEBT_VARIABLES, MONEY_TYPES
from scripts.wording import (
    MAX_PROMPT_S,
    names_a_debt,
    names_recording,
    offers_key,
    seconds_to_speak,
    speaks_of_keys,
    threatens,
)

_FIRST = (Rule.COMPANY_NOT_NAMED, Rule.NO_AGENT, Rule.NO_OPT_OUT)  # kept by every opening
_TO_NO_AGENT = frozenset({"message", "abandoned"})  # a machine hears them, or nobody is there
_CODES = frozenset(code.value for code in WrapUpCode)


def lint(script: Script) -> list[Finding]:
    """Return what is wrong with a script; empty when it may be spoken."""
    checks = (
        _targets(script),
        _reach(script),
        _loops(script),
        _codes(script),
        _translations(script),
        _opening(script),
        _identity(script),
        _debts(script),
        _recording(script),
        _wording(script),
        _agents_words(script),
        check_variables(script),
    )
    return list(dict.fromkeys(found for check in checks for found in check))


def _targets(script: Script) -> Iterator[Finding]:
    for entry in (script.opening, script.section):
        if entry not in script.steps:
            yield finding(script.name, entry, Rule.UNKNOWN_STEP, what=entry)
    for name, step in script.steps.items():
        for target in targets(step):
            if target == NOWHERE:
                yield finding(script.name, name, Rule.NO_OUTCOME)
            elif target not in script.steps:
                yield finding(script.name, name, Rule.UNKNOWN_STEP, what=target)


def _reach(script: Script) -> Iterator[Finding]:
    live = graph.reached(script, script.opening, script.section)
    for name in script.steps:
        if name not in live:
            yield finding(script.name, name, Rule.UNREACHABLE_STEP)
    for name in graph.reached(script, script.section):
        if isinstance(script.steps[name], ProceedStep):
            yield finding(script.name, name, Rule.NO_OUTCOME)


def _loops(script: Script) -> Iterator[Finding]:
    able = graph.able_to_end(script)
    silent = graph.silent_loops(script)
    for name in graph.reached(script, script.opening, script.section):
        whole = all(target in script.steps for target in targets(script.steps[name]))
        if name in silent or (name not in able and whole):
            yield finding(script.name, name, Rule.ENDLESS_LOOP)


def _codes(script: Script) -> Iterator[Finding]:
    used = [("withdrawn", script.withdrawn.end)]
    rare = (("partial", script.partial), ("withdrawn", script.withdrawn.end_if_strong))
    used += [(name, code) for name, code in rare if code is not None]
    used += [(name, step.end) for name, step in script.steps.items() if isinstance(step, EndStep)]
    for name, code in used:
        if code not in _CODES:
            yield finding(script.name, name, Rule.UNKNOWN_WRAP_UP_CODE, what=code)


def _translations(script: Script) -> Iterator[Finding]:
    for name, text in script.texts():
        for language in Language:
            if language not in text:
                rule = Rule.MISSING_TRANSLATION
                yield finding(script.name, name, rule, language=language.value)
    for field, sentence in script.sentences:
        if sentence is None:
            yield finding(script.name, f"sentences.{field}", Rule.MISSING_SENTENCE)


def _opening(script: Script) -> Iterator[Finding]:
    """What everybody hears first names the company and the two keys, in both languages."""

    def kept_in(name: str) -> frozenset[tuple[Language, Rule]]:
        texts = _prompts(script, name)
        return frozenset(
            (language, rule)
            for language in Language
            for rule in _said_first(" ".join(text.get(language, "") for text in texts))
        )

    for name, kept in graph.before_first_answer(script, kept_in):
        for language in Language:
            for rule in _FIRST:
                if (language, rule) not in kept:
                    yield finding(script.name, name, rule, language=language.value)


def _said_first(words: str) -> Iterator[Rule]:
    if "company" in {place.variable for place in placeholders(words)}:
        yield Rule.COMPANY_NOT_NAMED
    if offers_key(words, AGENT_KEY):
        yield Rule.NO_AGENT
    if offers_key(words, OPT_OUT_KEY):
        yield Rule.NO_OPT_OUT


def _identity(script: Script) -> Iterator[Finding]:
    strong = script.identity == "strong"
    opening = graph.reached(script, script.opening)
    verifies = any(isinstance(script.steps[name], VerifyStep) for name in opening)
    needs_check = strong or script.strong_if is not None
    if (script.purpose is Purpose.DEBT and not strong) or (needs_check and not verifies):
        yield finding(script.name, "identity", Rule.WEAK_IDENTITY)


def _debts(script: Script) -> Iterator[Finding]:
    types = script.types()
    for name, text in _heard_unchecked(script):
        for language, sentence in text.items():
            named = {
                place.variable
                for place in placeholders(sentence)
                if place.variable in DEBT_VARIABLES or types.get(place.variable) in MONEY_TYPES
            }
            if named or names_a_debt(sentence, language):
                what = ", ".join(sorted(named)) or "a debt"
                rule = Rule.DEBT_BEFORE_CHECK
                yield finding(script.name, name, rule, language=language.value, what=what)


def _heard_unchecked(script: Script) -> Iterator[tuple[str, Text]]:
    """Yield what somebody may hear who has not passed the strong check, a machine among them."""
    for name, proven in graph.surely_checked(script).items():
        if not proven:
            step = script.steps[name]
            yield from ((name, text) for text in (*spoken_texts(step), *agent_texts(step)))
    for seam in ("sentences", "agent_sentences"):
        for field, sentence in getattr(script, seam):
            if sentence is not None:
                yield f"{seam}.{field}", sentence
    if script.identity == "light":  # a strong script's thanks are kept for who passed the check
        yield "withdrawn", script.withdrawn.say


def _recording(script: Script) -> Iterator[Finding]:
    """What announces a recording, or asks for it, says so in both languages."""
    for field in ("recorded", "may_record"):
        text: Text | None = getattr(script.sentences, field)
        for language, sentence in (text or {}).items():
            if not names_recording(sentence, language):
                rule = Rule.RECORDING_NOT_NAMED
                yield finding(script.name, f"sentences.{field}", rule, language=language.value)


def _agents_words(script: Script) -> Iterator[Finding]:
    """Where a voice speaks of keys, an agent has words of their own, without them."""
    for name, step in script.steps.items():
        options = step.options if isinstance(step, AskStep) else None
        said = [(getattr(step, "say", None), getattr(step, "agent_says", None))]
        said += [] if options is None else [(options.each, options.agent_says)]
        for text, own in said:
            yield from _spoken_by_agent(script, name, text, own)
    for field, sentence in script.sentences:
        if field not in _TO_NO_AGENT:
            own = getattr(script.agent_sentences, field)
            yield from _spoken_by_agent(script, f"sentences.{field}", sentence, own)


def _spoken_by_agent(
    script: Script, name: str, text: Text | None, own: Text | None
) -> Iterator[Finding]:
    for language, sentence in (text or {}).items():
        if own is None and speaks_of_keys(sentence, language):
            field = "agent_" + ("sentences" if "." in name else "says")
            rule = Rule.NO_AGENT_WORDS
            yield finding(script.name, name, rule, language=language.value, field=field)
    for language, sentence in (own or {}).items():
        if speaks_of_keys(sentence, language):
            rule = Rule.AGENT_SPEAKS_OF_KEYS
            yield finding(script.name, name, rule, language=language.value)


def _wording(script: Script) -> Iterator[Finding]:
    for name, text in script.texts():
        for language, sentence in text.items():
            if threatens(sentence, language):
                yield finding(script.name, name, Rule.THREAT, language=language.value)
            seconds = seconds_to_speak(sentence, language)
            if seconds > MAX_PROMPT_S:
                yield finding(
                    script.name,
                    name,
                    Rule.TOO_LONG,
                    language=language.value,
                    seconds=round(seconds),
                    most=round(MAX_PROMPT_S),
                )


def _prompts(script: Script, name: str) -> list[Text]:
    step = script.steps[name]
    return [step.say] if isinstance(step, AskStep) else spoken_texts(step)
