"""The search box: whom a query means, in which order, and how much is read for it."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.account_tables import Charge, WorkOrder
from customers.model import Language, Role, WorkOrderCategory
from customers.search_box import (
    BY_NAME,
    BY_NAME_AT_UNIT,
    BY_PHONE,
    BY_REFERENCE,
    BY_UNIT,
    MOST,
    FoundBy,
    search_files,
)
from customers.search_query import read_query, span, unit_head
from customers.tables import Community, Occupancy, Person, Phone, Unit
from tests.integration.customers.workbooks import Desk

NOW = datetime(2026, 5, 20, 2, tzinfo=UTC)


@pytest.fixture
async def town(session: AsyncSession) -> AsyncSession:
    """Two communities with a few people, one of whom has moved out."""

    async def add(row: Any) -> Any:
        session.add(row)
        await session.flush()
        return row

    async def community(name: str) -> Any:
        facts = {"time_zone": "Asia/Shanghai", "region": "CN", "currency": "CNY"}
        return await add(Community(name=name, **facts, packs=["CN"]))

    places = {name: await community(name) for name in ("梧桐里", "翠湖花园")}

    async def live(place: str, label: str, name: str, phone: str, **tie: Any) -> None:
        unit = await session.scalar(
            sa.select(Unit).where(
                Unit.label == label, Unit.community_id == places[place].community_id
            )
        ) or await add(Unit(community_id=places[place].community_id, label=label))
        person = await add(Person(name=name, language=Language.MANDARIN, synthetic=True))
        await add(
            Occupancy(
                **{"unit_id": unit.unit_id, "person_id": person.person_id, "role": Role.OWNER} | tie
            )
        )
        await add(Phone(person_id=person.person_id, e164=phone, position=1))

    await live("梧桐里", "3-2-1201", "陈静", "+8613800138000")
    await live("梧桐里", "3-2-1202", "陈静怡", "+8613800138001")
    await live("梧桐里", "3-21-101", "单雄信", "+8613911112222")
    gone = {"valid_until": date(2026, 1, 1)}
    await live("翠湖花园", "5-1-1201", "周启明", "+8613700006621", **gone)
    await live("翠湖花园", "5-1-1201", "仇英", "+8675512345678", valid_from=date(2026, 1, 1))
    await live("翠湖花园", "B2-077", "Anna Smith", "+8613600001111")
    await live("翠湖花园", "S-1", "<script>alert(1)</script>", "+8613600002222")
    home = await session.scalar(sa.select(Unit).where(Unit.label == "3-2-1201"))
    owner = await session.scalar(sa.select(Person).where(Person.name == "陈静"))
    assert home is not None
    assert owner is not None
    await add(
        Charge(
            community_id=home.community_id,
            unit_id=home.unit_id,
            liable_person_id=owner.person_id,
            reference="WY-2026-0311",
            kind="物业费",
            amount_minor=100,
            currency="CNY",
            due_on=date(2026, 3, 1),
        )
    )
    await add(
        WorkOrder(
            community_id=home.community_id,
            unit_id=home.unit_id,
            reference="WX-260315-018",
            category=WorkOrderCategory.LEAK,
            category_as_given="漏水",
            reported_on=date(2026, 3, 15),
        )
    )
    return session


async def names(town: AsyncSession, query: str) -> list[str]:
    return [hit.name for hit in (await search_files(town, query, now=NOW)).hits]


MEANS: dict[str, list[str]] = {
    "陈静": ["陈静", "陈静怡"],
    "cj": ["陈静", "陈静怡"],
    "chenjing": ["陈静", "陈静怡"],
    "Chen Jing": ["陈静", "陈静怡"],
    "chenjingyi": ["陈静怡"],
    "sxx": ["单雄信"],
    "shanxiong": ["单雄信"],
    "danxiong": ["单雄信"],
    "qy": ["仇英"],
    "启明": ["周启明"],
    "smith": ["Anna Smith"],
    "3-2-1201": ["陈静"],
    "3栋2单元1201室": ["陈静"],
    "3栋2单元": ["陈静", "陈静怡"],
    "3-2": ["陈静", "陈静怡", "单雄信"],
    "03栋02单元": ["陈静", "陈静怡"],
    "1201": ["陈静", "仇英", "周启明"],
    "梧桐里 1201": ["陈静"],
    "wtl 3-2-1202": ["陈静怡"],
    "3-2 chenjingyi": ["陈静怡"],
    "cj 1202": ["陈静怡"],
    "B2-0": ["Anna Smith"],
    "13800138000": ["陈静"],
    "+86 138-0013 8000": ["陈静"],
    "0086 13800138000": ["陈静"],
    "0755 1234 5678": ["仇英"],
    "6621": ["周启明"],
    "1380013": ["陈静", "陈静怡"],
    "wy-2026-0311": ["陈静"],
    "WX-260315": ["陈静"],
    "<script>": ["<script>alert(1)</script>"],
    "%": [],
    "'": [],
    "": [],
    "   ": [],
    "\x00": [],
    "a:* | b": [],
    "9999-9999": [],
    "没有这个人": [],
}


async def test_a_query_means_whom_it_should_the_best_first(town: AsyncSession) -> None:
    assert {query: await names(town, query) for query in MEANS} == MEANS


async def test_who_holds_a_unit_comes_before_who_did(town: AsyncSession) -> None:
    results = await search_files(town, "5-1-1201", now=NOW)
    assert [(hit.name, hit.holds, hit.by) for hit in results.hits] == [
        ("仇英", True, FoundBy.UNIT),
        ("周启明", False, FoundBy.UNIT),
    ]


async def test_results_are_never_more_than_a_screenful(town: AsyncSession) -> None:
    await town.execute(
        sa.insert(Person),
        [{"name": "陈静", "language": Language.MANDARIN} for _ in range(3 * MOST)],
    )
    results = await search_files(town, "chenjing", now=NOW)
    assert len(results.hits) == MOST
    assert results.more
    assert {hit.name for hit in results.hits} == {"陈静"}


async def test_people_who_come_by_import_are_found_as_they_are_typed(desk: Desk) -> None:
    await desk.imports(("梧桐里", "1-1-101", "查良镛"), header=("小区", "房号", "姓名"))
    hits = (await search_files(desk.session, "zly", now=NOW)).hits
    assert [hit.name for hit in hits] == ["查良镛"]


@pytest.mark.parametrize(
    ("typed", "head"),
    [
        ("3栋", "3-"),
        ("3栋2单元", "3-2-"),
        ("3栋2单元12", "3-2-12"),
        ("03-02-1201", "3-2-1201"),
        ("3 - 2", "3-2"),
        ("", ""),
    ],
)
def test_a_unit_is_read_as_far_as_it_is_typed(typed: str, head: str) -> None:
    assert unit_head(typed) == head


def test_a_long_query_is_read_in_part() -> None:
    asked = read_query("a " * 5000)
    assert len(asked.text) <= 80
    assert len(asked.words) == 4


_CROWD = """
    INSERT INTO person (name, language, name_keys)
    SELECT 'p' || n, 'zh-CN', array_to_tsvector(ARRAY['k' || md5(CAST(n AS text)), 'p' || n])
    FROM generate_series(1, 20000) n;
    INSERT INTO unit (community_id, label) SELECT c.community_id, n / 40 || '-9-' || n
    FROM generate_series(1, 20000) n, (SELECT min(community_id) AS community_id FROM community) c;
    INSERT INTO phone (person_id, e164, position)
    SELECT person_id, '+86139' || lpad(CAST(person_id AS text), 8, '0'), 1
    FROM person WHERE name LIKE 'p%';
    INSERT INTO occupancy (unit_id, person_id, role)
    SELECT u.unit_id, p.person_id, 'owner' FROM unit u JOIN person p
    ON 'p' || split_part(u.label, '-9-', 2) = p.name;
    INSERT INTO charge (community_id, unit_id, liable_person_id, reference, kind, amount_minor,
                        currency, due_on)
    SELECT u.community_id, o.unit_id, o.person_id, 'C-' || o.occupancy_id || '-x', 'fee', 1, 'CNY',
           DATE '2026-01-01'
    FROM occupancy o JOIN unit u USING (unit_id);
    INSERT INTO work_order (community_id, unit_id, reference, category, category_as_given,
                            reported_on)
    SELECT community_id, unit_id, 'W-' || unit_id, 'other', '', DATE '2026-01-01' FROM unit;
    ANALYZE person; ANALYZE unit; ANALYZE phone; ANALYZE occupancy; ANALYZE charge;
    ANALYZE work_order
"""


async def test_every_way_of_finding_reads_through_an_index(town: AsyncSession) -> None:
    for statement in _CROWD.split(";"):
        await town.execute(sa.text(statement))
    bounds = {
        **span("301-9-", "part"),
        **span("301-9-1", "unit"),
        **span("9991-", "room"),
        **span("6621"[::-1], "tail"),
        **span("C-77", "reference"),
    }
    facts = bounds | {
        "name": "'pa':*",
        "whole_name": "'p77'",
        "unit": "301-9-1",
        "room": "",
        "phones": ["+8613900000077"],
        "heads": ["+8613900007"],
        "last": "\U0010ffff",
        "reference": "C-77",
        "each": 60,
    }
    for statement in (BY_NAME, BY_NAME_AT_UNIT, BY_UNIT, BY_PHONE, BY_REFERENCE):
        plan = await town.scalar(sa.text(f"EXPLAIN (FORMAT json) {statement}"), facts)
        shown = plan if isinstance(plan, str) else json.dumps(plan)
        assert "Seq Scan" not in shown, shown
        assert "Index" in shown
