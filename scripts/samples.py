"""Made-up calls for a script: every situation its branches tell apart, for walks and tests.

What has a default is rare otherwise: each such case is met once, in usual circumstances.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from customers.model import Language, RecordingConsent
from scripts.language import Script
from scripts.model import CallPlan, Section, Speaker
from scripts.plan import holds
from scripts.steps import BranchStep
from scripts.variables import VariableType

SAMPLE_NOW = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
SAMPLE_IDENTITY = "4711"
_DUE_CALL_ID = 1

_BY_NAME: Mapping[str, Any] = {
    "company": {"zh-CN": "安居物业", "en": "Anju Property"},
    "community": {"zh-CN": "湖畔花园", "en": "Lakeside Gardens"},
    "person": {"zh-CN": "王先生", "en": "Mr Wang"},
    "callback_number": "+8675586010000",
    "callback_open": "09:00",
    "callback_close": "20:00",
    "max_promise_days": 14,
    "kinds": [{"zh-CN": "物业费", "en": "property fee"}, {"zh-CN": "水费", "en": "water"}],
    "repair_category": {"zh-CN": "漏水维修", "en": "the leak repair"},
    "complaint_about": {"zh-CN": "物业服务", "en": "our service"},
    "survey_name": {"zh-CN": "第一季度业主满意度调查", "en": "the owners' survey of this quarter"},
}
_BY_TYPE: Mapping[VariableType, Any] = {
    VariableType.TEXT: "WO-1041",
    VariableType.LOCALIZED: {"zh-CN": "示例", "en": "an example"},
    VariableType.NAMES: [],
    VariableType.MONEY: {"amount_minor": 123405, "currency": "CNY"},
    VariableType.AMOUNT: 123405,
    VariableType.DATE: "2026-02-26",
    VariableType.TIME: "14:30",
    VariableType.DATETIME: "2026-03-04T09:30",
    VariableType.COUNT: 2,
    VariableType.DAYS: 7,
    VariableType.UNIT: "3-2-1201",
    VariableType.PHONE: "+8675586010000",
    VariableType.FLAG: True,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A call's circumstances: what its file holds and who is at work."""

    name: str
    plan: CallPlan


def situations(script: Script, language: Language) -> Iterator[Situation]:
    """Return a call for each combination of circumstances the script's branches ask about."""
    choices = {
        name: values
        for name, variable in script.variables.items()
        if variable.default is None and (values := _branch_values(script, name))
    }
    for values in itertools.product(*choices.values()):
        chosen = dict(zip(choices, values, strict=True))
        plan = sample_plan(script, language, chosen)
        may_be_debt = script.identity == "strong" or (
            script.strong_if is not None and holds(script.strong_if, chosen.get)
        )
        identities = (SAMPLE_IDENTITY, None) if may_be_debt else (None,)
        for identity, agents in itertools.product(identities, (True, False)):
            words = [str(value) for value in values]
            words += [] if identity or not may_be_debt else ["no identity on file"]
            words += [] if agents else ["no agent free"]
            yield Situation(
                name=", ".join(words) or "usual",
                plan=CallPlan(
                    language=language,
                    now=plan.now,
                    currency=plan.currency,
                    variables={**plan.variables, "agents_available": agents},
                    sections=plan.sections,
                    identity=identity,
                ),
            )
    usual = {name: values[0] for name, values in choices.items()}
    for values in itertools.product(*choices.values()) if _asks_who_speaks(script) else ():
        plan = sample_plan(script, language, dict(zip(choices, values, strict=True)))
        words = ["an agent speaks", *(str(value) for value in values)]
        yield Situation(name=", ".join(words), plan=replace(plan, speaker=Speaker.AGENT))
    for name, value in _rare(script):
        plan = sample_plan(script, language, {**usual, name: value})
        yield Situation(
            name=f"{name}: {value}",
            plan=replace(plan, variables={**plan.variables, "agents_available": True}),
        )


def recorded_situations(script: Script, language: Language) -> Iterator[Situation]:
    """Return the usual call as it goes where it is recorded, by what that needs."""
    usual = next(situations(script, language))
    for consent in (RecordingConsent.ONE_PARTY, RecordingConsent.ANNOUNCE, RecordingConsent.ASK):
        yield Situation(
            name=f"recording: {consent.value}", plan=replace(usual.plan, recording=consent)
        )


def sample_plan(
    script: Script, language: Language, chosen: Mapping[str, Any] | None = None
) -> CallPlan:
    """Return a call of one section whose variables are made up, `chosen` ones apart."""
    values = {
        name: _BY_NAME.get(name, _BY_TYPE[variable.type])
        for name, variable in script.variables.items()
        if variable.default is None
    }
    return CallPlan(
        language=language,
        now=SAMPLE_NOW,
        currency="CNY",
        variables={"today": SAMPLE_NOW.date().isoformat()},
        sections=(
            Section(
                due_call_id=_DUE_CALL_ID,
                script=script.name,
                variables={**values, **(chosen or {})},
            ),
        ),
        identity=SAMPLE_IDENTITY,
    )


def _asks_who_speaks(script: Script) -> bool:
    steps = (step for step in script.steps.values() if isinstance(step, BranchStep))
    return any(case.when.variable == "agent_speaks" for step in steps for case in step.branch)


def _rare(script: Script) -> Iterator[tuple[str, Any]]:
    """Yield what a branch asks about and is not the default."""
    for name, variable in script.variables.items():
        if variable.default is not None:
            for value in _branch_values(script, name):
                if value not in {variable.default, "other"}:
                    yield name, value


def _branch_values(script: Script, name: str) -> tuple[Any, ...]:
    """Return the values a script compares a variable with, and one it does not."""
    values: dict[Any, None] = {}
    for step in script.steps.values():
        if not isinstance(step, BranchStep):
            continue
        for case in step.branch:
            if case.when.variable == name:
                compared = case.when.one_of or (case.when.equals,)
                values |= dict.fromkeys(value for value in compared if value is not None)
    if values and script.variables[name].type is VariableType.TEXT:
        values["other"] = None
    if values and script.variables[name].type is VariableType.FLAG:
        values |= {True: None, False: None}
    return tuple(values)
