"""The facts that stop a call, each as somebody brings it in on a connection of their own."""

from collections.abc import Sequence
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.live import News, Topic
from core.money import Money
from core.phone import PhoneNumber
from customers.service import (
    dispute_charges,
    kill_phone,
    mark_deceased,
    opt_out,
    record_payment,
)
from customers.tables import Phone
from dialer.control import stop
from tests.integration.dialer.day import Day, Owner


class Fact(StrEnum):
    """What happens to an account, or to all dialling."""

    PAYMENT = "a payment"
    OPT_OUT = "an opt-out"
    OPT_OUT_OF_NUMBER = "an opt-out of the number"
    DISPUTE = "a dispute"
    DEATH = "a death"
    DEAD_PHONE = "a dead phone"
    STOP = "a stop"


# A stop takes no lock: it must wait for nobody.
OF_ACCOUNTS: Sequence[Fact] = tuple(fact for fact in Fact if fact is not Fact.STOP)


async def happens(
    fact: Fact, day: Day, session: AsyncSession, *, owner: Owner, charge_id: int
) -> None:
    """Write the fact in the caller's transaction."""
    now, person_id = day.clock.now(), owner.person_id
    match fact:
        case Fact.PAYMENT:
            await record_payment(
                session,
                charge_id=charge_id,
                amount=Money(amount_minor=10_000, currency="CNY"),
                received_at=now,
                source="test",
            )
        case Fact.OPT_OUT:
            await opt_out(session, person_id=person_id, said_by="x", how="y", now=now)
        case Fact.OPT_OUT_OF_NUMBER:
            number = PhoneNumber(owner.phones[0])
            await opt_out(session, phone=number, said_by="x", how="y", now=now)
        case Fact.DISPUTE:
            await dispute_charges(session, person_id=person_id, charge_ids=[charge_id], now=now)
        case Fact.DEATH:
            await mark_deceased(session, person_id=person_id, now=now)
        case Fact.DEAD_PHONE:
            phone_id = await session.scalar(
                sa.select(Phone.phone_id).where(Phone.e164 == owner.phones[0])
            )
            await kill_phone(session, phone_id=phone_id or 0, because="agent", now=now)
        case Fact.STOP:
            await stop(session, by="test", now=now)


def news_of(fact: Fact, owner: Owner) -> News:
    """Return what the live feed tells of it."""
    if fact is Fact.STOP:
        return News(topic=Topic.SWITCHES, key="installation")
    return News(topic=Topic.ACCOUNT, key=str(owner.person_id))
