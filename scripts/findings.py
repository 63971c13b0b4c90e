"""What the linter may find, and the sentence its author reads, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from customers.model import Language


class Rule(StrEnum):
    """What a finding is about."""

    UNREADABLE = "unreadable"
    UNKNOWN_STEP = "unknown_step"
    UNREACHABLE_STEP = "unreachable_step"
    ENDLESS_LOOP = "endless_loop"
    NO_OUTCOME = "no_outcome"
    UNKNOWN_WRAP_UP_CODE = "unknown_wrap_up_code"
    MISSING_TRANSLATION = "missing_translation"
    MISSING_SENTENCE = "missing_sentence"
    COMPANY_NOT_NAMED = "company_not_named"
    NO_AGENT = "no_agent"
    NO_OPT_OUT = "no_opt_out"
    WEAK_IDENTITY = "weak_identity"
    DEBT_BEFORE_CHECK = "debt_before_check"
    RECORDING_NOT_NAMED = "recording_not_named"
    THREAT = "threat"
    UNKNOWN_VARIABLE = "unknown_variable"
    UNSET_VARIABLE = "unset_variable"
    WRONG_FORM = "wrong_form"
    TOO_LONG = "too_long"
    NO_AGENT_WORDS = "no_agent_words"
    AGENT_SPEAKS_OF_KEYS = "agent_speaks_of_keys"


_SENTENCES: Mapping[Rule, tuple[str, str]] = {
    Rule.UNREADABLE: ("读不懂：{what}", "cannot be read: {what}"),
    Rule.UNKNOWN_STEP: (
        "没有名为“{what}”的步骤。",
        "leads to {what!r}, which is no step of this script",
    ),
    Rule.UNREACHABLE_STEP: (
        "没有任何一步会走到这里。",
        "no step leads here; take it out, or lead to it",
    ),
    Rule.ENDLESS_LOOP: (
        "从这里出发会一直绕圈，走不到结束。",
        "from here the talk goes round and never ends; lead a way to an end",
    ),
    Rule.NO_OUTCOME: (
        "有一条路在这里断了，没有结果码。",
        "a way stops here without a wrap-up code; lead it to an end",
    ),
    Rule.UNKNOWN_WRAP_UP_CODE: (
        "没有“{what}”这个结果码。",
        "{what!r} is no wrap-up code",
    ),
    Rule.MISSING_TRANSLATION: (
        "缺少 {language} 的说法。",
        "a text is missing in {language}",
    ),
    Rule.MISSING_SENTENCE: (
        "缺少这句通用的话。",
        "this sentence is missing; include the fragment opening, or write it",
    ),
    Rule.COMPANY_NOT_NAMED: (
        "{language}：开场没有报公司名称。",
        "{language}: the opening does not name the company; say {{company}}",
    ),
    Rule.NO_AGENT: (
        "{language}：开场没有告知按0转人工。",
        "{language}: the opening does not say that 0 brings a person",
    ),
    Rule.NO_OPT_OUT: (
        "{language}：开场没有告知按9不再来电。",
        "{language}: the opening does not say that 9 ends all calls",
    ),
    Rule.WEAK_IDENTITY: (
        "说到欠费的话术必须核对身份（identity: strong，开场有 verify: identity）。",
        "a script about a debt needs identity: strong, and an opening with verify: identity",
    ),
    Rule.DEBT_BEFORE_CHECK: (
        "{language}：核对身份之前就说到了欠费或金额（{what}）。",
        "{language}: names {what} where some path has not passed the strong identity check",
    ),
    Rule.RECORDING_NOT_NAMED: (
        "{language}：这句话没有说明通话会录音。",
        "{language}: does not say that the call is recorded",
    ),
    Rule.THREAT: (
        "{language}：不得以停水、停电、停气、停暖相威胁。",
        "{language}: threatens to cut water, power, gas or heating; a property manager may not",
    ),
    Rule.UNKNOWN_VARIABLE: (
        "变量 {what} 在这里不存在。",
        "{what} is unknown here; declare it under variables, or fill it before",
    ),
    Rule.UNSET_VARIABLE: (
        "有一条路走到这里时，变量 {what} 还没有值。",
        "{what} has no value yet on some path that leads here; fill it before",
    ),
    Rule.WRONG_FORM: (
        "{language}：{what} 不能这样读，可用的读法：{forms}。",
        "{language}: {what} cannot be spoken so; its forms are: {forms}",
    ),
    Rule.TOO_LONG: (
        "{language}：这句话要念约{seconds}秒，请缩短到{most}秒以内。",
        "{language}: takes about {seconds} s to say; keep it under {most} s",
    ),
    Rule.NO_AGENT_WORDS: (
        "{language}：这句话说到了按键或录音提示，坐席照念不合适，请加上 {field}。",
        "{language}: speaks of keys, which an agent cannot say; give the agent's words as {field}",
    ),
    Rule.AGENT_SPEAKS_OF_KEYS: (
        "{language}：坐席说的话里不能有按键。",
        "{language}: an agent's words speak of keys; say what to answer instead",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing wrong with a script, for its author; `step` may also name a seam or a field."""

    rule: Rule
    script: str
    step: str
    message_zh: str
    message_en: str

    def message(self, language: Language) -> str:
        """Return the sentence in a language."""
        return self.message_zh if language is Language.MANDARIN else self.message_en

    def __str__(self) -> str:
        return f"{self.script}:{self.step}: {self.rule.value}: {self.message_en}"


def finding(script: str, step: str, rule: Rule, **facts: str | int) -> Finding:
    """Make a finding; `facts` are what its sentence names."""
    zh, en = _SENTENCES[rule]
    return Finding(
        rule=rule,
        script=script,
        step=step,
        message_zh=zh.format(**facts),
        message_en=en.format(**facts),
    )
