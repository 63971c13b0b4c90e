"""A wrap-up form checked against the file: what is owed by now, and the community's own day."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCallCharge
from core.columns import AnyRow
from customers.account_tables import Charge
from customers.model import CallMode, Reason, WrapUpCode
from customers.tables import Community
from dialer.agents.call_time import AskedCall, CallTimeRefusedError, check_call_time
from dialer.agents.desk import Desk
from dialer.agents.forms import FormBasis, WrapUpFormError, read_form


async def checked(
    session: AsyncSession,
    row: AnyRow,
    form: tuple[WrapUpCode, Mapping[str, Any]],
    *,
    desk: Desk,
    now: datetime,
) -> dict[str, Any]:
    """Return the data of a due call's outcome from a code and the values of its form.

    Raises:
        WrapUpFormError: the code does not fit, or a value cannot be.
    """
    zone = await session.scalar(
        sa.select(Community.time_zone).where(Community.community_id == row.community_id)
    )
    basis = FormBasis(
        due_call_id=row.due_call_id,
        reason=about_of(row),
        purpose=row.purpose,
        campaign=row.campaign,
        open_minor=await _open_minor(session, row.due_call_id),
        now=now,
        time_zone=str(zone),
        rules=desk.rules,
    )
    data = read_form(*form, basis)
    if "callback_at" in data:
        at = datetime.fromisoformat(data["callback_at"])
        await _may_be_promised(session, row, at, desk=desk, now=now)
    return data


def about_of(row: AnyRow) -> Reason:
    """Return what a due call is about; of a promised one, what it goes on with."""
    about = row.facts.get("about") if row.reason is Reason.PROMISED else None
    return Reason(row.reason if about is None else about)


def asked_call(row: AnyRow, call_at: datetime) -> AskedCall:
    """Return the call that is asked for in the talk about a due call."""
    return AskedCall(
        person_id=row.person_id,
        community_id=row.community_id,
        call_at=call_at,
        about=about_of(row),
        due_call_id=row.due_call_id,
        mode=CallMode.AGENT,
    )


async def _may_be_promised(
    session: AsyncSession, row: AnyRow, call_at: datetime, *, desk: Desk, now: datetime
) -> None:
    try:
        await check_call_time(session, asked_call(row, call_at), desk=desk, now=now)
    except CallTimeRefusedError as err:
        message = f"due call {row.due_call_id}, callback_requested: callback_at: {err}"
        raise WrapUpFormError(message) from err


async def _open_minor(session: AsyncSession, due_call_id: int) -> int | None:
    """Return what is open of the debts a due call speaks of; None: it speaks of none."""
    open_minor = await session.scalar(
        sa.select(sa.func.sum(Charge.amount_minor - Charge.paid_minor))
        .join(DueCallCharge, DueCallCharge.charge_id == Charge.charge_id)
        .where(DueCallCharge.due_call_id == due_call_id)
    )
    return None if open_minor is None else int(open_minor)
