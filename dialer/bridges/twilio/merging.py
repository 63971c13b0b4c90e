"""Merges what is told of a call into its row, and passes the news on with the same commit."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.live import Topic, tell
from dialer.bridges.twilio.booked import End, Told
from dialer.bridges.twilio.results import Before, Gone, judge
from dialer.bridges.twilio.tables import TwilioCall
from dialer.model import AnsweredBy


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
