"""What becomes of charges: payments, promises, extensions, disputes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.announcements import Kind, announce
from core.errors import OwnerlineError
from core.live import Topic, tell, tell_all
from core.money import CurrencyMismatchError, Money
from customers.account_tables import Charge, Extension, Payment, Promise, PromiseCharge
from customers.desk import UnknownSubjectError, open_agent_task
from customers.model import ExtensionState, PromiseState
from customers.pay_ways import pay_ways


class ImpossiblePaymentError(OwnerlineError):
    """A payment must be of some money, and take back no more than was paid."""


class ImpossiblePromiseError(OwnerlineError):
    """A promise must be of some money, for a day not yet past."""


async def record_payment(
    session: AsyncSession,
    *,
    charge_id: int,
    amount: Money,
    received_at: datetime,
    source: str,
    reference: str | None = None,
) -> bool:
    """Add a payment to a charge; False when this source already gave this reference.

    A negative amount is a correction by finance.

    Raises:
        UnknownSubjectError: no such charge.
        CurrencyMismatchError: the charge is in another currency.
        ImpossiblePaymentError: of nothing, or a correction of more than was paid.
    """
    charge = await session.scalar(
        sa.select(Charge).where(Charge.charge_id == charge_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if charge is None:
        raise UnknownSubjectError(what="charge", subject_id=charge_id)
    if charge.currency != amount.currency:
        message = f"charge {charge_id} is in {charge.currency}, the payment in {amount.currency}"
        raise CurrencyMismatchError(message)
    if not amount.amount_minor or charge.paid_minor + amount.amount_minor < 0:
        paid = Money(amount_minor=charge.paid_minor, currency=charge.currency)
        message = f"a payment of {amount} cannot be counted: {paid} was paid so far"
        raise ImpossiblePaymentError(message)
    payment_id = await session.scalar(
        insert(Payment)
        .values(
            charge_id=charge_id,
            amount_minor=amount.amount_minor,
            received_at=received_at,
            source=source,
            reference=reference,
        )
        .on_conflict_do_nothing(index_elements=["source", "reference"])
        .returning(Payment.payment_id)
    )
    if payment_id is None:
        return False
    charge.paid_minor += amount.amount_minor
    await session.flush()
    await _tell_accounts(session, [charge])
    return True


async def record_promise(
    session: AsyncSession,
    *,
    person_id: int,
    charge_ids: Collection[int],
    amount: Money,
    promised_on: date,
    attempt_id: UUID | None,
    pay_by: str | None = None,
    now: datetime,
) -> int:
    """Write down a promise to pay about the charges; returns its id.

    `pay_by` is how they will pay, None: they did not say.

    Raises:
        ImpossiblePromiseError: of no money, about no charge, or to be paid in no way we know.
    """
    if pay_by is not None and pay_by not in pay_ways():
        message = f"{pay_by!r} is no way to pay; choose one of {', '.join(pay_ways())}"
        raise ImpossiblePromiseError(message)
    if amount.amount_minor <= 0 or not charge_ids:
        message = f"a promise of {amount} about {len(charge_ids)} charges promises nothing"
        raise ImpossiblePromiseError(message)
    charges = await _locked_charges(session, charge_ids)
    promise = Promise(
        person_id=person_id,
        attempt_id=attempt_id,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        promised_on=promised_on,
        pay_by=pay_by,
        made_at=now,
        state=PromiseState.OPEN,
    )
    session.add(promise)
    await session.flush()
    session.add_all(
        PromiseCharge(
            promise_id=promise.promise_id,
            charge_id=charge.charge_id,
            paid_minor_before=charge.paid_minor,
        )
        for charge in charges
    )
    await session.flush()
    await tell(session, Topic.ACCOUNT, person_id)
    await announce(
        session,
        Kind.PROMISE_MADE,
        {
            "promise_id": promise.promise_id,
            "person_id": person_id,
            "charge_ids": sorted(charge_ids),
            "promised_on": promised_on.isoformat(),
            "attempt_id": _word(attempt_id),
        },
        now=now,
    )
    return promise.promise_id


async def request_extension(
    session: AsyncSession,
    *,
    person_id: int,
    charge_ids: Collection[int],
    until: date,
    attempt_id: UUID | None,
    now: datetime,
) -> None:
    """Ask for more time to pay the charges, and hand it to somebody who may decide."""
    charges = await _locked_charges(session, charge_ids)
    session.add_all(
        Extension(
            person_id=person_id,
            charge_id=charge.charge_id,
            attempt_id=attempt_id,
            asked_at=now,
            until=until,
            state=ExtensionState.REQUESTED,
        )
        for charge in charges
    )
    await session.flush()
    await open_agent_task(
        session,
        person_id=person_id,
        kind="extension",
        subject=_charges_subject(charge_ids),
        detail={"until": until.isoformat()},
        now=now,
    )
    await _tell_accounts(session, charges)
    await announce(
        session,
        Kind.EXTENSION_REQUESTED,
        {
            "person_id": person_id,
            "charge_ids": sorted(charge_ids),
            "until": until.isoformat(),
            "attempt_id": _word(attempt_id),
        },
        now=now,
    )


async def dispute_charges(
    session: AsyncSession,
    *,
    person_id: int,
    charge_ids: Collection[int],
    now: datetime,
) -> None:
    """Mark charges as disputed, which stops automatic calls, and hand them to an agent."""
    charges = await _locked_charges(session, charge_ids)
    for charge in charges:
        charge.disputed_at = charge.disputed_at or now
    await session.flush()
    await open_agent_task(
        session,
        person_id=person_id,
        kind="dispute",
        subject=_charges_subject(charge_ids),
        now=now,
    )
    await _tell_accounts(session, charges)
    await announce(
        session,
        Kind.DISPUTE_RAISED,
        {"person_id": person_id, "charge_ids": sorted(charge_ids)},
        now=now,
    )


async def _locked_charges(session: AsyncSession, charge_ids: Collection[int]) -> list[Charge]:
    """Return the charges, locked in one order so that two writers never wait for each other."""
    charges = list(
        await session.scalars(
            sa.select(Charge)
            .where(Charge.charge_id.in_(charge_ids))
            .order_by(Charge.charge_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    if len(charges) != len(set(charge_ids)):
        missing = sorted(set(charge_ids) - {charge.charge_id for charge in charges})
        raise UnknownSubjectError(what="charge", subject_id=missing[0])
    return charges


async def _tell_accounts(session: AsyncSession, charges: Sequence[Charge]) -> None:
    """Tell every process of those who owe the charges: calls to them may have lost their reason."""
    owing = {each.liable_person_id for each in charges}
    await tell_all(session, Topic.ACCOUNT, [each for each in owing if each is not None])


def _word(attempt_id: UUID | None) -> str | None:
    return None if attempt_id is None else str(attempt_id)


def _charges_subject(charge_ids: Collection[int]) -> str:
    return "charge:" + ",".join(str(charge_id) for charge_id in sorted(charge_ids))
