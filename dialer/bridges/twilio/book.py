"""The book of calls at Twilio: each row is written ahead of its call, and only ever filled.

Webhooks merge what Twilio told, whichever process they reach, and the news goes out with the same
commit; the dialer that carries the call reads what it has not told its engine yet.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.live import Topic, tell
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio import orders, pages
from dialer.bridges.twilio.pages import Page
from dialer.bridges.twilio.results import Before, Gone, judge
from dialer.bridges.twilio.tables import TwilioCall
from dialer.model import AnsweredBy, Direction, TelephonyResult

Check = Callable[[AsyncSession], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """How a call ended; `seconds` since the answer, 0 when nobody answered."""

    at: datetime
    result: TelephonyResult
    seconds: float = 0.0
    hangup_cause: int | None = None
    sip_code: int | None = None
    error_code: int | None = None  # Twilio's own


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What was told of a call at once; None, and False: nothing of that."""

    sid: str | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    room: str | None = None
    in_room_at: datetime | None = None
    is_abandoned: bool = False
    is_cut: bool = False
    gone: Gone | None = None  # the end as Twilio tells it: judged by what was told before
    ended: End | None = None  # the end as somebody here judges it
    price: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BookedCall:
    """A row of the book; see the table for what each column means."""

    call_id: UUID
    sid: str | None
    direction: Direction
    trunk: str
    e164: str | None
    shown: str
    order: OutboundCall | None  # None: the call came in
    placed_at: datetime
    ends_by: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    answered_by: AnsweredBy | None
    room: str | None
    in_room_at: datetime | None
    is_abandoned: bool
    is_cut: bool
    ended: End | None
    price: Decimal | None
    turn_no: int
    document: str | None
    token: str | None
    page: Page | None
    is_asking: bool
    told_ringing: bool
    told_answered: bool
    told_in_room: str | None
    told_ended: bool


class Book:
    """Reads and writes `twilio_call`, one transaction each time."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def call(self, call_id: UUID) -> BookedCall | None:
        """Return a call; None: not in the book."""
        found = await self._calls(TwilioCall.call_id == call_id)
        return found[0] if found else None

    async def call_of(self, sid: str) -> BookedCall | None:
        """Return the call of that name at Twilio; None: not in the book."""
        found = await self._calls(TwilioCall.sid == sid)
        return found[0] if found else None

    async def calls(self, call_ids: Collection[UUID]) -> list[BookedCall]:
        """Return those of the calls that are in the book."""
        return await self._calls(TwilioCall.call_id.in_(call_ids)) if call_ids else []

    async def up(self, direction: Direction | None = None) -> list[BookedCall]:
        """Return the calls that have not ended as far as we were told, the oldest first."""
        which: list[sa.ColumnElement[bool]] = [TwilioCall.ended_at.is_(None)]
        if direction is not None:
            which.append(TwilioCall.direction == direction)
        return await self._calls(*which)

    async def claim_overdue(self, now: datetime, *, until: datetime) -> list[BookedCall]:
        """Return the calls whose end should have been told by now; nobody else is given them.

        One that has not ended `until` then is overdue again.
        """
        async with self._sessions.begin() as session:
            rows = await session.scalars(
                sa.update(TwilioCall)
                .where(
                    TwilioCall.ends_by <= now, TwilioCall.ended_at.is_(None), ~TwilioCall.told_ended
                )
                .values(ends_by=until)
                .returning(TwilioCall)
            )
            return [_booked(row) for row in rows]

    async def placed_since(self, instant: datetime) -> list[BookedCall]:
        """Return the calls placed at or after the instant, the oldest first."""
        return await self._calls(
            TwilioCall.placed_at >= instant, TwilioCall.direction == Direction.OUTBOUND
        )

    async def write_ahead(
        self,
        order: OutboundCall,
        *,
        shown: str,
        placed_at: datetime,
        ends_by: datetime,
        check: Check | None = None,
    ) -> bool:
        """Write a call down that is about to be placed; False: it is in the book already.

        `check` is asked in the same transaction, before; it raises where the call may not be.
        """
        return await self._add(
            check,
            call_id=order.attempt_id,
            direction=Direction.OUTBOUND,
            trunk=order.trunk,
            e164=order.to.e164,
            shown=shown,
            order=orders.written(order),
            placed_at=placed_at,
            ends_by=ends_by,
        )

    async def came_in(
        self,
        call_id: UUID,
        *,
        sid: str,
        trunk: str,
        e164: str | None,
        shown: str,
        at: datetime,
        ends_by: datetime,
    ) -> bool:
        """Write a call down that came in; False: that call is in the book already."""
        return await self._add(
            None,
            call_id=call_id,
            sid=sid,
            direction=Direction.INBOUND,
            trunk=trunk,
            e164=e164,
            shown=shown,
            order={},
            placed_at=at,
            ends_by=ends_by,
            answered_at=at,
        )

    async def strike(self, call_id: UUID) -> None:
        """Take out a call that was certainly not created."""
        async with self._sessions.begin() as session:
            await session.execute(
                sa.delete(TwilioCall).where(
                    TwilioCall.call_id == call_id,
                    TwilioCall.sid.is_(None),
                    TwilioCall.ended_at.is_(None),
                )
            )

    async def told(self, call_id: UUID, told: Told) -> bool:
        """Merge what was told and pass the news on; False: there was nothing new in it."""
        async with self._sessions.begin() as session:
            return await merge(session, call_id, told)

    async def keep_document(
        self, call_id: UUID, *, turn_no: int, document: str, token: str, page: Page
    ) -> bool:
        """Keep the document of a turn, what it waits for, and which request got it.

        A line that goes while a page asks is the answer. False: the talk is at that turn already,
        by another request, or beyond it.
        """
        at_turn = TwilioCall.turn_no == turn_no
        behind = (TwilioCall.turn_no < turn_no) | (at_turn & (TwilioCall.token == token))
        return await self._turn(
            (TwilioCall.call_id == call_id) & behind,
            turn_no=turn_no,
            document=document,
            token=token,
            page=pages.written(page),
            is_asking=page.ask is not None,
        )

    async def keep_page(self, call_id: UUID, page: Page, *, turn_no: int, token: str) -> bool:
        """Change what the turn that is heard waits for; False: the talk is beyond it."""
        return await self._turn(
            (TwilioCall.call_id == call_id) & (TwilioCall.turn_no == turn_no),
            page=pages.written(page),
            token=token,
        )

    async def _turn(self, where: sa.ColumnElement[bool], **values: object) -> bool:
        async with self._sessions.begin() as session:
            kept = await session.execute(
                sa.update(TwilioCall).where(where).values(values).returning(TwilioCall.call_id)
            )
            return kept.first() is not None

    async def mark_told(
        self,
        call_id: UUID,
        *,
        ringing: bool = False,
        answered: bool = False,
        in_room: str | None = None,
        ended: bool = False,
    ) -> None:
        """Note what the engine has heard of."""
        values: dict[str, object] = {}
        if ringing:
            values["told_ringing"] = True
        if answered:
            values["told_answered"] = True
        if in_room is not None:
            values["told_in_room"] = in_room
        if ended:
            values["told_ended"] = True
        if not values:
            return
        async with self._sessions.begin() as session:
            await session.execute(
                sa.update(TwilioCall).where(TwilioCall.call_id == call_id).values(values)
            )

    async def _add(self, check: Check | None, **values: object) -> bool:
        async with self._sessions.begin() as session:
            if check is not None:
                await check(session)
            added = await session.execute(
                insert(TwilioCall)
                .values(values)
                .on_conflict_do_nothing()
                .returning(TwilioCall.call_id)
            )
            return added.first() is not None

    async def _calls(self, *which: sa.ColumnElement[bool]) -> list[BookedCall]:
        async with self._sessions.begin() as session:
            rows = await session.scalars(
                sa.select(TwilioCall).where(*which).order_by(TwilioCall.placed_at)
            )
            return [_booked(row) for row in rows]


async def merge(session: AsyncSession, call_id: UUID, told: Told) -> bool:
    """Merge what was told in the caller's transaction; False: nothing new, or no such call.

    A column that is filled stays as it is, but a machine that is found beside the talk is one
    whatever was thought before, and a call may be taken to another room.
    """
    row = await session.get(TwilioCall, call_id, with_for_update=True, populate_existing=True)
    if row is None:
        return False
    for name in ("sid", "ringing_at", "answered_at", "answered_by", "price"):
        if getattr(row, name) is None and getattr(told, name) is not None:
            setattr(row, name, getattr(told, name))
    if told.answered_by is AnsweredBy.MACHINE:
        row.answered_by = AnsweredBy.MACHINE
    if told.room is not None and told.room != row.room:
        row.room, row.in_room_at = told.room, told.in_room_at
    elif row.in_room_at is None and row.room is not None:
        row.in_room_at = told.in_room_at
    row.is_abandoned = row.is_abandoned or told.is_abandoned
    row.is_cut = row.is_cut or told.is_cut
    if row.ended_at is None and told.gone is not None:
        _judge(row, told.gone)
    elif row.ended_at is None and told.ended is not None:
        _end(row, told.ended)
    if not session.is_modified(row):
        return False
    await session.flush()
    await tell(session, Topic.CARRIER, str(call_id))
    return True


def _judge(row: TwilioCall, gone: Gone) -> None:
    verdict = judge(
        gone,
        Before(
            answered_at=row.answered_at,
            answered_by=row.answered_by,
            is_abandoned=row.is_abandoned,
            is_cut=row.is_cut,
        ),
    )
    row.answered_at = verdict.answered_at
    end = End(
        at=gone.at,
        result=verdict.result,
        seconds=verdict.seconds,
        hangup_cause=verdict.hangup_cause,
        sip_code=gone.sip_code,
        error_code=gone.error_code,
    )
    _end(row, end)


def _end(row: TwilioCall, end: End) -> None:
    row.ended_at, row.result, row.seconds = end.at, end.result, end.seconds
    row.hangup_cause, row.sip_code = end.hangup_cause, end.sip_code
    row.error_code = end.error_code


def _booked(row: TwilioCall) -> BookedCall:
    return BookedCall(
        call_id=row.call_id,
        sid=row.sid,
        direction=row.direction,
        trunk=row.trunk,
        e164=row.e164,
        shown=row.shown,
        order=orders.read(row.order, call_id=row.call_id, e164=row.e164, trunk=row.trunk),
        placed_at=row.placed_at,
        ends_by=row.ends_by,
        ringing_at=row.ringing_at,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        room=row.room,
        in_room_at=row.in_room_at,
        is_abandoned=row.is_abandoned,
        is_cut=row.is_cut,
        ended=_ended(row),
        price=row.price,
        turn_no=row.turn_no,
        document=row.document,
        token=row.token,
        page=None if row.page is None else pages.read(row.page),
        is_asking=row.is_asking,
        told_ringing=row.told_ringing,
        told_answered=row.told_answered,
        told_in_room=row.told_in_room,
        told_ended=row.told_ended,
    )


def _ended(row: TwilioCall) -> End | None:
    if row.ended_at is None or row.result is None or row.seconds is None:
        return None
    return End(
        at=row.ended_at,
        result=row.result,
        seconds=row.seconds,
        hangup_cause=row.hangup_cause,
        sip_code=row.sip_code,
        error_code=row.error_code,
    )
