"""Invented people: whether, when and how they pick up, drawn from a seed.

Every figure here is invented, near what collection and service departments report (a third to a
half of the calls answered, best in the early evening). A draw depends on the seed, the number and
how many calls it had before, never on what else the dialer did.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from dialer.bridges.simulated.draws import stable_random, weighted
from dialer.model import AnsweredBy, TelephonyResult


class Reaction(StrEnum):
    """What a phone does when it is called."""

    ANSWER = "answer"
    MACHINE = "machine"
    BUSY = "busy"
    REJECT = "reject"
    RING_OUT = "ring_out"
    SWITCHED_OFF = "switched_off"
    DEAD_NUMBER = "dead_number"
    CONGESTION = "congestion"
    FAILURE = "failure"


class Temper(StrEnum):
    """How a person takes an automatic call."""

    COOPERATIVE = "cooperative"
    IMPATIENT = "impatient"  # hangs up after a few turns, often in mid-speech
    CONFUSED = "confused"  # silence and wrong keys first, then right
    WRONG_PERSON = "wrong_person"  # not who we look for, and says so
    OPTS_OUT = "opts_out"
    WANTS_AGENT = "wants_agent"
    SILENT = "silent"  # listens and presses nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How the carrier words the end of a call: Q.850 cause and SIP status (RFC 3398, section 8)."""

    result: TelephonyResult
    hangup_cause: int
    sip_code: int


ENDINGS: Mapping[Reaction, Ending] = {
    Reaction.ANSWER: Ending(result=TelephonyResult.ANSWERED, hangup_cause=16, sip_code=200),
    Reaction.MACHINE: Ending(result=TelephonyResult.MACHINE, hangup_cause=16, sip_code=200),
    Reaction.BUSY: Ending(result=TelephonyResult.BUSY, hangup_cause=17, sip_code=486),
    Reaction.REJECT: Ending(result=TelephonyResult.REJECTED, hangup_cause=21, sip_code=603),
    Reaction.RING_OUT: Ending(result=TelephonyResult.NO_ANSWER, hangup_cause=19, sip_code=480),
    Reaction.SWITCHED_OFF: Ending(result=TelephonyResult.NO_ANSWER, hangup_cause=20, sip_code=480),
    Reaction.DEAD_NUMBER: Ending(
        result=TelephonyResult.INVALID_NUMBER, hangup_cause=1, sip_code=404
    ),
    Reaction.CONGESTION: Ending(result=TelephonyResult.CONGESTION, hangup_cause=34, sip_code=503),
    Reaction.FAILURE: Ending(result=TelephonyResult.CARRIER_ERROR, hangup_cause=41, sip_code=500),
}
CANCELLED = Ending(result=TelephonyResult.CANCELLED, hangup_cause=16, sip_code=487)
RING_TIMEOUT = Ending(result=TelephonyResult.NO_ANSWER, hangup_cause=19, sip_code=487)

ANSWERS = frozenset({Reaction.ANSWER, Reaction.MACHINE})
RINGS = frozenset({Reaction.ANSWER, Reaction.MACHINE, Reaction.REJECT, Reaction.RING_OUT})

_TEMPERS: Mapping[Temper, float] = {
    Temper.COOPERATIVE: 0.66,
    Temper.IMPATIENT: 0.12,
    Temper.CONFUSED: 0.09,
    Temper.WRONG_PERSON: 0.04,
    Temper.OPTS_OUT: 0.02,
    Temper.WANTS_AGENT: 0.04,
    Temper.SILENT: 0.03,
}
# Chance that an average person answers, by the hour on their own clock.
_ANSWER_BY_HOUR = (
    *(0.04, 0.02, 0.02, 0.02, 0.02, 0.04, 0.10, 0.22),
    *(0.34, 0.42, 0.46, 0.46, 0.50, 0.40, 0.41, 0.42),
    *(0.45, 0.52, 0.60, 0.62, 0.56, 0.42, 0.22, 0.10),
)
_MOST_LIKELY = 0.95
_UNANSWERED: Mapping[Reaction, float] = {
    Reaction.RING_OUT: 0.56,
    Reaction.BUSY: 0.15,
    Reaction.REJECT: 0.16,
    Reaction.SWITCHED_OFF: 0.09,
    Reaction.CONGESTION: 0.03,
    Reaction.FAILURE: 0.01,
}
_DEAD_SHARE = 0.02
_MACHINE_OWNERS = 0.15
_POST_DIAL_S = (1.0, 4.0)
_RING_S = (3.0, 25.0)
_REJECT_S = (2.0, 12.0)
_MACHINE_PICKS_UP_S = (15.0, 25.0)
_NETWORK_GIVES_UP_S = 60.0
_DETECTION_S = (1.0, 3.0)
# Detection's own errors: a person taken for a machine, unsure of a person or a machine.
_DETECTED: Mapping[AnsweredBy, Mapping[AnsweredBy, float]] = {
    AnsweredBy.HUMAN: {AnsweredBy.HUMAN: 0.95, AnsweredBy.UNSURE: 0.035, AnsweredBy.MACHINE: 0.015},
    AnsweredBy.MACHINE: {AnsweredBy.MACHINE: 0.88, AnsweredBy.UNSURE: 0.07, AnsweredBy.HUMAN: 0.05},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """What the population knows of one phone; what is None is drawn from the seed.

    `identity` is the digits only the owner knows and `amount` the keys they would press for what
    they owe (`1280*50`); without the first a person cannot say it, without the second they make one
    up. `answers` are pressed at the first questions in turn ("" is silence), whatever the temper;
    after `patience_turns` turns they hang up. `answer_factor` multiplies the chance of an answer;
    who has `pays_after_turns` pays while still on the line.
    """

    person: str | None = None
    time_zone: str = "Asia/Shanghai"
    identity: str | None = None
    amount: str | None = None
    reaction: Reaction | None = None
    temper: Temper | None = None
    answers: tuple[str, ...] = ()
    patience_turns: int | None = None
    detected_as: AnsweredBy | None = None
    answer_factor: float | None = None
    pays_after_turns: int | None = None


Population = Callable[[str], Behaviour | None] | Mapping[str, Behaviour]


@dataclass(frozen=True, kw_only=True, slots=True)
class Encounter:
    """One call's fate at the phone, fixed before it rings."""

    reaction: Reaction
    post_dial_s: float
    ring_s: float
    detected_as: AnsweredBy
    detection_s: float
    temper: Temper


def behaviour_of(population: Population, e164: str) -> Behaviour | None:
    """Return what is known of a number; None when nobody has it."""
    return population(e164) if callable(population) else population.get(e164)


def meet(behaviour: Behaviour | None, *, seed: int, e164: str, nth: int, at: datetime) -> Encounter:
    """Draw what the number's nth call (from 0) meets; where nobody lives the number is dead."""
    traits = stable_random(seed, e164, "traits")
    dead = traits.random() < _DEAD_SHARE
    has_machine = traits.random() < _MACHINE_OWNERS
    factor = traits.uniform(0.6, 1.5)
    temper = weighted(traits, _TEMPERS)

    rng = stable_random(seed, e164, nth)
    draw = rng.random()
    unanswered = weighted(rng, _UNANSWERED)
    post_dial_s, ring_s = rng.uniform(*_POST_DIAL_S), rng.uniform(*_RING_S)
    if behaviour is None:
        reaction = Reaction.DEAD_NUMBER
    elif behaviour.reaction is not None:
        reaction = behaviour.reaction
    elif dead:
        reaction = Reaction.DEAD_NUMBER
    elif draw < _answer_chance(behaviour, factor=factor, at=at):
        reaction = Reaction.ANSWER
    elif unanswered is Reaction.RING_OUT and has_machine:
        reaction = Reaction.MACHINE
    else:
        reaction = unanswered
    known = behaviour or Behaviour()
    truth = AnsweredBy.MACHINE if reaction is Reaction.MACHINE else AnsweredBy.HUMAN
    return Encounter(
        reaction=reaction,
        post_dial_s=post_dial_s,
        ring_s=_ring_seconds(reaction, ring_s, rng),
        detected_as=known.detected_as or weighted(rng, _DETECTED[truth]),
        detection_s=rng.uniform(*_DETECTION_S),
        temper=known.temper or temper,
    )


def _answer_chance(behaviour: Behaviour, *, factor: float, at: datetime) -> float:
    hour = at.astimezone(ZoneInfo(behaviour.time_zone)).hour
    own = factor if behaviour.answer_factor is None else behaviour.answer_factor
    return min(_MOST_LIKELY, _ANSWER_BY_HOUR[hour] * own)


def _ring_seconds(reaction: Reaction, answer_after_s: float, rng: Random) -> float:
    match reaction:
        case Reaction.REJECT:
            return rng.uniform(*_REJECT_S)
        case Reaction.MACHINE:
            return rng.uniform(*_MACHINE_PICKS_UP_S)
        case Reaction.RING_OUT:
            return _NETWORK_GIVES_UP_S
        case _:
            return answer_after_s
