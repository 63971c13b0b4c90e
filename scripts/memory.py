"""What one talk knows while a reply is worked in: its plan, position, values and outcomes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from customers.model import Language, WrapUpCode
from scripts.language import Script, Sentences
from scripts.library import Library
from scripts.model import CallPlan, Section, SectionOutcome, Speaker, TalkState
from scripts.plan import check_section, needs_strong
from scripts.steps import Step
from scripts.template import Filled, render
from scripts.variables import ANSWERS, IDENTIFIED, RESULTS, speak
from scripts.written import write

_SAID = "said"
_BROKEN_OFF = frozenset({WrapUpCode.HUNG_UP, WrapUpCode.NO_REPLY})


class Memory:
    """A working copy of a talk's state; `at` is its position, plain data."""

    def __init__(self, library: Library, state: TalkState) -> None:
        self.library = library
        self.plan = state.plan
        self.at: dict[str, Any] = {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in state.position.items()
        }
        self.passing: Mapping[str, Any] = {}  # values of one sentence: limits, an offered option
        self._outcomes = {outcome.due_call_id: outcome for outcome in state.outcomes}

    @classmethod
    def of_plan(cls, library: Library, plan: CallPlan) -> "Memory":
        """Make the memory of a talk before its first word; the strongest section leads."""
        scripts = [library.get(section.script) for section in plan.sections]
        strong = [
            needs_strong(script, section, plan)
            for script, section in zip(scripts, plan.sections, strict=True)
        ]
        lead = strong.index(True) if any(strong) else 0
        position = {
            "script": scripts[lead].name,
            "versions": {script.name: script.version for script in scripts},
            "section": lead,
            "opening": True,
            "step": "",
            "heard_from": "",
            IDENTIFIED: "none",
            "verify_failed": False,
            "tries": 0,
            "misses": 0,
            "repeats": 0,
            "turns": 0,
            "spoke": False,
            "opting_out": False,
            "recording": "",
            "vars": {},
            "results": {},
            "answers": {},
        }
        return cls(library, TalkState(plan=plan, position=position))

    def state(self, *, ended: bool) -> TalkState:
        """Return the state to save; outcomes stand in the order of the plan's sections."""
        settled = (self._outcomes.get(section.due_call_id) for section in self.plan.sections)
        return TalkState(
            plan=self.plan,
            position=self.at,
            outcomes=tuple(outcome for outcome in settled if outcome is not None),
            ended=ended,
        )

    @property
    def script(self) -> Script:
        """The script being spoken."""
        return self.library.get(self.at["script"])

    @property
    def sentences(self) -> Sentences:
        """The script's sentences as who speaks says them."""
        return self.script.sentences_of(self.plan.speaker)

    @property
    def is_agents(self) -> bool:
        """Whether a person speaks, and reads what to say."""
        return self.plan.speaker is Speaker.AGENT

    @property
    def step(self) -> Step:
        """The step whose answer is awaited."""
        return self.script.steps[self.at["step"]]

    @property
    def section(self) -> Section:
        """The section being spoken of; in the opening, the one that leads."""
        index: int = self.at["section"]
        return self.plan.sections[index]

    def enter(self, index: int) -> None:
        """Begin a section with nothing remembered from the one before."""
        self.at |= {
            "script": self.plan.sections[index].script,
            "section": index,
            "opening": False,
            "vars": {},
            "results": {},
            "answers": {},
        }
        self.at.pop(_SAID, None)

    def open_sections(self) -> list[Section]:
        """Return the sections without an outcome."""
        return [s for s in self.plan.sections if s.due_call_id not in self._outcomes]

    def is_settled(self, section: Section) -> bool:
        """Say whether a section has its outcome."""
        return section.due_call_id in self._outcomes

    def reopen(self, code: WrapUpCode) -> None:
        """Take back the outcomes of a code."""
        kept = {key: each for key, each in self._outcomes.items() if each.wrap_up_code is not code}
        self._outcomes = kept

    def settle(self, section: Section, code: WrapUpCode, data: Mapping[str, Any]) -> None:
        """Give a section its outcome."""
        self._outcomes[section.due_call_id] = SectionOutcome(
            due_call_id=section.due_call_id, wrap_up_code=code, data=dict(data)
        )

    def settle_rest(self, code: WrapUpCode, data: Mapping[str, Any] | None = None) -> None:
        """Give every open section the same outcome; the one being spoken of keeps its answers."""
        for section in self.open_sections():
            begun = section is self.section and not self.at["opening"]
            gathered = self.gathered() if begun else {}
            partial = self.script.partial if ANSWERS in gathered and code in _BROKEN_OFF else None
            self.settle(
                section, WrapUpCode(partial) if partial else code, {**gathered, **(data or {})}
            )

    def gathered(self) -> dict[str, Any]:
        """Return what was answered or recorded in this section, kept however it ends."""
        kept: dict[str, Any] = {}
        if self.at["answers"]:
            kept[ANSWERS] = dict(self.at["answers"])
        if "recording" in self.at["results"]:
            kept["recording"] = self.at["results"]["recording"]
        if _SAID in self.at:
            kept[_SAID] = dict(self.at[_SAID])
        return kept

    def keep_words(self, name: str, words: str) -> None:
        """Remember what was said freely and written down, under the name of its question."""
        said = self.at.get(_SAID, {})
        self.at[_SAID] = {**said, name.removeprefix(ANSWERS + "."): words}

    def learn(self, facts: Mapping[int, Mapping[str, Any]]) -> bool:
        """Take refreshed variables in; say whether the section being spoken of changed."""
        changed = False
        sections = list(self.plan.sections)
        for index, section in enumerate(sections):
            news = facts.get(section.due_call_id, {})
            if all(section.variables.get(name) == value for name, value in news.items()):
                continue
            sections[index] = replace(section, variables={**section.variables, **news})
            check_section(self.library.get(section.script), sections[index], self.plan)
            changed = changed or index == self.at["section"]
        self.plan = replace(self.plan, sections=tuple(sections))
        return changed and not self.at["opening"]

    def may_hear(self, section: Section) -> bool:
        """Say whether whoever is speaking may hear what a section is about."""
        return self.at[IDENTIFIED] == "strong" or not self.needs_strong(section)

    def needs_strong(self, section: Section) -> bool:
        """Say whether a section may name a debt."""
        return needs_strong(self.library.get(section.script), section, self.plan)

    def value(self, name: str) -> Any:
        """Return a variable's value, None when it has none."""
        for values in (self.passing, self.at["vars"], self.at["results"]):
            if name in values:
                return values[name]
        if name in _BUILT_IN_VALUES:
            return _BUILT_IN_VALUES[name](self)
        for values in (self.section.variables, self.plan.variables, self.script.constants):
            if name in values:
                return values[name]
        variable = self.script.variables.get(name)
        return None if variable is None else variable.default

    def keep(self, name: str, value: Any) -> None:
        """Remember a value: an answer, a result, or a variable of this section."""
        if name == IDENTIFIED:
            self.at[IDENTIFIED] = value
        elif name.startswith(ANSWERS + "."):
            self.at["answers"][name.partition(".")[2]] = value
        elif name in RESULTS:
            self.at["results"][name] = (
                value["amount_minor"] if isinstance(value, Mapping) else value
            )
        else:
            self.at["vars"][name] = value

    def words(self, text: Mapping[Language, str]) -> str:
        """Return a text in the talk's language, its values spoken, or written for an agent."""
        return self.filled(text).text

    def filled(self, text: Mapping[Language, str]) -> Filled:
        """Return a text as `words` has it, and where its values stand."""
        return render(
            text[self.plan.language],
            value_of=self.value,
            type_of=self.library.types[self.script.name],
            language=self.plan.language,
            currency=self.plan.currency,
            today=self.plan.now.date(),
            put=write if self.is_agents else speak,
            spaced=self.is_agents,
        )


def _strong_needed(memory: Memory) -> bool:
    return any(memory.needs_strong(section) for section in memory.open_sections())


_BUILT_IN_VALUES: Mapping[str, Callable[[Memory], Any]] = {
    IDENTIFIED: lambda memory: memory.at[IDENTIFIED],
    "verify_failed": lambda memory: memory.at["verify_failed"],
    "identity_on_file": lambda memory: memory.plan.identity is not None,
    "strong_needed": _strong_needed,
    "agents_available": lambda memory: memory.plan.variables.get("agents_available", True),
    "agent_speaks": lambda memory: memory.is_agents,
}
