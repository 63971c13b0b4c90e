"""Waivers: a late fee or the small end of an amount forgiven, within a limit or by a superior."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from core.live import Topic, tell
from core.money import Money
from customers.account_tables import Charge
from customers.desk import UnknownSubjectError
from customers.extensions import DecidedAlreadyError
from customers.waiver_tables import Waiver, WaiverKind, WaiverState


class ImpossibleWaiverError(OwnerlineError):
    """No more can be forgiven than is there, of a charge that the person owes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What became of a waiver at once: granted within the limit, or waiting for a superior."""

    waiver_id: int
    state: WaiverState


async def ask_waiver(
    session: AsyncSession,
    *,
    person_id: int,
    charge_id: int,
    kind: WaiverKind,
    amount: Money,
    because: str,
    asked_by: str,
    limit_minor: int,
    attempt_id: UUID | None = None,
    now: datetime,
) -> Asked:
    """Forgive what lies within the asker's limit now; hand what lies above it to a superior.

    What was granted within a limit on the same charge before counts towards it.

    Raises:
        UnknownSubjectError: no such charge.
        ImpossibleWaiverError: somebody else owes it, there is not so much to forgive, or the same
            is asked for already.
    """
    charge = await _locked(session, charge_id)
    _check(charge, person_id=person_id, kind=kind, amount=amount)
    waiting = await session.scalar(
        sa.select(Waiver.waiver_id).where(
            Waiver.charge_id == charge_id,
            Waiver.kind == kind,
            Waiver.state == WaiverState.REQUESTED,
        )
    )
    if waiting is not None:
        message = f"waiver {waiting} of this charge waits for a decision already"
        raise ImpossibleWaiverError(message)
    granted = await session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Waiver.forgiven_minor), 0)).where(
            Waiver.charge_id == charge_id,
            Waiver.state == WaiverState.APPROVED,
            Waiver.decided_by == Waiver.asked_by,
        )
    )
    within = int(granted or 0) + amount.amount_minor <= limit_minor
    waiver = Waiver(
        person_id=person_id,
        charge_id=charge_id,
        attempt_id=attempt_id,
        kind=kind,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        because=because,
        limit_minor=limit_minor,
        asked_at=now,
        asked_by=asked_by,
        state=WaiverState.APPROVED if within else WaiverState.REQUESTED,
        forgiven_minor=_forgive(charge, kind, amount.amount_minor) if within else None,
        decided_at=now if within else None,
        decided_by=asked_by if within else None,
    )
    session.add(waiver)
    await session.flush()
    await tell(session, Topic.ACCOUNT, person_id)
    return Asked(waiver_id=waiver.waiver_id, state=waiver.state)


async def decide_waiver(
    session: AsyncSession,
    *,
    waiver_id: int,
    approved: bool,
    by: str,
    because: str | None,
    now: datetime,
) -> int:
    """Approve or refuse a waiver, once; returns whose it is.

    Approved, the charge loses what is asked for, or what is left of it.

    Raises:
        UnknownSubjectError: no such waiver.
        DecidedAlreadyError: somebody was faster; says who.
    """
    charge_id = await session.scalar(
        sa.select(Waiver.charge_id).where(Waiver.waiver_id == waiver_id)
    )
    if charge_id is None:
        raise UnknownSubjectError(what="waiver", subject_id=waiver_id)
    charge = await _locked(session, charge_id)  # whoever asks holds the charge first, too
    waiver = await session.get_one(Waiver, waiver_id, with_for_update=True, populate_existing=True)
    if waiver.state is not WaiverState.REQUESTED:
        message = (
            f"waiver {waiver_id} is {waiver.state.value} already,"
            f" by {waiver.decided_by} at {waiver.decided_at:%Y-%m-%d %H:%M} UTC"
        )
        raise DecidedAlreadyError(message)
    waiver.state = WaiverState.APPROVED if approved else WaiverState.REFUSED
    waiver.forgiven_minor = _forgive(charge, waiver.kind, waiver.amount_minor) if approved else None
    waiver.decided_at, waiver.decided_by, waiver.decided_because = now, by, because
    await session.flush()
    await tell(session, Topic.ACCOUNT, waiver.person_id)
    return waiver.person_id


async def charge_of_waiver(session: AsyncSession, waiver_id: int) -> dict[int, int]:
    """Return a waiver's charge by its id; nothing where it is not on file."""
    rows = await session.execute(
        sa.select(Waiver.waiver_id, Waiver.charge_id).where(Waiver.waiver_id == waiver_id)
    )
    return {row.waiver_id: row.charge_id for row in rows}


def _check(charge: Charge, *, person_id: int, kind: WaiverKind, amount: Money) -> None:
    if charge.liable_person_id != person_id or charge.currency != amount.currency:
        message = f"charge {charge.charge_id} is not owed by person {person_id} in that currency"
        raise ImpossibleWaiverError(message)
    most = _forgivable(charge, kind)
    if not 0 < amount.amount_minor <= most:
        left = Money(amount_minor=most, currency=charge.currency)
        message = f"{amount} cannot be forgiven; {left} is there to forgive"
        raise ImpossibleWaiverError(message)


def _forgivable(charge: Charge, kind: WaiverKind) -> int:
    if kind is WaiverKind.LATE_FEE:
        return charge.late_fee_minor
    return max(0, charge.amount_minor - charge.paid_minor)


def _forgive(charge: Charge, kind: WaiverKind, amount_minor: int) -> int:
    forgiven = min(amount_minor, _forgivable(charge, kind))
    if kind is WaiverKind.LATE_FEE:
        charge.late_fee_minor -= forgiven
    else:
        charge.amount_minor -= forgiven
    return forgiven


async def _locked(session: AsyncSession, charge_id: int) -> Charge:
    charge = await session.scalar(
        sa.select(Charge).where(Charge.charge_id == charge_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if charge is None:
        raise UnknownSubjectError(what="charge", subject_id=charge_id)
    return charge
