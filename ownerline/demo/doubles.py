"""Counts the double calls in the carrier's own book, part by part, so that memory stays flat."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.bridges.simulated.book import read_calls
from dialer.bridges.simulated.doubles import AttemptFacts, DoubleCall, DoubleFinder

_BATCH = 1_000

_ATTEMPTS = sa.text("""
    SELECT attempt_id, person_id,
           array_agg(due_call_id ORDER BY position) AS due_call_ids,
           array_agg(served.retry_at ORDER BY position) AS retry_at,
           array_agg(served.next_phone ORDER BY position) AS next_phone
    FROM attempt
    JOIN attempt_due_call served USING (attempt_id)
    WHERE attempt_id = ANY(:attempt_ids)
    GROUP BY attempt_id
""")

_FINAL = sa.text("""
    SELECT due_call_id, settled_at FROM due_call
    WHERE state IN ('done', 'exhausted', 'expired') AND due_call_id = ANY(:due_call_ids)
""")


class DoubleTally:
    """Counts the calls and the double calls of a book; each `look` goes on behind the last one."""

    def __init__(self, book: Path) -> None:
        self.calls = 0
        self.double_calls: list[DoubleCall] = []
        self._book = book
        self._finder = DoubleFinder()
        self._read_to = 0

    async def look(self, session: AsyncSession) -> None:
        """Count what the book says since; no call may be up."""
        size = self._book.stat().st_size
        reading = read_calls(self._book, self._read_to)
        while batch := list(islice(reading, _BATCH)):
            facts = await attempt_facts(session, [call.call_id for call in batch])
            final_at = await _final_at(session, facts)
            self.double_calls += self._finder.look(batch, facts, final_at=final_at)
            self.calls += len(batch)
        self._read_to = size


async def attempt_facts(
    session: AsyncSession, attempt_ids: Sequence[UUID]
) -> dict[UUID, AttemptFacts]:
    """Return what the dialer knows of these calls; one it never placed is left out."""
    rows = await session.execute(_ATTEMPTS, {"attempt_ids": list(attempt_ids)})
    return {
        row.attempt_id: AttemptFacts(
            call_id=row.attempt_id,
            person_id=row.person_id,
            due_call_ids=tuple(row.due_call_ids),
            retry_at={
                due: at
                for due, at in zip(row.due_call_ids, row.retry_at, strict=True)
                if at is not None
            },
            other_numbers_free=frozenset(
                due for due, free in zip(row.due_call_ids, row.next_phone, strict=True) if free
            ),
        )
        for row in rows
    }


async def _final_at(
    session: AsyncSession, facts: Mapping[UUID, AttemptFacts]
) -> dict[int, datetime]:
    asked = sorted({due for each in facts.values() for due in each.due_call_ids})
    rows = await session.execute(_FINAL, {"due_call_ids": asked})
    return {row.due_call_id: row.settled_at for row in rows}
