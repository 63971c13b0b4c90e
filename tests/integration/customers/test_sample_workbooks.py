"""The department's own workbooks: imported exactly, and a second time without a trace."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.export import work_order_rows
from customers.importing.model import FileResult
from customers.importing.run import import_file
from tests.integration.customers.workbooks import NOW, everything

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
FILES = ("owners.xlsx", "charges.xlsx", "workorders.xlsx")


@pytest.fixture
def truth() -> Any:
    return json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))


async def import_samples(session: AsyncSession) -> list[FileResult]:
    return [await import_file(session, SAMPLES / name, now=NOW) for name in FILES]


async def test_the_import_holds_exactly_the_owners_of_the_workbook(
    session: AsyncSession, truth: Any
) -> None:
    await import_samples(session)
    rows = await session.execute(
        sa.text("""
            SELECT c.name AS community, u.label AS unit, p.name, o.moved_in, p.vip, o.role,
                   EXISTS (SELECT FROM do_not_call d WHERE d.person_id = p.person_id) AS dnc,
                   array(SELECT e164 FROM phone ph WHERE ph.person_id = p.person_id
                         ORDER BY position) AS phones
            FROM occupancy o JOIN unit u USING (unit_id) JOIN community c USING (community_id)
                 JOIN person p USING (person_id)
        """)
    )
    found = {
        (r.community, r.unit, r.name): (
            tuple(r.phones),
            str(r.moved_in) if r.moved_in else None,
            r.vip,
            r.dnc,
            r.role,
        )
        for r in rows
    }
    assert found == {
        (owner["community"], owner["unit"], owner["name"]): (
            tuple("+86" + phone.lstrip("0") for phone in owner["phones"]),
            owner["moved_in"],
            owner["vip"],
            owner["dnc"],
            "owner",
        )
        for owner in truth["owners"]
    }


async def test_the_import_holds_exactly_the_charges_of_the_workbook(
    session: AsyncSession, truth: Any
) -> None:
    await import_samples(session)
    rows = await session.execute(
        sa.text("""
            SELECT h.reference, c.name AS community, u.label AS unit, h.kind, h.amount_minor,
                   h.paid_minor, h.due_on, h.amount_minor - h.paid_minor AS open_minor,
                   coalesce((SELECT sum(amount_minor) FROM payment p
                             WHERE p.charge_id = h.charge_id), 0) AS received_minor
            FROM charge h JOIN unit u USING (unit_id)
                 JOIN community c ON c.community_id = h.community_id
            WHERE h.liable_person_id IS NOT NULL
        """)
    )
    found = {r.reference: tuple(r)[1:] for r in rows}
    assert found == {
        charge["ref"]: (
            charge["community"],
            charge["unit"],
            charge["kind"],
            fen(charge["amount"]),
            fen(charge["paid"]),
            date.fromisoformat(charge["due"]),
            fen(charge["open"]),
            fen(charge["paid"]),
        )
        for charge in truth["charges"]
    }


async def test_the_import_holds_exactly_the_work_orders_of_the_workbook(
    session: AsyncSession, truth: Any
) -> None:
    await import_samples(session)
    found = {
        row[0]: (*row[1:4], *(None if day is None else day.isoformat() for day in row[5:]))
        async for row in work_order_rows(session)
    }
    assert found == {
        order["ref"]: tuple(
            order[key] for key in ("community", "unit", "category", "completed", "callback_by")
        )
        for order in truth["workorders"]
    }


async def test_every_row_of_the_workbooks_is_counted_once(
    session: AsyncSession, truth: Any
) -> None:
    results = await import_samples(session)
    counted = {
        (kind.kind.value, kind.rows, kind.accepted, kind.unchanged, kind.rejected)
        for result in results
        for kind in result.kinds
    }
    assert counted == {
        ("contacts", 238, 236, 2, truth["rejected"]["owners"]),
        ("charges", 333, 327, 1, truth["rejected"]["charges"]),
        ("work-orders", 89, 86, 0, truth["rejected"]["workorders"]),
    }


async def test_a_second_import_changes_nothing(session: AsyncSession) -> None:
    await import_samples(session)
    before = await everything(session)
    again = await import_samples(session)
    assert await everything(session) == before
    assert [(kind.accepted, kind.unchanged, kind.rejected) for r in again for kind in r.kinds] == [
        (0, 238, 0),
        (0, 328, 5),
        (0, 86, 3),
    ]


def fen(amount: float) -> int:
    return int(Decimal(repr(amount)) * 100)
