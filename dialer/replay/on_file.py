"""Reads recorded looks with all that is on file of them, a few statements for a whole batch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
from dialer.replay.model import LookKind
from dialer.replay.reading import RecordError, Seen, phone_ids_of, read, unpack

_NUMBERS = sa.text("""
    SELECT phone_id, e164 FROM phone WHERE phone_id = ANY (CAST(:phone_ids AS bigint[]))
""")
_VERDICTS = sa.text("""
    SELECT claim_record_id, due_call_id, at, e164, decision, rule, layer, pack, pack_version,
           until, facts
    FROM verdict
    WHERE claim_record_id = ANY (CAST(:claim_record_ids AS bigint[]))
""")
# The verdict that held when a look gave the same one: it was not written again.
_BEFORE = sa.text("""
    SELECT asked.claim_record_id, asked.due_call_id, v.decision, v.rule, v.until
    FROM unnest(CAST(:claim_record_ids AS bigint[]), CAST(:due_call_ids AS bigint[]))
         AS asked (claim_record_id, due_call_id)
    CROSS JOIN LATERAL (
        SELECT decision, rule, until FROM verdict
        WHERE verdict.due_call_id = asked.due_call_id
          AND coalesce(verdict.claim_record_id, 0) < asked.claim_record_id
        ORDER BY verdict_id DESC LIMIT 1
    ) AS v
""")
_ATTEMPTS = sa.text("""
    SELECT attempt_id, started_at, e164, trunk,
           ARRAY(SELECT due_call_id FROM attempt_due_call served
                 WHERE served.attempt_id = attempt.attempt_id ORDER BY position) AS due_call_ids
    FROM attempt
    WHERE attempt_id = ANY (CAST(:attempt_ids AS uuid[]))
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedLook:
    """A look with all that is on file of it."""

    claim_record_id: int
    at: datetime
    kind: LookKind
    seen: Seen | RecordError
    verdicts: Mapping[int, AnyRow]  # written by it, by due call
    before: Mapping[int, AnyRow]  # that held before it
    attempts: Mapping[UUID, AnyRow]


async def opened(session: AsyncSession, rows: Sequence[Any]) -> list[RecordedLook]:
    """Return looks, opened, with what is on file of each; four statements however many."""
    seen = await read_all(session, rows)
    ids = [row.claim_record_id for row in rows]
    verdicts: dict[int, dict[int, AnyRow]] = defaultdict(dict)
    for row in await session.execute(_VERDICTS, {"claim_record_ids": ids}):
        verdicts[row.claim_record_id][row.due_call_id] = row
    unwritten = [
        (key, each.candidate.due_call_id)
        for key, look in seen.items()
        if isinstance(look, Seen)
        for each in look.looked
        if each.candidate.due_call_id not in verdicts[key]
    ]
    before: dict[int, dict[int, AnyRow]] = defaultdict(dict)
    if unwritten:
        asked = {
            "claim_record_ids": [key for key, _ in unwritten],
            "due_call_ids": [due_call_id for _, due_call_id in unwritten],
        }
        for row in await session.execute(_BEFORE, asked):
            before[row.claim_record_id][row.due_call_id] = row
    attempt_ids = [
        call.attempt_id for look in seen.values() if isinstance(look, Seen) for call in look.placed
    ]
    attempts: dict[UUID, AnyRow] = {}
    if attempt_ids:
        written = await session.execute(_ATTEMPTS, {"attempt_ids": attempt_ids})
        attempts = {row.attempt_id: row for row in written}
    return [
        RecordedLook(
            claim_record_id=row.claim_record_id,
            at=row.at,
            kind=LookKind(row.kind),
            seen=seen[row.claim_record_id],
            verdicts=verdicts[row.claim_record_id],
            before=before[row.claim_record_id],
            attempts=attempts,
        )
        for row in rows
    ]


async def read_all(session: AsyncSession, rows: Sequence[Any]) -> dict[int, Seen | RecordError]:
    """Return what was seen in each look, by its id; why not, where its record cannot be read."""
    held: dict[int, dict[str, Any] | RecordError] = {}
    phone_ids: set[int] = set()
    for row in rows:
        try:
            held[row.claim_record_id] = unpacked = unpack(row.record)
            phone_ids |= phone_ids_of(unpacked)
        except RecordError as err:
            held[row.claim_record_id] = err
    found = await session.execute(_NUMBERS, {"phone_ids": sorted(phone_ids)})
    numbers = {row.phone_id: row.e164 for row in found}
    return {key: _read(each, numbers) for key, each in held.items()}


def _read(held: dict[str, Any] | RecordError, numbers: Mapping[int, str]) -> Seen | RecordError:
    if isinstance(held, RecordError):
        return held
    try:
        return read(held, numbers)
    except RecordError as err:
        return err
