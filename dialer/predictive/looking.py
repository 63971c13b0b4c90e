"""What a campaign's pacer is told: agents and calls as the database has them at this instant.

A call that a person answered counts as live at its answer, and as abandoned too where its end says
so. What happens to a call is told once, at the first look that sees it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntFlag
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from dialer.agents.model import AgentState
from dialer.agents.tables import Agent
from dialer.model import AnsweredBy, AttemptState, TelephonyResult
from dialer.pacing.budget import HourCount
from dialer.pacing.model import Happening, Kind
from dialer.predictive.replaying import EPOCH
from dialer.wall.lately import first_id

_AGENT = table_of(Agent)

# Ends are heard late, after an outage of the carrier or of us; what is older is not learned from.
_LATE = timedelta(minutes=3)
# The longest call and the time it rings.
_LONGEST = timedelta(hours=2)

_AGENTS = (
    sa.select(_AGENT)
    .where(_AGENT.c.state.not_in([AgentState.OFFLINE, AgentState.BREAK]))
    .order_by(_AGENT.c.state_since, _AGENT.c.agent_id)
)
_CALLS = sa.text("""
    SELECT attempt_id, campaign, state, started_at, answered_at, answered_by, agent_id, met_at,
           coalesce(passed_on_at, ended_at) AS ended_at, telephony_result,
           talk IS NOT NULL AS told
    FROM attempt
    WHERE attempt_id >= :since_id AND mode = 'agent' AND direction = 'outbound'
      AND campaign = ANY (CAST(:campaigns AS text[]))
      AND (state <> 'ended' OR ended_at > :ended_after)
""")
_WRAPS = sa.text("""
    SELECT step.agent_state_change_id, attempt.campaign,
           CAST(extract(epoch FROM step.at - coalesce(passed_on_at, ended_at)) AS float8) AS seconds
    FROM agent_state_change step
    JOIN attempt USING (attempt_id)
    WHERE step.agent_state_change_id > :after AND step.from_state = 'wrap_up'
      AND step.to_state <> 'offline' AND attempt.campaign = ANY (CAST(:campaigns AS text[]))
      AND coalesce(passed_on_at, ended_at) IS NOT NULL
    ORDER BY step.agent_state_change_id
""")
_GREATEST_ID = UUID(int=(1 << 128) - 1)
_LAST_STEP = sa.text("SELECT coalesce(max(agent_state_change_id), 0) FROM agent_state_change")
_COUNTS = sa.text("""
    SELECT floor(extract(epoch FROM started_at - CAST(:epoch AS timestamptz)) / 3600)::int AS hour,
           count(*) AS live,
           count(*) FILTER (WHERE telephony_result = 'abandoned') AS abandoned
    FROM attempt
    WHERE attempt_id >= :since_id AND attempt_id < :until_id AND campaign = :campaign
      AND mode = 'agent' AND direction = 'outbound'
      AND answered_at IS NOT NULL AND answered_by <> 'machine'
      AND coalesce(telephony_result, 'answered') IN ('answered', 'abandoned')
    GROUP BY 1
    ORDER BY 1
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """The calls of one campaign at an instant; ages in seconds."""

    ringing: tuple[float, ...] = ()
    waiting: int = 0
    happened: tuple[Happening, ...] = ()


class _Told(IntFlag):
    ANSWER = 1
    END = 2


@dataclass(slots=True)
class CallWatch:
    """What has been told of each call of one campaign; nothing is told twice."""

    began_at: datetime  # what happened before was told by another
    looked_at: datetime
    _told: dict[UUID, _Told] = field(default_factory=dict)

    def look(self, rows: Iterable[AnyRow], *, now: datetime) -> Calls:
        """Return the calls, and what has happened since the look before."""
        ringing: list[float] = []
        happened: list[Happening] = []
        waiting = 0
        seen: dict[UUID, _Told] = {}
        for row in rows:
            told = self._told.get(row.attempt_id, _Told(0))
            age_s = _seconds(row.started_at, now)
            if _person(row) and _Told.ANSWER not in told:
                told |= _Told.ANSWER
                if not self._is_old(row.answered_at):
                    after_s = _seconds(row.started_at, max(row.answered_at, self.looked_at))
                    happened.append(Happening(kind=Kind.LIVE, seconds=min(after_s, age_s)))
            if row.state == AttemptState.ENDED.value:
                if _Told.END not in told:
                    told |= _Told.END
                    if not self._is_old(row.ended_at):
                        happened += _ends(row)
            elif row.agent_id is None:
                if row.answered_at is None:
                    ringing.append(age_s)
                elif _person(row) and not row.told:
                    waiting += 1
            seen[row.attempt_id] = told
        self._told, self.looked_at = seen, now
        return Calls(
            ringing=tuple(sorted(ringing)),
            waiting=waiting,
            happened=tuple(happened),
        )

    def _is_old(self, at: datetime) -> bool:
        """Say whether something happened before this watch began; it was told by another."""
        return at < self.began_at


def _person(row: AnyRow) -> bool:
    return row.answered_at is not None and row.answered_by != AnsweredBy.MACHINE.value


def _ends(row: AnyRow) -> Iterator[Happening]:
    """Yield what the end of a call is to the pacer."""
    if row.telephony_result == TelephonyResult.ABANDONED.value and row.answered_at is not None:
        yield Happening(kind=Kind.ABANDONED, seconds=_seconds(row.answered_at, row.ended_at))
    elif row.met_at is not None:
        yield Happening(kind=Kind.TALK, seconds=_seconds(row.met_at, row.ended_at))
    elif not _person(row):
        is_machine = row.telephony_result == TelephonyResult.MACHINE.value
        kind = Kind.MACHINE if is_machine else Kind.FAILED
        yield Happening(
            kind=kind, seconds=_seconds(row.started_at, row.answered_at or row.ended_at)
        )


def _seconds(since: datetime, until: datetime) -> float:
    """Return seconds, never below 0; a millisecond is more than anybody's clock is right."""
    return round(max(0.0, (until - since).total_seconds()), 3)


async def load_agents(session: AsyncSession) -> Sequence[AnyRow]:
    """Return the agents who are signed in and not on a break, longest in their state first."""
    return (await session.execute(_AGENTS)).all()


async def load_calls(
    session: AsyncSession, campaigns: Sequence[str], *, now: datetime
) -> dict[str, list[AnyRow]]:
    """Return the calls of campaigns that are up or have ended of late."""
    rows = await session.execute(
        _CALLS,
        {
            "campaigns": list(campaigns),
            "since_id": first_id(now - _LONGEST),
            "ended_after": now - _LATE,
        },
    )
    found: dict[str, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(row.campaign, []).append(row)
    return found


class WrapWatch:
    """The wrap-ups of campaigns' calls; each is told once."""

    def __init__(self) -> None:
        self._after: int | None = None

    async def look(
        self, session: AsyncSession, campaigns: Sequence[str]
    ) -> dict[str, list[Happening]]:
        """Return the wrap-ups that ended since the look before; none at the first look."""
        found: dict[str, list[Happening]] = {}
        if self._after is None:
            self._after = int((await session.execute(_LAST_STEP)).scalar_one())
            return found
        rows = await session.execute(_WRAPS, {"after": self._after, "campaigns": list(campaigns)})
        for row in rows:
            self._after = row.agent_state_change_id
            wrap = Happening(kind=Kind.WRAP, seconds=round(max(0.0, row.seconds), 3))
            found.setdefault(row.campaign, []).append(wrap)
        return found


async def count_answers(
    session: AsyncSession, campaign: str, *, since: datetime, until: datetime | None = None
) -> list[HourCount]:
    """Return the exact counts of a campaign's answers by the hour in which they were called."""
    rows = await session.execute(
        _COUNTS,
        {
            "campaign": campaign,
            "epoch": EPOCH,
            "since_id": first_id(since),
            "until_id": _GREATEST_ID if until is None else first_id(until),
        },
    )
    return [HourCount(hour_index=row.hour, live=row.live, abandoned=row.abandoned) for row in rows]
