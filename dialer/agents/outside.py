"""Outside numbers that an owner may be connected with: never one that no bridge may ring."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.never_rung import is_test_number, never_rung, within_destinations
from callback.rules import Rule
from callback.tables import DueCall
from core.errors import OwnerlineError
from core.phone import PhoneNumber
from customers.tables import Community
from dialer.agents.desk import Desk
from dialer.control import switches
from dialer.tables import AttemptDueCall

_REGION = (
    sa.select(Community.region)
    .join(DueCall, DueCall.community_id == Community.community_id)
    .join(AttemptDueCall, AttemptDueCall.due_call_id == DueCall.due_call_id)
    .where(AttemptDueCall.attempt_id == sa.bindparam("attempt_id"))
    .order_by(AttemptDueCall.position)
    .limit(1)
)


class OutsideNumberError(OwnerlineError):
    """The rules refuse to ring a number; `rule` names the one."""

    def __init__(self, phone: PhoneNumber, rule: Rule) -> None:
        super().__init__(f"nobody may be connected with {phone}: {rule.value}")
        self.rule = rule


async def check_outside(
    session: AsyncSession, phone: PhoneNumber, *, attempt_id: UUID, desk: Desk
) -> None:
    """Refuse a number that no bridge may ring, or not from this installation now.

    Without destinations in the settings a call reaches the countries its community's own pack
    reaches.

    Raises:
        OutsideNumberError: names the rule.
    """
    turned = await switches(session)
    region = await session.scalar(_REGION, {"attempt_id": attempt_id})
    rule = never_rung(phone)
    if rule is None and not within_destinations(
        phone, phone.region, _destinations(desk, None if region is None else str(region))
    ):
        rule = Rule.OUTSIDE_DESTINATIONS
    if rule is None and turned.stopped:
        rule = Rule.STOPPED
    may_ring = turned.armed or is_test_number(phone, desk.test_numbers)
    if rule is None and desk.bridge_is_real and not may_ring:
        rule = Rule.NOT_ARMED
    if rule is not None:
        raise OutsideNumberError(phone, rule)


def _destinations(desk: Desk, region: str | None) -> tuple[str, ...]:
    if desk.destinations or region is None:
        return desk.destinations
    own = desk.packs.for_country(region)
    return own.countries if own is not None else (region,)
