"""Why nothing is dialled although something is due: the one binding reason, for log and summary."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import DueCallState
from callback.rules import Rule
from callback.tables import DueCall, VerdictRow
from customers.model import CallMode
from dialer.bridges.port import Closed
from dialer.control import Switches

log = structlog.get_logger(__name__)

# Counting what waits reads all of it, so it is done when dialling pauses, and then now and again.
REPORT_EVERY = timedelta(minutes=1)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class TrunkStanding:
    """How the trunks stand: calls up, channels, whether the rate is held down and used up.

    They are resting when each has refused a call shortly before, or is closed: its server is away,
    say, or what may be spent today is.
    """

    live: int
    channels: int
    slow: bool = False
    resting: Closed | None = None

    @property
    def binds(self) -> str | None:
        """Why the trunks carry no further call; None: they would."""
        if self.live >= self.channels:
            return "all_channels_busy"
        if self.resting is not None:
            return self.resting.value
        return "returning_after_outage" if self.slow else None


class IdleWatch:
    """Finds out, now and again, why nothing is dialled; logs each new reason once."""

    def __init__(self) -> None:
        self.reason: IdleReason | None = None
        self._asked_at: datetime | None = None
        self._said: str | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether it is time to look again."""
        return self._asked_at is None or now >= self._asked_at + REPORT_EVERY

    def over(self) -> None:
        """Forget the reason: calls are placed."""
        self.reason = None

    async def look(
        self, session: AsyncSession, switches: Switches, *, now: datetime, trunks: TrunkStanding
    ) -> None:
        """Find the binding reason; a reason that was not the last one is logged."""
        self._asked_at = now
        self.reason = await why_idle(session, now=now, switches=switches, trunks=trunks)
        said = None if self.reason is None else self.reason.reason
        if self.reason is not None and said != self._said:
            log.info("nothing_dialled", **self.reason.for_log())
        self._said = said


async def why_idle(
    session: AsyncSession, *, now: datetime, switches: Switches, trunks: TrunkStanding
) -> IdleReason | None:
    """Return the binding reason, or None when nothing is due."""
    due = await _due_now(session, now=now)
    total = sum(each.due for each in due)
    if not total:
        return None
    if not switches.reconciled:
        return IdleReason(reason=Rule.NOT_RECONCILED.value, due=total, until=None)
    if switches.stopped:
        return IdleReason(reason="stopped", due=total, until=None)
    if (binds := trunks.binds) is not None:
        return IdleReason(reason=binds, due=total, until=None)
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
    refused = sa.func.coalesce(
        last.c.rule.not_in([Rule.ALLOWED.value, Rule.APPOINTMENT.value]), sa.false()
    )
    # What was allowed and still waits has been rung, and waits for its retry.
    rule = sa.case(
        (
            sa.and_(DueCall.mode == CallMode.AGENT, DueCall.attempts == 0, sa.not_(refused)),
            Rule.NO_AGENT.value,
        ),
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
