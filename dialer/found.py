"""After a restore: what the carrier placed since the backup is found in its book, and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import Campaigns
from callback.tables import DueCall
from core.clock import Clock
from core.columns import table_of
from core.errors import OwnerlineError
from customers.model import CallMode
from customers.tables import Phone
from dialer.bridges.port import Bridge, PlacedCall
from dialer.found_tables import FoundRing
from dialer.model import AttemptState, TelephonyResult
from dialer.restored import Restoration
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

UNKNOWN_CAMPAIGN = "unknown"  # of a found attempt: what it was for is lost

# Clocks of machines and carriers differ; an hour more is asked for, known calls are passed over.
_MARGIN = timedelta(hours=1)
_HANG_UP_TRIES = 20
_HANG_UP_PAUSE_S = 0.5


class CallsStillUpError(OwnerlineError):
    """Calls of before the restore are up, and the carrier does not end them."""


class CarrierCannotSayError(OwnerlineError):
    """The carrier cannot say what it placed; time, or the operator's word, must do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came of asking the carrier: rings the database did not know, and how long they bind."""

    rings: int
    of_unknown_numbers: int
    held_until: datetime | None  # the last of them; None when there was none


async def find_rings(
    sessions: async_sessionmaker[AsyncSession],
    bridge: Bridge,
    *,
    clock: Clock,
    since: datetime,
    hold: timedelta,
) -> Found | None:
    """Write down what the carrier placed since and the database does not know; None: it cannot say.

    Calls that are up are hung up first: nobody knows any more what to say on them.

    Raises:
        CallsStillUpError: the carrier does not end them.
    """
    await _end_what_is_up(bridge, clock)
    placed = await bridge.placed_since(since - _MARGIN)
    if placed is None:
        return None
    async with sessions.begin() as session:
        unknown = await _unknown(session, placed)
        await _write_rings(session, unknown, now=clock.now(), hold=hold)
        on_file = await _write_attempts(session, unknown, bridge=bridge.name, now=clock.now())
    for call in unknown:
        log.info("ring_found", attempt_id=str(call.attempt_id), placed_at=call.placed_at)
    return Found(
        rings=len(unknown),
        of_unknown_numbers=len(unknown) - on_file,
        held_until=max((_end_of(call, clock.now()) + hold for call in unknown), default=None),
    )


async def asked_from(session: AsyncSession, restoration: Restoration) -> datetime:
    """Return from when on the carrier is asked: the backup, or what was last known if earlier.

    A rehearsal's clock is not the machine's: its last attempt may lie before the backup's instant.
    """
    last = await session.scalar(
        sa.select(
            sa.func.coalesce(
                sa.select(sa.func.max(Attempt.started_at)).scalar_subquery(),
                sa.select(sa.func.min(DueCall.created_at)).scalar_subquery(),
            )
        )
    )
    return min(restoration.restored_from_at, last or restoration.restored_from_at)


def longest_retry(campaigns: Campaigns) -> timedelta:
    """Return the longest interval any of the house's campaigns leaves between two tries."""
    return max(
        rule.after
        for campaign in campaigns.all
        for rule in chain(campaign.retry.values(), [campaign.otherwise])
    )


async def _end_what_is_up(bridge: Bridge, clock: Clock) -> None:
    for _ in range(_HANG_UP_TRIES):
        if not await bridge.live():
            return
        await bridge.stop_all()
        await clock.sleep(_HANG_UP_PAUSE_S)
    message = (
        f"{len(await bridge.live())} calls are still up at the carrier; "
        "say it again when they have ended"
    )
    raise CallsStillUpError(message)


_KNOWN = sa.select(Attempt.attempt_id).where(
    Attempt.attempt_id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid)))
)
# A number that several persons have binds them all by its ring; on file it is the first one's.
_HOLDERS = (
    sa.select(Phone.e164, Phone.person_id, Phone.phone_id)
    .where(Phone.e164 == sa.any_(sa.bindparam("numbers", type_=ARRAY(sa.Text))))
    .ext(distinct_on(Phone.e164))
    .order_by(Phone.e164, Phone.dead_at.is_not(None), Phone.person_id)
)


async def _unknown(session: AsyncSession, placed: Sequence[PlacedCall]) -> list[PlacedCall]:
    known = set(await session.scalars(_KNOWN, {"ids": [call.attempt_id for call in placed]}))
    return [call for call in placed if call.attempt_id not in known]


def _end_of(call: PlacedCall, now: datetime) -> datetime:
    return call.ended_at or max(now, call.answered_at or call.placed_at)


async def _write_rings(
    session: AsyncSession, unknown: Sequence[PlacedCall], *, now: datetime, hold: timedelta
) -> None:
    if not unknown:
        return
    await session.execute(
        insert(table_of(FoundRing)).on_conflict_do_nothing(),
        [
            {
                "call_id": call.attempt_id,
                "e164": call.to.e164,
                "placed_at": call.placed_at,
                "answered_at": call.answered_at,
                "held_until": _end_of(call, now) + hold,
                "found_at": now,
            }
            for call in unknown
        ],
    )


async def _write_attempts(
    session: AsyncSession, unknown: Sequence[PlacedCall], *, bridge: str, now: datetime
) -> int:
    """Put the rings on the file of whoever has the number; return how many of them are there."""
    holder_of = {
        row.e164: row
        for row in await session.execute(
            _HOLDERS, {"numbers": sorted({call.to.e164 for call in unknown})}
        )
    }
    rows = [
        {
            "attempt_id": call.attempt_id,
            "person_id": holder_of[call.to.e164].person_id,
            "phone_id": holder_of[call.to.e164].phone_id,
            "e164": call.to.e164,
            "bridge": bridge,
            "trunk": call.trunk,
            "mode": CallMode.AUTOMATIC,
            "campaign": UNKNOWN_CAMPAIGN,
            "state": AttemptState.ENDED,
            "started_at": call.placed_at,
            "submitted_at": call.placed_at,
            "answered_at": call.answered_at,
            "ended_at": _end_of(call, now),
            "telephony_result": call.result or TelephonyResult.LOST,
        }
        for call in unknown
        if call.to.e164 in holder_of
    ]
    if rows:
        await session.execute(insert(table_of(Attempt)).on_conflict_do_nothing(), rows)
    return len(rows)
