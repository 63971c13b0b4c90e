"""However messily a workbook is written, what it means is what the customer file holds."""

from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from customers.export import contact_rows as exported_contacts
from customers.model import Role
from tests.integration.customers import messy
from tests.integration.customers.workbooks import Desk, everything

# A file with a NUL in it is refused as a whole: it is no text.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_messy_workbooks_never_crash_and_never_lose_a_good_row(
    session: AsyncSession, tmp_path: Path, data: st.DataObject
) -> None:
    owners = data.draw(messy.contacts())
    contact_rows, repeats = data.draw(messy.contact_sheet(owners))
    charges = data.draw(messy.charges(owners))
    charge_rows, bad = data.draw(messy.charge_sheet(charges))
    write = data.draw(messy.save_somehow())
    async with session.begin_nested() as example:
        desk = Desk(session=session, folder=tmp_path)
        contacts_file = write(tmp_path / "contacts", contact_rows)
        charges_file = write(tmp_path / "charges", charge_rows)

        told = await desk.imports_file(contacts_file)
        assert (told.accepted, told.unchanged, told.rejected) == (len(owners), repeats, 0)
        told = await desk.imports_file(charges_file)
        assert (told.accepted, told.unchanged, told.rejected) == (len(charges), 0, bad)
        assert {row[:8] for row in await _contacts(desk)} == {
            (
                owner.label,
                owner.name,
                Role.OWNER,
                ";".join(f"+86{phone}" for phone in owner.phones),
                owner.moved_in,
                owner.vip,
                owner.do_not_call,
                owner.community,
            )
            for owner in owners
        }
        assert {row[:8] for row in await desk.charges()} == {
            (
                charge.reference,
                charge.contact.community,
                charge.contact.label,
                "物业费",
                *(f"{money:.2f}" for money in (charge.amount, charge.paid)),
                f"{charge.amount - charge.paid + Decimal(0):.2f}",
                charge.due_on.isoformat(),
            )
            for charge in charges
        }

        before = await everything(session)
        told = await desk.imports_file(contacts_file)
        assert (told.accepted, told.rejected) == (0, 0)
        told = await desk.imports_file(charges_file)
        assert (told.accepted, told.rejected) == (0, bad)
        assert await everything(session) == before
        await example.rollback()


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(st.none() | st.integers() | TEXT, max_size=8), max_size=8))
async def test_no_cells_whatever_break_an_import(
    session: AsyncSession, tmp_path: Path, rows: list[list[object]]
) -> None:
    header = ["小区", "房号", "业主姓名", "联系电话", "入住日期", "身份", "VIP", "备注"]
    path = messy.write_csv(tmp_path / "any.csv", [header, *rows], encoding="utf-8", delimiter=",")
    async with session.begin_nested() as example:
        told = await Desk(session=session, folder=tmp_path).imports_file(path)
        assert told.rows == told.accepted + told.unchanged + told.rejected
        await example.rollback()


async def _contacts(desk: Desk) -> list[tuple[object, ...]]:
    return [(*row[1:], row[0]) async for row in exported_contacts(desk.session, now=desk.now)]
