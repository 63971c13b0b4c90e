"""Complaints: taken down, replied to, closed, judged by the owner; each step stays on file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
from core.errors import OwnerlineError
from core.live import Topic, tell
from customers.complaint_rules import ComplaintRules, shipped_complaint_rules
from customers.complaint_tables import (
    Complaint,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintStep,
    ComplaintStepKind,
)
from customers.desk import UnknownSubjectError
from customers.model import Reason
from customers.people import lock_person, request_callback
from customers.tables import CallbackRequest

_LATELY, _MOST_LATELY = timedelta(days=60), 3
_FURTHEST = timedelta(days=365)  # of a call that is promised when a complaint is closed


class ImpossibleComplaintError(OwnerlineError):
    """A complaint cannot be taken down, or a call promised about it, as it is given."""


class ComplaintStateError(OwnerlineError):
    """A step does not follow from where the complaint stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplaintGiven:
    """What somebody complains of; without an accountable name whoever took it is accountable.

    `reply` is what was answered on the spot; `call_at` is when a call is promised instead.
    """

    person_id: int
    unit_id: int | None
    category: ComplaintCategory
    channel: ComplaintChannel
    words: str
    serious: bool
    accountable: str
    agent_id: int | None = None
    reply: str = ""
    call_at: datetime | None = None


_PLACE = sa.text("""
    SELECT unit.community_id FROM occupancy o JOIN unit USING (unit_id)
    WHERE o.person_id = :person_id AND o.unit_id = CAST(:unit_id AS bigint)
    UNION ALL
    SELECT person.community_id FROM person
    WHERE person.person_id = :person_id AND person.community_id IS NOT NULL
      AND CAST(:unit_id AS bigint) IS NULL
    UNION ALL
    SELECT unit.community_id FROM occupancy o JOIN unit USING (unit_id)
    WHERE o.person_id = :person_id AND CAST(:unit_id AS bigint) IS NULL
    LIMIT 1
""")
COMPLAINT_ROWS = """
    SELECT c.*, place.name AS community, place.time_zone, unit.label AS unit, p.name AS person,
           (SELECT s.words FROM complaint_step s WHERE s.complaint_id = c.complaint_id
              AND s.kind = 'replied' ORDER BY s.complaint_step_id DESC LIMIT 1) AS reply,
           call.call_at AS call_at,
           CASE WHEN c.closed_at IS NOT NULL THEN 'closed'
                WHEN c.replied_at IS NULL AND c.reply_by <= :now THEN 'overdue'
                WHEN c.manager_told_at IS NULL AND c.manager_by <= :now THEN 'overdue'
                ELSE 'open' END AS standing
    FROM complaint c
    JOIN person p USING (person_id)
    JOIN community place ON place.community_id = c.community_id
    LEFT JOIN unit ON unit.unit_id = c.unit_id
    LEFT JOIN callback_request call ON call.callback_request_id = c.callback_request_id
         AND call.cancelled_at IS NULL AND call.call_at > :now
"""
_OF_PERSON = sa.text(f"""
    {COMPLAINT_ROWS} WHERE c.person_id = :person_id
    ORDER BY c.closed_at IS NOT NULL, c.closed_at DESC, c.reply_by, c.complaint_id LIMIT :limit
""")
_ONE = sa.text(f"{COMPLAINT_ROWS} WHERE c.complaint_id = :complaint_id")


async def register_complaint(
    session: AsyncSession, given: ComplaintGiven, *, taken_by: str, now: datetime
) -> tuple[int, bool]:
    """Take a complaint down; returns its id and whether it is new.

    The same words of the same person about the same, while that is open, are one complaint.

    Raises:
        UnknownSubjectError: no such person.
        ImpossibleComplaintError: the unit is none of theirs, nobody knows where it belongs, or
            the promised call is not before the deadline.
    """
    await lock_person(session, given.person_id)
    known = await session.scalar(
        sa.select(Complaint.complaint_id).where(
            Complaint.person_id == given.person_id,
            Complaint.category == given.category,
            Complaint.words == given.words,
            Complaint.closed_at.is_(None),
        )
    )
    if known is not None:
        return known, False
    community_id = await session.scalar(
        _PLACE, {"person_id": given.person_id, "unit_id": given.unit_id}
    )
    if community_id is None:
        message = f"person {given.person_id} has no tie to such a unit, or to any community"
        raise ImpossibleComplaintError(message)
    rules = shipped_complaint_rules()
    reply_by = rules.reply_by(given.channel, now)
    _check_call(given.call_at, now, until=reply_by)
    complaint = Complaint(
        community_id=community_id,
        unit_id=given.unit_id,
        person_id=given.person_id,
        category=given.category,
        channel=given.channel,
        words=given.words,
        serious=given.serious,
        taken_at=now,
        taken_by=taken_by,
        accountable=given.accountable,
        agent_id=given.agent_id,
        rules=rules.version,
        cycle=1,
        reply_by=reply_by,
        manager_by=rules.manager_by(now) if given.serious else None,
    )
    session.add(complaint)
    await session.flush()
    if given.reply:
        _reply(session, complaint, given.reply, by=taken_by, now=now)
    elif given.call_at is not None:
        await _promise_call(session, complaint, given.call_at, now=now)
    await session.flush()
    await tell(session, Topic.ACCOUNT, given.person_id)
    return complaint.complaint_id, True


async def take_step(
    session: AsyncSession,
    *,
    complaint_id: int,
    kind: ComplaintStepKind,
    words: str,
    by: str,
    call_at: datetime | None = None,
    agent_id: int | None = None,
    now: datetime,
) -> Complaint:
    """Note what was done about a complaint; `words` say what, or to whom it went.

    `call_at` promises a call: with the answer when it is handed over, on whether the owner is
    satisfied when it is closed. `agent_id` is of whom it is handed over to.

    Raises:
        UnknownSubjectError: no such complaint.
        ComplaintStateError: it does not follow from where the complaint stands.
        ImpossibleComplaintError: the promised call lies in the past.
    """
    complaint = await session.scalar(
        sa.select(Complaint).where(Complaint.complaint_id == complaint_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if complaint is None:
        raise UnknownSubjectError(what="complaint", subject_id=complaint_id)
    if (refusal := _refusal(complaint, kind)) is not None:
        message = f"complaint {complaint_id} {refusal}"
        raise ComplaintStateError(message)
    _check_call(call_at, now, until=now + _FURTHEST)
    if kind is ComplaintStepKind.REPLIED:
        _reply(session, complaint, words, by=by, now=now)
    else:
        _write(session, complaint, kind, words=words, by=by, now=now)
    if kind in _ENDS_A_PROMISED_CALL:
        await _cancel_call(session, complaint, now=now)
    _move(complaint, kind, words=words, agent_id=agent_id, now=now)
    if call_at is not None:
        await _promise_call(session, complaint, call_at, now=now)
    await session.flush()
    await tell(session, Topic.ACCOUNT, complaint.person_id)
    return complaint


async def complaints_of(
    session: AsyncSession, person_id: int, *, limit: int = 50, now: datetime
) -> Sequence[AnyRow]:
    """Return a person's complaints: the open by their deadline, then the last closed."""
    asked = {"person_id": person_id, "limit": limit, "now": now}
    return (await session.execute(_OF_PERSON, asked)).all()


async def lately_of(session: AsyncSession, person_id: int, *, now: datetime) -> Sequence[AnyRow]:
    """Return what to know before one speaks: what is open, or was closed not long ago."""
    rows = await complaints_of(session, person_id, limit=_MOST_LATELY, now=now)
    return [row for row in rows if row.closed_at is None or row.closed_at > now - _LATELY]


async def complaint_of(session: AsyncSession, complaint_id: int, *, now: datetime) -> AnyRow:
    """Return one complaint.

    Raises:
        UnknownSubjectError: there is none such.
    """
    asked = {"complaint_id": complaint_id, "now": now}
    row = (await session.execute(_ONE, asked)).one_or_none()
    if row is None:
        raise UnknownSubjectError(what="complaint", subject_id=complaint_id)
    return row


_ENDS_A_PROMISED_CALL = frozenset(
    {
        ComplaintStepKind.REPLIED,
        ComplaintStepKind.CLOSED,
        ComplaintStepKind.SATISFIED,
        ComplaintStepKind.DISSATISFIED,
    }
)


def _refusal(complaint: Complaint, kind: ComplaintStepKind) -> str | None:  # noqa: PLR0911
    """Return why a step does not follow; None where it does."""
    closed = complaint.closed_at is not None
    match kind:
        case ComplaintStepKind.SATISFIED | ComplaintStepKind.DISSATISFIED if not closed:
            return "is open: what the owner thinks of it is asked when it is closed"
        case ComplaintStepKind.SATISFIED | ComplaintStepKind.DISSATISFIED:
            if complaint.satisfied_at is not None:
                return "is closed and the owner was satisfied; take down a new one"
            return None
        case _ if closed:
            return "is closed; a dissatisfied owner opens it again"
        case ComplaintStepKind.CLOSED if complaint.replied_at is None:
            return "has had no reply; the owner is answered before it is closed"
        case ComplaintStepKind.MANAGER_TOLD if complaint.manager_told_at is not None:
            return "is with the manager already"
        case _:
            return None


def _move(
    complaint: Complaint,
    kind: ComplaintStepKind,
    *,
    words: str,
    agent_id: int | None,
    now: datetime,
) -> None:
    """Let the complaint stand where a step leaves it."""
    match kind:
        case ComplaintStepKind.CLOSED:
            complaint.closed_at, complaint.done = now, words
        case ComplaintStepKind.SATISFIED:
            complaint.satisfied_at = now
        case ComplaintStepKind.DISSATISFIED:
            _open_again(complaint, shipped_complaint_rules(), now=now)
        case ComplaintStepKind.MANAGER_TOLD:
            complaint.manager_told_at = now
        case ComplaintStepKind.HANDED_OVER:
            complaint.accountable, complaint.agent_id = words, agent_id
        case _:
            pass


def _open_again(complaint: Complaint, rules: ComplaintRules, *, now: datetime) -> None:
    """Begin the next cycle: reply and closing are owed once more, by the same rules."""
    complaint.cycle += 1
    complaint.closed_at = complaint.done = complaint.replied_at = None
    complaint.rules, complaint.reply_by = (
        rules.version,
        rules.reply_by(complaint.channel, now),
    )
    complaint.manager_told_at = None
    if complaint.serious:
        complaint.manager_by = rules.manager_by(now)


def _reply(
    session: AsyncSession, complaint: Complaint, words: str, *, by: str, now: datetime
) -> None:
    """Note a reply; the first of a cycle is the one its deadline asks for."""
    is_first = complaint.replied_at is None
    due_by = complaint.reply_by if is_first else None
    _write(
        session, complaint, ComplaintStepKind.REPLIED, words=words, by=by, due_by=due_by, now=now
    )
    if is_first:
        complaint.replied_at = now


def _write(
    session: AsyncSession,
    complaint: Complaint,
    kind: ComplaintStepKind,
    *,
    words: str,
    by: str,
    due_by: datetime | None = None,
    now: datetime,
) -> None:
    session.add(
        ComplaintStep(
            complaint_id=complaint.complaint_id,
            cycle=complaint.cycle,
            kind=kind,
            at=now,
            by=by,
            words=words,
            due_by=due_by,
        )
    )


def _check_call(call_at: datetime | None, now: datetime, *, until: datetime) -> None:
    if call_at is not None and not now < call_at < until:
        message = f"a call at {call_at:%Y-%m-%d %H:%M} UTC is not between now and the deadline"
        raise ImpossibleComplaintError(message)


async def _promise_call(
    session: AsyncSession, complaint: Complaint, call_at: datetime, *, now: datetime
) -> None:
    """Let the call go out as any that an owner was promised at a time of their own."""
    complaint.callback_request_id = await request_callback(
        session,
        person_id=complaint.person_id,
        community_id=complaint.community_id,
        unit_id=complaint.unit_id,
        call_at=call_at,
        about=Reason.COMPLAINT,
        agent_id=complaint.agent_id,
        now=now,
    )


async def _cancel_call(session: AsyncSession, complaint: Complaint, *, now: datetime) -> None:
    """Nobody rings about what is settled; a call whose time has come may be the present one."""
    await session.execute(
        sa.update(CallbackRequest)
        .where(
            CallbackRequest.callback_request_id == complaint.callback_request_id,
            CallbackRequest.cancelled_at.is_(None),
            CallbackRequest.call_at > now,
        )
        .values(cancelled_at=now)
    )
    complaint.callback_request_id = None
