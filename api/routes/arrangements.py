"""What is arranged about charges: promises, disputes, extensions."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Query
from pydantic import Field

from api.accounts import charges_change
from api.fields import (
    Amount,
    Day,
    Given,
    Id,
    IdQuery,
    PathId,
    Shown,
    Text,
    Yes,
    money_of,
    shown_money,
)
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import narrowed, row_of
from api.routing import router as router_of
from api.work import Here, Work
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.account_tables import Charge, Extension, Promise
from customers.extensions import decide_extension
from customers.model import ExtensionState, PromiseState
from customers.service import dispute_charges, record_promise, request_extension
from customers.tables import Community

router = router_of("accounts")

_CHARGE, _PROMISE, _EXTENSION = table_of(Charge), table_of(Promise), table_of(Extension)
_COMMUNITY = table_of(Community)
_MOST_CHARGES = 100

ChargeIds = Annotated[list[Id], Field(min_length=1, max_length=_MOST_CHARGES)]


class ArrangementError(OwnerlineError):
    """The charges cannot be arranged for so."""


class PromiseShown(Shown):
    """Amount and date an owner promised."""

    promise_id: int
    person_id: int
    attempt_id: UUID | None
    amount: str
    currency: str
    promised_on: date
    pay_by: str | None
    made_at: datetime
    state: PromiseState
    settled_at: datetime | None


class PromiseGiven(Given):
    """A promise to pay, of the person who owes the charges."""

    person_id: Id
    charge_ids: ChargeIds
    amount: Amount
    promised_on: Day
    pay_by: Text | None = Field(default=None, description="One of customers/pay_ways.yaml.")


class PromiseMade(Shown):
    """The promise's id."""

    promise_id: int


class DisputeGiven(Given):
    """What a person disputes; every automatic call about it stops."""

    person_id: Id
    charge_ids: ChargeIds


class DisputeShown(Shown):
    """A disputed charge."""

    charge_id: int
    liable_person_id: int | None
    reference: str
    disputed_at: datetime


class ExtensionShown(Shown):
    """More time to pay, asked for, approved or refused."""

    extension_id: int
    person_id: int
    charge_id: int
    attempt_id: UUID | None
    asked_at: datetime
    until: date
    state: ExtensionState
    decided_at: datetime | None
    decided_by: str | None


class ExtensionGiven(Given):
    """More time to pay that a person asks for."""

    person_id: Id
    charge_ids: ChargeIds
    until: Day


class ExtensionDecision(Given):
    """Approved or refused."""

    approved: Yes


class Arranged(Shown):
    """How many charges it is about."""

    charges: int


@router.get("/promises", openapi_extra=needs(Right.READ_ACCOUNTS))
async def list_promises(
    work: Here,
    asked: Asked,
    person_id: Annotated[IdQuery | None, Query()] = None,
    state: Annotated[PromiseState | None, Query()] = None,
) -> Page[PromiseShown]:
    """Return promises to pay."""
    query = narrowed(
        sa.select(_PROMISE),
        person=(_PROMISE.c.person_id, person_id),
        state=(_PROMISE.c.state, state),
    )
    return await page_of(work, query, _PROMISE.c.promise_id, _shown_promise, asked)


@router.post("/promises", status_code=201, openapi_extra=needs(Right.ARRANGE))
async def make_promise(work: Here, given: PromiseGiven) -> PromiseMade:
    """Write down a promise; reminders wait until its day."""
    currency, today = await _owed_by(work, given.person_id, given.charge_ids)
    if given.promised_on < today:
        message = f"{given.promised_on} is past; a promise is for today or later"
        raise ArrangementError(message)
    async with charges_change(work, given.charge_ids):
        promise_id = await record_promise(
            work.session,
            person_id=given.person_id,
            charge_ids=given.charge_ids,
            amount=money_of(given.amount, currency),
            promised_on=given.promised_on,
            attempt_id=None,
            pay_by=given.pay_by,
            now=work.now,
        )
    await work.note("promise_made", f"person:{given.person_id}", promise_id=promise_id)
    return PromiseMade(promise_id=promise_id)


@router.get("/disputes", openapi_extra=needs(Right.READ_ACCOUNTS))
async def list_disputes(
    work: Here, asked: Asked, person_id: Annotated[IdQuery | None, Query()] = None
) -> Page[DisputeShown]:
    """Return the charges that are disputed."""
    query = narrowed(
        sa.select(_CHARGE).where(_CHARGE.c.disputed_at.is_not(None)),
        person=(_CHARGE.c.liable_person_id, person_id),
    )
    return await page_of(work, query, _CHARGE.c.charge_id, DisputeShown.model_validate, asked)


@router.post("/disputes", status_code=201, openapi_extra=needs(Right.ARRANGE))
async def dispute(work: Here, given: DisputeGiven) -> Arranged:
    """Mark charges as disputed; automatic calls about them stop and an agent takes them."""
    await _owed_by(work, given.person_id, given.charge_ids)
    async with charges_change(work, given.charge_ids):
        await dispute_charges(
            work.session, person_id=given.person_id, charge_ids=given.charge_ids, now=work.now
        )
    await work.note("charges_disputed", f"person:{given.person_id}", charges=given.charge_ids)
    return Arranged(charges=len(set(given.charge_ids)))


@router.get("/extensions", openapi_extra=needs(Right.READ_ACCOUNTS))
async def list_extensions(
    work: Here,
    asked: Asked,
    person_id: Annotated[IdQuery | None, Query()] = None,
    state: Annotated[ExtensionState | None, Query()] = None,
) -> Page[ExtensionShown]:
    """Return payment extensions."""
    query = narrowed(
        sa.select(_EXTENSION),
        person=(_EXTENSION.c.person_id, person_id),
        state=(_EXTENSION.c.state, state),
    )
    return await page_of(
        work, query, _EXTENSION.c.extension_id, ExtensionShown.model_validate, asked
    )


@router.post("/extensions", status_code=201, openapi_extra=needs(Right.ARRANGE))
async def ask_for_extension(work: Here, given: ExtensionGiven) -> Arranged:
    """Ask for more time to pay; somebody with the authority decides."""
    _, today = await _owed_by(work, given.person_id, given.charge_ids)
    if given.until <= today:
        message = f"{given.until} gives no more time; name a day after today"
        raise ArrangementError(message)
    charge_ids = sorted(set(given.charge_ids))
    async with charges_change(work, charge_ids):
        await request_extension(
            work.session,
            person_id=given.person_id,
            charge_ids=charge_ids,
            until=given.until,
            attempt_id=None,
            now=work.now,
        )
    await work.note("extension_asked", f"person:{given.person_id}", charges=charge_ids)
    return Arranged(charges=len(charge_ids))


@router.post("/extensions/{extension_id}/decision", openapi_extra=needs(Right.DECIDE_EXTENSIONS))
async def decide(work: Here, extension_id: PathId, given: ExtensionDecision) -> ExtensionShown:
    """Approve or refuse an extension, once; the lists follow a moment later."""
    known = await _extension(work, extension_id)
    async with charges_change(work, [known.charge_id]):
        await decide_extension(
            work.session,
            extension_id=extension_id,
            approved=given.approved,
            by=work.caller.actor,
            now=work.now,
        )
    await work.note("extension_decided", f"extension:{extension_id}", approved=given.approved)
    return await _extension(work, extension_id)


async def _extension(work: Work, extension_id: int) -> ExtensionShown:
    row = await row_of(
        work, sa.select(_EXTENSION), _EXTENSION.c.extension_id, extension_id, "extension"
    )
    return ExtensionShown.model_validate(row)


async def _owed_by(work: Work, person_id: int, charge_ids: Collection[int]) -> tuple[str, date]:
    """Return the currency and the local day of charges that a person owes.

    Raises:
        ArrangementError: somebody else owes one, or they are in several currencies.
    """
    rows = (
        await work.session.execute(
            sa.select(_CHARGE.c.liable_person_id, _CHARGE.c.currency, _COMMUNITY.c.time_zone)
            .join(_COMMUNITY, _COMMUNITY.c.community_id == _CHARGE.c.community_id)
            .where(_CHARGE.c.charge_id.in_(charge_ids))
        )
    ).all()
    if len(rows) != len(set(charge_ids)) or any(r.liable_person_id != person_id for r in rows):
        message = f"not all of these charges are on file and owed by person {person_id}"
        raise ArrangementError(message)
    currencies = {row.currency for row in rows}
    if len(currencies) > 1:
        message = f"the charges are in {', '.join(sorted(currencies))}; arrange for each currency"
        raise ArrangementError(message)
    today = max(work.now.astimezone(ZoneInfo(row.time_zone)).date() for row in rows)
    return currencies.pop(), today


def _shown_promise(row: AnyRow) -> PromiseShown:
    return PromiseShown(
        promise_id=row.promise_id,
        person_id=row.person_id,
        attempt_id=row.attempt_id,
        amount=shown_money(row.amount_minor, row.currency),
        currency=row.currency,
        promised_on=row.promised_on,
        pay_by=row.pay_by,
        made_at=row.made_at,
        state=row.state,
        settled_at=row.settled_at,
    )
