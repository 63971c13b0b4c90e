"""The fleet: several dialers on one database, each with a lease that it keeps beating.

Leases run in the database's real time. Who could not beat claims nothing until it has beaten
again: that is looked at in the transaction that claims, under a lock of the lease.
"""

import os
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from time import monotonic
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import AnyRow
from core.errors import OwnerlineError
from dialer.bridges.port import Bridge
from dialer.fleet.model import FleetRules, Member, view_of

log = structlog.get_logger(__name__)

# Nothing is handed to the carrier so shortly before the lease runs out.
_MARGIN_S = 1.0

_JOIN = sa.text("""
    INSERT INTO dialer_lease (dialer_id, bridge, host, pid, joined_at, lease_until, returned_at)
    SELECT :dialer_id, :bridge, :host, :pid, clock_timestamp(),
           clock_timestamp() + make_interval(secs => :lease_s),
           CASE WHEN clock_timestamp() - last.dialled_until > make_interval(secs => :pause_s)
                THEN clock_timestamp() ELSE last.returned_at END
    FROM (
        SELECT max(lease_until) AS dialled_until, max(returned_at) AS returned_at
        FROM dialer_lease WHERE bridge = :bridge
    ) AS last
""")
_FORGET_OLD = sa.text("""
    DELETE FROM dialer_lease
    WHERE bridge = :bridge AND left_at < clock_timestamp() - interval '1 day'
""")
_BEAT = sa.text("""
    WITH before AS (
        SELECT dialer_id, left_at, lease_until FROM dialer_lease
        WHERE dialer_id = :dialer_id
        FOR UPDATE
    )
    UPDATE dialer_lease AS lease
    SET lease_until = clock_timestamp() + make_interval(secs => :lease_s),
        joined_at = CASE WHEN before.left_at IS NULL THEN joined_at ELSE clock_timestamp() END,
        left_at = NULL,
        returned_at = CASE
            WHEN clock_timestamp() - before.lease_until
                 > make_interval(secs => CAST(:unreachable_s AS float8) - :lease_s)
            THEN clock_timestamp() ELSE returned_at END,
        live = :live
    FROM before
    WHERE lease.dialer_id = before.dialer_id
    RETURNING lease.lease_until, before.left_at IS NOT NULL AS was_counted_out,
              before.lease_until < clock_timestamp() AS had_run_out
""").bindparams(sa.bindparam("live", type_=JSONB))
_MEMBERS = sa.text("""
    SELECT dialer_id, lease_until, live, left_at IS NOT NULL AS left,
           left_at IS NULL AND lease_until > clock_timestamp() AS alive,
           left_at IS NULL
               AND lease_until + make_interval(secs => :grace_s) < clock_timestamp() AS lost,
           CAST(extract(epoch FROM clock_timestamp() - returned_at) AS float8) AS since_return_s
    FROM dialer_lease
    WHERE bridge = :bridge AND (left_at IS NULL OR left_at > clock_timestamp() - interval '2 s')
    ORDER BY joined_at, dialer_id
""")
_LEAVE = sa.text("""
    UPDATE dialer_lease
    SET lease_until = least(lease_until, clock_timestamp() - make_interval(secs => :grace_s)),
        left_at = CASE WHEN EXISTS (
            SELECT FROM attempt
            WHERE attempt.dialer_id = dialer_lease.dialer_id AND attempt.state <> 'ended'
        ) THEN NULL ELSE clock_timestamp() END
    WHERE dialer_id = :dialer_id
""")
_KEEP = sa.text("""
    WITH mine AS MATERIALIZED (
        SELECT dialer_id FROM dialer_lease
        WHERE dialer_id = :dialer_id AND left_at IS NULL AND lease_until > clock_timestamp()
        FOR SHARE
    )
    UPDATE attempt SET dialer_id = mine.dialer_id
    FROM mine
    WHERE attempt_id = ANY (:attempt_ids)
    RETURNING attempt_id
""").bindparams(sa.bindparam("attempt_ids", type_=ARRAY(sa.Uuid)))


class LeaseRanOutError(OwnerlineError):
    """This dialer could not beat for longer than its lease; it claims nothing until it has."""


class Fleet:
    """This process's membership; the engine beats it and goes by its view."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        bridge: Bridge,
        rules: FleetRules | None = None,
        real_time: Callable[[], float] = monotonic,
    ) -> None:
        """Put a membership together.

        Args:
            sessions: of the database all members share.
            bridge: calls of another bridge are not ours to take over.
            rules: how leases run; None means the shipped rules, the same for every member.
            real_time: seconds of a clock that never goes back.
        """
        self.dialer_id = uuid4()
        self.rules = rules or FleetRules()
        self.bridge = bridge.name
        self._trunks = bridge.trunks
        self._sessions = sessions
        self._real_time = real_time
        self._lease_ends: float | None = None  # by our own clock, on the safe side
        self._first: datetime | None = None  # lease of the first beat since joining
        self._seen_by_all = False
        self._begun = False
        self._returning = False
        self.view = view_of(self.dialer_id, (), (), pace=1.0)

    async def join(self) -> None:
        """Join; the next beat brings the first view."""
        async with self._sessions.begin() as session:
            await session.execute(
                _JOIN,
                {
                    "dialer_id": self.dialer_id,
                    "bridge": self.bridge,
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "lease_s": self.rules.lease_s,
                    "pause_s": self.rules.pause_s,
                },
            )
            await session.execute(_FORGET_OLD, {"bridge": self.bridge})
        self._first = None
        log.info("fleet_joined", dialer_id=str(self.dialer_id))

    async def beat(self, live: Mapping[str, int]) -> bool:
        """Renew the lease and look around; True: it had run out, others may have our calls.

        Args:
            live: the calls that are up here, by trunk.
        """
        before = self._real_time()
        async with self._sessions.begin() as session:
            beaten = (
                await session.execute(
                    _BEAT,
                    {
                        "dialer_id": self.dialer_id,
                        "lease_s": self.rules.lease_s,
                        "unreachable_s": self.rules.unreachable_s,
                        "live": dict(live),
                    },
                )
            ).one_or_none()
            rows = (
                await session.execute(
                    _MEMBERS, {"bridge": self.bridge, "grace_s": self.rules.grace_s}
                )
            ).all()
        if beaten is None:  # away for so long that the row was cleared away
            await self.join()
            await self.beat(live)
            return True
        self._lease_ends = before + self.rules.lease_s
        if beaten.was_counted_out:
            self._first = None
        self._look(rows, beaten.lease_until)
        return bool(beaten.was_counted_out or beaten.had_run_out)

    async def leave(self) -> None:
        """Leave; calls that are up may be taken over at once, and until then they count."""
        self._lease_ends = None
        async with self._sessions.begin() as session:
            await session.execute(
                _LEAVE, {"dialer_id": self.dialer_id, "grace_s": self.rules.grace_s}
            )
        log.info("fleet_left", dialer_id=str(self.dialer_id))

    @property
    def has_begun(self) -> bool:
        """Whether every other member knows of us; until then no channel is ours."""
        return self._begun

    @property
    def may_claim(self) -> bool:
        """Whether the lease runs, by our own clock, and every other member knows of us."""
        return self._begun and self.may_ring

    @property
    def may_ring(self) -> bool:
        """Whether what was claimed may be handed over: nobody can have taken it over by then."""
        ends = self._lease_ends
        return ends is not None and self._real_time() < ends - _MARGIN_S

    async def keep(self, session: AsyncSession, attempt_ids: Collection[UUID]) -> None:
        """Write into a claim's transaction, at its end, that these attempts are ours.

        Raises:
            LeaseRanOutError: the transaction must not commit.
        """
        kept = await session.execute(
            _KEEP, {"dialer_id": self.dialer_id, "attempt_ids": list(attempt_ids)}
        )
        if len(kept.all()) != len(attempt_ids):
            message = f"the lease of dialer {self.dialer_id} ran out; its claim is given up"
            raise LeaseRanOutError(message)

    def _look(self, rows: Sequence[AnyRow], lease_until: datetime) -> None:
        members = [
            Member(
                dialer_id=row.dialer_id,
                lease_until=row.lease_until,
                alive=row.alive,
                lost=row.lost,
                left=row.left,
                live=row.live,
            )
            for row in rows
        ]
        self._begin(members, lease_until)
        since = [row.since_return_s for row in rows if row.since_return_s is not None]
        pace = self.rules.pace(min(since, default=None))
        if (pace < 1.0) != self._returning:
            self._returning = pace < 1.0
            event = "dialling_returns_slowly" if self._returning else "dialling_has_returned"
            log.warning(event, pace=round(pace, 3), full_after_s=self.rules.return_over_s)
        self.view = view_of(self.dialer_id, members, self._trunks, pace=pace)

    def _begin(self, members: list[Member], lease_until: datetime) -> None:
        """Begin once every other one has beaten since our first beat, and one beat later.

        Until then an older member may still go by a view without us.
        """
        if self._first is None:
            self._first, self._seen_by_all, self._begun = lease_until, False, False
        others = [each for each in members if each.alive and each.dialer_id != self.dialer_id]
        self._begun = self._begun or self._seen_by_all or not others
        self._seen_by_all = all(each.lease_until > self._first for each in others)
