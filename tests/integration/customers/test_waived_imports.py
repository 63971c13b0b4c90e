"""A file of finance does not undo what was waived, and says where it still has it."""

from typing import Any

import sqlalchemy as sa

from core.money import Money
from customers.parsing.problems import Problem
from customers.timeline import person_timeline
from customers.waiver_tables import WaiverKind
from customers.waivers import ask_waiver
from tests.integration.customers.workbooks import CHARGES, NOW, Desk

OWNER = ("云麓", "1-1-101", "王芳", "13800000001", "2020-01-01", "业主", None, None, None)


async def bill(desk: Desk, late_fee: object, amount: str = "1000.50") -> None:
    """Import the one bill as finance has it now."""
    row: list[Any] = ["云麓", "1-1-101", "物业费", "B-1", amount, "0", "2026-10-01", late_fee]
    await desk.imports(row, header=CHARGES)


async def owed(desk: Desk) -> tuple[int, int]:
    """Return amount and late fee, in minor units."""
    rows = await desk.session.execute(sa.text("SELECT amount_minor, late_fee_minor FROM charge"))
    return tuple(rows.one())


async def waive(desk: Desk, minor: int, kind: WaiverKind = WaiverKind.LATE_FEE) -> None:
    """Forgive so much within the limit."""
    charge = (await desk.session.execute(sa.text("SELECT * FROM charge"))).one()
    await ask_waiver(
        desk.session,
        person_id=charge.liable_person_id,
        charge_id=charge.charge_id,
        kind=kind,
        amount=Money(amount_minor=minor, currency="CNY"),
        because="was in hospital",
        asked_by="Li",
        limit_minor=1_000_000,
        now=NOW,
    )


def told(desk: Desk) -> list[tuple[str, Problem]]:
    return [(each.column, each.problem) for each in desk.findings]


async def waived(desk: Desk) -> None:
    """A bill with a late fee of 100.00, of which 60.00 were waived."""
    await desk.imports(OWNER)
    await bill(desk, "100.00")
    await waive(desk, 6_000)


async def test_a_file_that_still_has_the_waived_fee_keeps_the_waiver_and_says_so(
    desk: Desk,
) -> None:
    await waived(desk)
    for fee, kept in (("100.00", 4_000), ("112.50", 5_250), ("112.50", 5_250), ("90.00", 5_250)):
        await bill(desk, fee)
        assert await owed(desk) == (100_050, kept), fee
        assert told(desk) == [("违约金", Problem.WAIVER_KEPT)]


async def test_once_finance_went_by_it_a_new_fee_is_taken_as_it_is(desk: Desk) -> None:
    await waived(desk)
    for fee, kept in (("40.00", 4_000), ("48.00", 4_800), ("160.00", 16_000)):
        await bill(desk, fee)
        assert await owed(desk) == (100_050, kept), fee
        assert told(desk) == []


async def test_what_was_rounded_off_stays_off(desk: Desk) -> None:
    await desk.imports(OWNER)
    await bill(desk, None)
    await waive(desk, 50, WaiverKind.ROUNDING)
    await bill(desk, None)
    assert await owed(desk) == (100_000, 0)
    assert told(desk) == [("应收金额", Problem.WAIVER_KEPT)]
    await bill(desk, None, amount="1000.00")
    await bill(desk, None, amount="1000.50")
    assert await owed(desk) == (100_050, 0)


async def test_a_bill_of_which_nothing_was_waived_follows_its_file(desk: Desk) -> None:
    await desk.imports(OWNER)
    for fee, kept in (("100.00", 10_000), ("120.00", 12_000), ("0", 0)):
        await bill(desk, fee)
        assert await owed(desk) == (100_050, kept)
        assert told(desk) == []


async def test_a_waiver_stands_on_the_timeline(desk: Desk) -> None:
    await waived(desk)
    person_id = await desk.session.scalar(sa.text("SELECT min(person_id) FROM person"))
    events = await person_timeline(desk.session, person_id=int(person_id or 0))
    (event,) = [each for each in events if each.what.startswith("waiver")]
    assert (event.what, event.facts["amount_minor"], event.facts["words"]) == (
        "waiver",
        6_000,
        "was in hospital",
    )
