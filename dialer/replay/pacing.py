"""Compares a day's pacing decisions with those of a pacer that is told the same once more."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
from core.errors import OwnerlineError
from dialer.pacing.keeping import from_json
from dialer.pacing.pacer import Pacer
from dialer.predictive.replaying import figures_of, glance_from_json, limits_from_json
from dialer.replay.findings import Difference, Found, Kind, same

_AT_ONCE = 500  # decisions
_EXACT = ("dial", "bound")
_FIGURES = ("odds", "odds_limit", "chance", "free_soon", "due")

_RUNS = sa.text("""
    SELECT pacing_run_id, campaign, began_at, day_ends_s, learned
    FROM pacing_run
    WHERE day = :day AND (CAST(:campaign AS text) IS NULL OR campaign = :campaign)
    ORDER BY began_at, pacing_run_id
""")
_DECISIONS = sa.text("""
    SELECT n, at, glance, limits, dial, bound, odds, odds_limit, chance, free_soon, due
    FROM pacing_decision
    WHERE pacing_run_id = :pacing_run_id
    ORDER BY n
""")


async def compare_pacing(session: AsyncSession, found: Found, *, day: date) -> None:
    """Let each pacer of the day decide once more, and name what differs."""
    runs = (await session.execute(_RUNS, {"day": day, "campaign": found.campaign})).all()
    for run in runs:
        await _compare_run(session, run, found)


async def _compare_run(session: AsyncSession, run: AnyRow, found: Found) -> None:
    try:
        pacer = Pacer(from_json(run.learned), day_ends_s=run.day_ends_s)
    except OwnerlineError as err:
        found.name(
            Difference(
                kind=Kind.UNREADABLE,
                at=run.began_at,
                subject=f"pacing:{run.pacing_run_id}",
                campaign=run.campaign,
                recorded={"error": str(err)},
                comes_out={},
            )
        )
        return
    rows = await session.stream(
        _DECISIONS,
        {"pacing_run_id": run.pacing_run_id},
        execution_options={"yield_per": _AT_ONCE},
    )
    async for row in rows:
        recorded = {name: getattr(row, name) for name in (*_EXACT, *_FIGURES)}
        comes_out = _decided(pacer, row)
        found.pacing.compared += 1
        if _is_same(recorded, comes_out):
            continue
        found.pacing.different += 1
        found.name(
            Difference(
                kind=Kind.PACING,
                at=row.at,
                subject=f"pacing:{run.pacing_run_id}/{row.n}",
                campaign=run.campaign,
                recorded=recorded,
                comes_out=comes_out,
                facts={"glance": row.glance, "limits": row.limits},
            )
        )


def _decided(pacer: Pacer, row: AnyRow) -> dict[str, Any]:
    """Return what the pacer decides; why it cannot, where it was told nonsense."""
    try:
        return figures_of(pacer.decide(glance_from_json(row.glance), limits_from_json(row.limits)))
    except (OwnerlineError, ValidationError) as err:
        return {"error": str(err).partition("\n")[0]}


def _is_same(recorded: Mapping[str, Any], comes_out: Mapping[str, Any]) -> bool:
    return all(recorded[name] == comes_out.get(name) for name in _EXACT) and all(
        same(recorded[name], comes_out.get(name)) for name in _FIGURES
    )
