"""The book of phones on our side: agents', guests' and supervisors', in rooms or on their way.

A phone's row is written before it is rung. Webhooks fill it in on any process; the dialers read it.
What is gone stays gone, however late its coming is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import AnyRow, table_of
from core.live import Topic, tell
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.twilio.book import Check
from dialer.bridges.twilio.rooms import SUPERVISING, Part
from dialer.bridges.twilio.tables import TwilioCall, TwilioSeat
from dialer.model import Direction

KEPT_FOR = timedelta(days=7)  # for whoever looks into what became of a phone

_SEAT, _CALL = table_of(TwilioSeat), table_of(TwilioCall)
_IS_SEAT = _SEAT.c.part == Part.SEAT
_IS_OPEN = _SEAT.c.gone_at.is_(None)
_IS_SEATED = sa.and_(_IS_SEAT, _IS_OPEN, _SEAT.c.seated_at.is_not(None))

_IS_SEATED_IN = sa.select(
    sa.exists().where(_IS_SEATED, _SEAT.c.room == sa.bindparam("room")),
)
# The open phone of each room, else the latest, says how the room stands. Room by room along the
# index: every process asks several times a second, and days of phones that are gone lie there.
_STANDING = sa.text("""
    WITH RECURSIVE rooms (room) AS (
        (SELECT room FROM twilio_seat WHERE part = 'seat' ORDER BY room LIMIT 1)
        UNION ALL
        SELECT (
            SELECT seat.room FROM twilio_seat AS seat
            WHERE seat.part = 'seat' AND seat.room > rooms.room ORDER BY seat.room LIMIT 1
        )
        FROM rooms WHERE rooms.room IS NOT NULL
    )
    SELECT rooms.room, open.seated_at IS NOT NULL AS is_seated,
        CASE WHEN open.seat_id IS NULL THEN latest.trouble END AS trouble
    FROM rooms
    LEFT JOIN twilio_seat AS open
        ON open.room = rooms.room AND open.part = 'seat' AND open.gone_at IS NULL
    CROSS JOIN LATERAL (
        SELECT seat.trouble FROM twilio_seat AS seat
        WHERE seat.room = rooms.room AND seat.part = 'seat'
        ORDER BY seat.rung_at DESC LIMIT 1
    ) AS latest
""")
_CONFERENCE = (
    sa.select(_SEAT.c.conference_sid)
    .where(_SEAT.c.room == sa.bindparam("room"), _SEAT.c.conference_sid.is_not(None))
    .order_by(_SEAT.c.seated_at.desc())
    .limit(1)
)


def _has_seat(room: sa.ColumnElement[str]) -> sa.Exists:
    """Return whether an agent's phone is in a room."""
    there = _SEAT.alias("there")
    return sa.exists().where(
        there.c.room == room,
        there.c.part == Part.SEAT,
        there.c.gone_at.is_(None),
        there.c.seated_at.is_not(None),
    )


def _was_left(room: sa.ColumnElement[str], since: sa.ColumnElement[datetime]) -> sa.Exists:
    """Return whether an agent's phone has gone out of a room since."""
    gone = _SEAT.alias("gone")
    return sa.exists().where(gone.c.room == room, gone.c.part == Part.SEAT, gone.c.gone_at >= since)


# Guests whose owner has gone, or is elsewhere now; supervisors whose agent has gone; the outside
# numbers of calls that are over.
_LEFT_OVER = (
    sa.select(_SEAT)
    .outerjoin(_CALL, _CALL.c.call_id == _SEAT.c.call_id)
    .where(
        _IS_OPEN,
        sa.or_(
            sa.and_(
                _SEAT.c.part == Part.GUEST,
                sa.or_(
                    _CALL.c.call_id.is_(None),
                    _CALL.c.ended_at.is_not(None),
                    _CALL.c.room != _SEAT.c.room,
                ),
            ),
            sa.and_(_SEAT.c.part == Part.OUTSIDE, _CALL.c.ended_at.is_not(None)),
            sa.and_(_SEAT.c.part.in_(SUPERVISING), ~_has_seat(_SEAT.c.room)),
        ),
    )
)
# Callers whose agent has gone after they came into the room: no dialer gives them another one.
_LEFT_CALLERS = sa.select(_CALL.c.call_id, _CALL.c.sid).where(
    _CALL.c.direction == Direction.INBOUND,
    ~_CALL.c.told_ended,
    _CALL.c.ended_at.is_(None),
    ~_CALL.c.is_cut,
    _CALL.c.sid.is_not(None),
    _was_left(_CALL.c.room, _CALL.c.in_room_at),
    ~_has_seat(_CALL.c.room),
)
_TAKE_UNASKED = (
    sa.update(_SEAT)
    .where(
        _SEAT.c.seat_id.in_(
            sa.select(_SEAT.c.seat_id)
            .where(
                _IS_OPEN,
                sa.func.coalesce(_SEAT.c.asked_at, _SEAT.c.rung_at) < sa.bindparam("before"),
            )
            .order_by(_SEAT.c.seat_id)
            .with_for_update(skip_locked=True)
        )
    )
    .values(asked_at=sa.bindparam("now"))
    .returning(_SEAT)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """A phone on our side of a room; see the table for what each column means."""

    seat_id: UUID
    room: str
    part: Part
    endpoint: str
    sid: str | None
    conference_sid: str | None
    call_id: UUID | None
    rung_at: datetime
    seated_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the rooms stand: which have their agent in them, and why others have not."""

    seated: frozenset[str]
    troubles: Mapping[str, PhoneTrouble]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftCaller:
    """A caller in a room that their agent has left."""

    call_id: UUID
    sid: str


class SeatBook:
    """Reads and writes `twilio_seat`, one transaction each time."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    # What is known.

    async def is_seated(self, room: str) -> bool:
        """Say whether an agent's phone is in the room now."""
        async with self._sessions.begin() as session:
            return bool(await session.scalar(_IS_SEATED_IN, {"room": room}))

    async def standing(self) -> Standing:
        """Return how all rooms stand."""
        async with self._sessions.begin() as session:
            rows = (await session.execute(_STANDING)).all()
        return Standing(
            seated=frozenset(row.room for row in rows if row.is_seated),
            troubles={row.room: PhoneTrouble(row.trouble) for row in rows if row.trouble},
        )

    async def phone(self, seat_id: UUID) -> Seat | None:
        """Return a phone; None: no such."""
        found = await self._phones(_SEAT.c.seat_id == seat_id)
        return found[0] if found else None

    async def open_in(self, room: str, *parts: Part) -> list[Seat]:
        """Return the phones of these parts that are in a room, or on their way."""
        return await self._phones(_IS_OPEN, _SEAT.c.room == room, _SEAT.c.part.in_(parts))

    async def monitoring_at(self, endpoint: str) -> list[Seat]:
        """Return where a supervisor's phone takes part, or is on its way to."""
        return await self._phones(
            _IS_OPEN, _SEAT.c.endpoint == endpoint, _SEAT.c.part.in_(SUPERVISING)
        )

    async def outside_of(self, call_id: UUID) -> list[Seat]:
        """Return the outside number that a call is passed on to."""
        of_call = _SEAT.c.call_id == call_id
        return await self._phones(_IS_OPEN, of_call, _SEAT.c.part == Part.OUTSIDE)

    async def conference_of(self, room: str) -> str | None:
        """Return the name at Twilio of a room's conference, as an agent's phone last met it."""
        async with self._sessions.begin() as session:
            found = await session.scalar(_CONFERENCE, {"room": room})
            return None if found is None else str(found)

    async def left_over(self) -> list[Seat]:
        """Return guests and supervisors whom nobody is left for."""
        async with self._sessions.begin() as session:
            return [_seat(row) for row in await session.execute(_LEFT_OVER)]

    async def left_callers(self) -> list[LeftCaller]:
        """Return callers whom their agent has left alone in a room."""
        async with self._sessions.begin() as session:
            rows = await session.execute(_LEFT_CALLERS)
            return [LeftCaller(call_id=row.call_id, sid=row.sid) for row in rows]

    async def take_unasked(self, *, before: datetime, now: datetime) -> list[Seat]:
        """Return the open phones that nobody has asked Twilio about since; they count as asked."""
        async with self._sessions.begin() as session:
            rows = await session.execute(_TAKE_UNASKED, {"before": before, "now": now})
            return [_seat(row) for row in rows]

    # What happens.

    async def write_ahead(
        self,
        seat_id: UUID,
        *,
        room: str,
        part: Part,
        endpoint: str,
        at: datetime,
        call_id: UUID | None = None,
        check: Check | None = None,
    ) -> bool:
        """Write a phone down that is about to be rung; False: the room has one already.

        `check` is asked in the same transaction, before; it raises where none may be rung.
        """
        async with self._sessions.begin() as session:
            if check is not None:
                await check(session)
            added = await session.execute(
                insert(_SEAT)
                .values(
                    seat_id=seat_id,
                    room=room,
                    part=part.value,
                    endpoint=endpoint,
                    rung_at=at,
                    call_id=call_id,
                )
                .on_conflict_do_nothing()
                .returning(_SEAT.c.seat_id)
            )
            if added.first() is None:
                return False
            await tell(session, Topic.CARRIER, str(seat_id))
            return True

    async def rung(self, seat_id: UUID, sid: str) -> Seat | None:
        """Note how Twilio calls a phone's call, and return the phone; None: no such."""
        async with self._sessions.begin() as session:
            rung = (
                sa.update(_SEAT)
                .where(_SEAT.c.seat_id == seat_id)
                .values(sid=sa.func.coalesce(_SEAT.c.sid, sid))
                .returning(_SEAT)
            )
            row = (await session.execute(rung)).one_or_none()
            return None if row is None else _seat(row)

    async def joined(self, sid: str, *, conference_sid: str, at: datetime) -> bool:
        """Note that a phone has come into its room; False: it is no phone of ours."""
        return await self._fill(
            _SEAT.c.sid == sid,
            seated_at=sa.func.coalesce(_SEAT.c.seated_at, at),
            conference_sid=sa.func.coalesce(_SEAT.c.conference_sid, conference_sid),
        )

    async def gone(
        self, which: Sequence[UUID], *, at: datetime, trouble: PhoneTrouble | None = None
    ) -> bool:
        """Note that phones are gone; `trouble` is why, None: we let them go."""
        return await self._gone(_SEAT.c.seat_id.in_(which), at=at, trouble=trouble)

    async def left(self, sid: str, *, at: datetime) -> bool:
        """Note that a phone has left its room by itself; False: it is no phone of ours."""
        return await self._gone(_SEAT.c.sid == sid, at=at, trouble=PhoneTrouble.HUNG_UP)

    async def conference_over(self, conference_sid: str, *, at: datetime) -> bool:
        """Note that a conference has ended: nobody is in it any more."""
        of_it = _SEAT.c.conference_sid == conference_sid
        return await self._gone(of_it, at=at, trouble=PhoneTrouble.HUNG_UP)

    async def forget(self, before: datetime) -> None:
        """Take out phones that were gone before the instant."""
        async with self._sessions.begin() as session:
            await session.execute(sa.delete(_SEAT).where(_SEAT.c.gone_at < before))

    async def _gone(
        self, which: sa.ColumnElement[bool], *, at: datetime, trouble: PhoneTrouble | None
    ) -> bool:
        return await self._fill(which, _IS_OPEN, gone_at=at, trouble=trouble)

    async def _fill(self, *which: sa.ColumnElement[bool], **values: object) -> bool:
        async with self._sessions.begin() as session:
            filled = await session.execute(
                sa.update(_SEAT).where(*which).values(**values).returning(_SEAT.c.seat_id)
            )
            seat_ids = sorted(filled.scalars())
            for seat_id in seat_ids:
                await tell(session, Topic.CARRIER, str(seat_id))
            return bool(seat_ids)

    async def _phones(self, *which: sa.ColumnElement[bool]) -> list[Seat]:
        async with self._sessions.begin() as session:
            rows = await session.execute(sa.select(_SEAT).where(*which).order_by(_SEAT.c.seat_id))
            return [_seat(row) for row in rows]


def _seat(row: AnyRow) -> Seat:
    return Seat(
        seat_id=row.seat_id,
        room=row.room,
        part=Part(row.part),
        endpoint=row.endpoint,
        sid=row.sid,
        conference_sid=row.conference_sid,
        call_id=row.call_id,
        rung_at=row.rung_at,
        seated_at=row.seated_at,
        gone_at=row.gone_at,
    )
