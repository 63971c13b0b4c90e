"""What the keys of a prompt mean to a person, and which one a temper goes for."""

import re
from collections.abc import Mapping
from enum import StrEnum

from dialer.bridges.simulated.people import Temper


class Drift(StrEnum):
    """Where a key leads, as a listener understands it."""

    GOOD = "good"  # goes along: speaking, will pay, satisfied
    BAD = "bad"  # does not: dispute, dissatisfied, would rather not
    LATER = "later"  # another time, more time
    PAID = "paid"  # has paid already
    NEUTRAL = "neutral"
    NOT_ME = "not_me"
    OPT_OUT = "opt_out"
    AGENT = "agent"
    REPEAT = "repeat"


# First match wins: a refusal contains the words of what it refuses. Compared without case, in
# Mandarin, English and as the plain words of other scripts.
_WORDS: tuple[tuple[Drift, tuple[str, ...]], ...] = (
    (Drift.OPT_OUT, ("opt_out", "opt out", "no more calls", "免打扰", "不再来电", "退订")),
    (Drift.AGENT, ("agent", "colleague", "人工", "客服", "座席")),
    (Drift.REPEAT, ("repeat", "again", "重听", "重复", "重选")),
    (Drift.NOT_ME, ("not_me", "not me", "wrong", "someone else", "打错", "不是")),
    (Drift.PAID, ("already", "已缴", "已经缴", "已付")),
    (Drift.LATER, ("later", "another time", "more time", "extension", "改时间", "延期", "稍后")),
    (
        Drift.BAD,
        ("dissatisf", "not ", "rather", "disput", "refus", "unable", "不", "异议", "争议", "疑问"),
    ),
    (Drift.GOOD, ("yes", "pay", "satisf", "confirm", "speaking", "all of it", "go on")),
    (Drift.GOOD, ("是", "满意", "缴", "好", "同意", "确认", "全部", "继续")),
)
_NO = re.compile(r"no\b(?! more)")
_SCORE = re.compile(r"([1-5])(?:分| of 5)")
_SCORE_WEIGHTS: Mapping[str, float] = {"5": 4.0, "4": 4.0, "3": 2.0, "2": 0.7, "1": 0.5}
_WEIGHTS: Mapping[Drift, float] = {
    Drift.GOOD: 6.0,
    Drift.NEUTRAL: 1.5,
    Drift.BAD: 0.9,
    Drift.LATER: 0.6,
    Drift.PAID: 0.6,
    Drift.REPEAT: 0.15,
    Drift.AGENT: 0.1,
    Drift.NOT_ME: 0.05,
    Drift.OPT_OUT: 0.02,
}
# House custom for keys whose meaning says nothing.
_CUSTOM: Mapping[str, Drift] = {"9": Drift.OPT_OUT, "0": Drift.AGENT, "*": Drift.REPEAT}
_SEEKS: Mapping[Temper, tuple[Drift, ...]] = {
    Temper.WRONG_PERSON: (Drift.NOT_ME, Drift.BAD),
    Temper.OPTS_OUT: (Drift.OPT_OUT,),
    Temper.WANTS_AGENT: (Drift.AGENT,),
}


def drift_of(key: str, meaning: str) -> Drift:
    """Return where a key leads by its meaning."""
    lowered = meaning.casefold()
    if _NO.match(lowered):
        return Drift.BAD
    for drift, words in _WORDS:
        if any(word in lowered for word in words):
            return drift
    return _CUSTOM.get(key, Drift.NEUTRAL)


def sought(temper: Temper, keys: Mapping[str, str]) -> str | None:
    """Return the key (of key → meaning) a temper goes for at once; None: this prompt has none."""
    for drift in _SEEKS.get(temper, ()):
        for key, meaning in keys.items():
            if drift_of(key, meaning) is drift:
                return key
    return None


def weights(keys: Mapping[str, str]) -> dict[str, float]:
    """Return how often people press each key."""
    return {key: _weight(key, meaning) for key, meaning in keys.items()}


def _weight(key: str, meaning: str) -> float:
    score = _SCORE.fullmatch(meaning)
    return _SCORE_WEIGHTS[score[1]] if score else _WEIGHTS[drift_of(key, meaning)]
