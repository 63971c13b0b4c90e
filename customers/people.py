"""What a person says of being called: opt-outs, numbers, callbacks, a death."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.announcements import Kind, announce
from core.live import Topic, tell, tell_all
from core.phone import PhoneNumber
from customers.desk import UnknownSubjectError, open_agent_task
from customers.model import CallMode, Purpose, Reason
from customers.tables import CallbackRequest, Consent, DoNotCall, Person, Phone


async def opt_out(
    session: AsyncSession,
    *,
    person_id: int | None = None,
    phone: PhoneNumber | None = None,
    reason: Reason | None = None,
    said_by: str,
    how: str,
    now: datetime,
) -> bool:
    """Let a person, or a number, no longer be called, for one reason or for all (None).

    Returns False when the same opt-out already stands.
    """
    whose: list[int] = []
    if person_id is not None:
        await lock_person(session, person_id)
        whose.append(person_id)
    if phone is not None:
        whose += await _lock_holders(session, Phone.e164 == phone.e164)
    e164 = None if phone is None else phone.e164
    standing = await session.scalar(
        sa.select(DoNotCall.do_not_call_id).where(
            DoNotCall.person_id.is_not_distinct_from(person_id),
            DoNotCall.e164.is_not_distinct_from(e164),
            DoNotCall.reason.is_not_distinct_from(reason),
            DoNotCall.lifted_at.is_(None),
        )
    )
    if standing is not None:
        return False
    session.add(
        DoNotCall(
            person_id=person_id, e164=e164, reason=reason, since=now, said_by=said_by, how=how
        )
    )
    await session.flush()
    await tell_all(session, Topic.ACCOUNT, whose)
    await announce(
        session,
        Kind.OPTED_OUT,
        {
            "of": "number" if person_id is None else "person",
            "person_ids": sorted(set(whose)),
            "reason": None if reason is None else reason.value,
        },
        now=now,
    )
    return True


async def record_consent(
    session: AsyncSession,
    *,
    phone: PhoneNumber,
    purpose: Purpose,
    mode: CallMode,
    granted: bool,
    given_by: str,
    how: str,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Write down a yes, or its withdrawal, for calls to a number; the newest word counts."""
    whose = await _lock_holders(session, Phone.e164 == phone.e164)
    session.add(
        Consent(
            e164=phone.e164,
            purpose=purpose,
            mode=mode,
            granted=granted,
            given_at=now,
            valid_until=until,
            given_by=given_by,
            how=how,
        )
    )
    await session.flush()
    await tell_all(session, Topic.ACCOUNT, whose)


async def kill_phone(session: AsyncSession, *, phone_id: int, because: str, now: datetime) -> bool:
    """Stop using a number of a person; False when it was dead already."""
    whose = await _lock_holders(session, Phone.phone_id == phone_id)
    dead = await session.scalar(
        sa.update(Phone)
        .where(Phone.phone_id == phone_id, Phone.dead_at.is_(None))
        .values(dead_at=now, dead_because=because)
        .returning(Phone.phone_id)
    )
    await tell_all(session, Topic.ACCOUNT, whose)
    return dead is not None


async def add_phone(
    session: AsyncSession, *, person_id: int, phone: PhoneNumber, source: str
) -> int:
    """Put a number first on a person's list, alive again if it was dead; returns its id."""
    await lock_person(session, person_id)
    await session.execute(
        sa.update(Phone).where(Phone.person_id == person_id).values(position=Phone.position + 1)
    )
    statement = insert(Phone).values(
        person_id=person_id, e164=phone.e164, position=1, source=source
    )
    phone_id = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["person_id", "e164"],
            set_={"position": 1, "source": source, "dead_at": None, "dead_because": None},
        ).returning(Phone.phone_id)
    )
    await tell(session, Topic.ACCOUNT, person_id)
    return int(phone_id or 0)


async def mark_deceased(session: AsyncSession, *, person_id: int, now: datetime) -> None:
    """Stop every automatic call to a person who has died, and hand the file to an agent."""
    person = await lock_person(session, person_id)
    person.deceased_at = person.deceased_at or now
    await session.flush()
    await open_agent_task(
        session, person_id=person_id, kind="deceased", subject=f"person:{person_id}", now=now
    )
    await tell(session, Topic.ACCOUNT, person_id)
    await announce(session, Kind.PERSON_DECEASED, {"person_id": person_id}, now=now)


async def request_callback(
    session: AsyncSession,
    *,
    person_id: int,
    community_id: int,
    unit_id: int | None,
    call_at: datetime,
    about: Reason,
    about_due_call_id: int | None = None,
    mode: CallMode | None = None,
    agent_id: int | None = None,
    now: datetime,
) -> int:
    """Write down that the person wants to be called at a time of their own; returns its id.

    `mode` says who calls back, None: as the house does it. `agent_id` is who promised to do it in
    person; None: the team.
    """
    request = CallbackRequest(
        person_id=person_id,
        community_id=community_id,
        unit_id=unit_id,
        asked_at=now,
        call_at=call_at,
        about=about,
        about_due_call_id=about_due_call_id,
        mode=CallMode.AGENT if agent_id is not None else mode,
        agent_id=agent_id,
    )
    session.add(request)
    await session.flush()
    await tell(session, Topic.ACCOUNT, person_id)
    await announce(
        session,
        Kind.CALLBACK_PROMISED,
        {
            "callback_request_id": request.callback_request_id,
            "person_id": person_id,
            "call_at": call_at.isoformat(),
            "about": about.value,
        },
        now=now,
    )
    return request.callback_request_id


async def lock_person(session: AsyncSession, person_id: int) -> Person:
    """Hold a person's row, the counterpart of a claim's `FOR SHARE`.

    Raises:
        UnknownSubjectError: no such person.
    """
    person = await session.scalar(
        sa.select(Person).where(Person.person_id == person_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if person is None:
        raise UnknownSubjectError(what="person", subject_id=person_id)
    return person


async def _lock_holders(session: AsyncSession, whose: sa.ColumnElement[bool]) -> list[int]:
    """Hold everybody who has such a phone, in the order of their ids, which are returned."""
    holders = await session.scalars(
        sa.select(Person.person_id)
        .where(Person.person_id.in_(sa.select(Phone.person_id).where(whose)))
        .order_by(Person.person_id)
        .with_for_update()
    )
    return list(holders)
