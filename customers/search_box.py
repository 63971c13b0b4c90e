"""The one search box over all files: results as one types, ranked, never more than a screenful.

Each kind of thing is looked for through an index of its own that reads a bounded number of rows,
so that a hundred thousand owners take no longer than a hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

import sqlalchemy as sa
from phonenumbers import country_code_for_region
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS, AnyRow
from customers.model import Role
from customers.search import phones_meant
from customers.search_query import Asked, read_query, span
from customers.spelling import keys_of, plain, quoted

MOST = 20  # shown
_EACH = 60  # looked at, of a kind


class FoundBy(StrEnum):
    """What of a file the query named."""

    REFERENCE = "reference"
    PHONE = "phone"
    UNIT = "unit"
    NAME = "name"


class Tier(IntEnum):
    """How well it fits, the best first."""

    WHOLE_REFERENCE = 0
    WHOLE_PHONE = 1
    WHOLE_UNIT = 2
    WHOLE_NAME = 3
    ROOM = 4
    PART_OF_UNIT = 5
    BEGINNING_OF_UNIT = 6
    END_OF_PHONE = 7
    BEGINNING_OF_NAME = 8
    BEGINNING_OF_REFERENCE = 9
    BEGINNING_OF_PHONE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A person at a unit that the query may mean; who holds no unit has none."""

    person_id: int
    name: str
    honorific: str | None
    unit_id: int | None
    unit: str
    community: str
    role: Role | None
    holds: bool  # now; False: did, or will
    deceased: bool
    by: FoundBy
    tier: Tier
    matched: str  # the number or reference that was found, else empty


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What a query found; `more` says that there are others behind those shown."""

    asked: Asked
    hits: Sequence[Hit]
    more: bool


# Of names, those that fit whole come first; each part stops at its limit. What is materialized is
# planned as if all of it were read, so through the index, and read no further than it is wanted.
BY_NAME = """
    WITH whole AS MATERIALIZED (
        SELECT person_id FROM person WHERE name_keys @@ CAST(:whole_name AS tsquery)
    ), begun AS MATERIALIZED (
        SELECT person_id FROM person WHERE name_keys @@ CAST(:name AS tsquery)
    )
    SELECT person_id, min(tier) AS tier FROM (
        (SELECT person_id, 3 AS tier FROM whole LIMIT :each)
        UNION ALL
        (SELECT person_id, 8 FROM begun LIMIT :each)
    ) named GROUP BY person_id
"""
BY_NAME_AT_UNIT = """
    WITH begun AS MATERIALIZED (
        SELECT person_id FROM person WHERE name_keys @@ CAST(:name AS tsquery)
    )
    SELECT o.person_id, o.unit_id, CASE WHEN u.label = :unit THEN 2 ELSE 5 END AS tier
    FROM begun JOIN occupancy o USING (person_id) JOIN unit u USING (unit_id)
    WHERE starts_with(u.label, :unit) OR (:room <> '' AND u.label LIKE '%-' || :room)
    LIMIT :each
"""
BY_UNIT = """
    (SELECT unit_id, 2 AS tier FROM unit WHERE label = :unit LIMIT :each)
    UNION ALL
    (SELECT unit_id, 5 FROM unit WHERE label ~>=~ :part_from AND label ~<~ :part_to
     ORDER BY label USING ~<~ LIMIT :each)
    UNION ALL
    (SELECT unit_id, 6 FROM unit WHERE label ~>=~ :unit_from AND label ~<~ :unit_to
     ORDER BY label USING ~<~ LIMIT :each)
    UNION ALL
    (SELECT unit_id, 4 FROM unit
     WHERE reverse(label) ~>=~ :room_from AND reverse(label) ~<~ :room_to
     ORDER BY reverse(label) USING ~<~ LIMIT :each)
"""
BY_PHONE = """
    (SELECT person_id, e164, 1 AS tier FROM phone WHERE e164 = ANY(:phones) LIMIT :each)
    UNION ALL
    (SELECT person_id, e164, 7 FROM phone
     WHERE reverse(e164) ~>=~ :tail_from AND reverse(e164) ~<~ :tail_to
     ORDER BY reverse(e164) USING ~<~ LIMIT :each)
    UNION ALL
    (SELECT begun.person_id, begun.e164, 10
     FROM unnest(CAST(:heads AS text[])) AS given (head), LATERAL (
        SELECT person_id, e164 FROM phone
        WHERE e164 ~>=~ given.head AND e164 ~<~ (given.head || :last)
        ORDER BY e164 USING ~<~ LIMIT :each) begun)
"""
BY_REFERENCE = """
    (SELECT liable_person_id AS person_id, unit_id, reference,
            CASE WHEN upper(reference) = :reference THEN 0 ELSE 9 END AS tier
     FROM charge WHERE upper(reference) ~>=~ :reference_from AND upper(reference) ~<~ :reference_to
     ORDER BY upper(reference) USING ~<~ LIMIT :each)
    UNION ALL
    (SELECT CAST(NULL AS bigint), unit_id, reference,
            CASE WHEN upper(reference) = :reference THEN 0 ELSE 9 END
     FROM work_order
     WHERE upper(reference) ~>=~ :reference_from AND upper(reference) ~<~ :reference_to
     ORDER BY upper(reference) USING ~<~ LIMIT :each)
"""
# Every person found, at each of their units; of a unit or reference, everybody tied to the unit.
_SHOWN = """
    WITH given AS (
        SELECT * FROM unnest(CAST(:persons AS bigint[]), CAST(:units AS bigint[]))
            AS given (person_id, unit_id)
    ), ties AS (
        SELECT g.person_id AS of_person, g.unit_id AS of_unit, o.person_id, o.unit_id, o.role,
               daterange(o.valid_from, o.valid_until)
                   @> CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date) AS holds,
               u.label AS unit, c.name AS community
        FROM given g
        JOIN occupancy o ON (g.unit_id IS NULL AND o.person_id = g.person_id)
                         OR (g.unit_id IS NOT NULL AND o.unit_id = g.unit_id
                             AND (g.person_id IS NULL OR o.person_id = g.person_id))
        JOIN unit u ON u.unit_id = o.unit_id
        JOIN community c ON c.community_id = u.community_id
        UNION ALL
        SELECT g.person_id, g.unit_id, p.person_id, NULL, NULL, false, '', coalesce(c.name, '')
        FROM given g JOIN person p USING (person_id)
        LEFT JOIN community c ON c.community_id = p.community_id
        WHERE NOT EXISTS (SELECT FROM occupancy o WHERE o.person_id = g.person_id)
    )
    SELECT t.*, p.name, p.honorific, p.deceased_at IS NOT NULL AS deceased
    FROM ties t JOIN person p ON p.person_id = t.person_id
    LIMIT :rows
"""
_REGIONS = "SELECT DISTINCT region FROM community"
_MOST_ROWS = 600
# A person alone, or a unit with who is meant of those at it; how well it fits, by what, and what.
_Key = tuple[int | None, int | None]
_Found = dict[_Key, tuple[Tier, FoundBy, str]]


async def search_files(
    session: AsyncSession, query: str, *, now: datetime, most: int = MOST
) -> Results:
    """Return whom a query may mean, the best first; what is too short finds nothing."""
    asked = read_query(query)
    found: _Found = {}
    if asked.reference:
        await _by_reference(session, asked, found)
    if asked.number:
        await _by_phone(session, asked, found)
    if asked.name and asked.unit:
        await _by_name_at_unit(session, asked, found)
    is_place = bool(asked.words) and not found  # 梧桐里 3-2: the words are the community's
    if asked.unit and (is_place or not asked.words):
        await _by_unit(session, asked, found)
    if asked.name and not asked.unit:
        await _by_name(session, asked, found)
    hits = await _hits(session, found, now=now)
    if is_place and asked.unit:
        hits = [hit for hit in hits if _is_in(hit.community, asked.words)]
    return Results(asked=asked, hits=hits[:most], more=len(hits) > most or len(found) >= _EACH)


async def _by_reference(session: AsyncSession, asked: Asked, found: _Found) -> None:
    facts = {"reference": asked.reference, "each": _EACH, **span(asked.reference, "reference")}
    for row in await session.execute(sa.text(BY_REFERENCE), facts):
        _keep(found, (row.person_id, row.unit_id), row.tier, FoundBy.REFERENCE, row.reference)


async def _by_phone(session: AsyncSession, asked: Asked, found: _Found) -> None:
    facts = {
        "phones": await phones_meant(session, asked.number),
        "heads": await _heads(session, asked),
        "each": _EACH,
        "last": "\U0010ffff",
        **span(asked.tail[::-1], "tail"),
    }
    for row in await session.execute(sa.text(BY_PHONE), facts):
        _keep(found, (row.person_id, None), row.tier, FoundBy.PHONE, row.e164)


async def _heads(session: AsyncSession, asked: Asked) -> list[str]:
    """Return how the numbers may begin whose first digits were typed, in any region of ours."""
    if asked.number.lstrip(" (").startswith(("+", "00")):
        return [f"+{asked.tail.removeprefix('00')}"]
    regions = await session.scalars(sa.text(_REGIONS))
    return [f"+{country_code_for_region(region)}{asked.tail.lstrip('0')}" for region in regions]


async def _by_unit(session: AsyncSession, asked: Asked, found: _Found) -> None:
    part = asked.unit if asked.unit.endswith("-") else f"{asked.unit}-"
    nowhere = {"room_from": "", "room_to": ""}
    facts = {
        "unit": asked.unit,
        "each": _EACH,
        **span(part, "part"),
        **span(asked.unit, "unit"),
        **(span(f"-{asked.room}"[::-1], "room") if asked.room else nowhere),
    }
    for row in await session.execute(sa.text(BY_UNIT), facts):
        _keep(found, (None, row.unit_id), row.tier, FoundBy.UNIT, "")


async def _by_name_at_unit(session: AsyncSession, asked: Asked, found: _Found) -> None:
    facts = {"name": asked.name, "unit": asked.unit, "room": asked.room, "each": _EACH}
    for row in await session.execute(sa.text(BY_NAME_AT_UNIT), facts):
        _keep(found, (row.person_id, row.unit_id), row.tier, FoundBy.NAME, "")


async def _by_name(session: AsyncSession, asked: Asked, found: _Found) -> None:
    joined = "".join(plain(word) for word in asked.words)
    facts = {"name": asked.name, "whole_name": quoted(joined), "each": _EACH}
    for row in await session.execute(sa.text(BY_NAME), facts):
        _keep(found, (row.person_id, None), row.tier, FoundBy.NAME, "")


def _keep(found: _Found, key: _Key, tier: int, by: FoundBy, matched: str) -> None:
    known = found.get(key)
    if known is None or tier < known[0]:
        found[key] = (Tier(tier), by, matched)


async def _hits(session: AsyncSession, found: _Found, *, now: datetime) -> list[Hit]:
    """Return the persons at their units, each tie once, the best first."""
    best = dict(sorted(found.items(), key=lambda each: each[1][0])[: 2 * _EACH])
    if not best:
        return []
    statement = sa.text(_SHOWN).bindparams(
        sa.bindparam("persons", type_=BIGINTS), sa.bindparam("units", type_=BIGINTS)
    )
    rows = await session.execute(
        statement,
        {
            "persons": [person for person, _ in best],
            "units": [unit for _, unit in best],
            "now": now,
            "rows": _MOST_ROWS,
        },
    )
    hits: dict[_Key, Hit] = {}
    for row in rows:
        tier, by, matched = best[(row.of_person, row.of_unit)]
        key = (row.person_id, row.unit_id)
        if key not in hits or tier < hits[key].tier:
            hits[key] = _hit(row, tier=tier, by=by, matched=matched)
    return sorted(hits.values(), key=_order)


def _hit(row: AnyRow, *, tier: Tier, by: FoundBy, matched: str) -> Hit:
    return Hit(
        person_id=row.person_id,
        name=row.name,
        honorific=row.honorific,
        unit_id=row.unit_id,
        unit=row.unit,
        community=row.community,
        role=None if row.role is None else Role(row.role),
        holds=bool(row.holds),
        deceased=row.deceased,
        by=by,
        tier=tier,
        matched=matched,
    )


_ROLES = {Role.OWNER: 0, Role.TENANT: 1, Role.OTHER: 2, None: 3}


def _order(hit: Hit) -> tuple[Any, ...]:
    """Return how hits are ordered: by fit; who holds before who did; places; owners first."""
    return (
        hit.tier,
        not hit.holds,
        len(hit.name) if hit.by is FoundBy.NAME else 0,
        hit.community,
        len(hit.unit),
        hit.unit,
        _ROLES[hit.role],
        hit.name,
        hit.person_id,
    )


def _is_in(community: str, words: Sequence[str]) -> bool:
    """Say whether each word begins the community's name, however it is typed."""
    keys = keys_of(community)
    return all(any(key.startswith(plain(word)) for key in keys) for word in words)
