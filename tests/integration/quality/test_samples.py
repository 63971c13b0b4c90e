"""Samples drawn once, drawn again the same, asked again by the survey, scored with a trace."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.building import build_lists
from customers.account_tables import SurveyAnswer, SurveyTarget
from customers.model import Reason, Role, WrapUpCode
from customers.tables import Occupancy, Unit
from dialer.agents.service import add_agent
from dialer.model import TelephonyResult
from dialer.quality import (
    Draw,
    DrawnAlreadyError,
    NothingToDrawError,
    averages,
    corrections_of,
    draw,
    is_drawn_again,
    item_of,
    items_of,
    month_before,
    next_open,
    scores_of,
)
from recordings.quality import (
    Filled,
    FinishedAlreadyError,
    NotFinishedError,
    StaleSheetError,
    UnknownItemError,
    correct,
    finish,
    save,
)
from recordings.quality_model import Level, SheetError, lot, shipped_quality
from tests.integration.figures.town import Place, add

NOW = datetime(2026, 5, 3, 3, tzinfo=UTC)
RULES = shipped_quality()
SHEET = RULES.sheet
YES = {each.key: Level.YES for each in SHEET.criteria}


def april(seed: int = 7) -> Draw:
    return Draw(
        month=date(2026, 4, 1),
        seed=seed,
        by="test",
        rules=RULES,
        rest_days=365,
        time_zone="Asia/Shanghai",
    )


def filled(revision: int = 0, *, by: str = "ann", **answers: Level) -> Filled:
    return Filled(
        answers=YES | answers, comment="well done", revision=revision, by=by, editor=f"page of {by}"
    )


@pytest.fixture
async def place(session: AsyncSession) -> Place:
    """Two agents: ninety talks of the one, two of the other, and what is never drawn."""
    place = await Place.found(session, zone="Asia/Shanghai")
    mei = await add_agent(session, name="Mei", team="service", now=NOW)
    bo = await add_agent(session, name="Bo", team=None, now=NOW)
    begin = datetime(2026, 4, 1, 2, tzinfo=UTC)
    code = WrapUpCode.SATISFIED
    for nth in range(90):
        await place.call(begin + timedelta(hours=nth), agent_id=mei, code=code)
    for _ in range(2):
        await place.call(begin, agent_id=bo, reason=Reason.UPLOADED, code=code)
    await place.call(begin, code=code)  # by a script
    await place.call(begin, agent_id=mei)  # without an outcome yet
    await place.call(begin, TelephonyResult.NO_ANSWER, agent_id=mei)
    may = datetime(2026, 4, 30, 16, tzinfo=UTC)  # the first of May in Shanghai
    await place.call(may, agent_id=mei, code=code)
    for person_id in await session.scalars(sa.text("SELECT person_id FROM person")):
        unit_id = await add(
            session, Unit, community_id=place.community_id, label=f"9-9-{person_id}"
        )
        await add(session, Occupancy, unit_id=unit_id, person_id=person_id, role=Role.OWNER)
    return place


async def test_each_agents_share_is_drawn_by_lot(session: AsyncSession, place: Place) -> None:
    sample_id = await draw(session, april(), now=NOW)
    items = await items_of(session, sample_id)
    assert {each.agent: each.drawn for each in averages(items)} == {"Mei": 5, "Bo": 2}
    talks = await session.execute(
        sa.text("""
            SELECT served.attempt_id
            FROM attempt_due_call served
            JOIN attempt ON attempt.attempt_id = served.attempt_id
            JOIN agent ON agent.agent_id = attempt.agent_id
            WHERE agent.name = 'Mei' AND met_at IS NOT NULL AND wrap_up_code IS NOT NULL
              AND started_at < '2026-04-30 16:00+00'
        """)
    )
    calls = sorted(talks.scalars(), key=lambda each: lot(7, each))
    assert len(calls) == 90
    assert {each.attempt_id for each in items if each.agent == "Mei"} == set(calls[:5])
    population = await session.scalar(sa.text("SELECT population FROM quality_sample"))
    assert population == 92
    assert place.zone == "Asia/Shanghai"


async def test_a_month_is_drawn_once_and_again_the_same(
    session: AsyncSession, place: Place
) -> None:
    sample_id = await draw(session, april(), now=NOW)
    assert await is_drawn_again(session, sample_id)
    with pytest.raises(DrawnAlreadyError):
        await draw(session, april(8), now=NOW)
    await place.call(
        datetime(2026, 4, 2, tzinfo=UTC), agent_id=(await items_of(session, sample_id))[0].agent_id
    )  # no outcome: belongs to no population
    assert await is_drawn_again(session, sample_id)
    await session.execute(
        sa.text("UPDATE quality_sample SET seed = 9 WHERE sample_id = :id"), {"id": sample_id}
    )
    assert not await is_drawn_again(session, sample_id)


async def test_a_month_without_talks_has_no_sample(session: AsyncSession) -> None:
    with pytest.raises(NothingToDrawError):
        await draw(session, april(), now=NOW)


async def test_some_owners_are_asked_again_by_the_survey(
    session: AsyncSession, place: Place
) -> None:
    sample_id = await draw(session, april(), now=NOW)
    items = await items_of(session, sample_id)
    asked = [each for each in items if each.survey_target_id is not None]
    assert len(asked) == 3  # three in ten of seven, never after a list of others' making
    assert {each.reason for each in asked} == {"repair"}
    await build_lists(session, now=NOW)
    again = [each for each in await items_of(session, sample_id) if each.again_state is not None]
    assert {each.item_id for each in again} == {each.item_id for each in asked}
    await add(
        session,
        SurveyAnswer,
        survey_target_id=asked[0].survey_target_id,
        question="overall",
        score=2,
        answered_at=NOW,
    )
    row = await item_of(session, asked[0].item_id)
    assert row is not None
    assert row.again == {"overall": 2}
    assert place.community_id == row.community_id


async def test_an_owner_asked_within_a_year_is_not_asked_again(
    session: AsyncSession, place: Place
) -> None:
    await draw(session, april(), now=NOW)
    first = set(await session.scalars(sa.select(SurveyTarget.person_id)))
    june = datetime(2026, 6, 2, tzinfo=UTC)
    for _ in range(4):
        at = datetime(2026, 5, 5, tzinfo=UTC)
        call = await place.call(at, code=WrapUpCode.SATISFIED, agent_id=await _mei(session))
        await session.execute(
            sa.text("UPDATE attempt SET person_id = :person_id WHERE attempt_id = :id"),
            {"person_id": min(first), "id": call},
        )
    sample_id = await draw(
        session,
        Draw(
            month=date(2026, 5, 1),
            seed=1,
            by="test",
            rules=RULES,
            rest_days=365,
            time_zone="Asia/Shanghai",
        ),
        now=june,
    )
    again = [each for each in await items_of(session, sample_id) if each.survey_target_id]
    assert min(first) not in {each.person_id for each in again}


async def test_a_sheet_is_saved_finished_once_and_corrected_with_a_trace(
    session: AsyncSession, place: Place
) -> None:
    sample_id = await draw(session, april(), now=NOW)
    item = (await items_of(session, sample_id))[0]
    half = Filled(answers={"greeting": Level.NO}, comment="", revision=0, by="ann", editor="tab 1")
    assert await save(session, item.item_id, half, sheet=SHEET, now=NOW) == 1
    with pytest.raises(StaleSheetError):
        await save(session, item.item_id, replace(half, editor="tab 2"), sheet=SHEET, now=NOW)
    assert await save(session, item.item_id, half, sheet=SHEET, now=NOW) == 2  # not to itself
    with pytest.raises(SheetError):
        await finish(
            session,
            item.item_id,
            Filled(answers={}, comment="", revision=1, by="ann", editor="tab 1"),
            sheet=SHEET,
            now=NOW,
        )
    with pytest.raises(NotFinishedError):
        await correct(session, item.item_id, filled(2), why="x", sheet=SHEET, now=NOW)
    total = await finish(session, item.item_id, filled(2, closing=Level.NO), sheet=SHEET, now=NOW)
    assert total == 90.0
    for late in (save, finish):
        with pytest.raises(FinishedAlreadyError):
            await late(session, item.item_id, filled(3), sheet=SHEET, now=NOW)
    corrected = await correct(
        session, item.item_id, filled(3, by="eve"), why="heard it twice", sheet=SHEET, now=NOW
    )
    assert corrected == 100.0
    (trace,) = await corrections_of(session, item.item_id)
    assert (trace.total, trace.by, trace.why) == (90.0, "eve", "heard it twice")
    row = await item_of(session, item.item_id)
    assert row is not None
    assert (row.total, row.finished_by) == (100.0, "ann")
    mine = await scores_of(session, item.agent_id)
    assert [each.item_id for each in mine] == [item.item_id]
    (average,) = [
        each
        for each in averages(await items_of(session, sample_id))
        if each.agent_id == item.agent_id
    ]
    assert (average.scored, average.mean) == (1, 100.0)
    following = await next_open(session, sample_id, item.item_id)
    assert following not in {None, item.item_id}
    assert place.unit_id


async def test_a_call_that_was_not_drawn_has_no_sheet(session: AsyncSession) -> None:
    with pytest.raises(UnknownItemError):
        await save(session, 12345, filled(), sheet=SHEET, now=NOW)


def test_the_month_before_is_by_the_houses_own_clock() -> None:
    at = datetime(2026, 2, 28, 17, tzinfo=UTC)  # the first of March in Shanghai
    assert month_before(at, "Asia/Shanghai") == date(2026, 2, 1)
    assert month_before(at, "Europe/London") == date(2026, 1, 1)


async def _mei(session: AsyncSession) -> int:
    return int(await session.scalar(sa.text("SELECT agent_id FROM agent WHERE name = 'Mei'")) or 0)
