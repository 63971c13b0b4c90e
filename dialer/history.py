"""What was tried before, as the facts a verdict asks for: caps, silence and retry intervals."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall, DueCallCharge
from callback.verdict import PastAttempt
from core.columns import BIGINTS, AnyRow
from core.phone import PhoneNumber
from customers.account_tables import Charge
from customers.model import Purpose, WrapUpCode
from dialer.found_tables import FoundRing
from dialer.model import TelephonyResult
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
_CHARGE_IDS = (
    sa.select(sa.func.array_agg(DueCallCharge.charge_id))
    .where(DueCallCharge.due_call_id == AttemptDueCall.due_call_id)
    .scalar_subquery()
)
# A ring found in the carrier's book after a restore may have been about any debt of the person.
_EVERY_CHARGE_ID = (
    sa.select(sa.func.array_agg(Charge.charge_id))
    .where(Charge.liable_person_id == Attempt.person_id)
    .scalar_subquery()
)
_FOUND = FoundRing.attempt_id.is_not(None)
_ATTEMPTS = (
    sa.select(
        Attempt.person_id,
        Attempt.attempt_id,
        Attempt.started_at,
        Attempt.e164,
        Attempt.mode,
        Attempt.telephony_result,
        Attempt.answered_at,
        AttemptDueCall.due_call_id,
        AttemptDueCall.wrap_up_code,
        sa.func.coalesce(AttemptDueCall.retry_at, FoundRing.held_until).label("retry_at"),
        sa.func.coalesce(AttemptDueCall.next_phone, sa.true()).label("next_phone"),
        DueCall.purpose,
        sa.case((_FOUND, _EVERY_CHARGE_ID), else_=_CHARGE_IDS).label("charge_ids"),
        _FOUND.label("found"),
    )
    .outerjoin(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
    .outerjoin(DueCall, DueCall.due_call_id == AttemptDueCall.due_call_id)
    .outerjoin(FoundRing, FoundRing.attempt_id == Attempt.attempt_id)
    .where(
        Attempt.person_id == sa.any_(sa.bindparam("person_ids", type_=BIGINTS)),
        Attempt.started_at > sa.bindparam("since"),
        sa.func.coalesce(sa.not_(_NEVER_PLACED), sa.true()),
    )
    .order_by(Attempt.started_at.desc(), Attempt.attempt_id, AttemptDueCall.position)
)


async def past_attempts(
    session: AsyncSession, person_ids: Sequence[int], *, now: datetime
) -> dict[int, tuple[PastAttempt, ...]]:
    """Return each person's attempts of the horizon that may have rung, newest first."""
    rows = await session.execute(
        _ATTEMPTS, {"person_ids": list(person_ids), "since": now - HORIZON}
    )
    found: dict[int, list[PastAttempt]] = defaultdict(list)
    for _, served in groupby(rows, key=lambda row: row.attempt_id):
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
        purpose=Purpose.DEBT if first.found or Purpose.DEBT in purposes else first.purpose,
        answered=answered,
        conversation=any(is_conversation(_code(part.wrap_up_code)) for part in parts)
        or (first.found and answered),
        abandoned=first.telephony_result in _ABANDONED,
        debt_ids=frozenset(charge for part in parts for charge in part.charge_ids or ()),
        due_call_ids=frozenset(part.due_call_id for part in parts if part.due_call_id is not None),
        retry_until=max((part.retry_at for part in parts if part.retry_at), default=None),
        next_phone=all(part.next_phone for part in parts),
    )


def _code(word: str | None) -> WrapUpCode | None:
    return None if word is None else WrapUpCode(word)
