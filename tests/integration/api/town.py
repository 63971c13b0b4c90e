"""A little town for the API's tests: an owner with a phone and a debt, and a list built of it."""

from dataclasses import dataclass

from callback.building import build_lists
from customers.account_tables import Charge
from customers.model import Language, Role
from customers.tables import Community, Occupancy, Person, Phone, Unit
from tests.integration.api.office import TEN, Office


@dataclass(frozen=True, kw_only=True, slots=True)
class Debtor:
    """An owner with one home and one overdue charge."""

    community_id: int
    unit_id: int
    person_id: int
    phone_id: int
    charge_id: int


async def debtor(office: Office, *, amount_minor: int = 10_000, days: int = 10) -> Debtor:
    """Put an owner on file who owes a charge for so many days."""
    community_id = await office.add(
        Community,
        name="翠湖花园",
        time_zone="Asia/Shanghai",
        region="CN",
        currency="CNY",
        packs=["CN"],
    )
    unit_id = await office.add(Unit, community_id=community_id, label="3-2-1201")
    person_id = await office.add(
        Person, name="王建国", language=Language.MANDARIN, identity_digits="2468", synthetic=True
    )
    await office.add(Occupancy, unit_id=unit_id, person_id=person_id, role=Role.OWNER)
    phone_id = await office.add(Phone, person_id=person_id, e164="+8613800138000", position=1)
    charge_id = await office.add(
        Charge,
        community_id=community_id,
        unit_id=unit_id,
        liable_person_id=person_id,
        reference="B-1",
        kind="物业费",
        amount_minor=amount_minor,
        currency="CNY",
        due_on=office.days_ago(days),
    )
    return Debtor(
        community_id=community_id,
        unit_id=unit_id,
        person_id=person_id,
        phone_id=phone_id,
        charge_id=charge_id,
    )


async def build(office: Office) -> None:
    """Build every list at this instant."""
    async with office.deps.sessions.begin() as session:
        await build_lists(session, now=TEN)
