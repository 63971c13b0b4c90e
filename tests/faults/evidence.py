"""Brings the judge what it looks at: the carrier's files and the rows of the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import Reason, WrapUpCode
from dialer.bridges.simulated.book import read_calls
from dialer.model import AttemptState, TelephonyResult
from scripts.library import load_library
from tests.faults.judge import AttemptOnFile, DueCallOnFile, Evidence, Served
from tests.faults.outside import Arrival
from tests.faults.talks import read_talks

_ATTEMPTS = sa.text("""
    SELECT attempt_id, person_id, state, started_at, submitted_at, telephony_result, talk
    FROM attempt ORDER BY attempt_id
""")
_SERVED = sa.text("""
    SELECT served.attempt_id, served.due_call_id, due_call.reason, served.settled_at,
           served.telephony_result, served.wrap_up_code, served.retry_at, served.next_phone
    FROM attempt_due_call served JOIN due_call USING (due_call_id)
    ORDER BY served.attempt_id, served.position
""")
_DUE_CALLS = sa.text("""
    SELECT due_call_id, state, attempts, next_at, settled_at
    FROM due_call WHERE settled_because IS DISTINCT FROM 'reminded_by_letter'
""")
_PROMISES = sa.text("""
    SELECT attempt_id, count(*) AS promises FROM promise
    WHERE attempt_id IS NOT NULL GROUP BY attempt_id
""")
_OPTED_OUT = sa.text("""
    SELECT person_id FROM do_not_call WHERE person_id IS NOT NULL AND lifted_at IS NULL
""")


async def gather(
    session: AsyncSession,
    *,
    book: Path,
    talks: Path,
    arrivals: Sequence[Arrival],
    now: datetime,
    on_the_way: timedelta,
) -> Evidence:
    """Return everything, as of the instant `now` of the day."""
    served: dict[object, list[Served]] = {}
    for row in await session.execute(_SERVED):
        served.setdefault(row.attempt_id, []).append(
            Served(
                due_call_id=row.due_call_id,
                reason=Reason(row.reason),
                settled=row.settled_at is not None,
                result=_result(row.telephony_result),
                code=None if row.wrap_up_code is None else WrapUpCode(row.wrap_up_code),
                retry_at=row.retry_at,
                next_phone=row.next_phone,
            )
        )
    attempts = {
        row.attempt_id: AttemptOnFile(
            attempt_id=row.attempt_id,
            person_id=row.person_id,
            state=AttemptState(row.state),
            started_at=row.started_at,
            submitted_at=row.submitted_at,
            result=_result(row.telephony_result),
            talk=row.talk,
            served=served.get(row.attempt_id, ()),
        )
        for row in await session.execute(_ATTEMPTS)
    }
    due_calls = {
        row.due_call_id: DueCallOnFile(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
        for row in await session.execute(_DUE_CALLS)
    }
    promises = {row.attempt_id: row.promises for row in await session.execute(_PROMISES)}
    opted_out = frozenset((await session.execute(_OPTED_OUT)).scalars())
    return Evidence(
        now=now,
        calls=tuple(read_calls(book)),
        attempts=attempts,
        due_calls=due_calls,
        talks=read_talks(talks),
        arrivals=tuple(arrivals),
        promises=promises,
        opted_out=opted_out,
        library=load_library(),
        on_the_way=on_the_way,
    )


def _result(value: str | None) -> TelephonyResult | None:
    return None if value is None else TelephonyResult(value)
