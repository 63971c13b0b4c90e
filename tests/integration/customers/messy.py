"""Random workbooks with the mess of the departments' own: what is meant, how it is written."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.integration.customers.workbooks import save

COMMUNITIES = ("云麓花园", "滨江一号")
_SURNAMES, _GIVEN = "王李张刘陈杨欧龙", "静华建诺强雪文芳墨"
_DAYS = st.dates(date(2010, 1, 1), date(2026, 11, 20))
_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16")
Row = list[Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class MeantContact:
    """An owner as the file means it."""

    community: str
    unit: tuple[int, int, int]
    name: str
    phones: tuple[str, ...]
    moved_in: date | None
    vip: bool
    do_not_call: bool

    @property
    def label(self) -> str:
        return "-".join(map(str, self.unit))


@dataclass(frozen=True, kw_only=True, slots=True)
class MeantCharge:
    """A charge as the file means it."""

    contact: MeantContact
    reference: str
    amount: Decimal
    paid: Decimal
    due_on: date


@st.composite
def contacts(draw: Draw) -> list[MeantContact]:
    """Owners of distinct units, each with numbers of their own."""
    places = draw(
        st.lists(
            st.tuples(
                st.sampled_from(COMMUNITIES),
                st.tuples(st.integers(1, 30), st.integers(1, 9), st.integers(101, 3399)),
            ),
            unique=True,
            min_size=1,
            max_size=8,
        )
    )
    return [
        MeantContact(
            community=community,
            unit=unit,
            name=draw(st.sampled_from(_SURNAMES)) + draw(st.text(_GIVEN, min_size=1, max_size=2)),
            phones=tuple(f"138{nth:04d}{k:04d}" for k in range(draw(st.integers(0, 3)))),
            moved_in=draw(st.none() | _DAYS),
            vip=draw(st.booleans()),
            do_not_call=draw(st.booleans()),
        )
        for nth, (community, unit) in enumerate(places)
    ]


@st.composite
def charges(draw: Draw, owners: Sequence[MeantContact]) -> list[MeantCharge]:
    """Charges of those owners' units."""
    fen = st.integers(0, 10**8).map(lambda minor: Decimal(minor) / 100)
    return [
        MeantCharge(
            contact=draw(st.sampled_from(owners)),
            reference=f"BILL-{nth:05d}",
            amount=draw(fen),
            paid=draw(st.just(Decimal(0)) | fen),
            due_on=draw(_DAYS),
        )
        for nth in range(draw(st.integers(0, 8)))
    ]


def write_unit(draw: Draw, unit: tuple[int, int, int]) -> str:
    shapes = ("{}-{}-{}", "{}栋{}单元{}", "{}幢{}单元{}室", "{}#{}-{}", "{}－{}－{}", " {}-{}-{} ")
    return _maybe_wide(draw, draw(st.sampled_from(shapes)).format(*unit))


def write_phones(draw: Draw, phones: Sequence[str]) -> Any:
    if not phones:
        return draw(st.sampled_from([None, "无", "同上", "", "-"]))
    if len(phones) == 1 and draw(st.booleans()):
        return draw(st.sampled_from([int, float]))(phones[0])
    shapes = ("{}{}{}", "+86 {}{}{}", "0086{}{}{}", "{}-{}-{}", " {} {} {} ", "+86-{}-{}-{}")
    written = [draw(st.sampled_from(shapes)).format(p[:3], p[3:7], p[7:]) for p in phones]
    separator = draw(st.sampled_from([";", "；", ",", "，", "、", "/", "\n", " / ", "|"]))
    return _maybe_wide(draw, separator.join(written))


def write_day(draw: Draw, day: date | None) -> Any:
    if day is None:
        return draw(st.sampled_from([None, "", "-"]))
    written = (
        datetime.combine(day, time(0)),
        day.isoformat(),
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y.%m.%d}",
        f"{day:%Y%m%d}",
        (day - date(1899, 12, 30)).days,
    )
    return draw(st.sampled_from(written))


def write_amount(draw: Draw, amount: Decimal) -> Any:
    blank = (None, "", "-") if amount == 0 else ()
    return draw(
        st.sampled_from(
            (
                float(amount),
                str(amount),
                f"￥{amount:,.2f}",
                f"{amount:,.2f}元",
                f"CNY {amount}",
                *blank,
            )
        )
    )


def write_yes(draw: Draw, yes: bool) -> Any:
    words = ("是", "Y", "true", "1", True) if yes else ("否", "N", "false", None, "", False)
    return draw(st.sampled_from(words))


@st.composite
def contact_sheet(draw: Draw, meant: Sequence[MeantContact]) -> tuple[list[Row], int]:
    """A sheet of the owners, and how many of its rows repeat another."""
    header = ["小区", "房号", "业主姓名", "联系电话", "入住日期", "身份", "VIP", "免打扰"]

    def row(contact: MeantContact) -> Row:
        return [
            contact.community,
            write_unit(draw, contact.unit),
            draw(st.sampled_from(["{}", " {} ", "{}\u3000"])).format(contact.name),
            write_phones(draw, contact.phones),
            write_day(draw, contact.moved_in),
            draw(st.sampled_from(["业主", "产权人", None])),
            write_yes(draw, contact.vip),
            write_yes(draw, contact.do_not_call),
        ]

    repeated = draw(st.lists(st.sampled_from(meant), max_size=2))
    return _sheet(draw, header, [row(c) for c in [*meant, *repeated]]), len(repeated)


@st.composite
def charge_sheet(draw: Draw, meant: Sequence[MeantCharge]) -> tuple[list[Row], int]:
    """A sheet of the charges among bad rows, and how many of those."""
    header = ["小区", "房号", "费用项目", "账单号", "应收金额", "已收金额", "应缴日期"]

    def row(charge: MeantCharge) -> Row:
        amount = write_amount(draw, charge.amount)
        return [
            charge.contact.community,
            write_unit(draw, charge.contact.unit),
            "物业费",
            charge.reference,
            float(charge.amount) if amount in {None, "", "-"} else amount,
            write_amount(draw, charge.paid),
            write_day(draw, charge.due_on),
        ]

    rows = [row(charge) for charge in meant]
    bad: list[Row] = []
    for charge in meant[: draw(st.integers(0, 3))]:
        place = draw(
            st.sampled_from([(1, "99-9-9999"), (4, "待核"), (4, None), (6, "不详日"), (6, None)])
        )
        broken = row(charge)
        broken[place[0]] = place[1]
        bad.append(broken)
    for broken in bad:
        rows.insert(draw(st.integers(0, len(rows))), broken)
    return _sheet(draw, header, rows), len(bad)


def _sheet(draw: Draw, header: Row, rows: list[Row]) -> list[Row]:
    order = draw(st.permutations(range(len(header) + 1)))
    wide = [[*row, draw(st.sampled_from([None, "甲", 7]))] for row in rows]
    body = [[row[place] for place in order] for row in wide]
    for _ in range(draw(st.integers(0, 2))):
        body.insert(draw(st.integers(0, len(body))), [None] * len(order))
    title = draw(st.sampled_from([[], [["登记表（客服中心）"]], [["登记表"], []]]))
    totals = draw(st.sampled_from([[], [["合计", 236]], [[None, "总计：", 12.5]]]))
    titles = [*header, "楼管员"]
    return [*title, [titles[place] for place in order], *body, *totals]


@st.composite
def save_somehow(draw: Draw) -> Callable[[Path, list[Row]], Path]:
    """A way to write a sheet: a workbook, or text of some encoding and delimiter."""
    encoding = draw(st.sampled_from((None, *_ENCODINGS)))
    delimiter = draw(st.sampled_from([",", ";", "\t"]))

    def write(path: Path, rows: list[Row]) -> Path:
        if encoding is None:
            return save(path.with_suffix(".xlsx"), rows)
        return write_csv(path.with_suffix(".csv"), rows, encoding=encoding, delimiter=delimiter)

    return write


def write_csv(path: Path, rows: Sequence[Row], *, encoding: str, delimiter: str) -> Path:
    """Write rows as text."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def _maybe_wide(draw: Draw, text: str) -> str:
    if not draw(st.booleans()):
        return text
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)
