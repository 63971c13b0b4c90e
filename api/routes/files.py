"""What is written on a person's or a unit's file, and the file as one line of time."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Query
from pydantic import Field

from api.fields import E164, Given, LongText, PathId, Shown, Text, phone_of
from api.model import Right, needs
from api.paging import MOST, Asked, Page, page_of
from api.reading import row_of
from api.routing import router as router_of
from api.work import Here
from core.columns import table_of
from customers.model import Role
from customers.people import lock_person
from customers.service import add_note, add_phone, kill_phone, mark_deceased
from customers.tables import AuditEntry, Community, Note, Occupancy, Person, Phone, Unit
from customers.timeline import TimelineEvent, person_timeline, unit_timeline

router = router_of("persons")

_UNIT, _COMMUNITY, _PERSON = table_of(Unit), table_of(Community), table_of(Person)
_TIE, _NOTE, _AUDIT, _PHONE = (
    table_of(Occupancy),
    table_of(Note),
    table_of(AuditEntry),
    table_of(Phone),
)
_MOST_TIES = 500

Limit = Annotated[int, Query(ge=1, le=MOST)]


class EventShown(Shown):
    """One fact of a file; what `facts` hold depends on `what`."""

    at: datetime
    what: str
    person_id: int | None
    unit_id: int | None
    facts: dict[str, Any]


class Timeline(Shown):
    """A file in one line of time, newest first; at most `limit` events of it."""

    events: list[EventShown] = Field(max_length=MOST)


class HolderShown(Shown):
    """Who holds a unit, will or did."""

    person_id: int
    name: str
    role: Role
    valid_from: date | None
    valid_until: date | None
    moved_in: date | None


class UnitFile(Shown):
    """A unit with everybody tied to it."""

    unit_id: int
    community_id: int
    community: str
    label: str
    holders: list[HolderShown]


class NoteShown(Shown):
    """A line on a file."""

    note_id: int
    person_id: int | None
    unit_id: int | None
    at: datetime
    written_by: str
    text: str


class NoteGiven(Given):
    """A line to put on a file."""

    text: LongText = Field(examples=["Prefers to be called in the afternoon."])


class PhoneGiven(Given):
    """A number to put first on a person's list."""

    e164: E164


class PhoneAdded(Shown):
    """The number's id."""

    phone_id: int


class PhoneDead(Given):
    """Why a number is used no more."""

    because: Literal["wrong_number", "invalid_number"]


class Done(Shown):
    """Whether anything changed; false where it was so already."""

    changed: bool


class AuditShown(Shown):
    """Who looked at, took away or changed what."""

    audit_entry_id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@router.get("/persons/{person_id}/timeline", openapi_extra=needs(Right.READ_FILE))
async def person_timeline_shown(work: Here, person_id: PathId, limit: Limit = 200) -> Timeline:
    """Return a person's file in one line of time; the look goes on the audit."""
    await row_of(work, sa.select(_PERSON.c.person_id), _PERSON.c.person_id, person_id, "person")
    await work.note("looked_at", f"person:{person_id}", part="timeline")
    events = await person_timeline(work.session, person_id=person_id, limit=limit)
    return Timeline(events=[_event(each) for each in events])


@router.get("/units/{unit_id}", openapi_extra=needs(Right.READ_FILE))
async def show_unit(work: Here, unit_id: PathId) -> UnitFile:
    """Return a unit's file; the look goes on the audit."""
    query = sa.select(_UNIT, _COMMUNITY.c.name.label("community")).join(
        _COMMUNITY, _COMMUNITY.c.community_id == _UNIT.c.community_id
    )
    unit = await row_of(work, query, _UNIT.c.unit_id, unit_id, "unit")
    await work.note("looked_at", f"unit:{unit_id}")
    holders = await work.session.execute(
        sa.select(_TIE, _PERSON.c.name)
        .join(_PERSON, _PERSON.c.person_id == _TIE.c.person_id)
        .where(_TIE.c.unit_id == unit_id)
        .order_by(_TIE.c.occupancy_id.desc())
        .limit(_MOST_TIES)
    )
    return UnitFile(
        unit_id=unit.unit_id,
        community_id=unit.community_id,
        community=unit.community,
        label=unit.label,
        holders=[HolderShown.model_validate(row) for row in holders],
    )


@router.get("/units/{unit_id}/timeline", openapi_extra=needs(Right.READ_FILE))
async def unit_timeline_shown(work: Here, unit_id: PathId, limit: Limit = 200) -> Timeline:
    """Return a unit's file in one line of time; the look goes on the audit."""
    await row_of(work, sa.select(_UNIT.c.unit_id), _UNIT.c.unit_id, unit_id, "unit")
    await work.note("looked_at", f"unit:{unit_id}", part="timeline")
    events = await unit_timeline(work.session, unit_id=unit_id, limit=limit)
    return Timeline(events=[_event(each) for each in events])


@router.get("/persons/{person_id}/notes", openapi_extra=needs(Right.READ_FILE))
async def list_notes(work: Here, person_id: PathId, asked: Asked) -> Page[NoteShown]:
    """Return the notes on a person's file, newest first; the look goes on the audit."""
    await row_of(work, sa.select(_PERSON.c.person_id), _PERSON.c.person_id, person_id, "person")
    await work.note("looked_at", f"person:{person_id}", part="notes")
    query = sa.select(_NOTE).where(_NOTE.c.person_id == person_id)
    return await page_of(
        work, query, _NOTE.c.note_id, NoteShown.model_validate, asked, newest_first=True
    )


@router.post("/persons/{person_id}/notes", status_code=201, openapi_extra=needs(Right.WRITE_FILE))
async def write_note(work: Here, person_id: PathId, given: NoteGiven) -> Done:
    """Put a line on a person's file."""
    await row_of(work, sa.select(_PERSON.c.person_id), _PERSON.c.person_id, person_id, "person")
    await add_note(
        work.session,
        person_id=person_id,
        text=given.text,
        written_by=work.caller.actor,
        now=work.now,
    )
    return Done(changed=True)


@router.post("/persons/{person_id}/phones", status_code=201, openapi_extra=needs(Right.WRITE_FILE))
async def give_phone(work: Here, person_id: PathId, given: PhoneGiven) -> PhoneAdded:
    """Put a number first on a person's list; a dead one lives again."""
    phone_id = await add_phone(
        work.session, person_id=person_id, phone=phone_of(given.e164), source="api"
    )
    await work.note("phone_given", f"person:{person_id}", phone_id=phone_id)
    return PhoneAdded(phone_id=phone_id)


@router.post("/phones/{phone_id}/death", openapi_extra=needs(Right.WRITE_FILE))
async def give_up_phone(work: Here, phone_id: PathId, given: PhoneDead) -> Done:
    """Use a number of a person no more."""
    await row_of(work, sa.select(_PHONE.c.phone_id), _PHONE.c.phone_id, phone_id, "phone")
    changed = await kill_phone(work.session, phone_id=phone_id, because=given.because, now=work.now)
    await work.note("phone_given_up", f"phone:{phone_id}", because=given.because)
    return Done(changed=changed)


@router.post("/persons/{person_id}/death", openapi_extra=needs(Right.WRITE_FILE))
async def note_death(work: Here, person_id: PathId) -> Done:
    """Note that a person has died: every automatic call stops and an agent takes the file."""
    known = await lock_person(work.session, person_id)
    changed = known.deceased_at is None
    await mark_deceased(work.session, person_id=person_id, now=work.now)
    await work.note("death_noted", f"person:{person_id}")
    return Done(changed=changed)


@router.get("/audit", openapi_extra=needs(Right.READ_AUDIT))
async def list_audit(
    work: Here, asked: Asked, subject: Annotated[Text | None, Query()] = None
) -> Page[AuditShown]:
    """Return the audit, newest first; looking at it goes on it too."""
    query = sa.select(_AUDIT)
    if subject is not None:
        query = query.where(_AUDIT.c.subject == subject)
    page = await page_of(
        work, query, _AUDIT.c.audit_entry_id, AuditShown.model_validate, asked, newest_first=True
    )
    await work.note("audit_listed", "audit", of=subject)
    return page


def _event(event: TimelineEvent) -> EventShown:
    return EventShown(
        at=event.at,
        what=event.what,
        person_id=event.person_id,
        unit_id=event.unit_id,
        facts=dict(event.facts),
    )
