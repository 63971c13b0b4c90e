"""A day is frozen by the production builder and verdict, and nothing of it is left behind."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from callback.campaigns import shipped_campaigns
from callback.hours import LocalPeriod
from callback.packs import shipped_packs
from core.clock import VirtualClock
from core.database import session_factory
from core.ids import IdSource
from dialer.agents.service import add_agent
from dialer.control import ensure_installation, pause_campaign
from dialer.scoring import shipped_scoring
from dialer.whatif.answer import Question, answer, frozen_day
from dialer.whatif.freeze import FreezeBasis, OtherHours
from dialer.whatif.model import (
    Cause,
    DayOverError,
    Lines,
    NothingDueError,
    TooMuchDueError,
    WhatIfError,
)
from dialer.whatif.setting import Change, read_change
from dialer.whatif.windows import cause_of
from ownerline.demo.company import invent_company
from ownerline.demo.rows import copy_in

DAY = date(2026, 12, 16)
EVENING = datetime(2026, 12, 15, 12, tzinfo=UTC)  # before, in Shanghai
Sessions = async_sessionmaker[AsyncSession]

_TABLES = sa.text("""
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ORDER BY relname
""")


@pytest.fixture
async def town(database: AsyncEngine) -> Sessions:
    """A company of sixty owners, on the evening before its first day."""
    sessions = session_factory(database)
    async with sessions.begin() as session:
        clock = VirtualClock(EVENING)
        await ensure_installation(session, IdSource(clock, random.Random(1)).new())
        company = invent_company(60, seed=1, day=DAY, now=EVENING, campaigns=shipped_campaigns())
        await copy_in(session, company)
        await add_agent(session, name="陈静", now=EVENING)
    return sessions


def basis(**given: object) -> FreezeBasis:
    made = FreezeBasis(
        campaigns=shipped_campaigns(),
        packs=shipped_packs(),
        scoring=shipped_scoring(),
        lines=Lines(channels=30, calls_per_second=5.0),
        bridge_is_real=False,
        test_numbers=(),
        destinations=(),
        time_zone="Asia/Shanghai",
    )
    return replace(made, **given) if given else made  # type: ignore[arg-type] # the test's own


def question(**given: object) -> Question:
    return replace(Question(day=DAY, replications=4), **given)  # type: ignore[arg-type] # likewise


async def _everything(sessions: Sessions) -> Mapping[str, object]:
    async with sessions() as session:
        names = (await session.scalars(_TABLES)).all()
        return {
            name: (
                await session.execute(
                    sa.text(
                        f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) "  # noqa: S608 - names of the catalogue
                        f'FROM "{name}" t'
                    )
                )
            ).all()
            for name in names
        }


async def test_a_rehearsal_leaves_nothing_in_any_table(town: Sessions) -> None:
    before = await _everything(town)
    frozen = await frozen_day(town, basis(), question(), now=EVENING)
    found = answer(frozen, question(), processes=1)
    assert sum(found.forecast.due.values()) > 10
    assert found.forecast.figures["attempts"].mean > 0
    assert await _everything(town) == before


async def test_equal_seeds_give_equal_objects_and_others_others(town: Sessions) -> None:
    async def told(seed: int) -> dict[str, object]:
        asked = question(seed=seed)
        frozen = await frozen_day(town, basis(), asked, now=EVENING)
        return answer(frozen, asked, processes=1).as_json()

    first = await told(1)
    assert first == await told(1)
    assert first != await told(2)


async def test_a_day_that_is_over_has_nothing_due_or_too_much_is_refused(
    database: AsyncEngine, town: Sessions
) -> None:
    with pytest.raises(DayOverError, match="2026-12-14 is over; a day from 2026-12-15"):
        await frozen_day(town, basis(), question(day=date(2026, 12, 14)), now=EVENING)
    with pytest.raises(TooMuchDueError, match="at most 5 can be rehearsed"):
        await frozen_day(town, basis(), question(), now=EVENING, most_due=5)
    async with session_factory(database).begin() as session:
        await session.execute(sa.text("TRUNCATE charge, work_order, unit CASCADE"))
    with pytest.raises(NothingDueError, match="nothing is due on 2026-12-16"):
        await frozen_day(town, basis(), question(), now=EVENING)


async def test_a_paused_campaign_and_closed_hours_are_named_as_what_holds_its_deadlines(
    town: Sessions,
) -> None:
    async with town.begin() as session:
        await pause_campaign(session, campaign="repair", by="test", now=EVENING)
    night = OtherHours(campaign="overdue", hours=((LocalPeriod.parse("03:00-04:00"),),) * 7)
    asked = question(day=DAY + timedelta(days=2), setting=Change(hours=night))
    frozen = await frozen_day(town, basis(), asked, now=EVENING)
    held = {
        reason: {cause_of(each.held.rule) for each in frozen.day.due if each.reason == reason}
        for reason in ("repair", "overdue")
    }
    assert held == {"repair": {Cause.PAUSED}, "overdue": {Cause.HOURS}}
    assert not any(each.held.windows for each in frozen.day.due if each.reason in held)
    named = answer(frozen, asked, processes=1).forecast.named
    assert {each.cause for each in named if each.reason == "repair"} == {Cause.PAUSED}


async def test_other_hours_are_compared_on_the_same_day(town: Sessions) -> None:
    asked = question(compare=read_change(["hours=survey:10:00-10:30"]), replications=6)
    frozen = await frozen_day(town, basis(), asked, now=EVENING)
    found = answer(frozen, asked, processes=1)
    assert found.differences["attempts"].mean <= 0
    assert found.other is not None
    assert found.other.due == found.forecast.due


async def test_a_campaign_of_which_nothing_is_due_cannot_be_dialled_otherwise(
    town: Sessions,
) -> None:
    asked = question(setting=read_change(["dialling=list-9:progressive"]))
    frozen = await frozen_day(town, basis(), asked, now=EVENING)
    with pytest.raises(WhatIfError, match="nothing is due in a campaign 'list-9'"):
        answer(frozen, asked, processes=1)
