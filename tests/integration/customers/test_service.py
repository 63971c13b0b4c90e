"""Use cases on the customer file: what each writes, and that a payment waits for a claim."""

import asyncio
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from core.money import CurrencyMismatchError, Money
from core.phone import PhoneNumber
from customers import service
from customers.communities import (
    CommunityChange,
    CommunitySettingError,
    UnknownCommunityError,
    set_community,
    show_community,
)
from customers.importing.model import Defaults
from customers.model import Reason
from customers.search import FoundBy, NothingFoundError, find_people
from customers.timeline import person_timeline, unit_timeline
from tests.integration.customers.workbooks import CHARGES, NOW, ORDERS, Desk

PHONE = PhoneNumber("+8613800000001")


def yuan(amount: int) -> Money:
    return Money(amount_minor=amount * 100, currency="CNY")


@pytest.fixture
async def file(desk: Desk) -> Desk:
    """A desk with one owner, one charge of 100 and one completed work order."""
    await desk.imports(["云麓", "3栋2单元1201", "王芳", PHONE.digits])
    await desk.imports(
        ["云麓", "3-2-1201", "物业费", "B1", 100, None, "2026-10-01", None], header=CHARGES
    )
    await desk.imports(
        ["W1", "云麓", "3-2-1201", "漏水", "2026-11-01", "2026-11-05", None], header=ORDERS
    )
    return desk


async def ids(desk: Desk) -> dict[str, int]:
    row = await desk.session.execute(
        sa.text(
            "SELECT person_id, charge_id, work_order_id, u.unit_id, u.community_id, phone_id"
            " FROM person JOIN phone USING (person_id), charge, work_order, unit u"
        )
    )
    return dict(row.mappings().one())


async def test_a_payment_counts_once_by_its_reference(file: Desk) -> None:
    charge_id = (await ids(file))["charge_id"]
    pay: dict[str, Any] = {"charge_id": charge_id, "amount": yuan(30), "received_at": NOW}
    assert await service.record_payment(file.session, source="api", reference="R1", **pay)
    assert not await service.record_payment(file.session, source="api", reference="R1", **pay)
    assert await service.record_payment(file.session, source="bank", reference="R1", **pay)
    assert (await file.charges())[0][5] == "60.00"


async def test_a_payment_in_another_currency_or_for_nothing_is_refused(file: Desk) -> None:
    charge_id = (await ids(file))["charge_id"]
    dollars = Money(amount_minor=1, currency="USD")
    with pytest.raises(CurrencyMismatchError, match="USD"):
        await service.record_payment(
            file.session, charge_id=charge_id, amount=dollars, received_at=NOW, source="api"
        )
    with pytest.raises(service.UnknownSubjectError, match="charge 0"):
        await service.record_payment(
            file.session, charge_id=0, amount=yuan(1), received_at=NOW, source="api"
        )


async def test_an_opt_out_stands_once(file: Desk) -> None:
    person_id = (await ids(file))["person_id"]
    said: dict[str, Any] = {"said_by": "owner", "how": "key 9", "now": NOW}
    assert await service.opt_out(file.session, person_id=person_id, **said)
    assert not await service.opt_out(file.session, person_id=person_id, **said)
    assert await service.opt_out(file.session, phone=PHONE, reason=Reason.SURVEY, **said)
    assert (await file.contacts())[0][-1] is True


async def test_a_promise_keeps_what_was_paid_before_it(file: Desk) -> None:
    known = await ids(file)
    await service.record_payment(
        file.session, charge_id=known["charge_id"], amount=yuan(30), received_at=NOW, source="api"
    )
    await service.record_promise(
        file.session,
        person_id=known["person_id"],
        charge_ids=[known["charge_id"]],
        amount=yuan(70),
        promised_on=date(2026, 11, 30),
        attempt_id=None,
        now=NOW,
    )
    assert await file.one("SELECT paid_minor_before FROM promise_charge") == 3000
    with pytest.raises(service.ImpossiblePromiseError):
        await service.record_promise(
            file.session,
            person_id=known["person_id"],
            charge_ids=[],
            amount=yuan(70),
            promised_on=date(2026, 11, 30),
            attempt_id=None,
            now=NOW,
        )


async def test_disputes_extensions_and_deaths_become_agents_tasks_once(file: Desk) -> None:
    known = await ids(file)
    for _ in range(2):
        about: dict[str, Any] = {
            "person_id": known["person_id"],
            "charge_ids": [known["charge_id"]],
        }
        await service.dispute_charges(file.session, **about, now=NOW)
        await service.mark_deceased(file.session, person_id=known["person_id"], now=NOW)
    await service.request_extension(
        file.session,
        person_id=known["person_id"],
        charge_ids=[known["charge_id"]],
        until=date(2026, 12, 24),
        attempt_id=None,
        now=NOW,
    )
    kinds = await file.one("SELECT array_agg(kind ORDER BY kind) FROM agent_task")
    assert kinds == ["deceased", "dispute", "extension"]
    assert await file.one("SELECT disputed_at FROM charge") == NOW
    assert await file.one("SELECT deceased_at FROM person") == NOW


async def test_a_reopened_order_has_a_rework_notice_within_a_day_and_a_new_cycle(
    file: Desk,
) -> None:
    order_id = (await ids(file))["work_order_id"]
    found: dict[str, Any] = {"attempt_id": None, "finding": "仍在漏", "now": NOW}
    assert await service.reopen_work_order(file.session, work_order_id=order_id, **found) == 2
    assert await file.one("SELECT issue_by FROM rework_notice WHERE cycle = 1") == NOW + timedelta(
        hours=24
    )
    assert await file.one("SELECT previous_completed_on FROM work_order") == date(2026, 11, 5)
    with pytest.raises(service.NotCompletedError):
        await service.reopen_work_order(file.session, work_order_id=order_id, **found)


async def test_a_dead_number_is_told_once_and_an_agents_comes_first(file: Desk) -> None:
    known = await ids(file)
    dead: dict[str, Any] = {"phone_id": known["phone_id"], "because": "invalid_number", "now": NOW}
    assert await service.kill_phone(file.session, **dead)
    assert not await service.kill_phone(file.session, **dead)
    better = PhoneNumber("+8613800000009")
    for phone in (better, PHONE):
        await service.add_phone(
            file.session, person_id=known["person_id"], phone=phone, source="agent"
        )
    assert (await file.contacts())[0][3] == f"{PHONE};{better}"


@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("3-2-1201", FoundBy.UNIT),
        ("３栋２单元１２０１", FoundBy.UNIT),
        ("138 0000 0001", FoundBy.PHONE),
        ("+8613800000001", FoundBy.PHONE),
        ("b1", FoundBy.CHARGE),
        ("W1", FoundBy.WORK_ORDER),
    ],
)
async def test_a_person_is_found_by_unit_phone_or_reference(
    file: Desk, query: str, by: FoundBy
) -> None:
    for community in (None, "云麓"):
        (found,) = await find_people(file.session, query, community=community)
        assert (found.by, found.name, found.unit) == (by, "王芳", "3-2-1201")
    with pytest.raises(NothingFoundError):
        await find_people(file.session, query, community="别处")


async def test_a_file_is_told_newest_first(file: Desk) -> None:
    known = await ids(file)
    await service.add_note(
        file.session,
        person_id=known["person_id"],
        unit_id=known["unit_id"],
        text="老人独居",
        written_by="agent:1",
        now=NOW,
    )
    person = await person_timeline(file.session, person_id=known["person_id"])
    assert [event.what for event in person] == ["note", "charge_due"]
    unit = await unit_timeline(file.session, unit_id=known["unit_id"])
    assert [event.what for event in unit] == [
        *("note", "repair_completed", "repair_reported", "charge_due"),
    ]


async def test_a_community_is_made_shown_and_set(desk: Desk) -> None:
    how: dict[str, Any] = {
        "name": " Elm Court ",
        "defaults": Defaults(),
        "known_packs": {"CN", "US"},
    }
    await set_community(desk.session, change=CommunityChange(), **how)
    change = CommunityChange(time_zone="America/New_York", region="us", packs=("US",))
    await set_community(desk.session, change=change, **how)
    shown = await show_community(desk.session, name="Elm Court")
    assert shown.as_json() == {
        "name": "Elm Court",
        "time_zone": "America/New_York",
        "region": "US",
        "currency": "CNY",
        "packs": ["US"],
        "units": 0,
    }
    with pytest.raises(UnknownCommunityError, match="Oak"):
        await show_community(desk.session, name="Oak Court")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (CommunityChange(time_zone="Mars/Olympus"), "Mars"),
        (CommunityChange(region="XX"), "XX"),
        (CommunityChange(currency="XYZ"), "XYZ"),
        (CommunityChange(packs=("FR",)), "CN, US"),
        (CommunityChange(currency="USD"), "cannot become USD"),
    ],
)
async def test_a_community_cannot_be_set_to_nonsense(
    file: Desk, change: CommunityChange, says: str
) -> None:
    with pytest.raises(CommunitySettingError, match=says):
        await set_community(
            file.session,
            name="云麓",
            change=change,
            defaults=Defaults(),
            known_packs={"CN", "US"},
        )


async def test_a_payment_waits_for_the_claim_that_rests_on_the_charge(
    database: AsyncEngine, tmp_path: Any
) -> None:
    sessions = session_factory(database)
    async with sessions.begin() as session:
        desk = Desk(session=session, folder=tmp_path)
        await desk.imports(["云麓", "1-1-101", "王芳", None])
        await desk.imports(
            ["云麓", "1-1-101", "水费", "B1", 100, None, "2026-10-01", None], header=CHARGES
        )
        charge_id = await desk.one("SELECT charge_id FROM charge")

    async def pay() -> None:
        async with sessions.begin() as session:
            await session.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
            await service.record_payment(
                session, charge_id=charge_id, amount=yuan(1), received_at=NOW, source="api"
            )

    async with sessions.begin() as claim:
        await claim.execute(sa.text("SELECT FROM charge FOR SHARE"))
        with pytest.raises(OperationalError) as error:
            await pay()
        assert isinstance(error.value.orig, psycopg.errors.LockNotAvailable)
    await asyncio.gather(pay(), pay())
    async with sessions() as session:
        assert await session.scalar(sa.text("SELECT paid_minor FROM charge")) == 200
