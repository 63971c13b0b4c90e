"""Days kept and days counted live come to the same, whatever changes afterwards."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import Reason, WrapUpCode
from customers.periods import Period
from dialer.agents.service import add_agent
from dialer.figures.agents import agent_lines
from dialer.figures.calls import (
    abandoned_days,
    first_day,
    hour_cells,
    outcome_counts,
    result_counts,
)
from dialer.figures.kept import call_figures, keep_days
from dialer.model import TelephonyResult
from tests.integration.figures.town import Place

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)  # long past by the database's clock, too
FIRST, UNTIL = date(2026, 3, 8), date(2026, 3, 21)


async def figures(session: AsyncSession, community_id: int | None = None) -> dict[str, Any]:
    """Return every figure of the days."""
    asked = {
        **Period.of(FIRST, UNTIL).parameters(community_id),
        "now": NOW,
        "time_zone": "Europe/London",
    }
    counted = await call_figures(session, asked)
    return {
        "hours": hour_cells(counted),
        "results": result_counts(counted),
        "codes": outcome_counts(counted),
        "abandoned": abandoned_days(counted),
        "agents": await agent_lines(session, counted, asked),
        "first": await first_day(session),
    }


@pytest.fixture
async def places(session: AsyncSession) -> list[Place]:
    """Two towns half a day apart, with calls of ten days at all hours."""
    found = [
        await Place.found(session),
        await Place.found(session, name="翠湖", zone="Asia/Shanghai"),
    ]
    agent_id = await add_agent(session, name="Li", team="service", now=NOW)
    results = [TelephonyResult.ANSWERED, TelephonyResult.NO_ANSWER, TelephonyResult.ABANDONED]
    for nth in range(60):
        result = results[nth % 3]
        answered = result is TelephonyResult.ANSWERED
        await found[nth % 2].call(
            datetime(2026, 3, 10, tzinfo=UTC) + timedelta(hours=nth * 4.1),
            result,
            code=[WrapUpCode.SATISFIED, WrapUpCode.REFUSED][nth % 2] if answered else None,
            reason=[Reason.REPAIR, Reason.SURVEY][nth // 2 % 2],
            agent_id=agent_id if answered and nth % 4 else None,
            talk_s=30 + nth,
        )
    return found


async def kept(session: AsyncSession) -> list[date]:
    return list(await session.scalars(sa.text("SELECT day FROM counted_day ORDER BY 1")))


async def test_what_is_kept_comes_to_what_was_counted(
    session: AsyncSession, places: list[Place]
) -> None:
    communities = [None, *(each.community_id for each in places)]
    live = [await figures(session, each) for each in communities]
    assert await keep_days(session, now=NOW) == 10
    assert await kept(session) == [date(2026, 3, 9) + timedelta(days=nth) for nth in range(10)]
    assert [await figures(session, each) for each in communities] == live
    assert await keep_days(session, now=NOW) == 0
    await session.execute(sa.text("UPDATE call_figure SET calls = calls + 1000"))
    assert await figures(session) != live[0]  # they are really gone by


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attempt_due_call SET wrap_up_code = 'dissatisfied' WHERE wrap_up_code = 'refused'",
        "UPDATE attempt SET telephony_result = 'busy' WHERE telephony_result = 'no_answer'",
        "DELETE FROM attempt_due_call WHERE wrap_up_code IS NULL",
        "UPDATE attempt SET direction = 'inbound' WHERE telephony_result = 'abandoned'",
        "UPDATE community SET time_zone = 'America/Los_Angeles' WHERE time_zone LIKE 'Asia/%'",
    ],
    ids=["corrected", "known better", "gone", "other way", "moved"],
)
async def test_what_changes_afterwards_is_counted_at_once_and_kept_anew(
    session: AsyncSession, places: list[Place], change: str
) -> None:
    del places
    await keep_days(session, now=NOW)
    before = await figures(session)
    await session.execute(sa.text(change))
    after = await figures(session)
    assert after != before
    await session.execute(sa.text("DELETE FROM counted_day"))
    await session.execute(sa.text("DELETE FROM call_figure"))
    assert await figures(session) == after  # as if nothing had ever been kept
    await keep_days(session, now=NOW)
    assert await figures(session) == after


async def test_a_call_put_on_file_for_a_kept_day_counts(
    session: AsyncSession, places: list[Place]
) -> None:
    await keep_days(session, now=NOW)
    before = await figures(session)
    await places[0].call(datetime(2026, 3, 12, 9, tzinfo=UTC))
    after = await figures(session)
    assert sum(each.calls for each in after["hours"]) == 1 + sum(
        each.calls for each in before["hours"]
    )
    assert date(2026, 3, 12) not in await kept(session)
    assert date(2026, 3, 15) in await kept(session)


async def test_what_says_nothing_of_a_call_leaves_its_day_kept(
    session: AsyncSession, places: list[Place]
) -> None:
    del places
    await keep_days(session, now=NOW)
    days = await kept(session)
    await session.execute(sa.text("UPDATE attempt SET talk = NULL, recording = NULL"))
    assert await kept(session) == days


async def test_a_day_is_kept_once_it_is_over_everywhere_and_some_at_a_time(
    session: AsyncSession, places: list[Place]
) -> None:
    del places
    assert await keep_days(session, now=datetime(2026, 3, 12, 23, 59, tzinfo=UTC)) == 2
    assert (await kept(session))[-1] == date(2026, 3, 10)
    assert await keep_days(session, now=NOW, most=3) == 3
    assert (await kept(session))[-1] == date(2026, 3, 13)


async def test_the_databases_own_clock_says_what_is_over(
    session: AsyncSession, places: list[Place]
) -> None:
    del places
    await keep_days(session, now=NOW + timedelta(days=3650), most=1000)
    today = await session.scalar(sa.text("SELECT CAST(now() AT TIME ZONE 'UTC' AS date)"))
    assert (await kept(session))[-1] < today


async def test_an_empty_house_keeps_nothing(session: AsyncSession) -> None:
    assert await keep_days(session, now=NOW) == 0
