"""What cells mean: units, phones, amounts, dates and words, as people write them."""

import math
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money, minor_digits
from customers.model import Language, Role, WorkOrderCategory
from customers.parsing.amounts import read_amount
from customers.parsing.dates import read_date
from customers.parsing.phones import read_phones
from customers.parsing.problems import CellError, Problem, explain
from customers.parsing.text import Cell, as_lines, as_text, is_nothing, is_total
from customers.parsing.units import read_unit
from customers.parsing.words import (
    read_category,
    read_honorific,
    read_language,
    read_role,
    read_yes,
)

ANY_CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
)


@pytest.mark.parametrize(
    "written",
    [
        "3栋2单元1201",
        "3幢2单元1201室",
        "3号楼2单元1201",
        "3#2-1201",
        "3-2-1201",
        " 3 - 2 - 1201 ",
        "３－２－１２０１",
        "3—2—1201",
        "3栋 2单元 1201 室",
        "03-02-1201",
        "Building 3 Unit 2 Room 1201",
    ],
)
def test_a_unit_reads_building_entrance_room(written: str) -> None:
    assert read_unit(written) == "3-2-1201"


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("B2-017", "B2-017"),
        ("商铺 12", "商铺 12"),
        ("地下车位１２３号", "地下车位123号"),
        ("3-2-0301", "3-2-0301"),
        ("A栋2单元1201", "A-2-1201"),
        ("3-2-1201A", "3-2-1201A"),
        (1201, "1201"),
        (1201.0, "1201"),
        ("3-1201", "3-1201"),
    ],
)
def test_a_unit_of_another_shape_stays_as_given(written: Cell, label: str) -> None:
    assert read_unit(written) == label


@given(st.text())
def test_reading_a_unit_twice_changes_nothing(written: str) -> None:
    assert read_unit(read_unit(written)) == read_unit(written)


@pytest.mark.parametrize(
    ("cell", "e164"),
    [
        ("13620327112", ["+8613620327112"]),
        (13620327112, ["+8613620327112"]),
        (13620327112.0, ["+8613620327112"]),
        ("13620327112.0", ["+8613620327112"]),
        ("+86 18665178800", ["+8618665178800"]),
        ("008613829496366", ["+8613829496366"]),
        ("0086075585752775", ["+8675585752775"]),
        ("186-3630-9189", ["+8618636309189"]),
        (" 139 5356 9041 ", ["+8613953569041"]),
        ("１５８０５４４０５５９", ["+8615805440559"]),
        ("0755-85752775", ["+8675585752775"]),
        ("(0755)85752775", ["+8675585752775"]),
        ("13863943699/13620011925", ["+8613863943699", "+8613620011925"]),
        ("13914593186，13653320450", ["+8613914593186", "+8613653320450"]),
        ("15844218032、075588644452", ["+8615844218032", "+8675588644452"]),
        ("17792841407;0086075585752775", ["+8617792841407", "+8675585752775"]),
        ("13863943699\n13620011925", ["+8613863943699", "+8613620011925"]),
        ("13863943699 13620011925", ["+8613863943699", "+8613620011925"]),
        ("13863943699|13863943699", ["+8613863943699"]),
        ("手机:13863943699", ["+8613863943699"]),
        ("13863943699(妻子)", ["+8613863943699"]),
        ("+1 650 253 0000", ["+16502530000"]),
        ("无", []),
        ("同上", []),
        ("-", []),
        ("", []),
        (None, []),
    ],
)
def test_phones_of_a_cell_in_their_order(cell: Cell, e164: list[str]) -> None:
    read = read_phones(cell, "CN")
    assert ([phone.e164 for phone in read.phones], read.unusable) == (e164, ())


def test_texts_that_are_no_phone_are_told_and_the_good_number_kept() -> None:
    read = read_phones("12345、13863943699；见备注", "CN")
    assert [phone.e164 for phone in read.phones] == ["+8613863943699"]
    assert read.unusable == ("12345", "见备注")


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("￥1,234.50", 123450),
        ("¥1234.5", 123450),
        ("1234.5元", 123450),
        ("3,771.18元", 377118),
        ("CNY 12", 1200),
        ("人民币 12.30 元整", 1230),
        ("１２３４．５", 123450),
        (4761.98, 476198),
        (1484487.319999999, 148448732),
        (0, 0),
        ("￥0.00", 0),
        ("", None),
        (None, None),
        ("-", None),
        ("无", None),
    ],
)
def test_an_amount_is_read_exactly(cell: Cell, minor: int | None) -> None:
    money = read_amount(cell, "CNY")
    assert (None if money is None else money.amount_minor) == minor


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("待核", Problem.NO_AMOUNT),
        ("#REF!", Problem.NO_AMOUNT),
        ("1 234,567.00", Problem.NO_AMOUNT),
        ("12,34", Problem.NO_AMOUNT),
        ("1.2.3", Problem.NO_AMOUNT),
        ("1e5", Problem.NO_AMOUNT),
        (True, Problem.NO_AMOUNT),
        (math.nan, Problem.NO_AMOUNT),
        (math.inf, Problem.NO_AMOUNT),
        (1e30, Problem.NO_AMOUNT),
        (datetime(2026, 3, 5), Problem.NO_AMOUNT),  # noqa: DTZ001 - as Excel gives it
        (-5, Problem.NEGATIVE_AMOUNT),
        ("-5.00", Problem.NEGATIVE_AMOUNT),
        ("￥-5", Problem.NEGATIVE_AMOUNT),
        ("(1,234.50)", Problem.NEGATIVE_AMOUNT),
        ("USD 12", Problem.OTHER_CURRENCY),
        ("12.5万", Problem.NO_AMOUNT),
        ("$12", Problem.OTHER_CURRENCY),
    ],
)
def test_what_is_no_amount_is_named(cell: Cell, problem: Problem) -> None:
    with pytest.raises(CellError) as error:
        read_amount(cell, "CNY")
    assert error.value.problem is problem


@given(st.integers(0, 10**12), st.sampled_from(["CNY", "JPY", "USD", "KWD"]))
def test_an_amount_written_out_reads_back(minor: int, currency: str) -> None:
    money = Money(amount_minor=minor, currency=currency)
    assert read_amount(f"{money.to_decimal():,}", currency) == money
    if minor < 10**10:
        assert read_amount(float(Decimal(minor).scaleb(-minor_digits(currency))), currency) == money


@pytest.mark.parametrize(
    "cell",
    [
        datetime(2026, 3, 5, 13, 30),  # noqa: DTZ001 - as Excel gives it
        date(2026, 3, 5),
        "2026年3月5日",
        "2026年03月05日",
        "2026/3/5",
        "2026.03.05",
        "2026-03-05",
        "2026-03-05T08:00:00+08:00",
        "2026-3-5 8:30",
        "20260305",
        20260305,
        46086,
        46086.5,
        "46086",
        "２０２６－０３－０５",
        "5/3/2026",
        "5 Mar 2026",
        "March 5, 2026",
    ],
)
def test_a_date_in_every_usual_form(cell: Cell) -> None:
    assert read_date(cell, "CN") == date(2026, 3, 5)


def test_an_all_number_date_is_month_first_in_the_united_states() -> None:
    assert read_date("3/5/2026", "US") == date(2026, 3, 5)
    assert read_date("3/5/2026", "GB") == date(2026, 5, 3)


@pytest.mark.parametrize("cell", ["", None, "-", "无", "未入住", "待定"])
def test_a_blank_date_is_none(cell: Cell) -> None:
    assert read_date(cell, "CN") is None


@pytest.mark.parametrize(
    "cell",
    ["2026-02-30", "2026-13-01", "soon", "12", 12, -5, True, time(3), "0000-01-01", "99999999"],
)
def test_what_is_no_date_is_named(cell: Cell) -> None:
    with pytest.raises(CellError, match="2026-03-05"):
        read_date(cell, "CN")


@given(ANY_CELL)
def test_no_cell_breaks_a_reader(cell: Cell) -> None:
    as_text(cell), as_lines(cell), read_unit(cell), read_phones(cell, "CN")
    with suppress(CellError):
        read_amount(cell, "CNY")
    with suppress(CellError):
        read_date(cell, "CN")


@given(st.text())
def test_text_has_neither_breaks_nor_marks_a_database_refuses(text: str) -> None:
    read = as_text(text)
    assert "\0" not in read
    assert "\n" not in read
    assert read == read.strip()
    read.encode("utf-8")


@pytest.mark.parametrize(
    "text", ["合计", "总计", "小计：", "合 计", "Total", "Grand Total", "合计(元)"]
)
def test_a_totals_row_is_known_by_its_word(text: str) -> None:
    assert is_total(as_text(text))


@pytest.mark.parametrize("text", ["计合", "Totally", "王合计"])
def test_other_words_make_no_totals_row(text: str) -> None:
    assert not is_total(text)


@pytest.mark.parametrize("text", ["", "无", "同上", "-", "--", "N/A", "none"])
def test_nothing_is_nothing(text: str) -> None:
    assert is_nothing(as_text(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("是", True),
        ("Y", True),
        ("true", True),
        ("1", True),
        ("√", True),
        ("否", False),
        ("N", False),
        ("FALSE", False),
        ("0", False),
        ("", None),
    ],
)
def test_yes_and_no(text: str, said: bool | None) -> None:
    assert read_yes(text) is said


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("业主", Role.OWNER),
        ("产权人", Role.OWNER),
        ("Owner", Role.OWNER),
        ("租户", Role.TENANT),
        ("租客", Role.TENANT),
        ("tenant", Role.TENANT),
        ("儿子", Role.OTHER),
        ("", None),
    ],
)
def test_roles(text: str, role: Role | None) -> None:
    assert read_role(text) is role


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("安全设施", WorkOrderCategory.SAFETY),
        ("消防", WorkOrderCategory.SAFETY),
        ("电梯故障", WorkOrderCategory.SAFETY),
        ("safety", WorkOrderCategory.SAFETY),
        ("渗漏水", WorkOrderCategory.LEAK),
        ("防水", WorkOrderCategory.LEAK),
        ("roof leak", WorkOrderCategory.LEAK),
        ("门窗", WorkOrderCategory.OTHER),
    ],
)
def test_repairs_are_sorted_by_what_decides_their_callback(
    text: str, category: WorkOrderCategory
) -> None:
    assert read_category(text) is category


def test_languages_and_forms_of_address() -> None:
    assert read_language("zh-CN") is Language.MANDARIN
    assert read_language("English") is Language.ENGLISH
    assert read_language("") is None
    with pytest.raises(CellError, match="Klingon"):
        read_language("Klingon")
    assert [read_honorific(text) for text in ("男", "Ms", "教授", "")] == [
        "先生",
        "女士",
        "教授",
        None,
    ]


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_is_told_in_both_languages(problem: Problem) -> None:
    assert explain(problem, Language.MANDARIN) != explain(problem, Language.ENGLISH)
