"""A pacer that is told the same decides the same; whatever was changed since is named."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import shipped_packs
from dialer.pacing.keeping import as_json
from dialer.pacing.model import Glance, Happening, Kind, Limits
from dialer.pacing.pacer import Learned, Pacer
from dialer.predictive.replaying import (
    EPOCH,
    figures_of,
    glance_as_json,
    limits_as_json,
)
from dialer.predictive.tables import PacingDecision, PacingRun
from dialer.replay.findings import Found
from dialer.replay.findings import Kind as Named
from dialer.replay.instant import look_back
from dialer.replay.pacing import compare_pacing
from tests.integration.dialer.day import TEN, TODAY, Day

_RUN = UUID(int=7)
_DECISIONS = 80
_LIMITS = Limits(target=0.03, window_s=30 * 86400, channels=30, calls_per_second=5)


def _glances() -> list[Glance]:
    """Return a team's minutes: calls are placed, some are answered, agents come free."""
    chance, live, glances = random.Random(5), 0, list[Glance]()
    for n in range(_DECISIONS):
        happened = [Happening(kind=Kind.FAILED, seconds=chance.uniform(10, 40))]
        if chance.random() < 0.4:
            live += 1
            happened.append(Happening(kind=Kind.LIVE, seconds=chance.uniform(5, 30)))
            happened.append(Happening(kind=Kind.TALK, seconds=chance.uniform(30, 300)))
        glances.append(
            Glance(
                now_s=(TEN - EPOCH).total_seconds() + n * 1.1,
                hour=10,
                agents=10,
                idle=chance.randrange(4),
                waiting=0,
                ringing=[chance.uniform(0, 25) for _ in range(chance.randrange(6))],
                talking=[chance.uniform(0, 200) for _ in range(5)],
                wrapping=[chance.uniform(0, 30)],
                live=live,
                abandoned=0,
                happened=happened,
            )
        )
    return glances


@pytest.fixture
async def paced(day: Day) -> Day:
    """A day with one run of a pacer on file."""
    pacer = Pacer(Learned(), day_ends_s=(TEN - EPOCH).total_seconds() + 36_000)
    rows = []
    for n, glance in enumerate(_glances()):
        decision = pacer.decide(glance, _LIMITS)
        rows.append(
            {
                "pacing_run_id": _RUN,
                "n": n,
                "at": EPOCH + timedelta(seconds=glance.now_s),
                "glance": glance_as_json(glance),
                "limits": limits_as_json(_LIMITS),
                "placed": decision.dial,
                **figures_of(decision),
            }
        )
    async with day.sessions.begin() as session:
        session.add(
            PacingRun(
                pacing_run_id=_RUN,
                campaign="overdue",
                day=TODAY,
                began_at=TEN,
                epoch=EPOCH,
                day_ends_s=(TEN - EPOCH).total_seconds() + 36_000,
                learned=as_json(Learned()),
            )
        )
        await session.flush()
        await session.execute(sa.insert(PacingDecision), rows)
    return day


async def _compared(session: AsyncSession, campaign: str | None = None) -> Found:
    found = Found(day=TODAY, zone="Asia/Shanghai", campaign=campaign, limit=200)
    await compare_pacing(session, found, day=TODAY)
    return found


async def test_every_decision_comes_out_as_it_was(paced: Day) -> None:
    async with paced.sessions() as session:
        found = await _compared(session)
        other = await _compared(session, campaign="repair")
    assert found.differences == []
    assert found.pacing.compared == _DECISIONS
    assert other.is_empty


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ("UPDATE pacing_decision SET dial = dial + 1 WHERE n = 40", 40),
        ("UPDATE pacing_decision SET chance = chance + 1e-7 WHERE n = 41", 41),
        ("UPDATE pacing_decision SET bound = 'most' WHERE n = 42", 42),
        ("UPDATE pacing_decision SET glance = glance || '{\"idle\": 9}' WHERE n = 43", 43),
        ("UPDATE pacing_decision SET glance = glance || '{\"live\": -1}' WHERE n = 44", 44),
        ("UPDATE pacing_decision SET limits = '{}' WHERE n = 45", 45),
    ],
    ids=["dial", "figure", "bound", "glance", "nonsense", "limits"],
)
async def test_a_changed_decision_is_named(paced: Day, change: str, first: int) -> None:
    async with paced.sessions() as session:
        changed = await session.execute(sa.text(change))
        assert getattr(changed, "rowcount", 0) == 1
        found = await _compared(session)
        await session.rollback()
    assert found.differences[0].kind is Named.PACING
    assert found.differences[0].subject == f"pacing:{_RUN}/{first}"


async def test_a_start_that_cannot_be_read_is_named(paced: Day) -> None:
    async with paced.sessions() as session:
        await session.execute(sa.text("UPDATE pacing_run SET learned = '{}'"))
        found = await _compared(session)
        await session.rollback()
    assert [each.kind for each in found.differences] == [Named.UNREADABLE]


async def test_an_instant_tells_what_the_pacer_said_last(paced: Day) -> None:
    at = TEN + timedelta(seconds=30)
    async with paced.sessions() as session:
        instant = await look_back(
            session, at, day_ends=at + timedelta(hours=1), packs=shipped_packs()
        )
    (said,) = instant.pacing
    assert said.campaign == "overdue"
    assert timedelta() <= at - said.at < timedelta(seconds=2)
    assert instant.steps.next_pacing is not None
    assert instant.steps.next_pacing > at
