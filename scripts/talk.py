"""One advance of a talk: work a reply in and walk the script to the next turn."""

from collections.abc import Mapping
from typing import Any

from core.errors import OwnerlineError
from customers.model import Language, WrapUpCode
from scripts import consent
from scripts.answers import Refused, read_answer
from scripts.consent import Told, told
from scripts.memory import Memory
from scripts.model import AskKind, Reply, ReplyKind, Section, TalkState, Transfer, Turn
from scripts.plan import holds
from scripts.prompts import (
    UNDO_KEY,
    Asking,
    global_key,
    make_ask,
    make_undo_ask,
)
from scripts.saying import Saying
from scripts.steps import (
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
    SetStep,
    TransferStep,
    VerifyStep,
)
from scripts.variables import IDENTIFIED

WITHDRAWN = "withdrawn"  # why a reason has gone, where no more is known
MAX_TURNS = 120  # a talk that goes round longer than this goes to an agent
MAX_REPEATS = 3  # of one prompt by *; further ones count as wrong keys
_MAX_SILENT_STEPS = 200  # steps between two turns; the linter finds such loops before
_OWN_QUEUE = "own"
_PAID = frozenset({"paid", WITHDRAWN})  # why a debt may be gone so that thanks are due


class RunawayScriptError(OwnerlineError):
    """A script goes round without asking anything; `ownerline scripts check` names the steps."""


class ScriptChangedError(OwnerlineError):
    """A saved talk stands at a step that its script no longer has; it cannot go on."""


class Talk:
    """A talk in motion: what it knows, what this turn says."""

    def __init__(self, memory: Memory, *, ended: bool = False) -> None:
        self._memory = memory
        self._saying = Saying(memory)
        self._ended = ended

    def state(self) -> TalkState:
        """Return the state to save."""
        return self._memory.state(ended=self._ended)

    def open(self) -> Turn:
        """Speak the opening of the script that leads."""
        return self._run(self._memory.script.opening)

    def hear(
        self, reply: Reply, *, facts: Mapping[int, Mapping[str, Any]], withdrawn: Mapping[int, str]
    ) -> Turn:
        """Work a reply and the news in; opting out, leaving and asking for a person go first."""
        at = self._memory.at
        at["turns"] += 1
        changed = self._memory.learn(facts)
        if reply.kind is ReplyKind.HUNG_UP:
            return self._hung_up(withdrawn)
        at["spoke"] = at["spoke"] or reply.kind is not ReplyKind.SILENCE
        consent.heard_out(self._memory)
        if at["opting_out"]:
            return self._opting_out(reply, withdrawn=withdrawn, changed=changed)
        pressed = self._global_key(reply)
        if pressed == OPT_OUT_KEY:
            return self._opt_out()
        if pressed == AGENT_KEY or at["turns"] > MAX_TURNS:
            self._withdraw(withdrawn)
            return self._transfer(self._memory.script.queue)
        return self._after_news(withdrawn, changed=changed) or self._answer(reply, pressed)

    def say(self, text: Mapping[Language, str] | None) -> None:
        """Add a text to the turn being made."""
        self._saying.say(text)

    def last_turn(self, step: str) -> Turn:
        """Return a turn that speaks what was said and hangs up."""
        self._ended = True
        return self._saying.turn(step, hang_up=True)

    def take_over(self) -> Turn:
        """Go on as an agent with a talk that a script handed over; what was answered is kept.

        What it asked is asked again; where it led to a person, the section begins anew.
        """
        memory = self._memory
        memory.reopen(WrapUpCode.TRANSFERRED)
        at = memory.at
        at["opting_out"] = False
        if isinstance(memory.script.steps.get(at["step"]), AskStep | VerifyStep | RecordStep):
            return self._run(at["heard_from"])
        return self._run(memory.script.opening if at["opening"] else memory.script.section)

    # What the reply leads to.

    def _global_key(self, reply: Reply) -> str | None:
        if told(self._memory) is not Told.ASKED:
            return global_key(self._asking(), reply)
        is_one = reply.kind is ReplyKind.KEYS and reply.value in GLOBAL_KEYS
        return reply.value if is_one else None

    def _asking(self) -> Asking:
        memory = self._memory
        step = memory.script.steps.get(memory.at["step"])
        if isinstance(step, AskStep | VerifyStep | RecordStep):
            return step
        message = (
            f"script {memory.script.name} has no prompt {memory.at['step']!r} any more "
            f"(version {memory.script.version}); the call has to end"
        )
        raise ScriptChangedError(message)

    def _answer(self, reply: Reply, pressed: str | None) -> Turn:
        if pressed == REPEAT_KEY and self._memory.at["repeats"] < MAX_REPEATS:
            return self._repeat()
        if told(self._memory) is Told.ASKED:
            self.say(consent.answer(self._memory, reply))
            return self._run(self._memory.at["step"])
        return self._answer_step(reply)

    def _answer_step(self, reply: Reply) -> Turn:
        step = self._asking()
        if reply.kind is ReplyKind.SILENCE or not reply.value:
            return self._missed(step, step.silence or self._memory.sentences.silence)
        if isinstance(step, RecordStep) and reply.kind is ReplyKind.WORDS:
            self._memory.keep_words(step.record, reply.value)
            return self._run(step.next)
        wanted = ReplyKind.RECORDING if isinstance(step, RecordStep) else ReplyKind.KEYS
        if reply.kind is not wanted:
            return self._missed(step)
        match step:
            case RecordStep():
                self._memory.keep(step.record, reply.value)
                return self._run(step.next)
            case VerifyStep():
                return self._verify(step, reply.value)
            case _:
                return self._take(step, reply.value)

    def _take(self, step: AskStep, keys: str) -> Turn:
        if step.ask is AskKind.KEY:
            answer = step.answers.get(keys)
            if answer is None:
                return self._missed(step)
            if step.into is not None:
                key = int(keys) if keys.isdecimal() else keys
                self._memory.keep(step.into, key if answer.store is None else answer.store)
            return self._run(answer.next)
        read = read_answer(step, keys, plan=self._memory.plan, value_of=self._memory.value)
        if isinstance(read, Refused):
            self._memory.passing = read.limits
            return self._missed(step, step.refusals.get(read.reason))
        self._memory.keep(step.value_path, read.value)
        return self._run(step.onward)

    def _verify(self, step: VerifyStep, keys: str) -> Turn:
        at = self._memory.at
        if keys == self._memory.plan.identity:
            at[IDENTIFIED] = "strong"
            return self._run(step.right)
        at["tries"] += 1
        if at["tries"] >= step.tries:
            at["verify_failed"] = True
            return self._run(step.failed)
        self.say(step.wrong or self._memory.sentences.wrong)
        return self._ask(step)

    def _missed(self, step: Asking, why: Mapping[Language, str] | None = None) -> Turn:
        self._memory.at["misses"] += 1
        if self._memory.at["misses"] > step.retries:
            return self._run(step.give_up)
        self.say(why or step.wrong or self._memory.sentences.wrong)
        return self._ask(step)

    def _repeat(self) -> Turn:
        """Say this turn again from its first sentence, without forgetting the misses."""
        at = self._memory.at
        kept = {key: at[key] for key in ("tries", "misses")} | {"repeats": at["repeats"] + 1}
        turn = self._run(at["heard_from"])
        at |= kept
        return turn

    def _opt_out(self) -> Turn:
        self._memory.at["opting_out"] = True
        self.say(self._memory.sentences.opt_out)
        return self._saying.turn("opt_out", ask=make_undo_ask(self._memory.plan.language))

    def _opting_out(self, reply: Reply, *, withdrawn: Mapping[int, str], changed: bool) -> Turn:
        if reply.kind is not ReplyKind.KEYS or reply.value != UNDO_KEY:
            return self._opted_out()
        self._memory.at["opting_out"] = False
        self.say(self._memory.sentences.back)
        return self._after_news(withdrawn, changed=changed) or self._repeat()

    def _opted_out(self) -> Turn:
        self._memory.settle_rest(WrapUpCode.OPTED_OUT)
        self.say(self._memory.sentences.opted_out)
        return self.last_turn("opted_out")

    def _hung_up(self, withdrawn: Mapping[int, str]) -> Turn:
        at = self._memory.at
        if at["opting_out"]:
            self._memory.settle_rest(WrapUpCode.OPTED_OUT)
        self._withdraw(withdrawn)
        self._memory.settle_rest(WrapUpCode.HUNG_UP if at["spoke"] else WrapUpCode.NO_REPLY)
        self._saying.hush()
        return self.last_turn("hung_up")

    # News from the customer file.

    def _after_news(self, withdrawn: Mapping[int, str], *, changed: bool) -> Turn | None:
        """Return where news leads the talk; None when it goes on as it stands."""
        if self._withdraw(withdrawn):
            return self._next_section()
        if changed:
            self.say(self._memory.sentences.news)
            return self._begin(self._memory.at["section"])
        return None

    def _withdraw(self, withdrawn: Mapping[int, str]) -> bool:
        """Settle the sections whose reason has gone; say whether the talk goes on elsewhere."""
        memory = self._memory
        opening = memory.at["opening"]
        for section in memory.open_sections():
            because = withdrawn.get(section.due_call_id)
            if because is None:
                continue
            code, words = self._withdrawal(section, because)
            begun = section is memory.section and not opening
            if begun and memory.may_hear(section):
                self.say(words)
            gathered = memory.gathered() if begun else {}
            memory.settle(section, code, {**gathered, "reason": because})
        if not opening:
            return memory.is_settled(memory.section)
        if memory.open_sections():
            return False
        self.say(memory.sentences.nothing_more)
        return True

    def _withdrawal(
        self, section: Section, because: str
    ) -> tuple[WrapUpCode, Mapping[Language, str] | None]:
        """Return how a section ends whose reason has gone, and the words; thanks only for money."""
        script = self._memory.library.get(section.script)
        ending = script.withdrawn
        if not self._memory.needs_strong(section):
            return WrapUpCode(ending.end), ending.say
        if because not in _PAID:
            return WrapUpCode.INFORMATION_GIVEN, self._memory.sentences.nothing_more
        return WrapUpCode(ending.end_if_strong or ending.end), ending.say

    # The walk through the script.

    def _run(self, name: str) -> Turn:
        """Walk from a step to the next turn."""
        memory = self._memory
        memory.at |= {"heard_from": name, "tries": 0, "misses": 0, "repeats": 0}
        memory.passing = {}
        for _ in range(_MAX_SILENT_STEPS):
            memory.at["step"] = name
            step = memory.step
            if isinstance(step, RecordStep) and not consent.takes_free_answers(memory):
                name = step.give_up
                continue
            if isinstance(step, AskStep | VerifyStep | RecordStep):
                return self._ask_first(step)
            if isinstance(step, EndStep):
                return self._end(step)
            if isinstance(step, ProceedStep):
                return self._next_section()
            if isinstance(step, TransferStep):
                if step.otherwise is None or memory.value("agents_available"):
                    return self._transfer(step.transfer, step=step)
                name = step.otherwise
            else:
                name = self._pass(step)
        message = (
            f"script {memory.script.name} walked {_MAX_SILENT_STEPS} steps from "
            f"{memory.at['heard_from']} without asking anything; run ownerline scripts check"
        )
        raise RunawayScriptError(message)

    def _pass(self, step: SayStep | SetStep | BranchStep | GotoStep) -> str:
        """Do what a step without a turn does; return the step after it."""
        memory = self._memory
        match step:
            case SayStep():
                self._saying.speak(step)
                return step.next
            case SetStep():
                for name, value in step.set.items():
                    kept = memory.value(value.copy_of) if isinstance(value, Copy) else value
                    memory.keep(name, kept)
                return step.next
            case BranchStep():
                ways = (case.next for case in step.branch if holds(case.when, memory.value))
                return next(ways, step.otherwise)
            case GotoStep():
                return step.goto

    def _ask_first(self, step: Asking) -> Turn:
        """Ask a step, after what the recording needs before the first question."""
        if (question := consent.question(self._memory)) is not None:
            self.say(question)
            return self._saying.turn(
                "may_record", ask=consent.consent_ask(self._memory.plan.language)
            )
        self.say(consent.announcement(self._memory))
        return self._ask(step)

    def _ask(self, step: Asking) -> Turn:
        self._saying.speak(step)
        ask, options = make_ask(self._memory, step)
        self._saying.read_out(options)
        name, private = self._memory.at["step"], isinstance(step, VerifyStep)
        return self._saying.turn(name, ask=ask, private=private, title=step.title)

    def _end(self, step: EndStep) -> Turn:
        memory = self._memory
        self._saying.speak(step)
        kept = {name: memory.value(name) for name in step.keep}
        data = {name: value for name, value in kept.items() if value is not None}
        if step.reason is not None:
            data["reason"] = step.reason
        if step.scope == "call" or memory.at["opening"]:
            memory.settle_rest(WrapUpCode(step.end), data)
        else:
            memory.settle(memory.section, WrapUpCode(step.end), {**memory.gathered(), **data})
        return self._next_section()

    def _next_section(self) -> Turn:
        memory = self._memory
        open_sections = memory.open_sections()
        if open_sections:
            if not memory.at["opening"]:
                self.say(memory.sentences.between)
            return self._begin(memory.plan.sections.index(open_sections[0]))
        self.say(memory.sentences.closing)
        return self.last_turn("closing")

    def _begin(self, index: int) -> Turn:
        self._memory.enter(index)
        return self._run(self._memory.script.section)

    def _transfer(self, queue: str, *, step: TransferStep | None = None) -> Turn:
        """Hand the call over; with no agent free, promise a call: the outcome is the same."""
        memory = self._memory
        data = {} if step is None or step.reason is None else {"reason": step.reason}
        sentences = memory.sentences
        if not memory.value("agents_available"):
            memory.settle_rest(WrapUpCode.TRANSFERRED, {"reason": "no_agent_free", **data})
            self.say(sentences.no_agent)
            self.say(sentences.closing)
            return self.last_turn("no_agent")
        memory.settle_rest(WrapUpCode.TRANSFERRED, data)
        if step is None or step.say is None:
            self.say(sentences.transfer)
        else:
            self._saying.speak(step)
        self._ended = True
        own = memory.script.queue if queue == _OWN_QUEUE else queue
        return self._saying.turn("transfer", transfer=Transfer(queue=own))
