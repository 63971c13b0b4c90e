"""What dialling came to: attempts by result and code, refusals by rule, what is left and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import Decision
from callback.tables import DueCall, VerdictRow
from dialer.idle import IdleReason
from dialer.model import AttemptState, Direction
from dialer.tables import Attempt, AttemptDueCall


@dataclass(frozen=True, kw_only=True, slots=True)
class DialingSummary:
    """The counts of one run; `idle` is why nothing more is dialled although something is due."""

    attempts: int
    telephony: Mapping[str, int]
    wrap_up: Mapping[str, int]
    refused: Mapping[str, int]
    states: Mapping[str, int]
    unsettled: int
    idle: IdleReason | None

    def without(self, earlier: Self) -> Self:
        """Return what came on top of an earlier summary: the calls of this run, not of before."""
        return replace(
            self,
            attempts=self.attempts - earlier.attempts,
            telephony=Counter(self.telephony) - Counter(earlier.telephony),
            wrap_up=Counter(self.wrap_up) - Counter(earlier.wrap_up),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "attempts": self.attempts,
            "telephony": dict(self.telephony),
            "wrap_up": dict(self.wrap_up),
            "refused": dict(self.refused),
            "due_calls": dict(self.states),
            "unsettled": self.unsettled,
            "nothing_dialled_because": None if self.idle is None else self.idle.for_log(),
        }


async def summarize(
    session: AsyncSession, *, since: datetime, now: datetime, idle: IdleReason | None
) -> DialingSummary:
    """Count what happened from `since` to `now`, and why what waits or was settled then does so.

    `refused` is by the last verdict of each due call.
    """
    in_run = sa.and_(
        Attempt.started_at.between(since, now), Attempt.direction == Direction.OUTBOUND
    )
    telephony = await _counts(
        session,
        sa.select(Attempt.telephony_result, sa.func.count())
        .where(in_run, Attempt.telephony_result.is_not(None))
        .group_by(Attempt.telephony_result),
    )
    wrap_up = await _counts(
        session,
        sa.select(AttemptDueCall.wrap_up_code, sa.func.count())
        .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
        .where(in_run, AttemptDueCall.wrap_up_code.is_not(None))
        .group_by(AttemptDueCall.wrap_up_code),
    )
    last = (
        sa.select(VerdictRow.due_call_id, VerdictRow.rule, VerdictRow.decision)
        .join(DueCall, DueCall.due_call_id == VerdictRow.due_call_id)
        .where(sa.or_(DueCall.settled_at.is_(None), VerdictRow.at.between(since, now)))
        .ext(distinct_on(VerdictRow.due_call_id))
        .order_by(VerdictRow.due_call_id, VerdictRow.verdict_id.desc())
        .subquery()
    )
    refused = await _counts(
        session,
        sa.select(last.c.rule, sa.func.count())
        .where(last.c.decision != Decision.ALLOW)
        .group_by(last.c.rule),
    )
    states = await _counts(
        session, sa.select(DueCall.state, sa.func.count()).group_by(DueCall.state)
    )
    attempts = await session.scalar(sa.select(sa.func.count()).where(in_run))
    live = await session.scalar(
        sa.select(sa.func.count()).where(
            Attempt.state != AttemptState.ENDED, Attempt.direction == Direction.OUTBOUND
        )
    )
    return DialingSummary(
        attempts=attempts or 0,
        telephony=telephony,
        wrap_up=wrap_up,
        refused=refused,
        states=states,
        unsettled=live or 0,
        idle=idle,
    )


def print_dialing_summary(summary: DialingSummary, zone: str) -> None:
    """Print the summary for a person, instants by the wall clock of the zone."""
    console = Console()
    console.print(f"{summary.attempts} attempts")
    for title, counts in (
        ("telephony result", summary.telephony),
        ("wrap-up code", summary.wrap_up),
        ("not called because", summary.refused),
        ("due calls now", summary.states),
    ):
        if counts:
            table = Table(title, "count", box=None, title_justify="left")
            for word, count in counts.items():
                table.add_row(word, str(count))
            console.print(table)
    if summary.idle is not None:
        console.print(_idle_sentence(summary.idle, zone))


def _idle_sentence(idle: IdleReason, zone: str) -> str:
    after = ""
    if idle.until is not None:
        after = f", next at {idle.until.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
    return f"nothing is dialled now: {idle.reason} ({idle.due} due calls{after})"


async def _counts(session: AsyncSession, query: sa.Select[*tuple[Any, ...]]) -> dict[str, int]:
    rows = await session.execute(query)
    return {str(word): count for word, count in sorted((str(row[0]), row[1]) for row in rows)}
