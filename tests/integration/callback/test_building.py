"""Building lists as a whole: twice, from two places, in several zones."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from callback.building import BuildReport, build_lists
from callback.deadlines import day_start, due_by, reached_step
from callback.tables import DueCall
from customers.model import Reason
from tests.integration.callback.customer_file import NOON, TODAY, CustomerFile

LADDER = (-3, 1, 7, 15, 30, 60, 90)


async def _busy_house(file: CustomerFile) -> None:
    home = await file.home()
    await file.charge(home, days_past_due=8)
    await file.charge(home, days_past_due=40)
    await file.work_order(home)
    await file.ask_for_call(home, call_at=NOON + timedelta(hours=2), about=Reason.REPAIR)
    second = await file.home()
    await file.charge(second)
    await file.promise(second, await file.charge(second), on=TODAY - timedelta(days=1))


def _is_silent(report: BuildReport) -> bool:
    return all(
        (made.created, made.restored, made.expired, dict(made.withdrawn)) == (0, 0, 0, {})
        for made in report.changes.values()
    )


async def test_building_twice_changes_nothing(file: CustomerFile) -> None:
    await _busy_house(file)
    survey_day = datetime(2026, 6, 15, 4, tzinfo=UTC)
    first = await file.build(now=survey_day)
    rows = (await file.session.execute(sa.select(DueCall.__table__))).all()

    again = await file.build(now=survey_day + timedelta(hours=1))

    assert not _is_silent(first)
    assert _is_silent(again)
    assert (await file.session.execute(sa.select(DueCall.__table__))).all() == rows


async def test_the_report_counts_by_reason(file: CustomerFile) -> None:
    await _busy_house(file)

    said = (await file.build()).to_json()

    assert said["date"] == "2026-05-20"
    assert said["created"] == {"promised": 1, "overdue": 2, "repair": 1, "survey": 0}
    assert said["open"] == said["created"]
    assert said["withdrawn"] == {"promised": 0, "overdue": 0, "repair": 0, "survey": 0}


async def test_an_empty_customer_file_owes_no_call(file: CustomerFile) -> None:
    assert (await file.build()).to_json()["created"]["overdue"] == 0


async def test_builds_side_by_side_make_each_call_once(database: AsyncEngine) -> None:
    async with AsyncSession(database) as session:
        await _busy_house(CustomerFile(session))
        await session.commit()

    async def build() -> int:
        async with AsyncSession(database) as session:
            report = await build_lists(session, now=NOON)
            await session.commit()
            return sum(made.created for made in report.changes.values())

    assert sorted(await asyncio.gather(*(build() for _ in range(4)))) == [0, 0, 0, 4]


async def test_only_the_communities_asked_for_are_built(file: CustomerFile) -> None:
    here, there = await file.home(), await file.home()
    for home in (here, there):
        await file.charge(home)
        await file.work_order(home)

    await file.build(community_ids=[here.community_id])

    for reason in (Reason.OVERDUE, Reason.REPAIR):
        assert [call.person_id for call in await file.calls(reason)] == [here.person_id]


@pytest.mark.parametrize(
    ("now", "scripts"),
    [
        (datetime(2026, 5, 20, 15, 59, tzinfo=UTC), ["overdue-courtesy", "overdue-courtesy"]),
        (datetime(2026, 5, 20, 16, 0, tzinfo=UTC), ["overdue-1", "overdue-courtesy"]),
        (datetime(2026, 5, 21, 3, 59, tzinfo=UTC), ["overdue-1", "overdue-courtesy"]),
        (datetime(2026, 5, 21, 4, 0, tzinfo=UTC), ["overdue-1", "overdue-1"]),
    ],
    ids=["same-day", "midnight-in-shanghai", "before-new-york", "midnight-in-new-york"],
)
async def test_a_day_past_due_begins_at_the_communitys_own_midnight(
    file: CustomerFile, now: datetime, scripts: list[str]
) -> None:
    for time_zone in ("Asia/Shanghai", "America/New_York"):
        await file.charge(
            await file.home(await file.community(time_zone=time_zone)), days_past_due=0
        )

    await file.build(now=now)

    assert [call.script for call in await file.calls(Reason.OVERDUE)] == scripts


@given(
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    days=st.integers(-5, 120),
    time_zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London"]),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_sql_and_the_pure_rules_agree_on_steps_and_instants(
    file: CustomerFile, day: date, days: int, time_zone: str
) -> None:
    savepoint = await file.session.begin_nested()
    home = await file.home(await file.community(time_zone=time_zone))
    await file.charge(home, days_past_due=(TODAY - day).days + days)

    await file.build(date=day)

    found = [
        (call.facts["step"], call.not_before, call.due_by)
        for call in await file.calls(Reason.OVERDUE)
    ]
    step = reached_step(LADDER, days)
    deadline = dict(zip(LADDER, (2, 3, 3, 5, 5, 7, 7), strict=True))
    assert found == (
        []
        if step is None
        else [
            (
                step,
                day_start(day, time_zone),
                due_by(day + timedelta(days=deadline[step]), time_zone),
            )
        ]
    )
    await savepoint.rollback()
