"""After a start, or a submission whose answer was lost: ask the carrier, never ring again.

A call the carrier cannot account for ends as `lost`: it counts towards caps and waits the full
retry interval (design decision 3).
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock
from dialer.bridges.port import Bridge, CallEnded, Fate, FateKind
from dialer.model import AttemptState, TelephonyResult
from dialer.outcome import Settlement, settle
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

FATE_ASKS = 3
FATE_PAUSE_S = 5.0


async def reconcile(
    *,
    sessions: async_sessionmaker[AsyncSession],
    bridge: Bridge,
    clock: Clock,
    settlement: Settlement,
    only: UUID | None = None,
) -> dict[UUID, str]:
    """Settle what has ended, was never placed or is lost; return live attempts and their trunks."""
    pending = await _live_attempts(sessions, bridge.name, only)
    adopted: dict[UUID, str] = {}
    for asks in range(1, FATE_ASKS + 1):
        unknown: dict[UUID, str] = {}
        for attempt_id, trunk in pending.items():
            fate = await bridge.fate(attempt_id)
            log.info("fate_asked", attempt_id=str(attempt_id), fate=fate.kind.value, asks=asks)
            if fate.kind is FateKind.LIVE:
                adopted[attempt_id] = trunk
            elif fate.kind is FateKind.UNKNOWN and asks < FATE_ASKS:
                unknown[attempt_id] = trunk
            else:
                async with sessions.begin() as session:
                    await settle(
                        session,
                        _end(attempt_id, fate, clock),
                        settlement,
                        placed=fate.kind is not FateKind.NEVER_PLACED,
                    )
        if not unknown:
            break
        await _count_ask(sessions, list(unknown))
        pending = unknown
        await clock.sleep(FATE_PAUSE_S * asks)
    return adopted


def _end(attempt_id: UUID, fate: Fate, clock: Clock) -> CallEnded:
    if fate.ended is not None:
        return fate.ended
    never_placed = fate.kind is FateKind.NEVER_PLACED
    result = TelephonyResult.CANCELLED if never_placed else TelephonyResult.LOST
    return own_end(attempt_id, result, at=clock.now())


def own_end(attempt_id: UUID, result: TelephonyResult, *, at: datetime) -> CallEnded:
    """Return an end that no carrier told: it refused, never had the call, or does not know."""
    return CallEnded(
        attempt_id=attempt_id, at=at, result=result, hangup_cause=None, sip_code=None, seconds=0.0
    )


async def _live_attempts(
    sessions: async_sessionmaker[AsyncSession], bridge: str, only: UUID | None
) -> dict[UUID, str]:
    query = (
        sa.select(Attempt.attempt_id, Attempt.trunk)
        .where(Attempt.state != AttemptState.ENDED, Attempt.bridge == bridge)
        .order_by(Attempt.attempt_id)
    )
    if only is not None:
        query = query.where(Attempt.attempt_id == only)
    async with sessions.begin() as session:
        return {row.attempt_id: row.trunk for row in await session.execute(query)}


async def _count_ask(sessions: async_sessionmaker[AsyncSession], attempt_ids: list[UUID]) -> None:
    async with sessions.begin() as session:
        await session.execute(
            sa.update(Attempt)
            .where(Attempt.attempt_id.in_(attempt_ids))
            .values(fate_asks=Attempt.fate_asks + 1)
        )
