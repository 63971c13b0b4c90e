"""What was tried before, as the facts a verdict asks for: caps, silence and retry intervals."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall, DueCallCharge
from callback.verdict import PastAttempt
from core.columns import BIGINTS, AnyRow
from core.phone import PhoneNumber
from customers.account_tables import Charge
from customers.model import CallMode, Purpose, WrapUpCode
from customers.tables import Phone
from dialer.found_tables import FoundRing
from dialer.model import Direction, TelephonyResult
from dialer.retry import is_conversation
from dialer.tables import Attempt, AttemptDueCall

# No shipped pack looks back further than the 30 days of 16 CFR 310.4(b)(4).
HORIZON = timedelta(days=35)

# Answered and met by nobody, or taken for a machine by detection (Ofcom counts both for 72 h).
_ABANDONED = frozenset({TelephonyResult.ABANDONED, TelephonyResult.MACHINE})


# What the carrier refused, or never heard of, rang nobody; of what is lost nobody can say so.
_NEVER_PLACED = sa.and_(
    Attempt.telephony_result != TelephonyResult.LOST, Attempt.submitted_at.is_(None)
)
_SPOKEN = AttemptDueCall.wrap_up_code.in_([code for code in WrapUpCode if is_conversation(code)])
_CHARGE_IDS = (
    sa.select(sa.func.array_agg(DueCallCharge.charge_id))
    .where(DueCallCharge.due_call_id == AttemptDueCall.due_call_id)
    .scalar_subquery()
)
_ON_FILE = (
    sa.select(
        Attempt.person_id,
        Attempt.attempt_id,
        Attempt.started_at,
        Attempt.e164,
        Attempt.mode,
        Attempt.telephony_result,
        Attempt.answered_at,
        Attempt.direction,
        AttemptDueCall.due_call_id,
        AttemptDueCall.position,
        AttemptDueCall.wrap_up_code,
        AttemptDueCall.retry_at,
        AttemptDueCall.next_phone,
        DueCall.purpose,
        _CHARGE_IDS.label("charge_ids"),
        sa.false().label("found"),
    )
    .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
    .join(DueCall, DueCall.due_call_id == AttemptDueCall.due_call_id)
    .where(
        Attempt.person_id == sa.any_(sa.bindparam("person_ids", type_=BIGINTS)),
        Attempt.started_at > sa.bindparam("since"),
        sa.func.coalesce(sa.not_(_NEVER_PLACED), sa.true()),
        sa.or_(Attempt.direction == Direction.OUTBOUND, _SPOKEN),
    )
)
# What a ring found in the carrier's book was about is lost: it counts for whoever has the number
# now, for every due call and every debt of theirs, and an answered one as a conversation.
_FOUND = (
    sa.select(
        Phone.person_id,
        FoundRing.call_id,
        FoundRing.placed_at,
        FoundRing.e164,
        sa.literal(CallMode.AUTOMATIC, Attempt.mode.type),
        sa.null(),
        FoundRing.answered_at,
        sa.literal(Direction.OUTBOUND, Attempt.direction.type),
        sa.null(),
        sa.null(),
        sa.null(),
        FoundRing.held_until,
        sa.true(),
        sa.literal(Purpose.DEBT, DueCall.purpose.type),
        sa.select(sa.func.array_agg(Charge.charge_id))
        .where(Charge.liable_person_id == Phone.person_id)
        .scalar_subquery(),
        sa.true(),
    )
    .join(Phone, Phone.e164 == FoundRing.e164)
    .where(
        Phone.person_id == sa.any_(sa.bindparam("person_ids", type_=BIGINTS)),
        FoundRing.placed_at > sa.bindparam("since"),
    )
)
_ATTEMPTS: sa.CompoundSelect[*tuple[Any, ...]] = sa.union_all(_ON_FILE, _FOUND).order_by(
    sa.desc("started_at"), "attempt_id", "person_id", "position"
)


async def past_attempts(
    session: AsyncSession, person_ids: Sequence[int], *, now: datetime
) -> dict[int, tuple[PastAttempt, ...]]:
    """Return each person's attempts of the horizon that may have rung, newest first."""
    rows = await session.execute(
        _ATTEMPTS, {"person_ids": list(person_ids), "since": now - HORIZON}
    )
    found: dict[int, list[PastAttempt]] = defaultdict(list)
    for _, served in groupby(rows, key=lambda row: (row.attempt_id, row.person_id)):
        parts = list(served)
        found[parts[0].person_id].append(_past_attempt(parts))
    return {person_id: tuple(attempts) for person_id, attempts in found.items()}


def _past_attempt(parts: list[AnyRow]) -> PastAttempt:
    first = parts[0]
    purposes = {part.purpose for part in parts}
    answered = first.answered_at is not None
    return PastAttempt(
        at=first.started_at,
        phone=PhoneNumber(first.e164),
        mode=first.mode,
        purpose=Purpose.DEBT if Purpose.DEBT in purposes else first.purpose,
        answered=answered,
        conversation=any(is_conversation(_code(part.wrap_up_code)) for part in parts)
        or (first.found and answered),
        inbound=first.direction is Direction.INBOUND,
        abandoned=first.telephony_result in _ABANDONED,
        debt_ids=frozenset(charge for part in parts for charge in part.charge_ids or ()),
        due_call_ids=frozenset(part.due_call_id for part in parts if not part.found),
        retry_until=max((part.retry_at for part in parts if part.retry_at), default=None),
        next_phone=all(part.next_phone for part in parts),
    )


def _code(word: str | None) -> WrapUpCode | None:
    return None if word is None else WrapUpCode(word)
