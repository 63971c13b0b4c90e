"""Charges and payments; a payment takes the reminder it answers off the list at once."""

from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Query, Response
from pydantic import Field

from api.accounts import charges_change
from api.fields import (
    Amount,
    Day,
    Given,
    Id,
    IdQuery,
    Instant,
    LongText,
    PathId,
    Shown,
    SignedAmount,
    Text,
    money_of,
    shown_money,
)
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import narrowed, row_of
from api.records import UNCHANGED, Imported, RecordsResult, ids_of, import_many, import_one
from api.routing import router as router_of
from api.work import Here, Work
from core.columns import AnyRow, table_of
from customers.account_tables import Charge, Payment
from customers.headers import SheetKind
from customers.service import record_payment

router = router_of("accounts")

_CHARGE, _PAYMENT = table_of(Charge), table_of(Payment)
# Receipts of finance share one namespace, so that one that comes by workbook too counts once.
_RECEIPTS = "import"


class ChargeShown(Shown):
    """Something billed; `open` is amount minus paid, the late fee apart."""

    charge_id: int
    community_id: int
    unit_id: int
    liable_person_id: int | None
    reference: str
    kind: str
    amount: str
    paid: str
    open: str
    late_fee: str
    currency: str
    due_on: date
    disputed_at: datetime | None
    note: str | None


class ChargeGiven(Given):
    """A charge, as a charges sheet has one; its currency is its community's."""

    community: Text = Field(examples=["翠湖花园"])
    unit: Text = Field(examples=["3-2-1201"])
    reference: Text = Field(examples=["B-2026-0001"])
    kind: Text = Field(examples=["物业费"])
    amount: Amount
    due_on: Day
    paid: Amount | None = Field(default=None, description="All that was paid by now.")
    late_fee: Amount | None = None
    note: LongText | None = None


class ChargesGiven(Given):
    """Several charges, in one transaction."""

    items: list[ChargeGiven] = Field(min_length=1, max_length=1000)


class PaymentShown(Shown):
    """Money received for a charge; a correction by finance is negative."""

    payment_id: int
    charge_id: int
    amount: str
    currency: str
    received_at: datetime
    source: str
    reference: str | None


class PaymentGiven(Given):
    """Money received; below zero it is a correction."""

    charge_id: Id
    amount: SignedAmount
    received_at: Instant | None = Field(default=None, description="Now, if left out.")
    reference: Text | None = Field(
        default=None, description="The receipt's number; each counts once.", examples=["R-0001"]
    )


class PaymentTaken(Shown):
    """The charge after the payment; `counted` is false where the receipt was counted before."""

    counted: bool
    charge: ChargeShown


class ReceiptGiven(Given):
    """A payment, as a payments sheet has one: of a charge by its reference."""

    community: Text | None = Field(
        default=None, description="Needed where several communities have the reference."
    )
    reference: Text = Field(examples=["B-2026-0001"], description="The charge's.")
    amount: Amount
    received_on: Day
    payment_reference: Text | None = Field(default=None, examples=["R-0001"])


class ReceiptsGiven(Given):
    """Several payments, in one transaction."""

    items: list[ReceiptGiven] = Field(min_length=1, max_length=1000)


@router.get("/charges", openapi_extra=needs(Right.READ_ACCOUNTS))
async def list_charges(
    work: Here,
    asked: Asked,
    *,
    community_id: Annotated[IdQuery | None, Query()] = None,
    unit_id: Annotated[IdQuery | None, Query()] = None,
    person_id: Annotated[IdQuery | None, Query(description="Who is liable.")] = None,
    reference: Annotated[Text | None, Query()] = None,
    open_only: Annotated[bool, Query(description="Only what is not paid.")] = False,
) -> Page[ChargeShown]:
    """Return charges."""
    query = narrowed(
        sa.select(_CHARGE),
        community=(_CHARGE.c.community_id, community_id),
        unit=(_CHARGE.c.unit_id, unit_id),
        person=(_CHARGE.c.liable_person_id, person_id),
        reference=(_CHARGE.c.reference, reference),
    )
    if open_only:
        query = query.where(_CHARGE.c.amount_minor > _CHARGE.c.paid_minor)
    return await page_of(work, query, _CHARGE.c.charge_id, _shown_charge, asked)


@router.post(
    "/charges", status_code=201, responses=UNCHANGED, openapi_extra=needs(Right.WRITE_CHARGES)
)
async def put_charge(work: Here, given: ChargeGiven, response: Response) -> Imported:
    """Write a charge; one of that community and reference is updated (200)."""
    known = await _by_references(work, [given.reference])
    async with charges_change(work, known) as concerned:
        result = await import_one(work, SheetKind.CHARGES, given.model_dump(), response)
        concerned.update(ids_of([result]))
    return result


@router.post("/bulk/charges", openapi_extra=needs(Right.WRITE_CHARGES))
async def put_charges(work: Here, given: ChargesGiven) -> RecordsResult:
    """Write up to 1000 charges in one transaction; each item is told what became of it."""
    known = await _by_references(work, [each.reference for each in given.items])
    async with charges_change(work, known) as concerned:
        result = await import_many(
            work, SheetKind.CHARGES, [each.model_dump() for each in given.items]
        )
        concerned.update(ids_of(result.items))
    return result


@router.get("/charges/{charge_id}", openapi_extra=needs(Right.READ_ACCOUNTS))
async def show_charge(work: Here, charge_id: PathId) -> ChargeShown:
    """Return a charge."""
    return await _charge(work, charge_id)


@router.get("/payments", openapi_extra=needs(Right.READ_ACCOUNTS))
async def list_payments(
    work: Here,
    asked: Asked,
    charge_id: Annotated[IdQuery | None, Query()] = None,
    reference: Annotated[Text | None, Query(description="The receipt's number.")] = None,
) -> Page[PaymentShown]:
    """Return payments."""
    query = narrowed(
        sa.select(_PAYMENT, _CHARGE.c.currency).join(
            _CHARGE, _CHARGE.c.charge_id == _PAYMENT.c.charge_id
        ),
        charge=(_PAYMENT.c.charge_id, charge_id),
        reference=(_PAYMENT.c.reference, reference),
    )
    return await page_of(work, query, _PAYMENT.c.payment_id, _shown_payment, asked)


@router.post(
    "/payments",
    status_code=201,
    responses={200: {"model": PaymentTaken, "description": "The receipt was counted before."}},
    openapi_extra=needs(Right.POST_PAYMENTS),
)
async def post_payment(work: Here, given: PaymentGiven, response: Response) -> PaymentTaken:
    """Take a payment; once this is answered, no reminder that it answers is placed any more.

    A reminder that waits is withdrawn in the same transaction, one that rings is hung up. A part
    payment leaves the reminder standing about what is still open.
    """
    known = await _charge(work, given.charge_id)
    async with charges_change(work, [given.charge_id]):
        counted = await record_payment(
            work.session,
            charge_id=given.charge_id,
            amount=money_of(given.amount, known.currency),
            received_at=given.received_at or work.now,
            source=_RECEIPTS,
            reference=given.reference,
        )
    await work.note("payment_posted", f"charge:{given.charge_id}", counted=counted)
    if not counted:
        response.status_code = 200
    return PaymentTaken(counted=counted, charge=await _charge(work, given.charge_id))


@router.post("/bulk/payments", openapi_extra=needs(Right.POST_PAYMENTS))
async def post_payments(work: Here, given: ReceiptsGiven) -> RecordsResult:
    """Take up to 1000 payments in one transaction; each item is told what became of it."""
    known = await _by_references(work, [each.reference for each in given.items])
    async with charges_change(work, known):
        return await import_many(
            work, SheetKind.PAYMENTS, [each.model_dump() for each in given.items]
        )


async def _by_references(work: Work, references: list[str]) -> list[int]:
    """Return the charges of any community that the references may mean."""
    rows = await work.session.scalars(
        sa.select(_CHARGE.c.charge_id).where(_CHARGE.c.reference.in_(references))
    )
    return list(rows)


async def _charge(work: Work, charge_id: int) -> ChargeShown:
    return _shown_charge(
        await row_of(work, sa.select(_CHARGE), _CHARGE.c.charge_id, charge_id, "charge")
    )


def _shown_charge(row: AnyRow) -> ChargeShown:
    def money(amount_minor: int) -> str:
        return shown_money(amount_minor, row.currency)

    return ChargeShown(
        charge_id=row.charge_id,
        community_id=row.community_id,
        unit_id=row.unit_id,
        liable_person_id=row.liable_person_id,
        reference=row.reference,
        kind=row.kind,
        amount=money(row.amount_minor),
        paid=money(row.paid_minor),
        open=money(row.amount_minor - row.paid_minor),
        late_fee=money(row.late_fee_minor),
        currency=row.currency,
        due_on=row.due_on,
        disputed_at=row.disputed_at,
        note=row.note,
    )


def _shown_payment(row: Any) -> PaymentShown:
    return PaymentShown(
        payment_id=row.payment_id,
        charge_id=row.charge_id,
        amount=shown_money(row.amount_minor, row.currency),
        currency=row.currency,
        received_at=row.received_at,
        source=row.source,
        reference=row.reference,
    )
