"""What the linter says about variables: unknown ones, unfilled ones, forms they cannot take."""

from collections.abc import Iterator

from customers.model import Language
from scripts import graph
from scripts.findings import Finding, Rule, finding
from scripts.language import Script
from scripts.steps import AskStep, BranchStep, Copy, EndStep, SetStep, Step, Text
from scripts.template import Placeholder, placeholders
from scripts.variables import BUILT_IN, FORMS, RESULTS, VariableType

_REFUSAL_WORDS = frozenset({"earliest", "latest", "least", "most"})
_OPTION_WORDS = frozenset({"key", "option"})
_PASSING = _REFUSAL_WORDS | _OPTION_WORDS


def check_variables(script: Script) -> Iterator[Finding]:
    """Find variables nobody gives, ones a path has not filled, and forms their type has not."""
    filled = graph.surely_set(script)
    given = frozenset(script.variables) | frozenset(script.constants) | (BUILT_IN.keys() - _PASSING)
    types = script.types()
    for name, text in script.texts():
        step = script.steps.get(name)
        if step is not None and name not in filled:
            continue  # unreachable: told by its own rule
        passing = frozenset() if step is None else _passing_in(step, text)
        at_hand = given | filled.get(name, frozenset()) | passing
        for language, sentence in text.items():
            for place in placeholders(sentence):
                if place.variable not in types or place.variable in _PASSING - passing:
                    yield finding(script.name, name, Rule.UNKNOWN_VARIABLE, what=place.variable)
                elif place.variable not in at_hand:
                    yield finding(script.name, name, Rule.UNSET_VARIABLE, what=place.variable)
                elif not _fits(place, types[place.variable]):
                    yield _wrong_form(script, name, language, place)
    for name, variables in filled.items():
        yield from _reads(script, name, at_hand=given | variables)
    yield from _defaults(script)


def _reads(script: Script, name: str, *, at_hand: frozenset[str]) -> Iterator[Finding]:
    step = script.steps[name]
    types = script.types()
    for variable in _read_by(step):
        if variable not in types:
            yield finding(script.name, name, Rule.UNKNOWN_VARIABLE, what=variable)
        elif variable not in at_hand:
            yield finding(script.name, name, Rule.UNSET_VARIABLE, what=variable)
    if isinstance(step, EndStep):
        for variable in step.keep:
            if variable not in RESULTS:
                yield finding(script.name, name, Rule.UNKNOWN_VARIABLE, what=variable)


def _defaults(script: Script) -> Iterator[Finding]:
    for name, variable in script.variables.items():
        for language in Language:
            if isinstance(variable.default, dict) and language.value not in variable.default:
                step = f"variables.{name}"
                rule = Rule.MISSING_TRANSLATION
                yield finding(script.name, step, rule, language=language.value)


def _fits(place: Placeholder, kind: VariableType) -> bool:
    form_known = place.form in FORMS[kind] if place.form else bool(FORMS[kind])
    return form_known and (place.form == "plural") is bool(place.words)


def _wrong_form(script: Script, name: str, language: Language, place: Placeholder) -> Finding:
    forms = ", ".join(FORMS[script.types()[place.variable]]) or "-"
    what = f"{place.variable}|{place.form}" if place.form else place.variable
    rule = Rule.WRONG_FORM
    return finding(script.name, name, rule, language=language.value, what=what, forms=forms)


def _passing_in(step: Step, text: Text) -> frozenset[str]:
    """Return the passing variables a text of a step may name."""
    if not isinstance(step, AskStep):
        return frozenset()
    if any(text is refusal for refusal in step.refusals.values()):
        return _REFUSAL_WORDS
    if step.options is not None and any(
        text is each for each in (step.options.each, step.options.agent_says)
    ):
        return _OPTION_WORDS
    means = any(text is answer.means for answer in step.answers.values())
    return frozenset({"key"}) if means else frozenset()


def _read_by(step: Step) -> Iterator[str]:
    match step:
        case SetStep():
            yield from (value.copy_of for value in step.set.values() if isinstance(value, Copy))
        case BranchStep():
            yield from (case.when.variable for case in step.branch if case.when.known is None)
        case AskStep():
            limits = step.limits
            named = (limits.from_days, limits.to_days, limits.at_most, limits.opens, limits.closes)
            yield from (name for name in (*named, limits.on_day) if isinstance(name, str))
        case _:
            pass
