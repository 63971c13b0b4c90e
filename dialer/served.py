"""Settling one due call of an ended attempt: what follows, what it causes, its one outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.model import DueCallState
from callback.overdue import settle_progress
from callback.tables import DueCall
from core.announcements import Kind, announce
from core.columns import AnyRow, table_of
from customers.model import WrapUpCode
from dialer import states
from dialer.effects import Settled, apply_effects
from dialer.model import Direction
from dialer.retry import DEAD_NUMBER, Next, after_inbound, decide, word_of
from dialer.tables import Attempt, AttemptDueCall
from scripts.library import Library


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What settling goes by."""

    campaigns: Campaigns
    library: Library


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A due call of the attempt, and what was settled for it."""

    row: AnyRow
    code: WrapUpCode | None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenBy:
    """Who gave the outcome of an agent's call, and when."""

    name: str
    at: datetime


_WORD_BEFORE = sa.case(
    (AttemptDueCall.wrap_up_code.is_not(None), AttemptDueCall.wrap_up_code),
    else_=AttemptDueCall.telephony_result,
)
_WORDS_BEFORE = (
    sa.select(sa.func.array_agg(sa.cast(_WORD_BEFORE, sa.Text)))
    .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
    .where(
        AttemptDueCall.due_call_id == DueCall.due_call_id,
        AttemptDueCall.settled_at.is_not(None),
        Attempt.submitted_at.is_not(None),
        Attempt.direction == Direction.OUTBOUND,
    )
    .scalar_subquery()
)
_MINE = sa.orm.aliased(AttemptDueCall)
_SERVED = (
    sa.select(*table_of(DueCall).c, _WORDS_BEFORE.label("words_before"))
    .join(_MINE, _MINE.due_call_id == DueCall.due_call_id)
    .where(_MINE.attempt_id == sa.bindparam("attempt_id"))
    .order_by(_MINE.position)
    .with_for_update(of=DueCall)
)


async def served_by(session: AsyncSession, attempt_id: UUID) -> list[AnyRow]:
    """Return the due calls an attempt serves, held, in their order."""
    return list(await session.execute(_SERVED, {"attempt_id": attempt_id}))


async def settle_due_call(
    session: AsyncSession,
    ended: states.Ended,
    served: Served,
    *,
    attempt: AnyRow,
    settlement: Settlement,
    written_by: WrittenBy | None = None,
) -> None:
    """Write a due call's outcome and all it causes; `written_by` is the agent's, where one spoke.

    The campaign's book must know the due call's campaign.
    """
    row = served.row
    word = word_of(ended.result, served.code)
    if attempt.direction is Direction.INBOUND:
        following = after_inbound(served.code)
    else:
        following = decide(
            result=ended.result,
            code=served.code,
            attempts=row.attempts,
            same_before=(row.words_before or []).count(word),
            ended_at=ended.ended_at,
            campaign=settlement.campaigns.get(row.campaign),
            placed=ended.submitted_at is not None,
        )
    await apply_effects(
        session,
        Settled(
            attempt_id=ended.attempt_id,
            person_id=attempt.person_id,
            phone_id=attempt.phone_id,
            e164=attempt.e164,
            due_call=row,
            code=served.code,
            data=served.data,
            at=ended.ended_at,
            dead_because=word if word in DEAD_NUMBER else None,
        ),
        settlement.campaigns,
    )
    await _write_outcome(
        session,
        served,
        ended=ended,
        following=following,
        written_by=written_by,
    )
    if following.state is not DueCallState.WAITING:
        await settle_progress(session, row.due_call_id, now=ended.ended_at)
    await announce(
        session,
        Kind.ATTEMPT_ENDED,
        {
            "attempt_id": str(ended.attempt_id),
            "person_id": attempt.person_id,
            "due_call_id": row.due_call_id,
            "campaign": row.campaign,
            "telephony_result": ended.result.value,
            "wrap_up_code": None if served.code is None else served.code.value,
            "due_call_state": following.state.value,
        },
        now=ended.ended_at,
    )


_OUTCOME = table_of(AttemptDueCall)
_WRITE_OUTCOME = sa.update(_OUTCOME).where(
    _OUTCOME.c.attempt_id == sa.bindparam("of_attempt"),
    _OUTCOME.c.due_call_id == sa.bindparam("of_due_call"),
)
_DUE_CALL = table_of(DueCall)
_GOES_ON = sa.update(_DUE_CALL).where(
    _DUE_CALL.c.due_call_id == sa.bindparam("of_due_call"),
    _DUE_CALL.c.state == DueCallState.CLAIMED,
)


async def _write_outcome(
    session: AsyncSession,
    served: Served,
    *,
    ended: states.Ended,
    following: Next,
    written_by: WrittenBy | None,
) -> None:
    due_call_id, at = served.row.due_call_id, ended.ended_at
    tries = served.row.attempts if ended.submitted_at is not None else served.row.attempts - 1
    await session.execute(
        _WRITE_OUTCOME,
        {
            "of_attempt": ended.attempt_id,
            "of_due_call": due_call_id,
            "settled_at": at,
            "telephony_result": ended.result,
            "wrap_up_code": served.code,
            "outcome": dict(served.data),
            "retry_at": following.retry_at,
            "next_phone": following.next_phone,
            "wrapped_up_at": written_by and written_by.at,
            "wrapped_up_by": written_by and written_by.name,
        },
    )
    waits = following.state is DueCallState.WAITING
    await session.execute(
        _GOES_ON,
        {
            "of_due_call": due_call_id,
            "state": following.state,
            "attempts": tries,
            "next_at": (following.retry_at if waits else None) or served.row.next_at,
            "settled_at": None if waits else at,
            "settled_because": None if waits else following.because,
        },
    )
