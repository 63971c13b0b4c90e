"""Notes, agents' tasks and the audit: what is written beside a change of the customer file."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.tables import AgentTask, AuditEntry, Note


class UnknownSubjectError(OwnerlineError):
    """The customer file has nothing with that id."""

    def __init__(self, *, what: str, subject_id: int) -> None:
        super().__init__(f"the customer file has no {what} {subject_id}")


async def add_note(
    session: AsyncSession,
    *,
    text: str,
    written_by: str,
    person_id: int | None = None,
    unit_id: int | None = None,
    now: datetime,
) -> None:
    """Put a line on a person's or a unit's file."""
    session.add(
        Note(person_id=person_id, unit_id=unit_id, at=now, written_by=written_by, text=text)
    )
    await session.flush()


async def has_note(
    session: AsyncSession, *, person_id: int, text: str, written_by: str, since: datetime
) -> bool:
    """Say whether somebody has put the same line on a person's file since then."""
    the_same = sa.and_(
        Note.person_id == person_id,
        Note.at >= since,
        Note.written_by == written_by,
        Note.text == text,
    )
    return bool(await session.scalar(sa.select(sa.exists().where(the_same))))


async def open_agent_task(
    session: AsyncSession,
    *,
    person_id: int,
    kind: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
    now: datetime,
) -> bool:
    """Open a task for an agent; False when the same one is open already."""
    task_id = await session.scalar(
        insert(AgentTask)
        .values(
            person_id=person_id,
            kind=kind,
            subject=subject,
            created_at=now,
            detail=dict(detail or {}),
        )
        .on_conflict_do_nothing(
            index_elements=["person_id", "kind", "subject"],
            index_where=sa.text("done_at IS NULL"),
        )
        .returning(AgentTask.agent_task_id)
    )
    return task_id is not None


async def audit(
    session: AsyncSession,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    """Write down who looked at, took away or changed what."""
    session.add(
        AuditEntry(at=now, actor=actor, action=action, subject=subject, detail=dict(detail or {}))
    )
    await session.flush()


_NOTED = sa.select(AuditEntry.audit_entry_id).where(
    AuditEntry.subject == sa.bindparam("subject"),
    AuditEntry.actor == sa.bindparam("actor"),
    AuditEntry.action == sa.bindparam("action"),
    AuditEntry.at > sa.bindparam("since"),
)
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def audit_once(
    session: AsyncSession,
    *,
    actor: str,
    action: str,
    subject: str,
    within: timedelta,
    detail: Mapping[str, object] | None = None,
    now: datetime,
) -> bool:
    """Write it down unless the same was written a while ago: one act of many requests is one.

    Returns whether it was written now.
    """
    await session.execute(_ONE_AT_A_TIME, {"key": f"{actor} {action} {subject}"})
    known = await session.scalar(
        _NOTED.limit(1),
        {"subject": subject, "actor": actor, "action": action, "since": now - within},
    )
    if known is not None:
        return False
    await audit(session, actor=actor, action=action, subject=subject, detail=detail, now=now)
    return True
