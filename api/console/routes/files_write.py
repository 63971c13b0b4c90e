"""What is written on a household's file: notes, numbers, who comes and who leaves."""

from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.forms import Line, LongLine, day_of
from api.console.page import Here, Page
from api.fields import PathId
from api.model import Right, needs
from api.reading import row_of
from callback.rebuild import rebuild_soon
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.handover import ImpossibleEndError, end_occupancy
from customers.headers import SheetKind
from customers.household import household_of
from customers.importing.records import RecordState, import_records
from customers.model import Role
from customers.parsing.phones import read_phones
from customers.parsing.problems import explain
from customers.people import add_phone, kill_phone, lock_person
from customers.service import add_note
from customers.tables import Community, Occupancy, Phone, Unit

router = pages()

_PHONE, _TIE, _UNIT, _COMMUNITY = (
    table_of(Phone),
    table_of(Occupancy),
    table_of(Unit),
    table_of(Community),
)


@router.post("/files/{person_id}/notes", openapi_extra=needs(Right.WRITE_FILE))
async def write_note(page: Here, person_id: PathId, text: LongLine = "") -> Response:
    """Put a line on a person's file."""
    if not text:
        return await _again(page, person_id, "files.note_empty", at="note")
    await lock_person(page.work.session, person_id)
    await add_note(
        page.work.session,
        person_id=person_id,
        text=text,
        written_by=page.caller.actor,
        now=page.now,
    )
    await page.work.note("note_written", f"person:{person_id}")
    return page.go(f"/files/{person_id}")


@router.post("/files/{person_id}/phones", openapi_extra=needs(Right.WRITE_FILE))
async def give_phone(page: Here, person_id: PathId, number: Line = "") -> Response:
    """Put a number first on a person's list, however it is written."""
    found = read_phones(number, await _region(page, person_id)).phones
    if len(found) != 1:
        return await _again(page, person_id, "files.number_unread", at="phone", number=number)
    phone_id = await add_phone(
        page.work.session, person_id=person_id, phone=found[0], source="console"
    )
    await page.work.note("phone_given", f"person:{person_id}", phone_id=phone_id)
    return page.go(f"/files/{person_id}")


@router.post("/files/{person_id}/phones/{phone_id}/death", openapi_extra=needs(Right.WRITE_FILE))
async def give_up_phone(page: Here, person_id: PathId, phone_id: PathId) -> Response:
    """Ring a wrong number no more."""
    query = sa.select(_PHONE.c.phone_id).where(_PHONE.c.person_id == person_id)
    await row_of(page.work, query, _PHONE.c.phone_id, phone_id, "phone")
    await kill_phone(page.work.session, phone_id=phone_id, because="wrong_number", now=page.now)
    await page.work.note("phone_given_up", f"phone:{phone_id}", because="wrong_number")
    return page.go(f"/files/{person_id}")


@router.post("/files/{person_id}/holders", openapi_extra=needs(Right.CHANGE_OWNERS))
async def change_holder(
    page: Here,
    person_id: PathId,
    *,
    unit_id: Annotated[int, Form(ge=1, le=2**63 - 1)],
    role: Annotated[Role, Form()],
    since: Annotated[str, Form(max_length=10)] = "",
    name: Line = "",
    honorific: Line = "",
    phones: Line = "",
) -> Response:
    """Let a new owner or tenant follow at a unit from a day on, or let this person just leave."""
    typed = {"since": since, "name": name, "honorific": honorific, "phones": phones}
    day = day_of(since)
    if day is None:
        return await _again(page, person_id, "files.change.day_unread", at="change", **typed)
    unit = await _unit(page, person_id, unit_id)
    try:
        await _check_day(page, unit_id, role=role, day=day)
        if name:
            follower = await _follow(
                page, unit, role=role, day=day, name=name, honorific=honorific, phones=phones
            )
        else:
            follower = await _leave(page, person_id, unit_id, role=role, day=day)
    except (_NotTakenError, ImpossibleEndError) as err:
        return await _again(
            page, person_id, "files.change.refused", at="change", said=str(err), **typed
        )
    await page.work.note(
        "holder_changed", f"unit:{unit_id}", person_id=follower, role=role.value, since=since
    )
    await rebuild_soon(page.work.session, [unit.community_id], now=page.now)
    return page.go(f"/files/{follower}")


class _NotTakenError(OwnerlineError):
    """What was given does not make a person at a unit."""


async def _check_day(page: Page, unit_id: int, *, role: Role, day: date) -> None:
    began = await page.work.session.scalar(
        sa.select(sa.func.max(_TIE.c.valid_from)).where(
            _TIE.c.unit_id == unit_id, _TIE.c.role == role
        )
    )
    if role is not Role.OTHER and began is not None and day <= began:
        message = page.say("files.change.too_early", day=began.isoformat())
        raise ImpossibleEndError(message)


async def _follow(
    page: Page,
    unit: AnyRow,
    *,
    role: Role,
    day: date,
    name: str,
    honorific: str,
    phones: str,
) -> int:
    """Write who comes; whose time ends with it is settled by the rules of a workbook."""
    record: dict[str, Any] = {
        "community": unit.community,
        "unit": unit.label,
        "name": name,
        "role": role.value,
        "honorific": honorific or None,
        "phones": phones,
        "moved_in": day,
    }
    (result,) = await import_records(
        page.work.session,
        SheetKind.CONTACTS,
        [record],
        source=page.caller.actor,
        defaults=page.deps.defaults,
        now=page.now,
    )
    if result.state is RecordState.REJECTED or result.key is None:
        said = "; ".join(explain(each.problem, page.language) for each in result.problems)
        raise _NotTakenError(said)
    return result.key


async def _leave(page: Page, person_id: int, unit_id: int, *, role: Role, day: date) -> int:
    query = sa.select(_TIE.c.occupancy_id).where(
        _TIE.c.person_id == person_id, _TIE.c.unit_id == unit_id, _TIE.c.valid_until.is_(None)
    )
    tie = await row_of(page.work, query, _TIE.c.role, role, "occupancy in the role")
    await end_occupancy(
        page.work.session, occupancy_id=tie.occupancy_id, person_id=person_id, ends_on=day
    )
    return person_id


async def _unit(page: Page, person_id: int, unit_id: int) -> AnyRow:
    """Return a unit of the person's, with its community."""
    query = (
        sa.select(_UNIT, _COMMUNITY.c.name.label("community"))
        .join(_COMMUNITY, _COMMUNITY.c.community_id == _UNIT.c.community_id)
        .where(_UNIT.c.unit_id.in_(sa.select(_TIE.c.unit_id).where(_TIE.c.person_id == person_id)))
    )
    return await row_of(page.work, query, _UNIT.c.unit_id, unit_id, "unit of this person")


async def _region(page: Page, person_id: int) -> str:
    """Return the region a person's numbers are written in."""
    household = await household_of(page.work.session, person_id, now=page.now)
    if household.home is None:
        return page.deps.defaults.region
    region = await page.work.session.scalar(
        sa.select(_COMMUNITY.c.region).where(
            _COMMUNITY.c.community_id == household.home.community_id
        )
    )
    return region or page.deps.defaults.region


async def _again(page: Page, person_id: int, key: str, *, at: str, **typed: str) -> Response:
    """Show the file once more, with what was wrong at its form and all that was typed."""
    from api.console.routes.files import show_file  # noqa: PLC0415 - the page knows its forms

    facts = {"said": typed.pop("said")} if "said" in typed else {}
    trouble = page.say(key, **facts)
    return await show_file(page, person_id, trouble=trouble, at=at, typed=typed, status=422)
