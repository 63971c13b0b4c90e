"""Communities and units: shown, made, set."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import Query, Response
from pydantic import Field, StringConstraints

from api.fields import Given, IdQuery, PathId, Shown, Text, Word
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.problems import NotOnFileError
from api.routing import router as router_of
from api.work import Here, Work
from core.columns import AnyRow, table_of
from customers.communities import CommunityChange, set_community
from customers.parsing.text import as_text
from customers.tables import Community, Unit
from customers.units import add_unit

router = router_of("places")

_COMMUNITY, _UNIT = table_of(Community), table_of(Unit)
_MOST_PACKS = 10

Region = Annotated[str, StringConstraints(pattern="^[A-Za-z]{2}$"), Field(examples=["CN"])]
Currency = Annotated[str, StringConstraints(pattern="^[A-Za-z]{3}$"), Field(examples=["CNY"])]


class CommunityShown(Shown):
    """A development; zone, region, currency and rule packs hold for all its units."""

    community_id: int
    name: str
    time_zone: str
    region: str
    currency: str
    packs: list[str]


class CommunitySettings(Given):
    """What to set; what is left out stays, or is the house's default in a new community."""

    time_zone: Word | None = Field(default=None, examples=["Asia/Shanghai"])
    region: Region | None = None
    currency: Currency | None = None
    packs: list[Word] | None = Field(
        default=None, min_length=1, max_length=_MOST_PACKS, examples=[["CN"]]
    )


class CommunityGiven(CommunitySettings):
    """A community to make."""

    name: Text = Field(examples=["翠湖花园"])


class UnitShown(Shown):
    """A home, shop or parking space; its label is building-entrance-room where it has that."""

    unit_id: int
    community_id: int
    label: str


class UnitGiven(Given):
    """A unit to make, however it is written."""

    label: Text = Field(examples=["3-2-1201"])


@router.get("/communities", openapi_extra=needs(Right.READ_PLACES))
async def list_communities(work: Here, asked: Asked) -> Page[CommunityShown]:
    """Return the communities."""
    return await page_of(
        work, sa.select(_COMMUNITY), _COMMUNITY.c.community_id, CommunityShown.model_validate, asked
    )


@router.post(
    "/communities",
    status_code=201,
    responses={200: {"model": CommunityShown, "description": "It was on file."}},
    openapi_extra=needs(Right.WRITE_PLACES),
)
async def make_community(work: Here, given: CommunityGiven, response: Response) -> CommunityShown:
    """Make a community, or set one that is on file under that name (200)."""
    name = as_text(given.name)
    made = await _set(work, name, given)
    shown = await _community(work, _COMMUNITY.c.name == name, name)
    response.status_code = 201 if made else 200
    response.headers["Location"] = f"/api/v1/communities/{shown.community_id}"
    return shown


@router.get("/communities/{community_id}", openapi_extra=needs(Right.READ_PLACES))
async def show_community(work: Here, community_id: PathId) -> CommunityShown:
    """Return a community."""
    return await _community(work, _COMMUNITY.c.community_id == community_id, community_id)


@router.patch("/communities/{community_id}", openapi_extra=needs(Right.WRITE_PLACES))
async def change_community(
    work: Here, community_id: PathId, given: CommunitySettings
) -> CommunityShown:
    """Set a community."""
    known = await _community(work, _COMMUNITY.c.community_id == community_id, community_id)
    await _set(work, known.name, given)
    return await _community(work, _COMMUNITY.c.community_id == community_id, community_id)


@router.post(
    "/communities/{community_id}/units",
    status_code=201,
    responses={200: {"model": UnitShown, "description": "It was on file."}},
    openapi_extra=needs(Right.WRITE_PLACES),
)
async def make_unit(
    work: Here, community_id: PathId, given: UnitGiven, response: Response
) -> UnitShown:
    """Make a unit; one that is on file already is returned as it is (200)."""
    made, unit_id = await add_unit(work.session, community_id=community_id, label=given.label)
    response.status_code = 201 if made else 200
    response.headers["Location"] = f"/api/v1/units/{unit_id}"
    row = await work.session.execute(sa.select(_UNIT).where(_UNIT.c.unit_id == unit_id))
    return UnitShown.model_validate(row.one())


@router.get("/units", openapi_extra=needs(Right.READ_PLACES))
async def list_units(
    work: Here,
    asked: Asked,
    community_id: Annotated[IdQuery | None, Query()] = None,
    label: Annotated[Text | None, Query(description="The exact label: 3-2-1201.")] = None,
) -> Page[UnitShown]:
    """Return units, of one community if it is named."""
    query = sa.select(_UNIT)
    if community_id is not None:
        query = query.where(_UNIT.c.community_id == community_id)
    if label is not None:
        query = query.where(_UNIT.c.label == label)
    return await page_of(work, query, _UNIT.c.unit_id, UnitShown.model_validate, asked)


async def _set(work: Work, name: str, given: CommunitySettings) -> bool:
    made = await set_community(
        work.session,
        name=name,
        change=CommunityChange(
            time_zone=given.time_zone,
            region=given.region,
            currency=given.currency,
            packs=None if given.packs is None else tuple(given.packs),
        ),
        defaults=work.deps.defaults,
        known_packs=work.deps.desk.packs.names,
    )
    await work.note("community_set", f"community:{name}")
    return made


async def _community(work: Work, which: sa.ColumnElement[bool], named: object) -> CommunityShown:
    row: AnyRow | None = (
        await work.session.execute(sa.select(_COMMUNITY).where(which))
    ).one_or_none()
    if row is None:
        raise NotOnFileError(what="community", key=named)
    return CommunityShown.model_validate(row)
