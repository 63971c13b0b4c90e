"""Tightening a campaign's pacing while it runs: every decision after the commit goes by it.

A supervisor narrows what the rule packs allow and never widens it.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import Packs
from core.columns import table_of
from core.errors import OwnerlineError
from core.live import Topic, tell
from dialer.predictive.limits import pack_limits, places_of
from dialer.predictive.tables import PacingTightening

LONGEST_WHY = 200
LEAST_TARGET = 0.001

_TIGHTENING = table_of(PacingTightening)


class Refusal(StrEnum):
    """Why a campaign cannot be tightened so."""

    NOTHING = "nothing"  # neither a target nor one line an agent is asked for
    NOT_BELOW = "not_below"  # the target is not below the packs' ceiling
    TOO_LOW = "too_low"  # one line an agent is what is meant


class TighteningError(OwnerlineError):
    """A campaign's pacing cannot be tightened so; says the mend."""

    def __init__(self, refusal: Refusal, message: str, *, ceiling: float | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.ceiling = ceiling


async def tighten(
    session: AsyncSession,
    campaign: str,
    *,
    target: float | None,
    one_line_each: bool,
    packs: Packs,
    by: str,
    why: str,
    now: datetime,
) -> None:
    """Set a lower target, or one line an agent; what was set before is replaced.

    Raises:
        TighteningError: it would change nothing, or widen what the packs allow.
    """
    if target is None and not one_line_each:
        message = "give a target below the packs' ceiling, or ask for one line an agent"
        raise TighteningError(Refusal.NOTHING, message)
    if target is not None:
        ceiling = pack_limits(await places_of(session, campaign), packs).ceiling
        if ceiling is not None and target >= ceiling:
            message = f"the packs allow {ceiling:.1%}; a target below it tightens"
            raise TighteningError(Refusal.NOT_BELOW, message, ceiling=ceiling)
        if target < LEAST_TARGET:
            message = f"a target below {LEAST_TARGET:.1%} is one line an agent; ask for that"
            raise TighteningError(Refusal.TOO_LOW, message)
    values = {
        "target": target,
        "one_line_each": one_line_each,
        "set_at": now,
        "set_by": by,
        "why": why,
    }
    await session.execute(
        insert(_TIGHTENING)
        .values(campaign=campaign, **values)
        .on_conflict_do_update(index_elements=["campaign"], set_=values)
    )
    await tell(session, Topic.SWITCHES, campaign)


async def loosen(session: AsyncSession, campaign: str) -> bool:
    """Let the packs alone bind again; False: nothing was tightened."""
    gone = await session.execute(
        sa.delete(_TIGHTENING)
        .where(_TIGHTENING.c.campaign == campaign)
        .returning(_TIGHTENING.c.campaign)
    )
    if gone.first() is None:
        return False
    await tell(session, Topic.SWITCHES, campaign)
    return True
