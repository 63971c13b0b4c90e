"""The invented company: equal from equal seeds, with something of everything."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from callback.campaigns import shipped_campaigns
from core.phone import PhoneNumber
from customers.account_tables import Charge, Payment, Promise, ReworkNotice, WorkOrder
from customers.tables import Community, Occupancy, Person, Phone, Unit
from ownerline.demo.company import invent_company
from ownerline.demo.places import PLACES, owners_by_place
from ownerline.demo.rows import Rows

DAY = date(2026, 12, 16)
MORNING = datetime(2026, 12, 15, 22, tzinfo=UTC)


def company(owners: int, *, seed: int = 1) -> Rows:
    return invent_company(owners, seed=seed, day=DAY, now=MORNING, campaigns=shipped_campaigns())


@pytest.fixture(scope="module")
def rows() -> Rows:
    return company(2_000)


def test_equal_seeds_give_equal_companies_and_others_do_not() -> None:
    assert company(150, seed=5).by_table == company(150, seed=5).by_table
    assert company(150, seed=5).by_table != company(150, seed=6).by_table


@pytest.mark.parametrize("owners", [1, 7, 120, 2_000, 19_999])
def test_every_owner_lives_somewhere(owners: int) -> None:
    assert sum(owners_by_place(owners)) == owners


def test_a_company_of_one_owner_has_one(rows: Rows) -> None:
    one = company(1)
    assert len({row["person_id"] for row in one.of(Occupancy) if row["role"] == "owner"}) == 1
    assert len({row["person_id"] for row in rows.of(Occupancy) if row["role"] == "owner"}) == 2_000


def test_every_person_is_flagged_as_invented(rows: Rows) -> None:
    assert all(row["synthetic"] for row in rows.of(Person))


def test_numbers_are_valid_and_nobodys_twice(rows: Rows) -> None:
    numbers = [row["e164"] for row in rows.of(Phone)]
    assert len(numbers) == len(set(numbers))
    for e164 in numbers:
        assert PhoneNumber.parse(e164, "CN").e164 == e164


def test_units_are_named_once_in_their_community(rows: Rows) -> None:
    names = Counter((row["community_id"], row["label"]) for row in rows.of(Unit))
    assert max(names.values()) == 1
    assert len(rows.of(Community)) == len(PLACES)


def test_what_is_paid_is_the_sum_of_the_payments(rows: Rows) -> None:
    paid: Counter[int] = Counter()
    for row in rows.of(Payment):
        paid[row["charge_id"]] += row["amount_minor"]
    assert {
        row["charge_id"]: row["paid_minor"] for row in rows.of(Charge) if row["paid_minor"]
    } == (dict(paid))


def test_there_is_something_of_everything(rows: Rows) -> None:
    past_due = [(DAY - row["due_on"]).days for row in rows.of(Charge) if not row["paid_minor"]]
    for first, last in ((-3, -1), (1, 6), (7, 14), (15, 29), (30, 59), (60, 89), (90, 200)):
        assert any(first <= days <= last for days in past_due)
    assert {row["category"].value for row in rows.of(WorkOrder)} == {"safety", "leak", "other"}
    assert rows.of(Promise)
    assert rows.of(ReworkNotice)
    assert any(row["disputed_at"] for row in rows.of(Charge))
    assert any(row["deceased_at"] for row in rows.of(Person))
    assert {row["language"].value for row in rows.of(Person)} == {"zh-CN", "en"}
