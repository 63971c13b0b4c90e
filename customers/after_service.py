"""Surveys after a service: some owners are asked how it went, by the survey's own road (D3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

_OPEN = sa.text("""
    INSERT INTO survey (name, opens_on, closes_on, seed, share, drawn_at)
    VALUES (:name, :opens_on, :closes_on, :seed, :share, :now)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name
    RETURNING survey_id
""")
# Who owns a home today and was asked nothing for a year; a tenant or a former owner is not asked.
_DRAW = sa.text("""
    INSERT INTO survey_target (survey_id, person_id, community_id, unit_id, drawn_on)
    SELECT DISTINCT ON (person.person_id)
           CAST(:survey_id AS bigint), person.person_id, unit.community_id, unit.unit_id, :day
    FROM person
    JOIN occupancy o USING (person_id)
    JOIN unit USING (unit_id)
    WHERE person.person_id = ANY (CAST(:person_ids AS bigint[])) AND person.deceased_at IS NULL
      AND o.role = 'owner' AND daterange(o.valid_from, o.valid_until) @> CAST(:day AS date)
      AND NOT EXISTS (
          SELECT FROM survey_target earlier
          WHERE earlier.person_id = person.person_id
            AND earlier.drawn_on > CAST(:day AS date) - CAST(:rest_days AS int)
      )
    ORDER BY person.person_id, unit.unit_id
    ON CONFLICT (survey_id, person_id) DO NOTHING
    RETURNING person_id, survey_target_id, community_id
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """A survey after services: its name, its first day and how long it is open."""

    name: str
    day: date
    open_days: int
    rest_days: int  # no owner twice within these
    seed: int
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """Who is asked: the targets by person, and the communities whose lists change."""

    survey_id: int
    targets: Mapping[int, int]
    community_ids: Sequence[int]


async def ask_after_service(
    session: AsyncSession, asked: Round, person_ids: Sequence[int], *, now: datetime
) -> Drawn:
    """Draw these owners into a survey of its own, as far as they may be asked at all."""
    parameters: dict[str, Any] = {
        "name": asked.name,
        "opens_on": asked.day,
        "closes_on": asked.day + timedelta(days=asked.open_days),
        "seed": asked.seed,
        "share": asked.share,
        "now": now,
        "day": asked.day,
        "rest_days": asked.rest_days,
        "person_ids": sorted(set(person_ids)),
    }
    survey_id = await session.scalar(_OPEN, parameters)
    rows = (await session.execute(_DRAW, {**parameters, "survey_id": survey_id})).all()
    return Drawn(
        survey_id=int(survey_id or 0),
        targets={row.person_id: row.survey_target_id for row in rows},
        community_ids=sorted({row.community_id for row in rows}),
    )
