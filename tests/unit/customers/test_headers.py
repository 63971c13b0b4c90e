"""The kind of a sheet by its header row."""

import pytest

from customers.charge_kinds import kind_names, owed_by
from customers.headers import HeaderError, SheetKind, read_header, unknown_sheets
from customers.model import Language, Role

OWNERS = "小区 房号 业主姓名 称呼 联系电话 入住日期 身份 VIP 语言 免打扰 备注"
CHARGES = "小区 房号 费用项目 账单号 应收金额 已收金额 应缴日期 违约金 备注"
ORDERS = "工单号 小区 房号 报修类别 报修日期 完工日期 维修单位 保修期内 内容"


@pytest.mark.parametrize(
    ("titles", "kind"),
    [
        (OWNERS, SheetKind.CONTACTS),
        (CHARGES, SheetKind.CHARGES),
        (ORDERS, SheetKind.WORK_ORDERS),
        ("账单号 缴款金额 缴款日期", SheetKind.PAYMENTS),
        ("community unit name role phones moved_in vip do_not_call", SheetKind.CONTACTS),
        ("reference community unit kind amount paid open due_on currency", SheetKind.CHARGES),
        (
            "reference community unit category reported_on completed_on callback_by",
            SheetKind.WORK_ORDERS,
        ),
        ("应缴日期 账单号 业主姓名 小区 应收金额(元) 房号* 费用项目", SheetKind.CHARGES),
        ("ＣＯＭＭＵＮＩＴＹ Unit# Owner-Name", SheetKind.CONTACTS),
    ],
)
def test_the_header_row_tells_the_kind(titles: str, kind: SheetKind) -> None:
    header = read_header(1, titles.replace("#", "").split())
    assert header is not None
    assert header.kind is kind


@pytest.mark.parametrize("titles", ["", "业主档案登记表（客服中心）", "小区 房号", "a b c d e f g"])
def test_a_row_that_names_too_little_is_no_header(titles: str) -> None:
    assert read_header(1, titles.split()) is None


def test_two_columns_for_one_field_are_an_error_that_names_them() -> None:
    with pytest.raises(HeaderError, match="'账单号' and '单号'"):
        read_header(1, f"{CHARGES} 单号".split())


def test_several_phone_and_note_columns_are_read_together() -> None:
    header = read_header(1, f"{OWNERS} 备用电话 说明".split())
    assert header is not None
    assert header.columns["phones"] == (4, 11)
    assert header.columns["note"] == (10, 12)


def test_a_row_that_is_charges_and_work_orders_alike_is_an_error() -> None:
    with pytest.raises(HeaderError, match="two sheets"):
        read_header(
            1,
            [
                "小区",
                "房号",
                "账单号",
                "费用项目",
                "应收金额",
                "应缴日期",
                "报修类别",
                "报修日期",
                "完工日期",
                "单号",
            ],
        )


def test_unknown_columns_are_told() -> None:
    header = read_header(1, f"{CHARGES} 楼管员".split())
    assert header is not None
    assert header.unknown_titles == ("楼管员",)


def test_what_would_be_recognized_is_told_for_every_kind() -> None:
    assert all(kind in str(unknown_sheets("a.csv")) for kind in SheetKind)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("物业费", Role.OWNER),
        ("购房分期款", Role.OWNER),
        ("契税", Role.OWNER),
        ("水费", Role.TENANT),
        ("电费", Role.TENANT),
        ("Gas", Role.TENANT),
        ("会所费", Role.OWNER),
    ],
)
def test_who_owes_a_kind_of_charge(kind: str, role: Role) -> None:
    assert owed_by(kind) is role


def test_kinds_of_charge_have_a_name_in_each_language() -> None:
    assert kind_names("物业费") == {Language.MANDARIN: "物业费", Language.ENGLISH: "property fee"}
    assert kind_names("会所费")[Language.ENGLISH] == "property charge"
    assert kind_names("club fee")[Language.MANDARIN] == "club fee"
