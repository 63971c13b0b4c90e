"""Decides once more what a look decided, from its record alone. Pure."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from callback.packs import Packs
from callback.rules import Verdict
from core.ids import IdSource
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate
from dialer.claim_plan import (
    Claiming,
    Judged,
    NewAttempt,
    judged_in_turn,
    plan_in_rounds,
    served_together,
    unless_line_taken,
)
from dialer.replay.model import LookKind
from dialer.replay.reading import Looked, Seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A call that is placed: what it serves, which number it rings, on which trunk."""

    due_call_ids: tuple[int, ...]
    e164: str
    trunk: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What comes out: the verdict on each due call, the calls, and what an agent is shown."""

    verdicts: dict[int, Verdict]
    calls: tuple[Choice, ...]
    chosen: int | None


class _Ids(IdSource):
    """Ids that nobody keeps: one after the other."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


def decide(kind: LookKind, seen: Seen, *, at: datetime, packs: Packs) -> Decided:
    """Judge all that was looked at as of then, and choose of it."""
    match kind:
        case LookKind.QUEUE:
            return _of_queue(seen, at=at, packs=packs)
        case LookKind.AGENT:
            return _of_agent(seen, at=at, packs=packs)
        case LookKind.PREVIEW:
            one_by_one = ([each.candidate] for each in seen.looked)
            judged = [
                judged
                for candidates in one_by_one
                for judged in judged_in_turn(candidates, now=at, packs=packs)
            ]
            return _shown(judged)
        case LookKind.FILE:
            return _shown(judged_in_turn(_candidates(seen), now=at, packs=packs))


def packs_missing(looked: Looked, seen: Seen, packs: Packs) -> list[str]:
    """Return the rule packs, with their versions then, that were asked and are not here now."""
    place = looked.candidate.facts.place
    names = dict.fromkeys(place.packs)
    for phone in looked.candidate.facts.phones:
        own = packs.for_country(phone.region)
        if own is not None:
            names[own.name] = None
        elif phone.region != place.region:  # another pack may have claimed that country then
            names |= dict.fromkeys(seen.packs.keys() - set(packs.names))
    now = packs.versions
    return [f"{name} {seen.packs[name]}" for name in names if _is_another(name, seen, now)]


def _is_another(name: str, seen: Seen, now: dict[str, str]) -> bool:
    return name in seen.packs and seen.packs[name] != now.get(name)


def _of_queue(seen: Seen, *, at: datetime, packs: Packs) -> Decided:
    people: Iterator[list[Candidate]] = iter(
        [[each.candidate for each in person] for person in seen.people]
    )
    rounds = plan_in_rounds(people, _tokens(seen), now=at, packs=packs, ids=_Ids())
    claiming = _ended(rounds, seen.lost)
    return Decided(
        verdicts=_verdicts(claiming.outcome),
        calls=tuple(_choice(each) for each in claiming.committed),
        chosen=None,
    )


def _ended(
    rounds: Generator[list[NewAttempt], frozenset[UUID], Claiming], lost: frozenset[int]
) -> Claiming:
    """Let all be committed but the calls whose line was taken then."""
    try:
        wanted = next(rounds)
        while True:
            wanted = rounds.send(
                frozenset(e.attempt_id for e in wanted if e.lead.due_call_id not in lost)
            )
    except StopIteration as done:
        claiming: Claiming = done.value
        return claiming


def _of_agent(seen: Seen, *, at: datetime, packs: Packs) -> Decided:
    judged = sorted(
        judged_in_turn(_candidates(seen), now=at, packs=packs),
        key=lambda each: each.candidate.due_call_id != seen.chosen,
    )
    lead = judged[0]
    calls: tuple[Choice, ...] = ()
    if lead.allowed and lead.verdict.phone is not None and seen.chosen not in seen.lost:
        served = tuple(each.candidate.due_call_id for each in served_together(judged))
        calls = (
            Choice(
                due_call_ids=served, e164=lead.verdict.phone.e164, trunk=next(iter(seen.trunks), "")
            ),
        )
    rung = frozenset(due for call in calls for due in call.due_call_ids)
    return Decided(
        verdicts=_verdicts(unless_line_taken(judged, rung, now=at)),
        calls=calls,
        chosen=seen.chosen,
    )


def _shown(judged: list[Judged]) -> Decided:
    allowed = (each.candidate.due_call_id for each in judged if each.allowed)
    return Decided(verdicts=_verdicts(judged), calls=(), chosen=next(allowed, None))


def _candidates(seen: Seen) -> list[Candidate]:
    return [each.candidate for each in seen.looked]


def _tokens(seen: Seen) -> list[TrunkLimits]:
    return [TrunkLimits(name=name, channels=1, calls_per_second=1) for name in seen.trunks]


def _verdicts(judged: list[Judged]) -> dict[int, Verdict]:
    return {each.candidate.due_call_id: each.verdict for each in judged}


def _choice(attempt: NewAttempt) -> Choice:
    return Choice(
        due_call_ids=attempt.due_call_ids, e164=attempt.phone.e164, trunk=attempt.trunk.name
    )
