"""Taking over the calls of dialers that are gone: set-based, each call by one of those who live."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.fleet.fleet import Fleet

# So many calls at once, so that every living member gets some of a big dialer's calls.
MOST_AT_ONCE = 50

# A claim holds a share of its lease's lock: it has committed before we look, or it fails.
_LOCK_LOST = sa.text("""
    SELECT dialer_id FROM dialer_lease
    WHERE bridge = :bridge AND left_at IS NULL
      AND lease_until + make_interval(secs => :grace_s) < clock_timestamp()
    ORDER BY dialer_id
    FOR UPDATE SKIP LOCKED
""")
# Calls that came in belong to no dialer: whoever hears of their end settles them (decision 0034).
_NOBODYS = """
    attempt.state <> 'ended' AND attempt.bridge = :bridge AND attempt.direction = 'outbound'
    AND NOT EXISTS (
        SELECT FROM dialer_lease AS owner
        WHERE owner.dialer_id = attempt.dialer_id AND owner.left_at IS NULL
          AND owner.lease_until + make_interval(secs => :grace_s) > clock_timestamp()
    )
"""
_TAKE = sa.text(f"""
    UPDATE attempt SET dialer_id = :dialer_id
    WHERE attempt_id IN (
        SELECT attempt_id FROM attempt WHERE {_NOBODYS}
        ORDER BY attempt_id
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    RETURNING attempt_id, trunk
""")  # noqa: S608 - put together of constants
_PUBLISH = sa.text("UPDATE dialer_lease SET live = :live WHERE dialer_id = :dialer_id").bindparams(
    sa.bindparam("live", type_=JSONB)
)
_COUNT_OUT = sa.text("""
    UPDATE dialer_lease SET left_at = clock_timestamp()
    WHERE dialer_id = ANY (:lost) AND NOT EXISTS (
        SELECT FROM attempt
        WHERE attempt.dialer_id = dialer_lease.dialer_id AND attempt.state <> 'ended'
    )
""")
_NOBODYS_LIVE = sa.text(f"""
    SELECT attempt_id, trunk, started_at FROM attempt WHERE {_NOBODYS} ORDER BY attempt_id
""")  # noqa: S608 - put together of constants
_OWN_LIVE = sa.text("""
    SELECT attempt_id, trunk, started_at FROM attempt
    WHERE dialer_id = :dialer_id AND state <> 'ended'
    ORDER BY attempt_id
""")


class LiveCall(NamedTuple):
    """A call that has not ended in our books."""

    attempt_id: UUID
    trunk: str
    started_at: datetime


async def take_over(
    session: AsyncSession, fleet: Fleet, *, live: Mapping[str, int]
) -> dict[UUID, str]:
    """Make calls that nobody alive carries ours; return them and their trunks.

    Who has no call left counts no more: its channels are free, or counted with ours from the same
    instant. `live` are the calls that are up here, by trunk.
    """
    at = {"bridge": fleet.bridge, "grace_s": fleet.rules.grace_s}
    lost = list((await session.execute(_LOCK_LOST, at)).scalars())
    rows = await session.execute(_TAKE, {**at, "dialer_id": fleet.dialer_id, "most": MOST_AT_ONCE})
    taken = {row.attempt_id: row.trunk for row in rows}
    if taken:
        together = dict(live)
        for trunk in taken.values():
            together[trunk] = together.get(trunk, 0) + 1
        await session.execute(_PUBLISH, {"dialer_id": fleet.dialer_id, "live": together})
    if lost:
        await session.execute(_COUNT_OUT, {"lost": lost})
    return taken


async def unowned(session: AsyncSession, bridge: str, *, grace_s: float) -> list[LiveCall]:
    """Return the live calls of a bridge that no living member carries."""
    rows = await session.execute(_NOBODYS_LIVE, {"bridge": bridge, "grace_s": grace_s})
    return [LiveCall(*row) for row in rows]


async def owned(session: AsyncSession, dialer_id: UUID) -> list[LiveCall]:
    """Return the live calls of a member."""
    rows = await session.execute(_OWN_LIVE, {"dialer_id": dialer_id})
    return [LiveCall(*row) for row in rows]
