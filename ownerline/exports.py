"""`ownerline export`: which tables there are, and the rows of due calls, attempts and verdicts."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.subject_labels import subject_named
from callback.tables import DueCall, VerdictRow
from customers.export import charge_rows, contact_rows, work_order_rows, write_rows
from customers.service import audit
from customers.tables import Community, Person, Unit
from dialer.agents.tables import Agent
from dialer.tables import Attempt, AttemptDueCall
from ownerline.books import campaigns_of
from ownerline.runtime import Runtime

Rows = AsyncIterator[Sequence[Any]]


async def export_table(runtime: Runtime, *, table: str, target: str, actor: str) -> int:
    """Write a table to a .csv or .xlsx file or to `-` (CSV on stdout); return how many rows.

    The export itself goes on the audit.
    """
    header, rows = EXPORTS[table]
    now, campaigns = runtime.clock.now(), campaigns_of(runtime.settings)
    async with runtime.sessions.begin() as session:
        await audit(
            session,
            now=now,
            actor=actor,
            action="exported",
            subject=table,
            detail={"target": target},
        )
        return await write_rows(target, header, rows(session, now, campaigns))


def _contacts(session: AsyncSession, now: datetime, _campaigns: Campaigns) -> Rows:
    return contact_rows(session, now=now)


def _charges(session: AsyncSession, _now: datetime, _campaigns: Campaigns) -> Rows:
    return charge_rows(session)


def _work_orders(session: AsyncSession, _now: datetime, campaigns: Campaigns) -> Rows:
    return work_order_rows(session, days=campaigns.repair.days)


async def _due_calls(session: AsyncSession, _now: datetime, _campaigns: Campaigns) -> Rows:
    rows = await session.stream(
        sa.select(
            DueCall.due_call_id,
            Community.name,
            Unit.label,
            Person.name,
            DueCall.reason,
            subject_named(),
            DueCall.not_before,
            DueCall.due_by,
            DueCall.priority,
            DueCall.state,
            DueCall.attempts,
            DueCall.settled_because,
        )
        .join(Community, Community.community_id == DueCall.community_id)
        .outerjoin(Unit, Unit.unit_id == DueCall.unit_id)
        .join(Person, Person.person_id == DueCall.person_id)
        .order_by(DueCall.due_call_id)
    )
    async for row in rows:
        yield tuple(row)


async def _attempts(session: AsyncSession, _now: datetime, _campaigns: Campaigns) -> Rows:
    by_position = AttemptDueCall.position
    rows = await session.stream(
        sa.select(
            Attempt.attempt_id,
            sa.func.string_agg(
                sa.cast(AttemptDueCall.due_call_id, sa.Text), sa.literal(";")
            ).aggregate_order_by(by_position),
            Person.name,
            Attempt.e164,
            Attempt.bridge,
            Attempt.mode,
            Attempt.started_at,
            Attempt.answered_at,
            Attempt.ended_at,
            Attempt.telephony_result,
            # One code a due call, in their order; one that has none leaves its place empty.
            sa.func.string_agg(
                sa.func.coalesce(sa.cast(AttemptDueCall.wrap_up_code, sa.Text), ""),
                sa.literal(";"),
            ).aggregate_order_by(by_position),
            Agent.name.label("agent"),
            Attempt.recording,
            Attempt.direction,
        )
        .outerjoin(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
        .join(Person, Person.person_id == Attempt.person_id)
        .outerjoin(Agent, Agent.agent_id == Attempt.agent_id)
        .group_by(Attempt.attempt_id, Person.name, Agent.name)
        .order_by(Attempt.started_at, Attempt.attempt_id)
    )
    async for row in rows:
        yield _with_codes(tuple(row))


def _with_codes(row: tuple[Any, ...]) -> tuple[Any, ...]:
    codes = row[10] if row[10].strip(";") else ""
    return (*row[:10], codes, *row[11:])


async def _verdicts(session: AsyncSession, _now: datetime, _campaigns: Campaigns) -> Rows:
    rows = await session.stream(
        sa.select(
            VerdictRow.at,
            VerdictRow.due_call_id,
            Person.name,
            VerdictRow.e164,
            VerdictRow.decision,
            VerdictRow.rule,
            VerdictRow.pack,
            VerdictRow.until,
            VerdictRow.layer,
            VerdictRow.pack_version,
        )
        .join(Person, Person.person_id == VerdictRow.person_id)
        .order_by(VerdictRow.verdict_id)
    )
    async for row in rows:
        yield tuple(row)


EXPORTS: dict[str, tuple[tuple[str, ...], Callable[[AsyncSession, datetime, Campaigns], Rows]]] = {
    "contacts": (
        ("community", "unit", "name", "role", "phones", "moved_in", "vip", "do_not_call"),
        _contacts,
    ),
    "charges": (
        (
            *("reference", "community", "unit", "kind", "amount", "paid", "open", "due_on"),
            "currency",
        ),
        _charges,
    ),
    "work-orders": (
        (
            *("reference", "community", "unit", "category", "reported_on", "completed_on"),
            "callback_by",
        ),
        _work_orders,
    ),
    "due-calls": (
        (
            *("due_call_id", "community", "unit", "contact", "reason", "subject", "not_before"),
            *("due_by", "priority", "state", "attempts", "settled_because"),
        ),
        _due_calls,
    ),
    "attempts": (
        (
            *("attempt_id", "due_call_ids", "contact", "phone", "bridge", "mode", "started_at"),
            *("answered_at", "ended_at", "telephony_result", "wrap_up_code", "agent", "recording"),
            "direction",
        ),
        _attempts,
    ),
    "verdicts": (
        (
            *("at", "due_call_id", "contact", "phone", "decision", "rule", "pack", "until"),
            *("layer", "pack_version"),
        ),
        _verdicts,
    ),
}
