"""Spoken forms, as tables."""

from datetime import date, time

import pytest

from core.money import Money
from customers.model import Language
from scripts import spoken, spoken_mandarin

ZH, EN = Language.MANDARIN, Language.ENGLISH


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (112, "一百一十二"),
        (200, "二百"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (2000, "两千"),
        (2024, "两千零二十四"),
        (10_000, "一万"),
        (10_001, "一万零一"),
        (10_010, "一万零一十"),
        (11_000, "一万一千"),
        (20_000, "两万"),
        (22_222, "两万两千二百二十二"),
        (100_000, "十万"),
        (100_500, "十万零五百"),
        (120_000, "十二万"),
        (1_000_000, "一百万"),
        (10_000_000, "一千万"),
        (100_000_000, "一亿"),
        (100_000_001, "一亿零一"),
        (100_010_000, "一亿零一万"),
        (200_000_000, "两亿"),
        (1_234_567_890, "十二亿三千四百五十六万七千八百九十"),
        (-7, "负七"),
    ],
)
def test_mandarin_says_whole_numbers(number: int, words: str) -> None:
    assert spoken_mandarin.cardinal(number) == words


@pytest.mark.parametrize(
    ("amount_minor", "currency", "mandarin", "english"),
    [
        (0, "CNY", "零元", "0 yuan"),
        (5, "CNY", "五分", "5 cents"),
        (2, "CNY", "两分", "2 cents"),
        (1, "CNY", "一分", "1 cent"),
        (50, "CNY", "五角", "50 cents"),
        (22, "CNY", "两角二分", "22 cents"),
        (100, "CNY", "一元", "1 yuan"),
        (200, "CNY", "两元", "2 yuan"),
        (205, "CNY", "两元零五分", "2 yuan and 5 cents"),
        (250, "CNY", "两元五角", "2 yuan and 50 cents"),
        (1234, "CNY", "十二元三角四分", "12 yuan and 34 cents"),
        (123405, "CNY", "一千二百三十四元零五分", "1,234 yuan and 5 cents"),
        (200000, "CNY", "两千元", "2,000 yuan"),
        (1000200, "CNY", "一万零二元", "10,002 yuan"),
        (-1050, "CNY", "负十元五角", "minus 10 yuan and 50 cents"),
        (100, "USD", "一美元", "1 dollar"),
        (1250, "USD", "十二点五美元", "12 dollars and 50 cents"),
        (101, "GBP", "一点零一英镑", "1 pound and 1 penny"),
        (1500, "JPY", "一千五百日元", "1,500 yen"),
        (1500, "CHF", "十五瑞士法郎", "15.00 Swiss francs"),
    ],
)
def test_money_is_said_in_both_languages(
    amount_minor: int, currency: str, mandarin: str, english: str
) -> None:
    amount = Money(amount_minor=amount_minor, currency=currency)
    assert spoken.money(amount, ZH) == mandarin
    assert spoken.money(amount, EN) == english


@pytest.mark.parametrize(
    ("when", "mandarin", "english"),
    [
        (date(2026, 3, 5), "三月五号星期四", "Thursday the fifth of March"),
        (date(2026, 2, 22), "二月二十二号星期日", "Sunday the twenty-second of February"),
        (date(2026, 10, 10), "十月十号星期六", "Saturday the tenth of October"),
        (date(2026, 12, 31), "十二月三十一号星期四", "Thursday the thirty-first of December"),
        (date(2027, 1, 1), "二零二七年一月一号星期五", "Friday the first of January 2027"),
    ],
)
def test_a_date_is_said_with_its_year_only_when_it_is_another(
    when: date, mandarin: str, english: str
) -> None:
    today = date(2026, 3, 1)
    assert spoken.weekday_and_day(when, ZH, today) == mandarin
    assert spoken.weekday_and_day(when, EN, today) == english


@pytest.mark.parametrize(
    ("when", "mandarin", "english"),
    [
        (time(0, 0), "凌晨零点", "midnight"),
        (time(0, 30), "凌晨零点半", "half past twelve in the morning"),
        (time(2, 2), "凌晨两点零二分", "2:02 am"),
        (time(7, 15), "早上七点十五分", "7:15 am"),
        (time(9, 0), "上午九点", "nine in the morning"),
        (time(12, 0), "中午十二点", "noon"),
        (time(12, 30), "中午十二点半", "half past twelve in the afternoon"),
        (time(14, 30), "下午两点半", "half past two in the afternoon"),
        (time(17, 45), "下午五点四十五分", "5:45 pm"),
        (time(20, 0), "晚上八点", "eight in the evening"),
        (time(22, 22), "晚上十点二十二分", "10:22 pm"),
    ],
)
def test_a_time_is_said_by_the_part_of_the_day(when: time, mandarin: str, english: str) -> None:
    assert spoken.clock(when, ZH) == mandarin
    assert spoken.clock(when, EN) == english


@pytest.mark.parametrize(
    ("label", "mandarin", "english"),
    [
        ("3-2-1201", "三栋二单元一二零一", "building 3, entrance 2, room 1 2 0 1"),
        ("12-1-502", "十二栋一单元五零二", "building 12, entrance 1, room 5 0 2"),
        ("5-302", "五栋三零二", "building 5, room 3 0 2"),
        ("A-2-1201", "A栋二单元一二零一", "building A, entrance 2, room 1 2 0 1"),
        ("3-2-1201B", "三栋二单元一二零一B", "building 3, entrance 2, room 1 2 0 1 B"),
        ("B1 车位 045", "B1 车位 045", "B1 车位 045"),
    ],
)
def test_a_unit_is_said_with_its_room_digit_by_digit(
    label: str, mandarin: str, english: str
) -> None:
    assert spoken.unit(label, ZH) == mandarin
    assert spoken.unit(label, EN) == english


@pytest.mark.parametrize(
    ("number", "mandarin", "english"),
    [
        ("+8675586010000", "零七五五，八六零幺，零零零零", "0 7 5 5, 8 6 0 1, 0 0 0 0"),
        ("13800138000", "幺三八，零零幺三，八零零零", "1 3 8 0 0 1 3 8 0 0 0"),
        ("400-820-1234", "四零零，八二零，幺二三四", "4 0 0, 8 2 0, 1 2 3 4"),
    ],
)
def test_a_telephone_number_is_said_in_groups_with_yao(
    number: str, mandarin: str, english: str
) -> None:
    assert spoken.telephone(number, ZH) == mandarin
    assert spoken.telephone(number, EN) == english


@pytest.mark.parametrize(
    ("number", "mandarin", "english"),
    [
        (1, "一天", "1 day"),
        (2, "两天", "2 days"),
        (12, "十二天", "12 days"),
        (90, "九十天", "90 days"),
    ],
)
def test_days_are_said_with_their_measure(number: int, mandarin: str, english: str) -> None:
    assert spoken.days(number, ZH) == mandarin
    assert spoken.days(number, EN) == english


@pytest.mark.parametrize(
    ("names", "mandarin", "english"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a和b", "a and b"),
        (["a", "b", "c"], "a、b和c", "a, b and c"),
    ],
)
def test_several_things_are_said_in_a_row(names: list[str], mandarin: str, english: str) -> None:
    assert spoken.listing(names, ZH) == mandarin
    assert spoken.listing(names, EN) == english
