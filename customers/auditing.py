"""The audit read back: who looked at, took away or changed what, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from customers.tables import AuditEntry

_ENTRY = table_of(AuditEntry)
# Actors are few and entries many: each is met once, from one to the next by the index.
_ACTORS = sa.text("""
    WITH RECURSIVE met AS (
        (SELECT actor FROM audit_entry ORDER BY actor LIMIT 1)
        UNION ALL
        SELECT (
            SELECT e.actor FROM audit_entry e WHERE e.actor > met.actor ORDER BY e.actor LIMIT 1
        )
        FROM met WHERE met.actor IS NOT NULL
    )
    SELECT actor FROM met WHERE strpos(lower(actor), lower(:part)) > 0
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is looked for; None and an empty text look for anything.

    `actor` is part of a name; `subject` is whole or its beginning: `person:12`, `export:`. The
    days are half-open.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def find_entries(
    session: AsyncSession, wanted: Wanted, *, before: int | None, limit: int
) -> Sequence[AnyRow]:
    """Return entries older than the one of that id, newest first."""
    query = sa.select(_ENTRY)
    if before is not None:
        query = query.where(_ENTRY.c.audit_entry_id < before)
    if wanted.actor:
        actors = await session.scalars(_ACTORS, {"part": wanted.actor})
        query = query.where(_ENTRY.c.actor.in_(actors.all()))
    if wanted.action:
        query = query.where(_ENTRY.c.action == wanted.action)
    if wanted.subject:
        query = query.where(_ENTRY.c.subject.startswith(wanted.subject, autoescape=True))
    if wanted.since is not None:
        query = query.where(_ENTRY.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_ENTRY.c.at < wanted.until)
    return (
        await session.execute(query.order_by(_ENTRY.c.audit_entry_id.desc()).limit(limit))
    ).all()
