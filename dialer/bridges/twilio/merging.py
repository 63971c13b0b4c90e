"""Merges what is told of a call into its row, and passes the news on with the same commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from core.live import CHANNEL, Topic, payload, tell
from dialer.bridges.twilio.booked import End, Told
from dialer.bridges.twilio.results import Before, Gone, judge
from dialer.bridges.twilio.tables import TwilioCall
from dialer.model import AnsweredBy

_CALL = table_of(TwilioCall)
_FILLED = ("sid", "ringing_at", "answered_at", "answered_by", "price")
_HELD = (
    sa.select(
        *(_CALL.c[name] for name in _FILLED),
        _CALL.c.room,
        _CALL.c.in_room_at,
        _CALL.c.is_abandoned,
        _CALL.c.is_cut,
        _CALL.c.ended_at,
    )
    .where(_CALL.c.call_id == sa.bindparam("of_call"))
    .with_for_update()
)
_FILL = sa.update(_CALL).where(_CALL.c.call_id == sa.bindparam("of_call"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """One statement that does what `merge` does, with a row if anything was new."""

    statement: sa.Select[None]
    parameters: Mapping[str, object]


def filling(call_id: UUID, told: Told, *, ended_after: datetime | None = None) -> Filling | None:
    """Return the statement; None: what was told is weighed against the row, in a transaction."""
    given = {name: value for name in _FILLED if (value := getattr(told, name)) is not None}
    if not given or told != Told(**given) or told.answered_by is AnsweredBy.MACHINE:
        return None
    parameters: dict[str, object] = {f"told_{name}": value for name, value in given.items()}
    parameters |= {"of_call": call_id, "news": payload(Topic.CARRIER, str(call_id))}
    if ended_after is not None:
        parameters["ended_after"] = ended_after
    statement = _filling(tuple(given), is_bounded=ended_after is not None)
    return Filling(statement=statement, parameters=parameters)


@cache
def _filling(names: tuple[str, ...], *, is_bounded: bool) -> sa.Select[None]:
    told = {name: sa.bindparam(f"told_{name}", type_=_CALL.c[name].type) for name in names}
    where = [
        _CALL.c.call_id == sa.bindparam("of_call"),
        sa.or_(*(_CALL.c[name].is_(None) for name in names)),
    ]
    if "sid" in told:
        where.append(sa.or_(_CALL.c.sid.is_(None), _CALL.c.sid == told["sid"]))
    if is_bounded:
        bound = _CALL.c.ended_at >= sa.bindparam("ended_after")
        where.append(sa.or_(_CALL.c.ended_at.is_(None), bound))
    values = {name: sa.func.coalesce(_CALL.c[name], value) for name, value in told.items()}
    changed = sa.update(_CALL).where(*where).values(values).returning(_CALL.c.call_id).cte()
    news: sa.ColumnElement[None] = sa.func.pg_notify(CHANNEL, sa.bindparam("news"))
    return sa.select(news).select_from(changed)


async def merge(
    session: AsyncSession, call_id: UUID, told: Told, *, ended_after: datetime | None = None
) -> bool:
    """Merge what was told in the caller's transaction; False: nothing new, or no such call.

    A column that is filled stays as it is, but a machine that is found beside the talk is one
    whatever was thought before, and a call may be taken to another room. Of a call that has another
    name at Twilio nothing was told, nor of one that ended before `ended_after`.
    """
    row = (await session.execute(_HELD, {"of_call": call_id})).mappings().one_or_none()
    if row is None or (told.sid is not None and row["sid"] not in {None, told.sid}):
        return False
    ended_at: datetime | None = row["ended_at"]
    if ended_after is not None and ended_at is not None and ended_at < ended_after:
        return False
    changes = _changes(row, told)
    if not changes:
        return False
    await session.execute(_FILL, {"of_call": call_id, **changes})
    await tell(session, Topic.CARRIER, str(call_id))
    return True


def _changes(row: Mapping[Any, Any], told: Told) -> dict[str, Any]:
    """Return the columns that become others."""
    now = {name: row[name] for name in row}
    for name in _FILLED:
        now[name] = row[name] if row[name] is not None else getattr(told, name)
    if told.answered_by is AnsweredBy.MACHINE:
        now["answered_by"] = AnsweredBy.MACHINE
    if told.room is not None and told.room != row["room"]:
        now |= {"room": told.room, "in_room_at": told.in_room_at}
    elif row["in_room_at"] is None and row["room"] is not None:
        now["in_room_at"] = told.in_room_at
    now["is_abandoned"] = row["is_abandoned"] or told.is_abandoned
    now["is_cut"] = row["is_cut"] or told.is_cut
    if row["ended_at"] is None and told.gone is not None:
        now |= _judged(now, told.gone)
    elif row["ended_at"] is None and told.ended is not None:
        now |= _end(told.ended)
    return {name: value for name, value in now.items() if name not in row or row[name] != value}


def _judged(now: Mapping[str, Any], gone: Gone) -> dict[str, Any]:
    verdict = judge(
        gone,
        Before(
            answered_at=now["answered_at"],
            answered_by=now["answered_by"],
            is_abandoned=now["is_abandoned"],
            is_cut=now["is_cut"],
        ),
    )
    end = End(
        at=gone.at,
        result=verdict.result,
        seconds=verdict.seconds,
        hangup_cause=verdict.hangup_cause,
        sip_code=gone.sip_code,
        error_code=gone.error_code,
    )
    return {"answered_at": verdict.answered_at, **_end(end)}


def _end(end: End) -> dict[str, Any]:
    return {
        "ended_at": end.at,
        "result": end.result,
        "seconds": end.seconds,
        "hangup_cause": end.hangup_cause,
        "sip_code": end.sip_code,
        "error_code": end.error_code,
    }
