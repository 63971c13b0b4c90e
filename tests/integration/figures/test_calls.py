"""Figures of calls against towns counted by hand, also on the days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import Reason, WrapUpCode
from customers.periods import Period
from dialer.agents.model import AgentState
from dialer.agents.service import add_agent
from dialer.agents.tables import AgentStateChange
from dialer.figures.agents import agent_lines
from dialer.figures.calls import (
    AbandonedDay,
    HourCell,
    OutcomeCount,
    abandoned_days,
    first_day,
    hour_cells,
    outcome_counts,
    result_counts,
)
from dialer.figures.dissatisfied import Cause, causes, vital_few
from dialer.figures.kept import call_figures
from dialer.model import Direction, TelephonyResult
from tests.integration.figures.town import Place, add

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def asked(first: date, until: date, community_id: int | None = None) -> dict[str, object]:
    period = Period.of(first, until)
    return {**period.parameters(community_id), "now": NOW, "time_zone": "Europe/London"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "inside", "outside", "hours"),
    [
        pytest.param(
            date(2026, 10, 25),
            ["2026-10-24T23:00", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T23:59"],
            ["2026-10-24T22:59", "2026-10-26T00:00"],
            {0: 1, 1: 2, 23: 1},
            id="the hour told twice is one hour",
        ),
        pytest.param(
            date(2026, 3, 29),
            ["2026-03-29T00:00", "2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T22:59"],
            ["2026-03-28T23:59", "2026-03-29T23:00"],
            {0: 2, 2: 1, 23: 1},
            id="the hour left out has no calls",
        ),
    ],
)
async def test_a_day_on_which_the_clocks_change_has_its_own_hours(
    session: AsyncSession, day: date, inside: list[str], outside: list[str], hours: dict[int, int]
) -> None:
    place = await Place.found(session)
    for text in (*inside, *outside):
        await place.call(at(text))
    cells = hour_cells(await call_figures(session, asked(day, day + timedelta(days=1))))
    assert {cell.hour: cell.calls for cell in cells} == hours
    assert {cell.weekday for cell in cells} == {7}


async def test_each_community_has_its_own_midnight(session: AsyncSession) -> None:
    london = await Place.found(session)
    shanghai = await Place.found(session, name="翠湖", zone="Asia/Shanghai")
    await london.call(at("2026-11-10T23:30"))  # 23:30 on the tenth
    await shanghai.call(at("2026-11-10T23:30"))  # 07:30 on the eleventh
    tenth, eleventh = date(2026, 11, 10), date(2026, 11, 11)
    assert hour_cells(await call_figures(session, asked(tenth, eleventh))) == [
        HourCell(weekday=2, hour=23, calls=1, connected=1, answered=1)
    ]
    assert hour_cells(await call_figures(session, asked(eleventh, date(2026, 11, 12)))) == [
        HourCell(weekday=3, hour=7, calls=1, connected=1, answered=1)
    ]
    days = asked(tenth, eleventh, shanghai.community_id)
    assert hour_cells(await call_figures(session, days)) == []


async def test_only_calls_we_placed_and_did_not_take_back_are_counted(
    session: AsyncSession,
) -> None:
    place = await Place.found(session)
    ten = at("2026-11-10T10:00")
    for nth, result in enumerate(TelephonyResult):
        await place.call(ten + timedelta(minutes=nth), result)
    await place.call(ten, direction=Direction.INBOUND)
    days = asked(date(2026, 11, 10), date(2026, 11, 11))
    (cell,) = hour_cells(await call_figures(session, days))
    assert (cell.calls, cell.connected, cell.answered) == (len(TelephonyResult) - 1, 3, 2)
    assert dict(result_counts(await call_figures(session, days))) == {
        each.value: 1 for each in TelephonyResult if each is not TelephonyResult.CANCELLED
    }
    assert abandoned_days(await call_figures(session, days)) == [
        AbandonedDay(campaign="repair", day=date(2026, 11, 10), live=2, abandoned=1)
    ]
    assert await first_day(session) == date(2026, 11, 10)


async def test_outcomes_are_counted_by_reason_and_code(session: AsyncSession) -> None:
    place = await Place.found(session)
    ten = at("2026-11-10T10:00")
    for code in (WrapUpCode.SATISFIED, WrapUpCode.SATISFIED, WrapUpCode.DISSATISFIED):
        await place.call(ten, code=code)
    days = asked(date(2026, 11, 10), date(2026, 11, 11))
    assert outcome_counts(await call_figures(session, days)) == [
        OutcomeCount(reason="repair", code="satisfied", talks=2),
        OutcomeCount(reason="repair", code="dissatisfied", talks=1),
    ]


async def test_a_cause_is_what_was_said_or_what_the_call_was_about(session: AsyncSession) -> None:
    place = await Place.found(session)
    ten = at("2026-11-10T10:00")
    for said in ({"reason": "came late"}, {"reason": " came late "}, {"reason": "dissatisfied"}):
        await place.call(ten, code=WrapUpCode.DISSATISFIED, outcome=dict(said))
    await place.call(
        ten, code=WrapUpCode.DISSATISFIED, reason=Reason.UPLOADED, outcome={"reason": "x" * 61}
    )
    found = await causes(session, asked(date(2026, 11, 10), date(2026, 11, 11)))
    assert found == [
        Cause(source="said", cause="came late", times=2),
        Cause(source="reason", cause="uploaded", times=1),
        Cause(source="repair", cause="leak", times=1),
    ]
    assert vital_few(found) == 3
    assert vital_few(found, 0.5) == 1


async def test_an_agents_stay_is_cut_at_the_ends_of_the_period(session: AsyncSession) -> None:
    place = await Place.found(session)
    agent_id = await add_agent(session, name="Mei", team="service", now=at("2026-11-01T00:00"))
    steps = [
        ("2026-11-09T23:00", AgentState.READY),  # stays so over midnight
        ("2026-11-10T01:00", AgentState.BREAK),
        ("2026-11-10T01:30", AgentState.READY),
        ("2026-11-10T23:30", AgentState.BREAK),  # and over the next one
        ("2026-11-11T09:00", AgentState.OFFLINE),
    ]
    for when, state in steps:
        await add(
            session,
            AgentStateChange,
            agent_id=agent_id,
            at=at(when),
            from_state=AgentState.OFFLINE,
            to_state=state,
            by="agent",
            why="asked",
        )
    await place.call(
        at("2026-11-10T10:00"), agent_id=agent_id, talk_s=90, code=WrapUpCode.SATISFIED
    )
    await place.call(at("2026-11-10T11:00"), TelephonyResult.NO_ANSWER, agent_id=agent_id)
    (line,) = await agent_lines(
        session,
        await call_figures(session, asked(date(2026, 11, 10), date(2026, 11, 11))),
        asked(date(2026, 11, 10), date(2026, 11, 11)),
    )
    assert (line.calls, line.talks, line.talk_s, line.wrap_up_s) == (2, 1, 90, 20)
    assert line.break_s == 3600
    assert line.signed_in_s == 24 * 3600
    assert line.codes == {"satisfied": 1}


async def test_days_without_anything_are_empty(session: AsyncSession) -> None:
    days = asked(date(2026, 11, 10), date(2026, 11, 11))
    assert hour_cells(await call_figures(session, days)) == []
    assert await agent_lines(session, await call_figures(session, days), days) == []
    assert await causes(session, days) == []
    assert await first_day(session) is None
