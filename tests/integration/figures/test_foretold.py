"""Chances foretold beside answers that came, against figures by hand."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import Period
from dialer.figures.foretold import Tenth, share_bounds, tenths
from dialer.model import AnsweredBy, Direction, TelephonyResult
from dialer.tables import Attempt
from tests.integration.figures.town import Place

TEN = datetime.fromisoformat("2026-11-18T10:00+00:00")
HOUR = timedelta(hours=1)
ANSWERED, NO_ANSWER = TelephonyResult.ANSWERED, TelephonyResult.NO_ANSWER
PERIOD = Period.of(date(2026, 11, 1), date(2026, 12, 1))


async def _called(
    place: Place,
    foretold: float | None,
    result: TelephonyResult,
    *,
    at: datetime = TEN,
    **values: object,
) -> None:
    direction = Direction.INBOUND if values.get("direction") == "inbound" else Direction.OUTBOUND
    attempt_id = await place.call(at, result, direction=direction)
    change = sa.update(Attempt).where(Attempt.attempt_id == attempt_id)
    await place.session.execute(change.values(foretold=foretold, **values))


async def _found(session: AsyncSession, community_id: int | None = None) -> Sequence[Tenth]:
    return await tenths(session, PERIOD.parameters(community_id))


async def test_nothing_foretold_is_nothing_to_tell(session: AsyncSession) -> None:
    place = await Place.found(session)
    await _called(place, None, ANSWERED)

    assert await _found(session) == []


async def test_tenths_and_the_scores_of_all_three_are_as_by_hand(session: AsyncSession) -> None:
    elm = await Place.found(session)
    oak = await Place.found(session, name="Oak Court")
    await _called(elm, 0.3, ANSWERED)
    await _called(elm, 0.3, NO_ANSWER)
    await _called(oak, 0.8, ANSWERED)
    await _called(oak, 1.0, ANSWERED, at=TEN + HOUR)

    low, high, top, whole = await _found(session)

    assert (low.tenth, low.calls, low.answered) == (3, 2, 1)
    assert (high.tenth, top.tenth, whole.tenth) == (8, 9, None)
    assert low.foretold == pytest.approx(0.3)
    assert low.brier == pytest.approx((0.7**2 + 0.3**2) / 2)
    # At ten two of three answered: beside the one who did, one of two; beside who did not, both.
    assert low.brier_hour == pytest.approx((0.5**2 + 1) / 2)
    assert low.brier_place == pytest.approx(1)  # each beside the other one of Elm Court
    assert high.brier_place == pytest.approx(0.5**2)  # alone in Oak Court: by the hour
    assert top.brier_hour == pytest.approx((1 - 2 / 3) ** 2)  # alone at eleven: by all others
    assert (whole.calls, whole.answered) == (4, 3)
    assert whole.brier == pytest.approx((0.7**2 + 0.3**2 + 0.2**2) / 4)


async def test_a_call_alone_has_no_mean_beside_it(session: AsyncSession) -> None:
    await _called(await Place.found(session), 0.5, ANSWERED)

    (line, _) = await _found(session)

    assert (line.brier_hour, line.brier_place) == (None, None)


async def test_only_what_rang_counts_and_a_machine_is_nobody(session: AsyncSession) -> None:
    place = await Place.found(session)
    await _called(place, 0.5, TelephonyResult.CONGESTION)
    await _called(place, 0.5, TelephonyResult.CANCELLED)
    await _called(place, 0.5, ANSWERED, direction="inbound")
    await _called(place, 0.5, ANSWERED, answered_by=AnsweredBy.MACHINE)
    await _called(place, 0.5, ANSWERED, at=TEN - timedelta(days=30))
    await _called(place, 0.5, TelephonyResult.ABANDONED)

    line, _ = await _found(session)

    assert (line.calls, line.answered) == (2, 1)


async def test_of_one_community_its_calls_alone(session: AsyncSession) -> None:
    elm, oak = await Place.found(session), await Place.found(session, name="Oak Court")
    await _called(elm, 0.5, ANSWERED)
    await _called(oak, 0.5, NO_ANSWER)

    line, _ = await _found(session, elm.community_id)

    assert (line.calls, line.answered) == (1, 1)


@pytest.mark.parametrize(
    ("part", "whole", "bounds"),
    [
        pytest.param(0, 0, (0, 1), id="nothing"),
        pytest.param(5, 10, (0.2366, 0.7634), id="half of ten"),
        pytest.param(0, 10, (0, 0.2775), id="none of ten"),
        pytest.param(10, 10, (0.7225, 1), id="all of ten"),
    ],
)
def test_the_bounds_of_a_share(part: int, whole: int, bounds: tuple[float, float]) -> None:
    assert share_bounds(part, whole) == pytest.approx(bounds, abs=1e-4)
