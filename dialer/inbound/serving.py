"""Who rings us about due calls: the call becomes an attempt of theirs, of the other direction.

The same indexes that let nobody be rung twice let nobody be rung who is ringing us.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import DueCallState
from callback.subjects import load_subjects
from callback.tables import DueCall
from core.columns import AnyRow, table_of
from core.phone import PhoneNumber
from customers.model import CallMode
from customers.tables import DoNotCall
from dialer.claim_plan import MOST_SECTIONS, may_share
from dialer.model import Direction
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

_DUE, _NO, _ATTEMPT = table_of(DueCall), table_of(DoNotCall), table_of(Attempt)

# Anybody can ring with an owner's number and try four digits, three a call. So many calls about due
# calls a person has, whoever makes them; then a colleague is who they may speak to: house.
MOST_CALLS = ((timedelta(days=1), 5), (timedelta(days=30), 15))
_LATELY = sa.select(
    *(
        sa.func.count().filter(_ATTEMPT.c.started_at > sa.bindparam("now") - within)
        for within, _ in MOST_CALLS
    )
).where(
    _ATTEMPT.c.person_id == sa.bindparam("person_id"),
    _ATTEMPT.c.direction == Direction.INBOUND,
    _ATTEMPT.c.started_at > sa.bindparam("now") - MOST_CALLS[-1][0],
)

# What is left for a person of ours stays so; an opt-out covers what we would say unasked.
_WAITING = (
    sa.select(_DUE)
    .where(
        _DUE.c.person_id == sa.bindparam("person_id"),
        _DUE.c.state == DueCallState.WAITING,
        _DUE.c.mode == CallMode.AUTOMATIC,
        _DUE.c.not_before <= sa.bindparam("now"),
        ~sa.exists().where(
            _NO.c.lifted_at.is_(None),
            sa.or_(
                _NO.c.person_id == sa.bindparam("person_id"),
                _NO.c.e164 == sa.bindparam("e164"),
            ),
            sa.or_(_NO.c.reason.is_(None), _NO.c.reason == _DUE.c.reason),
        ),
    )
    .order_by(_DUE.c.due_call_id)
    .with_for_update(key_share=True)
)
_COMMIT = sa.text("""
    WITH added AS (
        INSERT INTO attempt (
            attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign, state, direction,
            started_at, submitted_at, ringing_at, answered_at, answered_by
        )
        VALUES (:call_id, :person_id, :phone_id, :e164, :bridge, :trunk, 'automatic', :campaign,
                'answered', 'inbound', :at, :at, :at, :at, 'human')
        ON CONFLICT DO NOTHING
        RETURNING attempt_id
    ), served AS (
        INSERT INTO attempt_due_call (attempt_id, due_call_id, position)
        SELECT attempt_id, due_call_id, place - 1
        FROM added
        CROSS JOIN unnest(CAST(:due_call_ids AS bigint[]))
            WITH ORDINALITY AS serves (due_call_id, place)
        RETURNING due_call_id
    ), claimed AS (
        UPDATE due_call SET state = 'claimed'
        WHERE due_call_id = ANY (ARRAY(SELECT due_call_id FROM served))
    )
    SELECT attempt_id FROM added
""")


async def serve_due_calls(
    session: AsyncSession,
    call: AnyRow,
    *,
    person_id: int,
    phone_id: int,
    e164: PhoneNumber,
    now: datetime,
) -> UUID | None:
    """Make a call that came in a talk about what its person is due; returns the attempt.

    None: nothing is due that may be said, or we are ringing them at this very moment, or somebody
    has rung in their name too often.
    """
    lately = (await session.execute(_LATELY, {"person_id": person_id, "now": now})).one()
    if any(count >= most for count, (_, most) in zip(lately, MOST_CALLS, strict=True)):
        log.warning("caller_rings_too_often", call_id=str(call.call_id))
        return None
    rows = await session.execute(_WAITING, {"person_id": person_id, "e164": e164.e164, "now": now})
    waiting = rows.all()
    if not waiting:
        return None
    due_call_ids = [row.due_call_id for row in waiting]
    subjects = await load_subjects(session, due_call_ids, now=now, lock=False)
    open_ = [
        row
        for row in waiting
        if subjects[row.due_call_id].reason_holds and not subjects[row.due_call_id].disputed
    ]
    chosen = said_together(open_)
    if not chosen:
        return None
    written = await session.execute(
        _COMMIT,
        {
            "call_id": call.call_id,
            "person_id": person_id,
            "phone_id": phone_id,
            "e164": e164.e164,
            "bridge": call.bridge,
            "trunk": call.trunk,
            "campaign": chosen[0].campaign,
            "at": call.at,
            "due_call_ids": [row.due_call_id for row in chosen],
        },
    )
    attempt_id: UUID | None = written.scalar_one_or_none()
    return attempt_id


def said_together(rows: Sequence[AnyRow]) -> list[AnyRow]:
    """Choose what is said in one call, as a call of ours does: no debt beside a survey."""
    chosen: list[AnyRow] = []
    in_turn = sorted(
        rows, key=lambda row: (not row.appointment, row.due_by, -row.priority, row.due_call_id)
    )
    for row in in_turn:
        fits = all(
            row.community_id == other.community_id and may_share(row, other) for other in chosen
        )
        if fits and len(chosen) < MOST_SECTIONS:
            chosen.append(row)
    return chosen
