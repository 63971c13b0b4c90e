"""Persons: found, shown as a file, made and updated; every look goes on the audit."""

from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Query, Response
from pydantic import Field, StringConstraints

from api.fields import E164, Day, Given, IdQuery, LongText, PathId, Shown, Text, Word, Yes
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import row_of
from api.records import UNCHANGED, Imported, RecordsResult, ids_of, import_many, import_one
from api.routing import router as router_of
from api.work import Here, Work
from callback.rebuild import rebuild_soon
from core.columns import table_of
from customers.headers import SheetKind
from customers.model import CallMode, Language, Purpose, Reason, Role
from customers.tables import (
    AgentTask,
    Community,
    Consent,
    DoNotCall,
    Occupancy,
    Person,
    Phone,
    Unit,
)

router = router_of("persons")

_PERSON, _PHONE, _TIE = table_of(Person), table_of(Phone), table_of(Occupancy)
_UNIT, _COMMUNITY = table_of(Unit), table_of(Community)
_OPT_OUT, _CONSENT, _TASK = table_of(DoNotCall), table_of(Consent), table_of(AgentTask)
_MOST_PHONES = 12
_MOST_PARTS = 200  # of one file, of each sort


class PersonShown(Shown):
    """Somebody we may call."""

    person_id: int
    name: str
    honorific: str | None
    language: Language
    vip: bool
    deceased_at: datetime | None


class PhoneShown(Shown):
    """A number; a dead one is not rung."""

    phone_id: int
    e164: str
    position: int
    source: str
    dead_at: datetime | None
    dead_because: str | None


class TieShown(Shown):
    """A tie to a unit over a half-open period."""

    occupancy_id: int
    community: str
    unit_id: int
    unit: str
    role: Role
    valid_from: date | None
    valid_until: date | None
    moved_in: date | None


class OptOutShown(Shown):
    """A wish not to be called, for one reason or for all (null)."""

    do_not_call_id: int
    person_id: int | None
    e164: str | None
    reason: Reason | None
    since: datetime
    lifted_at: datetime | None
    said_by: str
    how: str


class ConsentShown(Shown):
    """A yes or no to calls of a purpose and mode to a number; the newest counts."""

    consent_id: int
    e164: str
    purpose: Purpose
    mode: CallMode
    granted: bool
    given_at: datetime
    valid_until: datetime | None
    given_by: str
    how: str


class TaskShown(Shown):
    """Something only a person can do, not yet done."""

    agent_task_id: int
    kind: str
    subject: str
    created_at: datetime


class PersonFile(PersonShown):
    """A person's file."""

    identity_known: bool
    note: str | None
    phones: list[PhoneShown]
    occupancies: list[TieShown]
    opt_outs: list[OptOutShown]
    consents: list[ConsentShown]
    open_tasks: list[TaskShown]


class PersonGiven(Given):
    """A person at a unit, as a contacts sheet has one; blanks never clear what is known."""

    community: Text = Field(examples=["翠湖花园"])
    unit: Text = Field(examples=["3-2-1201"])
    name: Text = Field(examples=["王建国"])
    role: Role | None = None
    honorific: Word | None = Field(default=None, examples=["先生"])
    phones: list[Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()-]{2,30}$")]] = Field(
        default_factory=list, max_length=_MOST_PHONES, examples=[["13800138000"]]
    )
    language: Language | None = None
    moved_in: Day | None = None
    vip: Yes | None = None
    do_not_call: Yes | None = None
    automatic_calls: Yes | None = Field(
        default=None, description="A yes or no to automatic calls, for each number given."
    )
    identity_digits: Annotated[str, StringConstraints(pattern="^[0-9]{4,8}$")] | None = None
    note: LongText | None = None


class PersonsGiven(Given):
    """Several persons, in one transaction."""

    items: list[PersonGiven] = Field(min_length=1, max_length=1000)


@router.get("/persons", openapi_extra=needs(Right.SEARCH_PERSONS))
async def list_persons(
    work: Here,
    asked: Asked,
    name: Annotated[Text | None, Query(description="How the name begins.")] = None,
    phone: Annotated[E164 | None, Query(description="One of the person's numbers.")] = None,
    unit_id: Annotated[IdQuery | None, Query(description="Who holds it, will or did.")] = None,
) -> Page[PersonShown]:
    """Return persons; the query goes on the audit."""
    query = sa.select(_PERSON)
    if name is not None:
        query = query.where(sa.func.starts_with(_PERSON.c.name, name))
    if phone is not None:
        query = query.where(
            _PERSON.c.person_id.in_(sa.select(_PHONE.c.person_id).where(_PHONE.c.e164 == phone))
        )
    if unit_id is not None:
        query = query.where(
            _PERSON.c.person_id.in_(sa.select(_TIE.c.person_id).where(_TIE.c.unit_id == unit_id))
        )
    await work.note("persons_listed", "persons", name=name, phone=phone, unit_id=unit_id)
    return await page_of(work, query, _PERSON.c.person_id, PersonShown.model_validate, asked)


@router.post(
    "/persons", status_code=201, responses=UNCHANGED, openapi_extra=needs(Right.WRITE_PERSONS)
)
async def put_person(work: Here, given: PersonGiven, response: Response) -> Imported:
    """Write a person at a unit; one that is on file by unit, name or phone is updated (200).

    Community and unit are made with the person where there are none.
    """
    result = await import_one(work, SheetKind.CONTACTS, _record(given), response)
    await _rebuild(work, [result])
    return result


@router.post("/bulk/persons", openapi_extra=needs(Right.WRITE_PERSONS))
async def put_persons(work: Here, given: PersonsGiven) -> RecordsResult:
    """Write up to 1000 persons in one transaction; each item is told what became of it."""
    result = await import_many(work, SheetKind.CONTACTS, [_record(each) for each in given.items])
    await _rebuild(work, result.items)
    return result


@router.get("/persons/{person_id}", openapi_extra=needs(Right.READ_FILE))
async def show_person(work: Here, person_id: PathId) -> PersonFile:
    """Return a person's file; the look goes on the audit."""
    person = await row_of(work, sa.select(_PERSON), _PERSON.c.person_id, person_id, "person")
    await work.note("looked_at", f"person:{person_id}")
    numbers = sa.select(_PHONE.c.e164).where(_PHONE.c.person_id == person_id)
    return PersonFile(
        **PersonShown.model_validate(person).model_dump(),
        identity_known=person.identity_digits is not None,
        note=person.note,
        phones=[
            PhoneShown.model_validate(row)
            for row in await _some(
                work, sa.select(_PHONE).where(_PHONE.c.person_id == person_id), _PHONE.c.position
            )
        ],
        occupancies=[TieShown.model_validate(row) for row in await _ties(work, person_id)],
        opt_outs=[
            OptOutShown.model_validate(row)
            for row in await _some(
                work,
                sa.select(_OPT_OUT).where(
                    sa.or_(_OPT_OUT.c.person_id == person_id, _OPT_OUT.c.e164.in_(numbers)),
                    _OPT_OUT.c.lifted_at.is_(None),
                ),
                _OPT_OUT.c.do_not_call_id.desc(),
            )
        ],
        consents=[
            ConsentShown.model_validate(row)
            for row in await _some(
                work,
                sa.select(_CONSENT).where(_CONSENT.c.e164.in_(numbers)),
                _CONSENT.c.consent_id.desc(),
            )
        ],
        open_tasks=[
            TaskShown.model_validate(row)
            for row in await _some(
                work,
                sa.select(_TASK).where(_TASK.c.person_id == person_id, _TASK.c.done_at.is_(None)),
                _TASK.c.agent_task_id,
            )
        ],
    )


async def _rebuild(work: Work, items: list[Imported]) -> None:
    places = await work.session.scalars(
        sa.select(_UNIT.c.community_id)
        .join(_TIE, _TIE.c.unit_id == _UNIT.c.unit_id)
        .where(_TIE.c.person_id.in_(ids_of(items)))
        .distinct()
    )
    await rebuild_soon(work.session, places.all(), now=work.now)


async def _ties(work: Work, person_id: int) -> Any:
    query = (
        sa.select(_TIE, _UNIT.c.label.label("unit"), _COMMUNITY.c.name.label("community"))
        .join(_UNIT, _UNIT.c.unit_id == _TIE.c.unit_id)
        .join(_COMMUNITY, _COMMUNITY.c.community_id == _UNIT.c.community_id)
        .where(_TIE.c.person_id == person_id)
    )
    return await _some(work, query, _TIE.c.occupancy_id)


async def _some(
    work: Work, query: sa.Select[*tuple[Any, ...]], order: sa.ColumnElement[Any]
) -> Any:
    return (await work.session.execute(query.order_by(order).limit(_MOST_PARTS))).all()


def _record(given: PersonGiven) -> dict[str, Any]:
    record = given.model_dump(mode="python", exclude={"phones"})
    return record | {"phones": ";".join(given.phones)}
