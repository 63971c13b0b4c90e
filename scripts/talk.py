"""One advance of a talk: the working copy of its state, and the walk to the next turn."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.errors import OwnerlineError
from customers.model import Language, WrapUpCode
from scripts.answers import Refused, offered_days, read_answer
from scripts.language import (
    AGENT_KEY,
    GLOBAL_KEYS,
    OPT_OUT_KEY,
    REPEAT_KEY,
    AskStep,
    BranchStep,
    Copy,
    EndStep,
    GotoStep,
    ProceedStep,
    RecordStep,
    SayStep,
    Script,
    SetStep,
    TransferStep,
    VerifyStep,
)
from scripts.library import Library
from scripts.model import (
    Ask,
    AskKind,
    CallPlan,
    Reply,
    ReplyKind,
    Section,
    SectionOutcome,
    TalkState,
    Transfer,
    Turn,
)
from scripts.plan import check_section, holds, needs_strong
from scripts.template import render
from scripts.variables import ANSWERS, RESULTS

MAX_TURNS = 120  # a talk that goes round longer than this goes to an agent
MAX_SILENT_STEPS = 200  # steps between two turns; the linter finds such loops before
MAX_REPEATS = 3  # of one prompt by *; further ones count as wrong keys
UNDO_KEY = "1"
_ASKING = (AskStep, VerifyStep, RecordStep)
_GLOBAL_MEANINGS = {
    Language.MANDARIN: {OPT_OUT_KEY: "不再来电", AGENT_KEY: "人工服务", REPEAT_KEY: "重听"},
    Language.ENGLISH: {OPT_OUT_KEY: "No more calls", AGENT_KEY: "An agent", REPEAT_KEY: "Repeat"},
}
_UNDO_MEANING = {Language.MANDARIN: "按错了，继续", Language.ENGLISH: "A slip: go on"}
_MAX_DIGITS = {AskKind.AMOUNT: 12, AskKind.DATE: 8, AskKind.TIME: 4}


class RunawayScriptError(OwnerlineError):
    """A script goes round without ever speaking to the owner; `ownerline scripts check` names it."""


class Talk:
    """The state of one talk while a reply is worked into it."""

    def __init__(self, library: Library, state: TalkState) -> None:
        self._library = library
        self._plan = state.plan
        self._at: dict[str, Any] = {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in state.position.items()
        }
        self._outcomes = {outcome.due_call_id: outcome for outcome in state.outcomes}
        self._ended = state.ended
        self._said: list[str] = []
        self._passing: dict[str, Any] = {}  # values of one sentence: limits, an offered option

    @classmethod
    def begin(cls, library: Library, plan: CallPlan) -> "Talk":
        """Make the talk of a plan, before its first word."""
        scripts = [library.get(section.script) for section in plan.sections]
        strong = [
            section.script
            for section in plan.sections
            if needs_strong(library.get(section.script), section, plan)
        ]
        lead = (strong or [plan.sections[0].script])[0]
        position = {
            "script": lead,
            "versions": {script.name: script.version for script in scripts},
            "section": [section.script for section in plan.sections].index(lead),
            "opening": True,
            "step": "",
            "heard_from": "",
            "identified": "none",
            "verify_failed": False,
            "tries": 0,
            "misses": 0,
            "repeats": 0,
            "turns": 0,
            "spoke": False,
            "opting_out": False,
            "vars": {},
            "results": {},
            "answers": {},
        }
        return cls(library, TalkState(plan=plan, position=position))

    @classmethod
    def resume(cls, library: Library, state: TalkState) -> "Talk":
        """Take up a saved talk."""
        return cls(library, state)

    def state(self) -> TalkState:
        """Return the state to save."""
        ordered = (self._outcomes.get(section.due_call_id) for section in self._plan.sections)
        return TalkState(
            plan=self._plan,
            position=self._at,
            outcomes=tuple(outcome for outcome in ordered if outcome is not None),
            ended=self._ended,
        )

    def learn(self, facts: Mapping[int, Mapping[str, Any]]) -> bool:
        """Take refreshed variables in; say whether the section being spoken of changed."""
        changed = False
        sections = []
        for section in self._plan.sections:
            news = facts.get(section.due_call_id, {})
            if any(section.variables.get(name) != value for name, value in news.items()):
                section = Section(  # noqa: PLW2901 - the same section with fresh variables
                    due_call_id=section.due_call_id,
                    script=section.script,
                    variables={**section.variables, **news},
                )
                check_section(self._library.get(section.script), section, self._plan)
                changed = changed or section.due_call_id == self._section.due_call_id
            sections.append(section)
        plan = self._plan
        self._plan = CallPlan(
            language=plan.language,
            now=plan.now,
            currency=plan.currency,
            variables=plan.variables,
            sections=tuple(sections),
            identity=plan.identity,
        )
        return changed and not self._at["opening"]

    def hear(self, reply: Reply, *, withdrawn: frozenset[int], changed: bool) -> Turn:
        """Work a reply in and return the next turn."""
        self._at["turns"] += 1
        if reply.kind is not ReplyKind.SILENCE and reply.kind is not ReplyKind.HUNG_UP:
            self._at["spoke"] = True
        if reply.kind is ReplyKind.HUNG_UP:
            return self._hung_up(withdrawn)
        if self._at["opting_out"]:
            if reply.kind is not ReplyKind.KEYS or reply.value != UNDO_KEY:
                return self._opted_out()
            self._at["opting_out"] = False
            self.say(self._script.sentences.back)
            reply = Reply(kind=ReplyKind.KEYS, value=self._global_form(REPEAT_KEY))
        pressed = self._global_key(reply)
        if pressed == OPT_OUT_KEY:
            self._at["opting_out"] = True
            return self._opt_out_turn()
        if pressed == AGENT_KEY or self._at["turns"] > MAX_TURNS:
            self._withdraw(withdrawn)
            return self._transfer(self._script.queue, reason=None)
        if self._withdraw(withdrawn):
            return self._next_section()
        if changed:
            self.say(self._script.sentences.news)
            return self._begin_section(self._at["section"])
        if pressed == REPEAT_KEY and self._at["repeats"] < MAX_REPEATS:
            return self._repeat()
        return self._answered(reply)

    def run(self, name: str) -> Turn:
        """Walk from a step to the next turn."""
        self._at["heard_from"] = name
        self._at["tries"] = self._at["repeats"] = 0
        for _ in range(MAX_SILENT_STEPS):
            self._at["step"] = name
            self._at["misses"] = 0
            step = self._script.steps[name]
            match step:
                case AskStep() | VerifyStep() | RecordStep():
                    return self._ask_turn(step)
                case SayStep():
                    self.say(step.say)
                    name = step.next
                case SetStep():
                    self._set(step)
                    name = step.next
                case BranchStep():
                    name = self._way(step)
                case GotoStep():
                    name = step.goto
                case TransferStep():
                    if self._value("agents_available") or step.otherwise is None:
                        return self._transfer(step.transfer, reason=step.reason, say=step)
                    name = step.otherwise
                case EndStep():
                    return self._end(step)
                case ProceedStep():
                    self._at["opening"] = False
                    return self._next_section()
        message = (
            f"script {self._script.name} walked {MAX_SILENT_STEPS} steps from "
            f"{self._at['heard_from']} without asking anything; run ownerline scripts check"
        )
        raise RunawayScriptError(message)

    def say(self, text: Mapping[Language, str] | None) -> None:
        """Add a text in the talk's language to the turn being made."""
        if text is not None:
            self._said.append(self._in_words(text))

    def last_turn(self, step: str) -> Turn:
        """Return a turn that speaks what was said and hangs up."""
        self._ended = True
        return Turn(
            step=f"{self._script.name}:{step}",
            language=self._plan.language,
            say=tuple(self._said),
            hang_up=True,
            barge_in=False,
        )

    # What the owner's reply leads to.

    def _answered(self, reply: Reply) -> Turn:
        step = self._script.steps[self._at["step"]]
        if not isinstance(step, _ASKING):
            message = f"step {self._at['step']} of {self._script.name} awaits no reply; the script changed"
            raise RunawayScriptError(message)
        if reply.kind is ReplyKind.SILENCE or not reply.value:
            return self._missed(step, step.silence or self._script.sentences.silence)
        wrong = step.wrong or self._script.sentences.wrong
        if isinstance(step, RecordStep):
            if reply.kind is not ReplyKind.RECORDING:
                return self._missed(step, wrong)
            self._keep(step.record, reply.value)
            return self.run(step.next)
        if reply.kind is not ReplyKind.KEYS:
            return self._missed(step, wrong)
        if isinstance(step, VerifyStep):
            return self._verified(step, reply.value)
        if step.ask is AskKind.KEY:
            answer = step.answers.get(reply.value)
            if answer is None:
                return self._missed(step, wrong)
            if step.into is not None:
                key = int(reply.value) if reply.value.isdecimal() else reply.value
                self._keep(step.into, key if answer.store is None else answer.store)
            return self.run(answer.next)
        read = read_answer(step, reply.value, plan=self._plan, value_of=self._value)
        if isinstance(read, Refused):
            self._passing = dict(read.limits)
            return self._missed(step, step.refusals.get(read.reason) or wrong)
        self._keep(step.into or "", read.value)
        return self.run(step.next or "")

    def _missed(
        self, step: AskStep | VerifyStep | RecordStep, why: Mapping[Language, str] | None
    ) -> Turn:
        self._at["misses"] += 1
        if self._at["misses"] > step.retries:
            return self.run(step.give_up)
        self.say(why)
        return self._ask_turn(step)

    def _verified(self, step: VerifyStep, keys: str) -> Turn:
        if keys == self._plan.identity:
            self._at["identified"] = "strong"
            return self.run(step.right)
        self._at["tries"] += 1
        if self._at["tries"] >= step.tries:
            self._at["verify_failed"] = True
            return self.run(step.failed)
        self.say(step.wrong or self._script.sentences.wrong)
        return self._ask_turn(step)

    def _repeat(self) -> Turn:
        kept = {key: self._at[key] for key in ("step", "tries", "misses", "repeats")}
        turn = self.run(self._at["heard_from"])
        if self._at["step"] == kept["step"]:
            self._at |= kept | {"repeats": kept["repeats"] + 1}
        return turn

    def _hung_up(self, withdrawn: frozenset[int]) -> Turn:
        if self._at["opting_out"]:
            return self._opted_out()
        self._withdraw(withdrawn)
        self._settle_rest(WrapUpCode.HUNG_UP if self._at["spoke"] else WrapUpCode.NO_REPLY)
        self._said.clear()
        return self.last_turn(self._at["step"])

    def _opted_out(self) -> Turn:
        self._settle_rest(WrapUpCode.OPTED_OUT)
        self.say(self._script.sentences.opted_out)
        return self.last_turn("opted_out")

    def _withdraw(self, withdrawn: frozenset[int]) -> bool:
        """Settle the sections whose reason has gone; say whether the talk has to go on elsewhere."""
        current = self._section
        for section in self._open_sections():
            if section.due_call_id not in withdrawn:
                continue
            script = self._library.get(section.script)
            if section is current and not self._at["opening"] and self._may_hear(script, section):
                self.say(script.withdrawn.say)
            self._settle(section, WrapUpCode(script.withdrawn.end), {"reason": "withdrawn"})
        if self._at["opening"]:
            gone = not self._open_sections()
            if gone:
                self.say(self._script.sentences.nothing_more)
            return gone
        return current.due_call_id in self._outcomes

    def _may_hear(self, script: Script, section: Section) -> bool:
        strong = self._at["identified"] == "strong"
        return strong or not needs_strong(script, section, self._plan)

    # How sections begin and end.

    def _end(self, step: EndStep) -> Turn:
        self.say(step.say)
        code = WrapUpCode(step.end)
        data = {name: self._value(name) for name in step.keep if self._value(name) is not None}
        if step.reason is not None:
            data["reason"] = step.reason
        if step.scope == "call" or self._at["opening"]:
            self._settle_rest(code, data)
        else:
            self._settle(self._section, code, {**self._gathered(), **data})
        return self._next_section()

    def _next_section(self) -> Turn:
        for index, section in enumerate(self._plan.sections):
            if section.due_call_id not in self._outcomes:
                if self._outcomes:
                    self.say(self._script.sentences.between)
                return self._begin_section(index)
        self.say(self._script.sentences.closing)
        return self.last_turn("closing")

    def _begin_section(self, index: int) -> Turn:
        section = self._plan.sections[index]
        self._at |= {
            "script": section.script,
            "section": index,
            "opening": False,
            "vars": {},
            "results": {},
            "answers": {},
        }
        return self.run(self._script.section)

    def _transfer(self, queue: str, *, reason: str | None, say: TransferStep | None = None) -> Turn:
        data = {} if reason is None else {"reason": reason}
        sentences = self._script.sentences
        if not self._value("agents_available"):
            self._settle_rest(WrapUpCode.TRANSFERRED, {"reason": "no_agent_free", **data})
            self.say(sentences.no_agent)
            self.say(sentences.closing)
            return self.last_turn("no_agent")
        self._settle_rest(WrapUpCode.TRANSFERRED, data)
        self.say((say.say if say else None) or sentences.transfer)
        self._ended = True
        return Turn(
            step=f"{self._script.name}:transfer",
            language=self._plan.language,
            say=tuple(self._said),
            transfer=Transfer(queue=queue),
            barge_in=False,
        )

    def _settle_rest(self, code: WrapUpCode, data: Mapping[str, Any] | None = None) -> None:
        for section in self._open_sections():
            begun = section is self._section and not self._at["opening"]
            gathered = self._gathered() if begun else {}
            partial = self._script.partial if begun and ANSWERS in gathered else None
            broken_off = code in {WrapUpCode.HUNG_UP, WrapUpCode.NO_REPLY}
            settled = WrapUpCode(partial) if partial and broken_off else code
            self._settle(section, settled, {**gathered, **(data or {})})

    def _settle(self, section: Section, code: WrapUpCode, data: Mapping[str, Any]) -> None:
        self._outcomes[section.due_call_id] = SectionOutcome(
            due_call_id=section.due_call_id, wrap_up_code=code, data=dict(data)
        )

    def _gathered(self) -> dict[str, Any]:
        """Return what was answered or recorded in this section, worth keeping however it ends."""
        gathered: dict[str, Any] = {}
        if self._at["answers"]:
            gathered[ANSWERS] = dict(self._at["answers"])
        if "recording" in self._at["results"]:
            gathered["recording"] = self._at["results"]["recording"]
        return gathered

    # Turns that ask.

    def _ask_turn(self, step: AskStep | VerifyStep | RecordStep) -> Turn:
        self.say(step.say)
        ask = self._ask(step)  # a choice adds its options to what is said
        return Turn(
            step=f"{self._script.name}:{self._at['step']}",
            language=self._plan.language,
            say=tuple(self._said),
            ask=ask,
        )

    def _ask(self, step: AskStep | VerifyStep | RecordStep) -> Ask:
        if isinstance(step, RecordStep):
            return Ask(
                kind=AskKind.RECORD,
                keys=self._global_keys(),
                timeout_s=step.timeout_s,
                max_seconds=step.max_seconds,
            )
        if isinstance(step, VerifyStep):
            return Ask(
                kind=AskKind.DIGITS,
                keys=self._global_keys(),
                max_digits=len(self._plan.identity or ""),
                timeout_s=step.timeout_s,
            )
        keys = {}
        for key, answer in step.answers.items():
            self._passing = {"key": key}
            keys[key] = self._in_words(answer.means)
        if step.options is not None:
            for key, day in offered_days(step, self._plan.now.date()):
                self._passing = {"key": key, "option": day.isoformat()}
                keys[key] = self._in_words(step.options.each)
            self._said.extend(keys.values())
        return Ask(
            kind=step.ask,
            keys=keys | self._global_keys(),
            max_digits=step.max_digits or _MAX_DIGITS.get(step.ask, 1),
            timeout_s=step.timeout_s,
        )

    def _opt_out_turn(self) -> Turn:
        self.say(self._script.sentences.opt_out)
        return Turn(
            step=f"{self._script.name}:opt_out",
            language=self._plan.language,
            say=tuple(self._said),
            ask=Ask(
                kind=AskKind.KEY,
                keys={UNDO_KEY: _UNDO_MEANING[self._plan.language]},
            ),
        )

    def _global_form(self, key: str) -> str:
        """Return how a global key is pressed at the present prompt."""
        step = self._script.steps[self._at["step"]]
        if isinstance(step, VerifyStep) or (
            isinstance(step, AskStep) and step.ask not in {AskKind.KEY, AskKind.CHOICE}
        ):
            return key if key == REPEAT_KEY else REPEAT_KEY + key
        return key

    def _global_keys(self) -> dict[str, str]:
        meanings = _GLOBAL_MEANINGS[self._plan.language]
        return {self._global_form(key): meaning for key, meaning in meanings.items()}

    def _global_key(self, reply: Reply) -> str | None:
        if reply.kind is not ReplyKind.KEYS:
            return None
        return next((key for key in GLOBAL_KEYS if self._global_form(key) == reply.value), None)

    # Values.

    def _set(self, step: SetStep) -> None:
        for name, value in step.set.items():
            self._keep(name, self._value(value.copy_of) if isinstance(value, Copy) else value)

    def _keep(self, name: str, value: Any) -> None:  # noqa: ANN401 - plain data
        if name == "identified":
            self._at["identified"] = value
        elif name.startswith(ANSWERS + "."):
            self._at["answers"][name.partition(".")[2]] = value
        elif name in RESULTS:
            if isinstance(value, Mapping):
                value = value["amount_minor"]
            self._at["results"][name] = value
        else:
            self._at["vars"][name] = value

    def _way(self, step: BranchStep) -> str:
        ways = (case.next for case in step.branch if holds(case.when, self._value))
        return next(ways, step.otherwise)

    def _value(self, name: str) -> Any:  # noqa: ANN401, PLR0911 - plain data, one source after another
        for values in (self._passing, self._at["vars"], self._at["results"]):
            if name in values:
                return values[name]
        match name:
            case "identified" | "verify_failed":
                return self._at[name]
            case "identity_on_file":
                return self._plan.identity is not None
            case "strong_needed":
                return any(
                    needs_strong(self._library.get(section.script), section, self._plan)
                    for section in self._open_sections()
                )
            case "agents_available":
                return self._plan.variables.get(name, True)
        script = self._script
        for known in (self._section.variables, self._plan.variables, script.constants):
            if name in known:
                return known[name]
        variable = script.variables.get(name)
        return None if variable is None else variable.default

    def _in_words(self, text: Mapping[Language, str]) -> str:
        language = self._plan.language
        return render(
            text[language],
            value_of=self._value,
            type_of=self._library.types[self._script.name],
            language=language,
            currency=self._plan.currency,
            today=self._today,
        )

    @property
    def _today(self) -> date:
        return self._plan.now.date()

    @property
    def _script(self) -> Script:
        return self._library.get(self._at["script"])

    @property
    def _section(self) -> Section:
        return self._plan.sections[self._at["section"]]

    def _open_sections(self) -> list[Section]:
        return [s for s in self._plan.sections if s.due_call_id not in self._outcomes]
