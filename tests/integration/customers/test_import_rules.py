"""What a file may change of what is known: repeats, later files, hands that change, stale files."""

from datetime import date, timedelta

import pytest

from core.money import Money
from core.phone import PhoneNumber
from customers.importing.model import KindResult
from customers.model import Role
from customers.parsing.problems import Problem
from customers.service import add_phone, kill_phone, record_payment, reopen_work_order
from tests.integration.customers.workbooks import (
    CHARGES,
    NOW,
    ORDERS,
    PAYMENTS,
    Desk,
    everything,
    save,
)

A, B, C = "13800000001", "13800000002", "13800000003"
OWNER = ("云麓", "1-1-101", "王芳", A, "2020-01-01", "业主", None, None, None)


def counts(result: KindResult) -> tuple[int, int, int]:
    return result.accepted, result.unchanged, result.rejected


def e164(*numbers: str) -> str:
    return ";".join(f"+86{number}" for number in numbers)


def contact(
    unit: str = "1-1-101", name: str = "王芳", phones: str | None = A, **more: str
) -> list[str | None]:
    return [
        "云麓",
        unit,
        name,
        phones,
        more.get("moved_in"),
        more.get("role", "业主"),
        more.get("vip"),
        more.get("dnc"),
        more.get("note"),
    ]


async def test_the_first_row_of_a_key_wins_and_repeats_are_unchanged(desk: Desk) -> None:
    result = await desk.imports(contact(phones=A), contact("1栋1单元101", phones=B, vip="是"))
    assert counts(result) == (1, 1, 0)
    assert await desk.contacts() == [("1-1-101", "王芳", Role.OWNER, e164(A), None, False, False)]


async def test_a_repeat_never_opts_out_in_silence(desk: Desk) -> None:
    await desk.imports(contact(), contact(dnc="是"))
    assert [finding.problem for finding in desk.findings] == [Problem.OPT_OUT_IN_A_REPEAT]


async def test_a_later_file_updates_and_a_blank_clears_nothing(desk: Desk) -> None:
    await desk.imports(contact(vip="是", dnc="是", moved_in="2020-01-01"))
    assert counts(await desk.imports(contact(phones=None))) == (0, 1, 0)
    assert counts(await desk.imports(contact(phones=B, vip="否", moved_in="2021-02-03"))) == (
        1,
        0,
        0,
    )
    assert await desk.contacts() == [
        ("1-1-101", "王芳", Role.OWNER, e164(B), date(2021, 2, 3), False, True)
    ]


async def test_an_import_never_lifts_an_opt_out(desk: Desk) -> None:
    await desk.imports(contact(dnc="是"))
    await desk.imports(contact(dnc="否"))
    assert (await desk.contacts())[0][-1] is True


async def test_an_owner_without_a_usable_phone_is_kept_and_the_text_is_told(desk: Desk) -> None:
    result = await desk.imports(contact(phones="12345"))
    assert (counts(result), result.left_out) == ((1, 0, 0), 1)
    assert [(f.row_number, f.column, f.value, f.problem) for f in desk.findings] == [
        (2, "联系电话", "12345", Problem.NO_PHONE)
    ]


async def test_a_second_owner_in_one_file_is_rejected_with_the_mend(desk: Desk) -> None:
    result = await desk.imports(
        contact(), contact(name="李雷", phones=B), contact(name="韩梅", role="其他")
    )
    assert counts(result) == (2, 0, 1)
    assert [(f.value, f.problem) for f in desk.findings] == [("李雷", Problem.SECOND_OWNER)]


async def test_persons_are_one_only_by_the_same_name_and_the_same_phone(desk: Desk) -> None:
    await desk.imports(
        contact("1-1-101", "王芳", f"{A};{B}"),
        contact("1-1-102", "王芳", f"{B};{C}"),
        contact("1-1-103", "王芳", C),
        contact("1-1-104", "王芳", "13800000009"),
        contact("1-1-105", "李雷", A),
        contact("1-1-106", "王芳", None),
    )
    assert await desk.one("SELECT count(*) FROM person") == 4
    assert (
        await desk.one(
            "SELECT count(DISTINCT person_id) FROM occupancy JOIN unit USING (unit_id)"
            " WHERE label IN ('1-1-101', '1-1-102', '1-1-103')"
        )
        == 1
    )


async def test_a_later_file_finds_the_person_by_name_and_phone_and_takes_no_number_away(
    desk: Desk,
) -> None:
    await desk.imports(contact(phones=f"{A};{B}"))
    one_more_unit = [contact("1-1-102", phones=B)]
    await desk.imports(*one_more_unit)
    assert [row[3] for row in await desk.contacts()] == [e164(A, B)] * 2
    assert counts(await desk.imports(*one_more_unit)) == (0, 1, 0)
    assert [row[3] for row in await desk.contacts()] == [e164(A, B)] * 2


async def test_a_new_owner_follows_on_the_day_of_moving_in(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(contact(name="李雷", phones=B, moved_in="2026-06-01"))
    assert [row[1] for row in await desk.contacts()] == ["李雷"]
    assert await desk.one("SELECT valid_until FROM occupancy WHERE valid_from IS NULL") == date(
        2026, 6, 1
    )


async def test_a_new_owner_without_a_day_follows_on_the_day_of_the_import(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(contact(name="李雷", phones=B))
    assert await desk.one("SELECT valid_from FROM occupancy WHERE valid_until IS NULL") == date(
        2026, 11, 23
    )


async def test_a_mistaken_owner_is_mended_the_same_day(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(contact(name="李雷", phones=B))
    await desk.imports(contact())
    assert [row[1] for row in await desk.contacts()] == ["王芳"]


async def test_until_a_new_owner_has_moved_in_both_are_contacts(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(contact(name="李雷", phones=B, moved_in="2027-01-01"))
    assert [row[1] for row in await desk.contacts()] == ["王芳", "李雷"]
    desk.now = NOW + timedelta(days=60)
    assert [row[1] for row in await desk.contacts()] == ["李雷"]


async def test_new_tenants_follow_those_the_file_no_longer_names(desk: Desk) -> None:
    await desk.imports(
        contact(),
        contact(name="租甲", phones=B, role="租户"),
        contact(name="租乙", phones=C, role="租户"),
    )
    await desk.imports(
        contact(name="租乙", phones=C, role="租户"), contact(name="租丙", phones=B, role="租户")
    )
    assert [row[1] for row in await desk.contacts()] == ["王芳", "租乙", "租丙"]


async def test_a_blank_role_is_the_one_the_person_has(desk: Desk) -> None:
    await desk.imports(contact(), contact(name="租甲", phones=B, role="租户"))
    assert counts(await desk.imports(contact(name="租甲", phones=B, role=""))) == (0, 1, 0)
    assert [row[2] for row in await desk.contacts()] == [Role.OWNER, Role.TENANT]


async def test_a_blank_role_is_the_one_another_row_gives(desk: Desk) -> None:
    rows = (
        contact(name="租甲", phones=B, role="租户"),
        contact(),
        contact(name="租甲", phones=B, role=""),
    )
    assert counts(await desk.imports(*rows)) == (2, 1, 0)
    assert counts(await desk.imports(*rows)) == (0, 3, 0)


async def test_a_dead_number_comes_back_by_a_new_file_only(desk: Desk) -> None:
    first = save(
        desk.folder / "first.xlsx",
        [["小区", "房号", "姓名", "电话"], ["云麓", "1-1-101", "王芳", A]],
    )
    await desk.imports_file(first)
    phone_id = await desk.one("SELECT phone_id FROM phone")
    desk.now = NOW + timedelta(hours=1)
    await kill_phone(desk.session, phone_id=phone_id, because="invalid_number", now=desk.now)
    desk.now = NOW + timedelta(hours=2)
    assert counts(await desk.imports_file(first)) == (0, 1, 0)
    assert (await desk.contacts())[0][3] == ""
    assert counts(await desk.imports(contact())) == (1, 0, 0)
    assert (await desk.contacts())[0][3] == e164(A)


async def test_a_number_an_agent_took_down_outlives_files_without_it(desk: Desk) -> None:
    await desk.imports(contact())
    person_id = await desk.one("SELECT person_id FROM person")
    await add_phone(desk.session, person_id=person_id, phone=PhoneNumber(f"+86{C}"), source="agent")
    await desk.imports(contact(phones=B))
    assert set((await desk.contacts())[0][3].split(";")) == {f"+86{B}", f"+86{C}"}


CHARGE = ("云麓", "1-1-101", "物业费", "B1", "100.00", None, "2026-10-01", None)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        (1, "9-9-999", Problem.UNKNOWN_UNIT),
        (0, "别处", Problem.UNKNOWN_UNIT),
        (3, None, Problem.MISSING),
        (4, "待核", Problem.NO_AMOUNT),
        (4, None, Problem.MISSING),
        (4, -1, Problem.NEGATIVE_AMOUNT),
        (5, "待核", Problem.NO_AMOUNT),
        (6, "待定期", Problem.NO_DATE),
        (6, None, Problem.MISSING),
        (7, "很多", Problem.NO_AMOUNT),
    ],
)
async def test_a_bad_charge_is_rejected_and_the_good_ones_are_not(
    desk: Desk, column: int, value: object, problem: Problem
) -> None:
    await desk.imports(contact())
    bad = [*CHARGE[:column], value, *CHARGE[column + 1 :]]
    good = [*CHARGE[:3], "B2", *CHARGE[4:]]
    assert counts(await desk.imports(bad, good, header=CHARGES)) == (1, 0, 1)
    assert [(f.row_number, f.problem, f.rejected) for f in desk.findings] == [(2, problem, True)]


async def test_a_good_repeat_of_a_bad_row_is_not_lost(desk: Desk) -> None:
    await desk.imports(contact())
    bad = [*CHARGE[:4], "待核", *CHARGE[5:]]
    assert counts(await desk.imports(bad, CHARGE, CHARGE, header=CHARGES)) == (1, 1, 1)


async def test_what_was_paid_is_the_sum_of_payments_and_may_be_corrected(desk: Desk) -> None:
    await desk.imports(contact())
    for paid in ("30", "￥80.00", "50", None):
        await desk.imports([*CHARGE[:5], paid, *CHARGE[6:]], header=CHARGES)
    assert (await desk.charges())[0][4:7] == ("100.00", "50.00", "50.00")
    payments = await desk.one("SELECT array_agg(amount_minor ORDER BY payment_id) FROM payment")
    assert payments == [3000, 5000, -3000]


async def test_a_file_seen_before_takes_no_payment_back(desk: Desk) -> None:
    await desk.imports(contact())
    file = save(desk.folder / "charges.xlsx", [CHARGES, [*CHARGE[:5], "10", *CHARGE[6:]]])
    await desk.imports_file(file)
    await record_payment(
        desk.session,
        charge_id=await desk.one("SELECT charge_id FROM charge"),
        amount=Money(amount_minor=2000, currency="CNY"),
        received_at=NOW,
        source="api",
    )
    assert counts(await desk.imports_file(file)) == (0, 1, 0)
    assert (await desk.charges())[0][5] == "30.00"
    assert [f.problem for f in desk.findings] == [Problem.PAID_TAKEN_BACK]


async def test_payments_of_a_file_count_once(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(CHARGE, header=CHARGES)
    rows: list[list[str | None]] = [
        ["B1", "40", "2026-10-05", "R1"],
        ["B1", "5", "2026-10-06", None],
        ["B9", "5", "2026-10-06", None],
    ]
    assert counts(await desk.imports(*rows, header=PAYMENTS)) == (2, 0, 1)
    assert counts(await desk.imports(*rows, rows[0], header=PAYMENTS)) == (0, 3, 1)
    assert (await desk.charges())[0][5] == "45.00"


async def test_the_liable_person_held_the_unit_in_the_owing_role_on_the_due_date(
    desk: Desk,
) -> None:
    await desk.imports(
        contact(), contact(name="租甲", phones=B, role="租户", moved_in="2026-03-01")
    )
    kinds = {
        "B1": ("物业费", "2026-10-01"),
        "B2": ("水费", "2026-10-01"),
        "B3": ("水费", "2026-02-01"),
    }
    await desk.imports(
        *(["云麓", "1-1-101", kind, ref, 1, None, due, None] for ref, (kind, due) in kinds.items()),
        header=CHARGES,
    )
    assert await desk.liable() == {"B1": "王芳", "B2": "租甲", "B3": "王芳"}


async def test_a_new_owner_never_hears_the_old_owners_debt(desk: Desk) -> None:
    await desk.imports(contact())
    old, new = (
        [*CHARGE[:3], "OLD", *CHARGE[4:6], "2026-05-01", None],
        [*CHARGE[:3], "NEW", *CHARGE[4:6], "2026-07-01", None],
    )
    await desk.imports(old, new, header=CHARGES)
    await desk.imports(contact(name="李雷", phones=B, moved_in="2026-06-01"))
    assert await desk.liable() == {"OLD": "王芳", "NEW": "李雷"}


def order(
    reported: str = "2026-11-01", completed: str | None = "2026-11-05", ref: str = "W1"
) -> list[str | None]:
    return [ref, "云麓", "1-1-101", "渗漏水", reported, completed, "是"]


async def test_a_work_order_has_its_last_day_of_callback_once_completed(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(order(), order(completed=None, ref="W2"), header=ORDERS)
    assert [row[4:] for row in await desk.orders()] == [
        (date(2026, 11, 1), date(2026, 11, 5), date(2026, 11, 8)),
        (date(2026, 11, 1), None, None),
    ]


async def test_completed_before_reported_is_rejected_against_the_file_and_what_is_known(
    desk: Desk,
) -> None:
    await desk.imports(contact())
    assert counts(await desk.imports(order(completed="2026-10-31"), header=ORDERS)) == (0, 0, 1)
    await desk.imports(order(), header=ORDERS)
    assert counts(await desk.imports(order("2026-11-09", None), header=ORDERS)) == (0, 0, 1)


async def test_a_stale_completion_never_closes_a_reopened_order(desk: Desk) -> None:
    await desk.imports(contact())
    await desk.imports(order(), header=ORDERS)
    await reopen_work_order(
        desk.session,
        work_order_id=await desk.one("SELECT work_order_id FROM work_order"),
        attempt_id=None,
        finding="仍在漏",
        now=NOW,
    )
    assert counts(await desk.imports(order(), header=ORDERS)) == (0, 1, 0)
    assert (await desk.orders())[0][5] is None
    assert counts(await desk.imports(order(completed="2026-11-20"), header=ORDERS)) == (1, 0, 0)
    assert (await desk.orders())[0][5] == date(2026, 11, 20)
    # No longer reopened: the completion owes a callback of its own.
    assert await desk.one("SELECT reopened_at FROM work_order") is None


async def test_totals_blank_rows_and_page_headers_are_neither_rows_nor_rejects(desk: Desk) -> None:
    result = await desk.imports(
        OWNER,
        [None] * 9,
        ["小区", "房号", "业主姓名", "联系电话", "入住日期", "身份", "VIP", "免打扰", "备注"],
        ["合计", 1],
        [None, None, None, None, None, None, None, None, "  "],
    )
    assert (result.rows, *counts(result)) == (1, 1, 0, 0)


async def test_a_third_import_of_every_kind_changes_nothing(desk: Desk) -> None:
    async def bring() -> None:
        await desk.imports(contact(note="老人独居"), contact("1-1-102", phones=f"{A};{B}"))
        await desk.imports([*CHARGE[:5], "10", *CHARGE[6:]], header=CHARGES)
        await desk.imports(order(), header=ORDERS)

    await bring()
    before = await everything(desk.session)
    await bring()
    assert await everything(desk.session) == before
