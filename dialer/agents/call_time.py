"""A time an owner asks to be called at, judged before it is promised, by the rules that ring it.

The owner's own rest hours and the house's hours give way to a time they named; the law and a
do-not-call wish do not. What cannot be is refused with the next time that every rule allows.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.call_facts import CallFacts, DueFacts
from callback.model import Decision
from callback.promised import purpose_of
from callback.rules import Rule
from callback.tables import DueCall, DueCallCharge
from callback.verdict import Verdict, judge
from core.columns import table_of
from core.errors import OwnerlineError
from customers.model import CallMode, Purpose, Reason
from dialer.agents.desk import Desk
from dialer.call_facts import Wished, load_wished
from dialer.control import switches

_DUE_CALL, _COVERED = table_of(DueCall), table_of(DueCallCharge)
_MOST_ROUNDS = 16  # rules that refuse in turn; each round is later than the one before
_MINUTE = timedelta(minutes=1)

_COVERS = sa.select(_COVERED.c.charge_id).where(
    _COVERED.c.due_call_id == sa.bindparam("due_call_id")
)
_PURPOSE = sa.select(_DUE_CALL.c.purpose).where(
    _DUE_CALL.c.due_call_id == sa.bindparam("due_call_id")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallTime:
    """A time that was asked for and what the rules say of it; `next_at` where they refuse it."""

    call_at: datetime
    verdict: Verdict
    next_at: datetime | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the call may be promised for this time."""
        return self.verdict.decision is Decision.ALLOW

    @property
    def passes_over(self) -> Rule | None:
        """Return the wish or habit that gives way to the time the owner named; None: none."""
        over = self.verdict.facts.get("passed_over")
        return None if over is None else Rule(str(over))


class CallTimeRefusedError(OwnerlineError):
    """The rules forbid a call at the time asked for; `time` says which, and the next one."""

    def __init__(self, time: CallTime) -> None:
        message = (
            f"a call at {time.call_at.isoformat()} is refused by the rules: "
            f"{time.verdict.rule.value}"
        )
        if time.next_at is not None:
            message += f"; the next time they allow is {time.next_at.isoformat()}"
        super().__init__(message)
        self.time = time


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedCall:
    """Whom to call, at what time, about what; `due_call_id` is the call it goes on with."""

    person_id: int
    community_id: int
    call_at: datetime
    about: Reason
    due_call_id: int | None = None
    mode: CallMode | None = None


async def judge_call_time(
    session: AsyncSession, asked: AskedCall, *, desk: Desk, now: datetime
) -> CallTime | None:
    """Say what the rules will say of a call at the time asked for; None: nobody is there to call.

    What can be turned off and on again by then (a stop, a pause, arming) is left out.
    """
    turned = await switches(session)
    basis = replace(
        desk.basis(turned),
        armed=True,
        stopped=False,
        reconciled=True,
        paused_campaigns=frozenset(),
    )
    of_call = {"due_call_id": asked.due_call_id}
    purpose: Purpose | None = await session.scalar(_PURPOSE, of_call)
    debt_ids = frozenset((await session.execute(_COVERS, of_call)).scalars())
    wished = Wished(
        person_id=asked.person_id,
        community_id=asked.community_id,
        call_at=asked.call_at,
        about=asked.about,
        purpose=purpose or purpose_of(asked.about, desk.campaigns),
        mode=asked.mode,
        debt_ids=debt_ids,
    )
    facts = await load_wished(session, wished, now=now, basis=basis, campaigns=desk.campaigns)
    if facts is None:
        return None
    facts = _with_this_talk(facts, asked.due_call_id)
    verdict = judge(asked.call_at, facts, desk.packs)
    time = CallTime(call_at=asked.call_at, verdict=verdict)
    if time.is_allowed:
        return time
    latest = now + timedelta(days=desk.rules.max_callback_days)
    return replace(time, next_at=_next_allowed(facts, verdict, desk, latest=latest))


async def check_call_time(
    session: AsyncSession, asked: AskedCall, *, desk: Desk, now: datetime
) -> CallTime | None:
    """Return what the rules say of an allowed time; None: nobody is there to call.

    Raises:
        CallTimeRefusedError: they refuse it.
    """
    time = await judge_call_time(session, asked, desk=desk, now=now)
    if time is not None and not time.is_allowed:
        raise CallTimeRefusedError(time)
    return time


def _with_this_talk(facts: CallFacts, due_call_id: int | None) -> CallFacts:
    """Count the call in which the owner asks as the conversation it is, written down or not."""
    if due_call_id is None or not facts.attempts:
        return facts
    newest, *earlier = facts.attempts
    if due_call_id not in newest.due_call_ids or not newest.answered:
        return facts
    return replace(facts, attempts=(replace(newest, conversation=True), *earlier))


def _next_allowed(
    facts: CallFacts, refusal: Verdict, desk: Desk, *, latest: datetime
) -> datetime | None:
    """Return the first whole minute that every rule allows, the owner's wishes among them."""
    at, until = None, refusal.until
    for _ in range(_MOST_ROUNDS):
        if until is None or until > latest:
            return None
        at = _whole_minute(until)
        verdict = judge(at, replace(facts, due=_unnamed(facts.due, at)), desk.packs)
        if verdict.decision is Decision.ALLOW:
            return at
        until = verdict.until
    return None


def _unnamed(due: DueFacts, at: datetime) -> DueFacts:
    """Return the due call for a time that we, not the owner, propose: no wish gives way to it."""
    return replace(due, appointment=False, not_before=at, due_by=at + _MINUTE)


def _whole_minute(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    bare = at.replace(second=0, microsecond=0)
    return bare if bare == at else bare + _MINUTE
