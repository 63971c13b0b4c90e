"""Who paces a campaign, and what is kept of it: the holder, runs, decisions, what was learned."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from dialer.pacing.keeping import LearnedError, as_json, from_json
from dialer.pacing.model import Decision, Glance, Limits
from dialer.pacing.pacer import Learned
from dialer.predictive.replaying import EPOCH, figures_of, glance_as_json, limits_as_json
from dialer.predictive.tables import PacingDecision, PacingLearned, PacingRun

_RUN, _DECISION = table_of(PacingRun), table_of(PacingDecision)
_LEARNED = table_of(PacingLearned)

# A dialer that is in no fleet has no lease; who comes after it may go on at once.
_NOBODYS = sa.text("""
    SELECT wanted.campaign
    FROM unnest(CAST(:campaigns AS text[])) AS wanted (campaign)
    LEFT JOIN pacing_holder held USING (campaign)
    WHERE held.dialer_id IS DISTINCT FROM :dialer_id
      AND NOT EXISTS (
          SELECT FROM dialer_lease
          WHERE dialer_lease.dialer_id = held.dialer_id AND left_at IS NULL
            AND lease_until > clock_timestamp()
      )
    ORDER BY wanted.campaign
""")
_HOLD = sa.text("""
    INSERT INTO pacing_holder AS held (campaign, dialer_id)
    SELECT wanted.campaign, :dialer_id
    FROM unnest(CAST(:campaigns AS text[])) AS wanted (campaign)
    ORDER BY wanted.campaign
    ON CONFLICT (campaign) DO UPDATE SET dialer_id = excluded.dialer_id
    WHERE NOT EXISTS (
        SELECT FROM dialer_lease
        WHERE dialer_lease.dialer_id = held.dialer_id AND left_at IS NULL
          AND lease_until > clock_timestamp()
    )
""")
_MINE = sa.text("""
    SELECT campaign FROM pacing_holder
    WHERE campaign = ANY (CAST(:campaigns AS text[])) AND dialer_id = :dialer_id
    ORDER BY campaign
    FOR UPDATE SKIP LOCKED
""")
_LET_GO = sa.text("DELETE FROM pacing_holder WHERE dialer_id = :dialer_id")
_LAST_DECISION = sa.text("""
    SELECT at
    FROM pacing_decision
    WHERE pacing_run_id = (
        SELECT pacing_run_id FROM pacing_run
        WHERE campaign = :campaign
        ORDER BY began_at DESC, pacing_run_id DESC
        LIMIT 1
    )
    ORDER BY n DESC
    LIMIT 1
""")
_LATEST_LEARNED = sa.text("""
    SELECT learned FROM pacing_learned WHERE campaign = :campaign ORDER BY day DESC LIMIT 1
""")
_KEEP_LEARNED = sa.text("""
    INSERT INTO pacing_learned (campaign, day, learned, kept_at)
    VALUES (:campaign, :day, CAST(:learned AS jsonb), :now)
    ON CONFLICT (campaign, day) DO UPDATE
    SET learned = excluded.learned, kept_at = excluded.kept_at
""")
_KEPT_SO_FAR = sa.select(sa.func.coalesce(sa.func.max(_DECISION.c.n), -1)).where(
    _DECISION.c.pacing_run_id == sa.bindparam("run_id")
)


@dataclass(slots=True)
class Made:
    """A decision that was made, and how many of its calls were committed."""

    n: int
    at: datetime
    glance: Glance
    limits: Limits
    decision: Decision
    placed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How a pacer was started."""

    run_id: UUID
    campaign: str
    day: date
    began_at: datetime
    day_ends_s: float | None
    learned: Learned


async def hold(session: AsyncSession, campaigns: Iterable[str], *, dialer_id: UUID) -> list[str]:
    """Return those of the campaigns that this dialer paces, held to the end of the transaction.

    Which nobody alive paces becomes its own.
    """
    asked = {"campaigns": sorted(campaigns), "dialer_id": dialer_id}
    if not asked["campaigns"]:
        return []
    nobodys = list((await session.execute(_NOBODYS, asked)).scalars())
    if nobodys:
        await session.execute(_HOLD, asked | {"campaigns": nobodys})
    return list((await session.execute(_MINE, asked)).scalars())


async def let_go(session: AsyncSession, *, dialer_id: UUID) -> None:
    """Let others pace what this dialer did."""
    await session.execute(_LET_GO, {"dialer_id": dialer_id})


async def last_decision_at(session: AsyncSession, campaign: str) -> datetime | None:
    """Return when anybody decided last for a campaign."""
    found = await session.execute(_LAST_DECISION, {"campaign": campaign})
    at: datetime | None = found.scalar_one_or_none()
    return at


async def begin_run(session: AsyncSession, run: Run, *, dialer_id: UUID | None) -> None:
    """Keep how a pacer was started; kept twice it is once."""
    await session.execute(
        insert(_RUN)
        .values(
            pacing_run_id=run.run_id,
            campaign=run.campaign,
            day=run.day,
            began_at=run.began_at,
            epoch=EPOCH,
            day_ends_s=run.day_ends_s,
            learned=as_json(run.learned),
            dialer_id=dialer_id,
        )
        .on_conflict_do_nothing()
    )


async def kept_so_far(session: AsyncSession, run_id: UUID) -> int:
    """Return the number of the last decision on file; -1: none is."""
    return int((await session.execute(_KEPT_SO_FAR, {"run_id": run_id})).scalar_one())


async def keep(session: AsyncSession, run_id: UUID, made: Iterable[Made]) -> None:
    """Keep decisions, in their order."""
    rows: list[dict[str, Any]] = [
        {
            "pacing_run_id": run_id,
            "n": each.n,
            "at": each.at,
            "glance": glance_as_json(each.glance),
            "limits": limits_as_json(each.limits),
            "placed": each.placed,
            **figures_of(each.decision),
        }
        for each in made
    ]
    if rows:
        await session.execute(sa.insert(_DECISION), rows)


async def load_learned(session: AsyncSession, campaign: str) -> Learned:
    """Return what the latest day has taught; nothing where none did, or it cannot be read."""
    found = await session.scalar(_LATEST_LEARNED, {"campaign": campaign})
    if found is None:
        return Learned()
    try:
        return from_json(found)
    except LearnedError:  # of another version: it is learned anew
        return Learned()


async def keep_learned(
    session: AsyncSession, campaign: str, day: date, learned: Learned, *, now: datetime
) -> None:
    """Keep what a day has taught so far."""
    await session.execute(
        _KEEP_LEARNED,
        {"campaign": campaign, "day": day, "learned": json.dumps(as_json(learned)), "now": now},
    )
