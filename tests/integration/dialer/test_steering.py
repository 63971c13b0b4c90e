"""A campaign changed while it runs: another process's very next claim goes by what is committed."""

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from callback.campaign_bounds import Bound, CampaignBoundError
from callback.campaign_changes import (
    ChangedMeanwhileError,
    NothingChangedError,
    follow_changes,
    history_of,
    latest_version,
)
from callback.campaign_model import MachineHandling, Retry
from callback.campaigns import (
    Campaign,
    Campaigns,
    Dialling,
    OverdueCampaign,
    UploadedCampaign,
    shipped_campaigns,
)
from callback.hours import LocalPeriod
from callback.packs import shipped_packs
from callback.tables import DueCall
from core.database import create_engine, session_factory
from core.ids import IdSource
from customers.model import CallMode, Reason
from customers.tables import Community
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import SettingBasis
from dialer.claim import ClaimReport, claim
from dialer.control import switches
from dialer.ready import refill
from dialer.steering import steer_campaign
from dialer.tables import AttemptDueCall
from tests.integration.dialer.day import RINGS_OUT, Day

AFTERNOON = (LocalPeriod.parse("15:00-18:00"),)
SWITCHES = SettingBasis(
    bridge_is_real=False,
    armed=False,
    stopped=False,
    paused_campaigns=frozenset(),
    test_numbers=(),
    destinations=(),
)


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Another process: an engine of its own on the same database."""
    engine: AsyncEngine = create_engine(database_url, name="elsewhere")
    yield session_factory(engine)
    await engine.dispose()


async def _steer(
    day: Day, name: str, book: Campaigns | None = None, of_version: int = 0, **figures: Any
) -> None:
    book = book or shipped_campaigns()
    async with day.sessions.begin() as session:
        await follow_changes(session, book)
        await steer_campaign(
            session,
            book,
            book.get(name).model_copy(update=figures),
            packs=shipped_packs(),
            of_version=of_version,
            by="api:lead",
            why="a quiet afternoon",
            now=day.clock.now(),
        )


async def _claim(
    day: Day, sessions: async_sessionmaker[AsyncSession], book: Campaigns, tokens: int = 1
) -> ClaimReport:
    async with sessions.begin() as session:
        await refill(session, now=day.clock.now(), size=20)
    async with sessions.begin() as session:
        return await claim(
            session,
            [TrunkLimits(name=f"t{n}", channels=5, calls_per_second=5) for n in range(tokens)],
            bridge="simulated",
            now=day.clock.now(),
            basis=SWITCHES,
            campaigns=book,
            packs=shipped_packs(),
            ids=IdSource(day.clock, random.Random(7)),
            batch=10,
        )


async def test_hours_set_here_hold_for_the_next_claim_of_another_process(
    day: Day, elsewhere: async_sessionmaker[AsyncSession]
) -> None:
    book = shipped_campaigns()
    await day.repaired(await day.owner(RINGS_OUT))
    await day.build()
    await _steer(day, "repair", hours=(AFTERNOON,) * 7)

    assert (await _claim(day, elsewhere, book)).calls == ()
    assert await day.last_rule() == "campaign_hours"
    # Back to its own figures: who was put off until the afternoon is rung now.
    own = shipped_campaigns().repair
    await _steer(day, "repair", of_version=1, hours=own.hours)
    assert len((await _claim(day, elsewhere, book)).calls) == 1


async def test_a_higher_priority_is_claimed_first_by_another_process(
    day: Day, elsewhere: async_sessionmaker[AsyncSession]
) -> None:
    book = shipped_campaigns()
    debt, repair = await day.owner(RINGS_OUT), await day.owner(RINGS_OUT)
    await day.owes(debt)
    await day.repaired(repair)
    await day.build()
    await day.write(lambda session: session.execute(_ONE_DEADLINE))
    await day.write(lambda session: refill(session, now=day.clock.now(), size=20))
    ladder = shipped_campaigns().overdue.ladder
    first = tuple(rung.model_copy(update={"priority": 100}) for rung in ladder)
    await _steer(day, "overdue", ladder=first)
    await _steer(day, "repair", priority=0)

    (call,) = (await _claim(day, elsewhere, book)).calls
    assert call.to.e164 == debt.phones[0]
    assert [rung.priority for rung in book.overdue.ladder] == [100] * len(ladder)
    priorities = await day.rows(sa.select(DueCall.campaign, DueCall.priority))
    assert {tuple(row) for row in priorities} == {("overdue", 100), ("repair", 0)}


_ONE_DEADLINE = sa.text("UPDATE due_call SET due_by = (SELECT max(due_by) FROM due_call)")


async def test_a_dialer_that_runs_tries_again_by_the_retry_table_set_meanwhile(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    sooner = {"no_answer": Retry(after_minutes=10, times=4, next_phone=True)}
    table = {**shipped_campaigns().repair.retry, **sooner}
    await _steer(day, "repair", retry=table)
    await day.dial(0.1)  # the engine's own book knew nothing of it

    (told,) = await day.rows(sa.select(AttemptDueCall.retry_at, AttemptDueCall.settled_at))
    assert day.rung == [owner.phones[0]]
    assert told.retry_at - told.settled_at == timedelta(minutes=10)


async def test_a_dialer_that_runs_rings_nobody_once_the_hours_are_over(day: Day) -> None:
    await day.repaired(await day.owner(RINGS_OUT))
    await day.build()
    await _steer(day, "repair", hours=(AFTERNOON,) * 7)
    await day.dial(0.25)

    assert day.rung == []
    assert await day.last_rule() == "campaign_hours"


async def test_turned_to_agents_what_waits_is_no_call_of_the_script_any_more(
    day: Day, elsewhere: async_sessionmaker[AsyncSession]
) -> None:
    book = shipped_campaigns()
    await day.owes(await day.owner(RINGS_OUT))
    await day.build()
    await _steer(day, "overdue", mode=CallMode.AGENT, dialling=Dialling.PROGRESSIVE)

    assert (await _claim(day, elsewhere, book)).calls == ()
    assert {row.mode for row in await day.rows(sa.select(DueCall.mode))} == {CallMode.AGENT}


async def test_lists_built_after_a_change_go_by_it(day: Day) -> None:
    await _steer(day, "repair", priority=33)
    await day.repaired(await day.owner(RINGS_OUT))
    await day.build()

    assert [row.priority for row in await day.rows(sa.select(DueCall.priority))] == [33]


async def test_a_claim_notices_that_a_campaign_was_changed_while_it_was_at_work(day: Day) -> None:
    async with day.sessions() as session:
        before = await switches(session)
        await session.rollback()
        await _steer(day, "repair", priority=33)
        assert await switches(session) != before


async def test_of_two_who_change_the_same_form_the_second_is_told_who_was_faster(day: Day) -> None:
    await _steer(day, "repair", priority=33)
    with pytest.raises(ChangedMeanwhileError, match="api:lead"):
        await _steer(day, "repair", of_version=0, priority=34)
    with pytest.raises(NothingChangedError):
        await _steer(day, "repair", of_version=1, priority=33)


async def test_history_tells_before_and_after_who_and_why(day: Day) -> None:
    await _steer(day, "repair", priority=33, max_attempts=3)
    await _steer(day, "repair", of_version=1, priority=70, max_attempts=6)
    book = shipped_campaigns()
    async with day.sessions() as session:
        last, first = await history_of(session, book, "repair")
        assert await latest_version(session, "repair") == 2

    assert first.changes == {"priority": (70, 33), "max_attempts": (6, 3)}
    assert (first.changed_by, first.why, first.is_default) == (
        "api:lead",
        "a quiet afternoon",
        False,
    )
    assert last.changes == {"priority": (33, 70), "max_attempts": (3, 6)}
    assert last.is_default


@pytest.mark.parametrize(
    ("name", "figures", "bound"),
    [
        ("repair", {"hours": ((LocalPeriod.parse("20:00-22:00"),),) * 7}, Bound.HOURS),
        ("repair", {"hours": ((),) * 7}, Bound.NO_HOURS),
        ("overdue", {"machine": MachineHandling.MESSAGE}, Bound.MACHINE_DEBT),
        ("repair", {"otherwise": Retry(after_minutes=99_999, times=2)}, Bound.RETRY_TOO_LONG),
        ("repair", {"otherwise": Retry(after_minutes=60, times=99)}, Bound.RETRY_TOO_OFTEN),
    ],
)
async def test_what_law_or_packs_forbid_is_refused_where_it_is_set(
    day: Day, name: str, figures: dict[str, Any], bound: Bound
) -> None:
    with pytest.raises(CampaignBoundError) as refused:
        await _steer(day, name, **figures)
    assert refused.value.bound is bound
    async with day.sessions() as session:
        assert await latest_version(session, name) == 0


async def test_where_abandoned_numbers_rest_for_days_no_shorter_wait_can_be_set(day: Day) -> None:
    await day.write(lambda session: session.execute(sa.update(Community).values(packs=["UK"])))
    table = shipped_campaigns().repair.retry
    with pytest.raises(CampaignBoundError) as refused:
        await _steer(day, "repair", retry={**table, "abandoned": Retry(after_minutes=60, times=2)})
    assert (refused.value.bound, refused.value.facts["hours"]) == (Bound.ABANDONED_SILENCE, 72)


async def test_what_is_rolled_back_is_in_no_book(day: Day) -> None:
    book = shipped_campaigns()
    async with day.sessions() as session:
        await steer_campaign(
            session,
            book,
            book.repair.model_copy(update={"priority": 1}),
            packs=shipped_packs(),
            of_version=0,
            by="x",
            why="y",
            now=day.clock.now(),
        )
        await session.rollback()
        await follow_changes(session, book)
    assert (book.repair.priority, book.revision) == (70, 0)
    assert isinstance(book.unset("overdue"), OverdueCampaign)
    assert await day.due(Reason.REPAIR) == []


async def test_the_campaign_of_a_started_list_is_set_like_one_of_the_houses(day: Day) -> None:
    of_list = {
        **shipped_campaigns().uploaded.model_dump(mode="json", exclude={"ends_on"}),
        "name": "list-7",
        "reason": "uploaded",
        "purpose": "service",
        "script": "repair",
    }
    own = UploadedCampaign.model_validate_json(json.dumps(of_list))
    here, elsewhere = shipped_campaigns(), shipped_campaigns()
    for book in (here, elsewhere):
        book.add(own)
    await _steer(day, "list-7", here, priority=99, max_attempts=1)

    async with day.sessions() as session:
        await follow_changes(session, elsewhere)
    assert (elsewhere.get("list-7").max_attempts, elsewhere.unset("list-7")) == (1, own)
    assert [each.name for each in elsewhere.known if each.max_attempts == 1] == ["list-7"]
    elsewhere.add(own)  # met once more: what is set stays over it
    assert elsewhere.get("list-7").max_attempts == 1


def test_a_book_that_follows_keeps_what_is_not_set() -> None:
    book = shipped_campaigns()
    own: Campaign = book.survey
    assert book.get("survey") == own == book.unset("survey")
