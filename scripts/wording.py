"""Words a call may not use, or not yet: debts before the check, threats ever; and its length."""

import re
from collections.abc import Mapping

from customers.model import Language

# A voice reads about 4.5 Chinese characters, or 14 English ones, in a second.
_CHARACTERS_PER_S: Mapping[Language, float] = {Language.MANDARIN: 4.5, Language.ENGLISH: 14.0}
MAX_PROMPT_S = 30.0

_DEBT: Mapping[Language, re.Pattern[str]] = {
    Language.MANDARIN: re.compile(r"欠|逾期|缴|费用|物业费|催|账单|滞纳|违约金|款项|债"),
    Language.ENGLISH: re.compile(
        r"\b(?:owe[sd]?|owing|debts?|overdue|arrears|past due|unpaid|outstanding|"
        r"pay(?:s|ing|ments?|able)?|paid|fees?|charges|bills?|invoices?)\b",
        re.IGNORECASE,
    ),
}

_RECORDING: Mapping[Language, re.Pattern[str]] = {
    Language.MANDARIN: re.compile("录音"),
    Language.ENGLISH: re.compile(r"\brecord(?:s|ed|ing|ings)?\b", re.IGNORECASE),
}

# What only a voice says, which takes keys and records after a tone.
_KEYS: Mapping[Language, re.Pattern[str]] = {
    Language.MANDARIN: re.compile(
        r"按(?:\s*[0-9#*＊\{]|[一二三四五六七八九零井星下错]|.{0,2}键)|按键|井号|星号|提示音|输入|转人工"
    ),
    Language.ENGLISH: re.compile(
        r"\b(?:press(?:ed|ing)?|keys?|pound|star|after the tone|enter(?:ed|ing)?)\b",
        re.IGNORECASE,
    ),
}

# The property manager may not cut supplies to collect fees (Civil Code of the PRC, art. 944).
_SUPPLY_ZH = r"(?:水|(?<!来)电(?!话|梯)|气|煤气|暖|供热)"
_CUT_EN = (
    r"(?:cut|cuts|cutting|disconnect\w*|shut\w*|turn\w*\s+off|switch\w*\s+off|stop|stops|stopp\w*|"
    r"suspen\w*|withh\w*|los(?:e|ing))"
)
_SUPPLY_EN = r"(?:water|power|electricity|electric|gas|heating|heat|suppl(?:y|ies)|utilit(?:y|ies))"
_THREAT: Mapping[Language, re.Pattern[str]] = {
    Language.MANDARIN: re.compile(
        rf"(?:停(?!车)|断|切断|中断|掐|限制|关(?!于|注|心|怀|系))[^，。；！？]{{0,6}}{_SUPPLY_ZH}"
        rf"|{_SUPPLY_ZH}[^，。；！？]{{0,6}}(?:停掉|断掉|停供|切断|会停|会断|被停|被断|停止)"
    ),
    Language.ENGLISH: re.compile(
        rf"\b{_CUT_EN}\b[^.;!?]{{0,40}}\b{_SUPPLY_EN}\b"
        rf"|\b{_SUPPLY_EN}\b[^.;!?]{{0,40}}\b(?:cut|disconnected|shut|turned\s+off|"
        rf"switched\s+off|stopped|suspended|withheld)\b",
        re.IGNORECASE,
    ),
}


def names_a_debt(sentence: str, language: Language) -> bool:
    """Say whether a sentence speaks of a debt, a fee or a payment."""
    return _DEBT[language].search(sentence) is not None


def names_recording(sentence: str, language: Language) -> bool:
    """Say whether a sentence speaks of recording."""
    return _RECORDING[language].search(sentence) is not None


def speaks_of_keys(sentence: str, language: Language) -> bool:
    """Say whether a sentence is a voice's own: of keys, of a tone, of digits to be entered."""
    return _KEYS[language].search(sentence) is not None


def threatens(sentence: str, language: Language) -> bool:
    """Say whether a sentence threatens to cut water, power, gas or heating."""
    return _THREAT[language].search(sentence) is not None


def seconds_to_speak(sentence: str, language: Language) -> float:
    """Return about how long a voice needs for a sentence."""
    return len(sentence) / _CHARACTERS_PER_S[language]


def offers_key(sentence: str, key: str) -> bool:
    """Say whether a sentence tells of a key."""
    spelled = {"9": "九|nine", "0": "零|zero"}[key]
    return (
        re.search(rf"(?<![0-9]){key}(?![0-9])|\b(?:{spelled})\b|按(?:{spelled})", sentence)
        is not None
    )
