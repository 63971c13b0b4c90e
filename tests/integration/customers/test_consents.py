"""Consent to automatic calls, as a contacts sheet states it and as the owner takes it back."""

from core.phone import PhoneNumber
from customers.model import CallMode, Purpose
from customers.service import record_consent
from tests.integration.customers.workbooks import NOW, Desk

HEADER = ("小区", "房号", "业主姓名", "联系电话", "同意自动呼叫")
A, B = "13800000001", "13800000002"

GRANTED = "SELECT array_agg(granted ORDER BY consent_id) FROM consent WHERE purpose = 'debt'"


async def test_a_yes_is_kept_for_each_number_and_purpose_and_a_blank_says_nothing(
    desk: Desk,
) -> None:
    await desk.imports(
        ("云麓", "1-1-101", "王芳", f"{A};{B}", "是"),
        ("云麓", "1-1-102", "李雷", "13800000003", None),
        header=HEADER,
    )

    assert await desk.one("SELECT count(*) FROM consent WHERE granted AND mode = 'automatic'") == 6
    assert await desk.one("SELECT count(DISTINCT e164) FROM consent") == 2


async def test_a_second_import_of_a_consent_changes_nothing(desk: Desk) -> None:
    row = ("云麓", "1-1-101", "王芳", A, "是")
    await desk.imports(row, header=HEADER)
    again = await desk.imports(row, header=HEADER)

    assert (again.accepted, again.unchanged) == (0, 1)
    assert await desk.one(GRANTED) == [True]


async def test_a_no_takes_the_consent_back(desk: Desk) -> None:
    await desk.imports(("云麓", "1-1-101", "王芳", A, "是"), header=HEADER)
    result = await desk.imports(("云麓", "1-1-101", "王芳", A, "否"), header=HEADER)

    assert result.accepted == 1
    assert await desk.one(GRANTED) == [True, False]


async def test_a_stale_file_does_not_give_back_what_the_owner_withdrew(desk: Desk) -> None:
    row = ("云麓", "1-1-101", "王芳", A, "是")
    await desk.imports(row, header=HEADER)
    await record_consent(
        desk.session,
        phone=PhoneNumber(f"+86{A}"),
        purpose=Purpose.DEBT,
        mode=CallMode.AUTOMATIC,
        granted=False,
        given_by="owner",
        how="letter",
        now=NOW,
    )
    await desk.imports(row, header=HEADER)

    assert await desk.one(GRANTED) == [True, False]


async def test_of_two_rows_about_one_number_the_no_wins(desk: Desk) -> None:
    await desk.imports(
        ("云麓", "1-1-101", "王芳", A, "是"),
        ("云麓", "1-1-102", "李雷", A, "否"),
        header=HEADER,
    )

    assert await desk.one(GRANTED) == [False]
