"""A wrap-up form checked against the file: what is owed by now, and the community's own day."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCallCharge
from core.columns import AnyRow
from customers.account_tables import Charge
from customers.model import Reason, WrapUpCode
from customers.tables import Community
from dialer.agents.desk import Desk
from dialer.agents.forms import FormBasis, read_form


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
    about = row.facts.get("about") if row.reason is Reason.PROMISED else None
    zone = await session.scalar(
        sa.select(Community.time_zone).where(Community.community_id == row.community_id)
    )
    basis = FormBasis(
        due_call_id=row.due_call_id,
        reason=row.reason if about is None else Reason(about),
        purpose=row.purpose,
        campaign=row.campaign,
        open_minor=await _open_minor(session, row.due_call_id),
        now=now,
        time_zone=str(zone),
        rules=desk.rules,
    )
    return read_form(*form, basis)


async def _open_minor(session: AsyncSession, due_call_id: int) -> int | None:
    """Return what is open of the debts a due call speaks of; None: it speaks of none."""
    open_minor = await session.scalar(
        sa.select(sa.func.sum(Charge.amount_minor - Charge.paid_minor))
        .join(DueCallCharge, DueCallCharge.charge_id == Charge.charge_id)
        .where(DueCallCharge.due_call_id == due_call_id)
    )
    return None if open_minor is None else int(open_minor)
