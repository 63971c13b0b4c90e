"""Why nothing is dialled although something is due: the one binding reason, for log and summary."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import DueCallState
from callback.rules import Rule
from callback.tables import DueCall, VerdictRow
from dialer.control import Switches


@dataclass(frozen=True, kw_only=True, slots=True)
class IdleReason:
    """What binds: a switch, the trunks, or the rule that holds most of the due calls back.

    `until` is the earliest instant at which one of them may be asked again; None: not by itself.
    """

    reason: str
    due: int
    until: datetime | None

    def for_log(self) -> dict[str, object]:
        """Return the fields of a log line."""
        until = None if self.until is None else self.until.isoformat()
        return {"reason": self.reason, "due": self.due, "until": until}


async def why_idle(
    session: AsyncSession, *, now: datetime, switches: Switches, live: int, channels: int
) -> IdleReason | None:
    """Return the binding reason, or None when nothing is due."""
    due = await _due_now(session, now=now)
    total = sum(each.due for each in due)
    if not total:
        return None
    if switches.stopped:
        return IdleReason(reason="stopped", due=total, until=None)
    if live >= channels:
        return IdleReason(reason="all_channels_busy", due=total, until=None)
    return max(due, key=lambda each: (each.due, each.reason))


async def _due_now(session: AsyncSession, *, now: datetime) -> list[IdleReason]:
    """Return the waiting due calls whose time has come, by the rule of their last verdict."""
    last = (
        sa.select(VerdictRow.rule)
        .where(VerdictRow.due_call_id == DueCall.due_call_id)
        .order_by(VerdictRow.verdict_id.desc())
        .limit(1)
        .lateral()
    )
    # What was allowed and still waits has been rung, and waits for its retry.
    rule = sa.case(
        (last.c.rule.in_([Rule.ALLOWED.value, Rule.APPOINTMENT.value]), Rule.RETRY_INTERVAL.value),
        else_=sa.func.coalesce(last.c.rule, "not_yet_judged"),
    ).label("rule")
    rows = await session.execute(
        sa.select(
            rule,
            sa.func.count().label("due"),
            sa.func.min(DueCall.next_at).label("until"),
        )
        .select_from(DueCall)
        .outerjoin(last, sa.true())
        .where(DueCall.state == DueCallState.WAITING, DueCall.not_before <= now)
        .group_by(rule)
    )
    return [
        IdleReason(reason=row.rule, due=row.due, until=row.until if row.until > now else None)
        for row in rows
    ]
