"""Who is drawn into the quarterly survey."""

from datetime import UTC, date, datetime, timedelta

import pytest

from customers.model import Reason
from tests.integration.callback.customer_file import CustomerFile

OPENING = datetime(2026, 6, 15, 4, tzinfo=UTC)  # noon in Shanghai on the day of the draw


async def _owners(file: CustomerFile, count: int, community: int | None = None) -> int:
    place = await file.community() if community is None else community
    for _ in range(count):
        await file.home(place)
    return place


@pytest.mark.parametrize(("owners", "drawn"), [(1, 1), (5, 1), (6, 2), (10, 2), (35, 7)])
async def test_a_fifth_of_moved_in_owners_is_drawn_in_each_community(
    file: CustomerFile, owners: int, drawn: int
) -> None:
    place = await _owners(file, owners)
    other = await _owners(file, 5)

    await file.build(now=OPENING)

    strata = list((await file.survey_targets("2026-Q2")).values())
    assert (strata.count(place), strata.count(other)) == (drawn, 1)
    assert len(await file.waiting(Reason.SURVEY)) == drawn + 1


async def test_an_owner_who_has_not_moved_in_is_not_drawn(file: CustomerFile) -> None:
    place = await file.community()
    for moved_in in (None, date(2026, 7, 1)):
        await file.lives(await file.person(), await file.unit(place), moved_in=moved_in)

    await file.build(now=OPENING)

    assert await file.survey_targets("2026-Q2") == {}


async def test_an_owner_in_two_communities_counts_in_one(file: CustomerFile) -> None:
    home = await file.home()
    second = await file.community()
    await file.lives(home.person_id, await file.unit(second))

    await file.build(now=OPENING)

    assert await file.survey_targets("2026-Q2") == {home.person_id: home.community_id}


async def test_equal_seeds_draw_equal_samples_and_others_draw_others(file: CustomerFile) -> None:
    await _owners(file, 60)

    async def draw(seed: int | None) -> set[int]:
        savepoint = await file.session.begin_nested()
        await file.build(now=OPENING, survey_seed=seed)
        drawn = set(await file.survey_targets("2026-Q2"))
        await savepoint.rollback()
        return drawn

    assert await draw(7) == await draw(7)
    assert await draw(None) == await draw(None)
    assert await draw(7) != await draw(8)


async def test_nobody_is_drawn_twice_within_a_year(file: CustomerFile) -> None:
    await _owners(file, 5)
    drawn: list[int] = []
    for opening in (OPENING, *(OPENING.replace(month=month) for month in (9, 12))):
        await file.build(now=opening)
    for name in ("2026-Q2", "2026-Q3", "2026-Q4"):
        drawn += await file.survey_targets(name)

    assert len(drawn) == len(set(drawn)) == 3


async def test_a_sample_that_cannot_be_filled_is_reported(file: CustomerFile) -> None:
    place = await _owners(file, 1)
    await file.build(now=OPENING)

    report = await file.build(now=OPENING.replace(month=9))

    assert report.changes[Reason.SURVEY].lacking == {place: 1}
    assert report.to_json()["survey_lacking"] == {place: 1}


@pytest.mark.parametrize(("days", "drawn"), [(0, False), (364, False), (365, True)])
async def test_an_owner_asked_late_rests_a_year_from_that_day(
    file: CustomerFile, days: int, drawn: bool
) -> None:
    await _owners(file, 1)
    await file.build(now=OPENING - timedelta(days=365 + 90))  # 2025-Q1
    first = await file.survey_targets("2025-Q1")
    assert len(first) == 1
    (call,) = await file.waiting(Reason.SURVEY)
    await file.settle(call.due_call_id, at=OPENING - timedelta(days=days))

    await file.build(now=OPENING)

    assert bool(await file.survey_targets("2026-Q2")) is drawn


async def test_owners_who_move_in_later_are_drawn_from_until_the_survey_closes(
    file: CustomerFile,
) -> None:
    place = await _owners(file, 5)
    await file.build(now=OPENING)
    await _owners(file, 5, place)

    await file.build(now=OPENING + timedelta(days=1))

    assert len(await file.survey_targets("2026-Q2")) == 2


async def test_a_survey_call_is_due_until_its_closing_day_and_then_expires(
    file: CustomerFile,
) -> None:
    await _owners(file, 1)
    await file.build(now=OPENING)
    (call,) = await file.waiting(Reason.SURVEY)
    assert call.due_by == datetime(2026, 6, 30, 16, tzinfo=UTC)

    assert (await file.build(now=OPENING + timedelta(days=15))).changes[Reason.SURVEY].expired == 0
    assert (await file.build(now=OPENING + timedelta(days=16))).changes[Reason.SURVEY].expired == 1
    (call,) = await file.calls(Reason.SURVEY)
    assert (call.state, call.settled_because) == ("expired", "survey_closed")


async def test_an_owner_who_sold_is_not_asked(file: CustomerFile) -> None:
    home = await file.home()
    await file.build(now=OPENING)
    await file.change_owner(home, await file.person(), on=OPENING.date())

    report = await file.build(now=OPENING)

    assert report.changes[Reason.SURVEY].withdrawn == {"moved_out": 1}


async def test_a_survey_opens_by_the_communitys_own_calendar(file: CustomerFile) -> None:
    just_opened = datetime(
        2026, 6, 14, 17, tzinfo=UTC
    )  # the 15th in Shanghai, the 14th in New York
    east = await _owners(file, 1)
    await _owners(file, 1, await file.community(time_zone="America/New_York"))

    await file.build(now=just_opened)

    assert set((await file.survey_targets("2026-Q2")).values()) == {east}
