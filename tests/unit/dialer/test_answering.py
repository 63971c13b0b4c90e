"""What is learned of owners and phones: laws that hold whatever was seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.phone import PhoneKind
from dialer.answering.calibration import AS_FORETOLD, Line, line_of
from dialer.answering.fit import fit_of
from dialer.answering.history import Part, Rung, brier, chance_of, log_odds, parts_of
from dialer.answering.owners import PARTS, Owners, Spread, evidence, owners_of, spread_of
from dialer.answering.usual import KINDS, Coded, Usual, usual_of
from dialer.scoring import shipped_scoring
from dialer.shrinkage import Slot

RULES = shipped_scoring()
DIFFER = Spread(own=0.8, taste=0.4)
MOBILE, FIXED = KINDS.index(PhoneKind.MOBILE), KINDS.index(PhoneKind.FIXED)

Call = tuple[int, int, float, bool]  # owner, part, usual log odds, answered
calls = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=3),
        st.integers(min_value=0, max_value=PARTS - 1),
        st.floats(min_value=-6, max_value=6),
        st.booleans(),
    ),
    max_size=40,
)
spreads = st.builds(
    Spread, own=st.floats(min_value=0, max_value=2.2), taste=st.floats(min_value=0, max_value=1.1)
)


def rung_of(made: list[Call]) -> Rung:
    columns = list(zip(*made, strict=True)) or [(), (), (), ()]
    return Rung(
        owners=4,
        owner=np.array(columns[0], dtype=np.int64),
        part=np.array(columns[1], dtype=np.int64),
        odds=np.array(columns[2], dtype=np.float64),
        answered=np.array(columns[3], dtype=np.float64),
    )


def chances(
    owners: Owners, odds: float = -0.5
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return chance_of(owners.slopes * odds + owners.shifts)


@given(calls, spreads)
@settings(max_examples=60)
def test_every_chance_lies_between_none_and_all(made: list[Call], spread: Spread) -> None:
    found = chances(owners_of(rung_of(made), spread))
    assert np.all((found > 0) & (found < 1))


@given(calls)
@settings(max_examples=60)
def test_who_was_never_rung_is_as_everybody(made: list[Call]) -> None:
    others = [each for each in made if each[0] != 0]
    found = owners_of(rung_of(others), DIFFER)
    assert found.slopes[0] == pytest.approx([1, 1, 1])
    assert found.shifts[0] == pytest.approx([0, 0, 0])


@given(calls, st.integers(min_value=0, max_value=39))
@settings(max_examples=60)
def test_an_answer_in_place_of_none_never_lowers_that_owners_chance(
    made: list[Call], at: int
) -> None:
    missed = [(*each[:3], False) if n == at else each for n, each in enumerate(made)]
    came = [(*each[:3], True) if n == at else each for n, each in enumerate(made)]
    less, more = (owners_of(rung_of(each), DIFFER) for each in (missed, came))
    assert np.all(more.shifts >= less.shifts - 0.02)  # what is left open may hold it in a little


@given(calls.flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))))
@settings(max_examples=60)
def test_the_order_of_calls_does_not_matter(both: tuple[list[Call], list[Call]]) -> None:
    one, other = (owners_of(rung_of(each), DIFFER) for each in both)
    assert one.shifts == pytest.approx(other.shifts, abs=1e-9)
    assert one.slopes == pytest.approx(other.slopes, abs=1e-9)


@given(calls)
@settings(max_examples=30)
def test_one_owner_says_nothing_of_another(made: list[Call]) -> None:
    alone = [each for each in made if each[0] == 1]
    whole, only = owners_of(rung_of(made), DIFFER), owners_of(rung_of(alone), DIFFER)
    assert whole.shifts[1] == pytest.approx(only.shifts[1], abs=1e-9)


def test_who_answers_in_the_evening_is_likelier_then_than_in_the_morning() -> None:
    evenings: list[Call] = [(0, Part.EVENING, 0.0, True)] * 8
    mornings: list[Call] = [(0, Part.MORNING, 0.0, False)] * 8
    found = chances(owners_of(rung_of(evenings + mornings), DIFFER))
    morning, afternoon, evening = found[0]
    assert morning < afternoon < evening


def _town(own: float, *, seed: int = 1) -> Rung:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(400), 10)
    odds = np.full(len(owner), -0.4)
    truth = chance_of(odds + own * rng.normal(size=400)[owner])
    return Rung(
        owners=400,
        owner=owner,
        part=rng.integers(0, PARTS, len(owner)),
        odds=odds,
        answered=(rng.random(len(owner)) < truth).astype(np.float64),
    )


def test_owners_who_differ_are_told_from_owners_who_do_not() -> None:
    assert spread_of(_town(0.0)).own <= 0.2
    assert 0.6 <= spread_of(_town(1.0)).own <= 1.4
    assert evidence(_town(1.0), Spread(own=1.0)) > evidence(_town(1.0), Spread())


def test_of_few_owners_nothing_is_said_of_how_they_differ() -> None:
    assert spread_of(rung_of([(0, 0, 0.0, True)] * 20)) == Spread()


def test_what_is_foretold_too_surely_is_set_right() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=4_000)
    answered = (rng.random(4_000) < chance_of(truth)).astype(np.float64)
    line = line_of(2 * truth + 1, answered)
    assert line.slope == pytest.approx(0.5, abs=0.08)
    assert line.shift == pytest.approx(-0.5, abs=0.12)
    right = chance_of(line.slope * (2 * truth + 1) + line.shift)
    before, after = brier(chance_of(2 * truth + 1), answered), brier(right, answered)
    assert before is not None
    assert after is not None
    assert after < before


@given(st.lists(st.tuples(st.floats(-6, 6), st.booleans()), min_size=200, max_size=300))
@settings(max_examples=30)
def test_setting_right_never_turns_the_order_around(made: list[tuple[float, bool]]) -> None:
    odds, answered = (np.array(each, dtype=np.float64) for each in zip(*made, strict=True))
    assert line_of(odds, answered).slope > 0


def test_few_calls_held_out_set_nothing_right() -> None:
    assert line_of(np.zeros(50), np.ones(50)) == AS_FORETOLD == Line()


def _coded(*, community: int, hour: int, kind: int, answered: list[bool]) -> Coded:
    code = ((kind * 2) * 24 + hour) * 4 + np.array(answered, dtype=np.int64)
    return Coded(community=np.full(len(answered), community), code=code)


def _usual(given: Coded) -> Usual:
    ones = np.ones(len(given.code), dtype=np.int64)
    return usual_of(given, ones, prior=RULES.answer_chance, learning=RULES.learning)


def _joined(*parts: Coded) -> Coded:
    return Coded(
        community=np.concatenate([each.community for each in parts]),
        code=np.concatenate([each.code for each in parts]),
    )


def test_a_code_tells_what_went_into_it() -> None:
    given = Coded(community=np.array([7]), code=np.array([((FIXED * 2 + 1) * 24 + 19) * 4 + 3]))
    assert given.kind.tolist() == [FIXED]
    assert (given.weekend.tolist(), given.hour.tolist()) == ([1], [19])
    assert (given.held_out.tolist(), given.answered.tolist()) == ([True], [1.0])


def test_kinds_of_phones_differ_and_an_unseen_kind_is_as_the_rest() -> None:
    mobile = _coded(community=1, hour=10, kind=MOBILE, answered=[True, False] * 100)
    fixed = _coded(community=1, hour=10, kind=FIXED, answered=[True] * 10 + [False] * 90)
    usual = _usual(_joined(mobile, fixed))
    assert usual.kinds[PhoneKind.MOBILE].effect > 0.2
    assert usual.kinds[PhoneKind.FIXED].effect < -0.5
    unseen = _coded(community=1, hour=10, kind=KINDS.index(PhoneKind.UNKNOWN), answered=[True])
    assert usual.of_kinds(unseen).tolist() == [0.0]


def test_an_hour_or_community_never_seen_goes_by_the_next_wider() -> None:
    usual = _usual(_coded(community=5, hour=10, kind=MOBILE, answered=[True] * 60))
    asked = [(5, 10), (4, 10), (6, 10), (5, 11)]
    given = _joined(*(_coded(community=c, hour=h, kind=MOBILE, answered=[False]) for c, h in asked))
    house = usual.hours[None, Slot(weekend=False, hour=10)].chance
    own = usual.hours[5, Slot(weekend=False, hour=10)].chance
    known = [own, house, house, RULES.answer_chance[11]]
    assert usual.of_hours(given) == pytest.approx(log_odds(np.array(known)))


def test_nothing_on_file_is_learned_from_without_complaint() -> None:
    nothing = Coded(community=np.empty(0, np.int64), code=np.empty(0, np.int64))
    usual = _usual(nothing)
    fit = fit_of(np.empty(0, np.int64), nothing, before=usual, usual=usual)
    assert (fit.spread, fit.line, fit.held_out, fit.brier) == (Spread(), AS_FORETOLD, 0, None)


def test_each_hour_belongs_to_a_part_and_nights_to_the_evening() -> None:
    parts = parts_of(np.arange(24)).tolist()
    assert parts == [2] * 6 + [0] * 6 + [1] * 5 + [2] * 7
