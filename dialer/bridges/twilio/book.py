"""The book of calls at Twilio: each row is written ahead of its call, and only ever filled.

Webhooks merge what Twilio told, whichever process they reach, and the news goes out with the same
commit; the dialer that carries the call reads what it has not told its engine yet.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import table_of
from dialer.bridges.causes import HangupCause
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio import orders, pages
from dialer.bridges.twilio.booked import BookedCall, End, Told, booked
from dialer.bridges.twilio.merging import filling, merge
from dialer.bridges.twilio.pages import Page
from dialer.bridges.twilio.tables import TwilioCall
from dialer.model import Direction, TelephonyResult

__all__ = ["Book", "BookedCall", "Check", "End", "Told", "merge"]

Check = Callable[[AsyncSession], Awaitable[None]]

_CALL = table_of(TwilioCall)
_AT_TURN = _CALL.c.turn_no == sa.bindparam("of_turn")
_KEEP = (
    sa.update(_CALL)
    .where(
        _CALL.c.call_id == sa.bindparam("of_call"),
        (_CALL.c.turn_no < sa.bindparam("of_turn"))
        | (_AT_TURN & (_CALL.c.token == sa.bindparam("of_token"))),
    )
    .returning(_CALL.c.call_id)
)
# One parameter however many there are: a statement takes 65,535 of them.
_UUIDS, _TEXTS = ARRAY(sa.Uuid), ARRAY(sa.Text)
_OF_ID = sa.select(_CALL).where(_CALL.c.call_id == sa.bindparam("of_call"))


class Book:
    """Reads and writes `twilio_call`, one transaction each time."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def call(self, call_id: UUID) -> BookedCall | None:
        """Return a call; None: not in the book."""
        async with self._alone() as session:
            row = (await session.execute(_OF_ID, {"of_call": call_id})).one_or_none()
            return None if row is None else booked(row)

    async def call_of(self, sid: str) -> BookedCall | None:
        """Return the call of that name at Twilio; None: not in the book."""
        found = await self._calls(TwilioCall.sid == sid)
        return found[0] if found else None

    async def calls(self, call_ids: Collection[UUID]) -> list[BookedCall]:
        """Return those of the calls that are in the book."""
        if not call_ids:
            return []
        return await self._calls(TwilioCall.call_id == sa.any_(sa.literal(list(call_ids), _UUIDS)))

    async def calls_of(self, sids: Collection[str]) -> list[BookedCall]:
        """Return those of the calls, by their names at Twilio, that are in the book."""
        if not sids:
            return []
        return await self._calls(TwilioCall.sid == sa.any_(sa.literal(list(sids), _TEXTS)))

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
            return [booked(row) for row in rows]

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

    async def up_on(self, session: AsyncSession, trunk: str) -> int:
        """Return how many calls we have placed on a trunk that have not ended, in a transaction."""
        up = await session.scalar(
            sa.select(sa.func.count())
            .select_from(TwilioCall)
            .where(
                TwilioCall.trunk == trunk,
                TwilioCall.direction == Direction.OUTBOUND,
                TwilioCall.ended_at.is_(None),
            )
        )
        return up or 0

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

    async def cut(self, call_id: UUID) -> BookedCall | None:
        """Note that a call is hung up by us, unless it has ended; return it as it is then."""
        async with self._sessions.begin() as session:
            row = await session.get(TwilioCall, call_id, with_for_update=True)
            if row is None:
                return None
            row.is_cut = row.is_cut or row.ended_at is None
            await session.flush()
            return booked(row)

    async def give_up(self, call_id: UUID, *, at: datetime) -> bool:
        """Settle a call that Twilio does not know; False: its name was told meanwhile.

        Without a cause: should it come up after all, `claim_returned` finds it.
        """
        async with self._sessions.begin() as session:
            given_up = await session.execute(
                sa.update(TwilioCall)
                .where(
                    TwilioCall.call_id == call_id,
                    TwilioCall.sid.is_(None),
                    TwilioCall.ended_at.is_(None),
                )
                .values(
                    is_cut=True,
                    ended_at=at,
                    result=TelephonyResult.CANCELLED,
                    seconds=0.0,
                    told_ended=True,
                )
                .returning(TwilioCall.call_id)
            )
            return given_up.first() is not None

    async def close(self, call_id: UUID, *, at: datetime) -> bool:
        """Settle a call that is not in the book, so that nobody places it; False: it is in it."""
        return await self._add(
            None,
            call_id=call_id,
            direction=Direction.OUTBOUND,
            trunk="",
            shown="",
            order={},
            placed_at=at,
            ends_by=at,
            is_cut=True,
            ended_at=at,
            result=TelephonyResult.CANCELLED,
            seconds=0.0,
            told_ended=True,
        )

    async def claim_returned(self, *, since: datetime) -> list[BookedCall]:
        """Return calls that were given up, and whose names were told after all; each once."""
        async with self._sessions.begin() as session:
            rows = await session.scalars(
                sa.update(TwilioCall)
                .where(
                    TwilioCall.placed_at >= since,
                    TwilioCall.sid.is_not(None),
                    TwilioCall.result == TelephonyResult.CANCELLED,
                    TwilioCall.hangup_cause.is_(None),
                )
                .values(hangup_cause=HangupCause.NORMAL_CLEARING.value)
                .returning(TwilioCall)
            )
            return [booked(row) for row in rows]

    async def told(self, call_id: UUID, told: Told, *, ended_after: datetime | None = None) -> bool:
        """Merge what was told and pass the news on; False: nothing was new, see `merge`."""
        alone = filling(call_id, told, ended_after=ended_after)
        if alone is None:
            async with self._sessions.begin() as session:
                return await merge(session, call_id, told, ended_after=ended_after)
        async with self._alone() as session:
            told_now = await session.execute(alone.statement, alone.parameters)
            return told_now.first() is not None

    async def keep_document(
        self, call_id: UUID, *, turn_no: int, document: str, token: str, page: Page
    ) -> bool:
        """Keep the document of a turn, what it waits for, and which request got it.

        A line that goes while a page asks is the answer. False: the talk is at that turn already,
        by another request, or beyond it.
        """
        kept = {
            "turn_no": turn_no,
            "document": document,
            "token": token,
            "page": pages.written(page),
            "is_asking": page.ask is not None,
        }
        asked = {"of_call": call_id, "of_turn": turn_no, "of_token": token}
        async with self._alone() as session:
            return (await session.execute(_KEEP, {**asked, **kept})).first() is not None

    async def keep_page(
        self, call_id: UUID, page: Page, *, turn_no: int, token: str, document: str
    ) -> bool:
        """Keep that a turn is said again, perhaps otherwise; False: the talk is beyond it."""
        return await self._turn(
            (TwilioCall.call_id == call_id) & (TwilioCall.turn_no == turn_no),
            page=pages.written(page),
            token=token,
            document=document,
        )

    async def _turn(self, where: sa.ColumnElement[bool], **values: object) -> bool:
        async with self._alone() as session:
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

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncSession]:
        """Yield a session for one statement, which needs no transaction around it."""
        async with self._sessions() as session:
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            yield session

    async def _calls(self, *which: sa.ColumnElement[bool]) -> list[BookedCall]:
        async with self._sessions.begin() as session:
            rows = await session.scalars(
                sa.select(TwilioCall).where(*which).order_by(TwilioCall.placed_at)
            )
            return [booked(row) for row in rows]
