"""Communities: made, and set: time zone, country, currency, rule packs."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import available_timezones

import sqlalchemy as sa
from babel.numbers import list_currencies
from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.forms import FormText, FormWord, QueryWord
from api.console.page import Here, Page
from api.console.settings_frame import Done, kept, show_section
from api.fields import PathId
from api.model import Right, needs
from api.problems import NotOnFileError
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.communities import CommunityChange, set_community
from customers.tables import Community, Unit

router = pages()

_A_PAGE = 100
_MOST_PACKS = 10
_COMMUNITY, _UNIT = table_of(Community), table_of(Unit)
_UNITS = (
    sa.select(sa.func.count())
    .where(_UNIT.c.community_id == _COMMUNITY.c.community_id)
    .scalar_subquery()
    .label("units")
)
Packs = Annotated[list[str], Form(max_length=_MOST_PACKS)]


@router.get("/settings/communities", openapi_extra=needs(Right.READ_SETTINGS))
async def list_communities(
    page: Here, q: QueryWord = "", after: QueryWord = "", done: Done = ""
) -> Response:
    """Show the communities and what holds for their units."""
    defaults = page.deps.defaults
    form = kept(
        None,
        name="",
        time_zone=defaults.time_zone,
        region=defaults.region,
        currency=defaults.currency,
        packs=list(defaults.packs),
    )
    return await _list(page, q=q, after=after, done=done, form=form)


@router.post("/settings/communities", openapi_extra=needs(Right.CHANGE_SETTINGS))
async def add(
    page: Here,
    name: FormText,
    *,
    time_zone: FormWord,
    region: FormWord,
    currency: FormWord,
    packs: Packs = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Make a community; one that is on file under that name is left as it is."""
    typed = _typed(name=name, time_zone=time_zone, region=region, currency=currency, packs=packs)
    try:
        async with page.work.session.begin_nested():
            known = await page.work.session.scalar(
                sa.select(_COMMUNITY.c.community_id).where(_COMMUNITY.c.name == name.strip())
            )
            if known is None:
                await _set(page, name, typed)
    except OwnerlineError as err:
        return await _list(page, q="", after="", done="", form=kept(err, **typed))
    made = await page.work.session.scalar(
        sa.select(_COMMUNITY.c.community_id).where(_COMMUNITY.c.name == name.strip())
    )
    done = "community_added" if known is None else "community_known"
    return page.go(f"/settings/communities/{made}?done={done}")


@router.get("/settings/communities/{community_id}", openapi_extra=needs(Right.READ_SETTINGS))
async def show(page: Here, community_id: PathId, done: Done = "") -> Response:
    """Show a community."""
    row = await _community(page, community_id)
    typed = _typed(
        name=row.name,
        time_zone=row.time_zone,
        region=row.region,
        currency=row.currency,
        packs=row.packs,
    )
    return _one(page, row, done=done, form=kept(None, **typed))


@router.post("/settings/communities/{community_id}", openapi_extra=needs(Right.CHANGE_SETTINGS))
async def change(
    page: Here,
    community_id: PathId,
    *,
    time_zone: FormWord,
    region: FormWord,
    currency: FormWord,
    packs: Packs = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Set a community; its calls go by it from the next claim on."""
    row = await _community(page, community_id)
    typed = _typed(
        name=row.name, time_zone=time_zone, region=region, currency=currency, packs=packs
    )
    try:
        async with page.work.session.begin_nested():
            await _set(page, row.name, typed)
    except OwnerlineError as err:
        return _one(page, row, done="", form=kept(err, **typed))
    return page.go(f"/settings/communities/{community_id}?done=saved")


class NoPackError(OwnerlineError):
    """A community has at least one rule pack: without one nobody there is called."""


def _typed(**typed: Any) -> Mapping[str, Any]:
    return typed


async def _set(page: Page, name: str, typed: Mapping[str, Any]) -> None:
    if not typed["packs"]:
        raise NoPackError(page.say("settings.communities.pack_needed"))
    await set_community(
        page.work.session,
        name=name,
        change=CommunityChange(
            time_zone=typed["time_zone"].strip(),
            region=typed["region"].strip(),
            currency=typed["currency"].strip(),
            packs=tuple(dict.fromkeys(typed["packs"])),
        ),
        defaults=page.deps.defaults,
        known_packs=page.deps.desk.packs.names,
    )
    await page.work.note("community_set", f"community:{name.strip()}", **typed)


async def _community(page: Page, community_id: int) -> AnyRow:
    found: AnyRow | None = (
        await page.work.session.execute(
            sa.select(_COMMUNITY, _UNITS).where(_COMMUNITY.c.community_id == community_id)
        )
    ).one_or_none()
    if found is None:
        raise NotOnFileError(what="community", key=community_id)
    return found


async def _list(page: Page, *, q: str, after: str, done: str, form: Any) -> Response:
    rows = (
        await page.work.session.execute(
            sa.select(_COMMUNITY, _UNITS)
            .where(_COMMUNITY.c.name > after, _COMMUNITY.c.name.icontains(q, autoescape=True))
            .order_by(_COMMUNITY.c.name)
            .limit(_A_PAGE + 1)
        )
    ).all()
    return show_section(
        page,
        "settings/communities.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form["trouble"] else HTTPStatus.OK,
        done=done,
        rows=rows[:_A_PAGE],
        more=rows[_A_PAGE - 1].name if len(rows) > _A_PAGE else None,
        q=q,
        **_choices(page),
        **form,
    )


def _one(page: Page, row: AnyRow, *, done: str, form: Any) -> Response:
    return show_section(
        page,
        "settings/community.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form["trouble"] else HTTPStatus.OK,
        done=done,
        community=row,
        **_choices(page),
        **form,
    )


def _choices(page: Page) -> Mapping[str, Any]:
    return {
        "zones": sorted(each for each in available_timezones() if "/" in each),
        "currencies": sorted(list_currencies()),
        "packs": page.deps.desk.packs.names,
    }
