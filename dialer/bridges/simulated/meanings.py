"""What the keys of a prompt mean to a person, and which one a temper goes for."""

from collections.abc import Mapping
from enum import StrEnum

from dialer.bridges.simulated.people import Temper


class Drift(StrEnum):
    """Where a key leads, as a listener understands it."""

    GOOD = "good"  # goes along: yes, will pay, satisfied
    BAD = "bad"  # does not: no, dispute, dissatisfied
    NEUTRAL = "neutral"
    NOT_ME = "not_me"
    OPT_OUT = "opt_out"
    AGENT = "agent"
    REPEAT = "repeat"


# First match wins: a refusal contains the words of what it refuses. Compared without case.
_WORDS: tuple[tuple[Drift, tuple[str, ...]], ...] = (
    (Drift.OPT_OUT, ("opt_out", "opt out", "no more calls", "免打扰", "不再来电", "退订")),
    (Drift.AGENT, ("agent", "人工", "客服", "座席")),
    (Drift.REPEAT, ("repeat", "once more", "重听", "重复", "再听")),
    (Drift.NOT_ME, ("not_me", "not_the_owner", "not me", "wrong", "someone else", "打错", "不是")),
    (Drift.BAD, ("dissatisf", "not ", "dispute", "refuse", "unable", "不", "异议", "争议", "无法")),
    (Drift.GOOD, ("yes", "pay", "satisf", "confirm", "speaking", "是", "满意", "缴", "好", "同意")),
)
_WEIGHTS: Mapping[Drift, float] = {
    Drift.GOOD: 6.0,
    Drift.NEUTRAL: 1.5,
    Drift.BAD: 1.0,
    Drift.NOT_ME: 0.05,
    Drift.AGENT: 0.1,
    Drift.REPEAT: 0.15,
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
    """Return where a key leads by its meaning, in Mandarin, English or as a plain word."""
    lowered = meaning.casefold()
    if lowered == "no" or (lowered.startswith(("no,", "no ")) and "no more" not in lowered):
        return Drift.BAD
    for drift, words in _WORDS:
        if any(word in lowered for word in words):
            return drift
    return _CUSTOM.get(key, Drift.NEUTRAL)


def sought(temper: Temper, drifts: Mapping[str, Drift]) -> str | None:
    """Return the key a temper goes for at once; None when this prompt has none."""
    for drift in _SEEKS.get(temper, ()):
        for key, leads in drifts.items():
            if leads is drift:
                return key
    return None


def weights(drifts: Mapping[str, Drift]) -> dict[str, float]:
    """Return how often people press each key."""
    return {key: _WEIGHTS[drift] for key, drift in drifts.items()}
