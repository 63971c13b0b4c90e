"""What is usual: the chance of an answer by hour, community and kind of phone, whoever has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.phone import PhoneKind
from dialer.answering.history import Flags, Floats, Whole, chance_of, log_odds
from dialer.scoring import Learning
from dialer.shrinkage import Estimate, Slot, Tally, learned

KINDS = tuple(PhoneKind)
_HOURS = 24
_KIND_SPREAD = 0.5  # how far kinds differ, in log odds, before anything was seen
_NEWTON = 6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Coded:
    """What is known of attempts, each in one number; `code_sql` is how the database writes it."""

    community: Whole
    code: Whole

    @property
    def answered(self) -> Floats:
        """Whether a person answered, 0 or 1."""
        return (self.code % 2).astype(np.float64)

    @property
    def held_out(self) -> Flags:
        """Whether the attempt is of the days held out."""
        late: Flags = self.code // 2 % 2 == 1
        return late

    @property
    def hour(self) -> Whole:
        """The hour of the local day."""
        return self.code // 4 % _HOURS

    @property
    def weekend(self) -> Whole:
        """Whether it was on a weekend, 0 or 1."""
        return self.code // (4 * _HOURS) % 2

    @property
    def kind(self) -> Whole:
        """The phone's kind, by its place in `KINDS`."""
        return self.code // (8 * _HOURS)


def code_sql(*, kind: str, weekend: str, hour: str, held_out: str, answered: str) -> str:
    """Return the expression of an attempt's code; `kind` counts from 0."""
    return (
        f"((({kind}) * 2 + CAST({weekend} AS int)) * {_HOURS} + {hour}) * 4"
        f" + CAST({held_out} AS int) * 2 + CAST({answered} AS int)"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class KindEffect:
    """What a kind of phone adds to the log odds, and the counts it rests on."""

    tally: Tally
    effect: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Usual:
    """What is usual; where nothing was rung yet, the next wider estimate holds.

    `table` holds log odds by community, weekend and hour: those of `communities` in their order,
    then those of any other.
    """

    hours: Mapping[tuple[int | None, Slot], Estimate]
    kinds: Mapping[PhoneKind, KindEffect]
    communities: Whole  # ascending
    table: Floats

    def of_hours(self, given: Coded) -> Floats:
        """Return the log odds of hours of communities, whatever the kind of phone."""
        known = len(self.communities)
        nearest = np.searchsorted(self.communities, given.community)
        is_known = np.append(self.communities, -1)[nearest] == given.community
        odds: Floats = self.table[np.where(is_known, nearest, known), given.weekend, given.hour]
        return odds

    def of_kinds(self, given: Coded) -> Floats:
        """Return what the kinds of phones add to the log odds."""
        none = KindEffect(tally=Tally(attempts=0, answers=0), effect=0.0)
        effects = np.array([self.kinds.get(kind, none).effect for kind in KINDS])
        added: Floats = effects[given.kind]
        return added

    def odds(self, given: Coded) -> Floats:
        """Return the usual log odds of attempts."""
        return self.of_hours(given) + self.of_kinds(given)


def usual_of(given: Coded, counts: Whole, *, prior: Sequence[float], learning: Learning) -> Usual:
    """Learn what is usual from counts of attempts of the same community and code."""
    history: dict[tuple[int, Slot], Tally] = {}
    columns = (given.community, given.weekend, given.hour, counts, given.answered)
    for community_id, weekend, hour, count, answered in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        key = community_id, Slot(weekend=bool(weekend), hour=hour)
        seen = Tally(attempts=count, answers=int(answered) * count)
        history[key] = history[key] + seen if key in history else seen
    hours = learned(history, prior=prior, learning=learning)
    communities = np.unique(given.community)
    bare = Usual(
        hours=hours, kinds={}, communities=communities, table=_table(hours, communities, prior)
    )
    return replace(bare, kinds=_kinds(given, counts, bare.of_hours(given)))


def _table(
    hours: Mapping[tuple[int | None, Slot], Estimate], communities: Whole, prior: Sequence[float]
) -> Floats:
    table = np.tile(np.array(prior, dtype=np.float64), (len(communities) + 1, 2, 1))
    for (community_id, slot), each in hours.items():
        if community_id is None:
            table[:, int(slot.weekend), slot.hour] = each.chance
    place_of = {community_id: place for place, community_id in enumerate(communities.tolist())}
    for (community_id, slot), each in hours.items():
        if community_id is not None:
            table[place_of[community_id], int(slot.weekend), slot.hour] = each.chance
    return log_odds(table)


def _kinds(given: Coded, counts: Whole, odds: Floats) -> dict[PhoneKind, KindEffect]:
    """Return the effect of each kind that was rung, held to none as if by what is usual."""
    found: dict[PhoneKind, KindEffect] = {}
    for place in np.unique(given.kind).tolist():
        here = given.kind == place
        attempts, answered = counts[here], given.answered[here]
        effect = 0.0
        for _ in range(_NEWTON):
            chance = chance_of(odds[here] + effect)
            pull = np.sum(attempts * (answered - chance)) - effect / _KIND_SPREAD**2
            weight = np.sum(attempts * chance * (1 - chance)) + 1 / _KIND_SPREAD**2
            effect += float(np.clip(pull / weight, -1, 1))
        tally = Tally(attempts=int(attempts.sum()), answers=int((attempts * answered).sum()))
        found[KINDS[place]] = KindEffect(tally=tally, effect=effect)
    return found
