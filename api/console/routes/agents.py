"""Agents as their supervisor sees them: the roster, who is added to it, and today's hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import sqlalchemy as sa
from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes import agents_balance, agents_one
from api.model import Right, needs
from callback.day_hours import hours_by_purposes
from callback.hours import zone_named
from callback.words import PURPOSES
from core.columns import AnyRow, table_of
from customers.model import Language
from customers.tables import Community
from dialer.agents import service
from dialer.agents.endpoints import EndpointError
from dialer.agents.service import AgentNameTakenError
from dialer.wall.model import Seat

router = pages()
router.include_router(agents_balance.router)  # before an agent's id may be meant
router.include_router(agents_one.router)

_NEEDS = needs(Right.LEAD_AGENTS)
_MOST_PLACES = 200
_MOST_SKILLS = 50
_WORD = 64

_COMMUNITY = table_of(Community)
_PLACES = (
    sa.select(_COMMUNITY.c.name, _COMMUNITY.c.time_zone, _COMMUNITY.c.packs, _COMMUNITY.c.region)
    .order_by(_COMMUNITY.c.name)
    .limit(_MOST_PLACES)
)

Short = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceHours:
    """When owners of a community may be called today; without hours not at all."""

    name: str
    time_zone: str
    hours: Sequence[tuple[str, Sequence[str]]]  # periods as written, and for which purposes


@router.get("/agents", openapi_extra=_NEEDS)
async def show_roster(page: Here) -> Response:
    """Show who is on the roster, where they stand, and when calls may be placed today."""
    return await _roster(page)


@router.post("/agents", openapi_extra=_NEEDS)
async def add_agent(
    page: Here,
    *,
    name: Short = "",
    team: Short = "",
    skills: Short = "",
    endpoint: Short = "",
    languages: Annotated[list[Language] | None, Form(max_length=2)] = None,
) -> Response:
    """Put somebody on the roster; what was typed is kept where it cannot be used."""
    typed = {
        "name": " ".join(name.split()),
        "team": team.strip(),
        "skills": skills.strip(),
        "endpoint": endpoint.strip(),
        "languages": [each.value for each in languages or ()],
    }
    words = list(dict.fromkeys(each for each in _split(skills) if each))
    trouble = _trouble(str(typed["name"]), team.strip(), words)
    if trouble is None:
        try:
            agent_id = await service.add_agent(
                page.work.session,
                name=str(typed["name"]),
                team=team.strip() or None,
                skills=words,
                languages=languages or (),
                endpoint=endpoint.strip() or None,
                now=page.now,
            )
        except AgentNameTakenError:
            trouble = ("name", "agents.trouble.name_taken")
        except EndpointError:
            trouble = ("endpoint", "agents.trouble.endpoint")
        else:
            await page.work.note("agent_added", f"agent:{agent_id}")
            return page.go(f"/agents/{agent_id}")
    return await _roster(page, typed=typed, trouble=trouble)


def _split(skills: str) -> list[str]:
    return [each.strip() for each in skills.replace("，", ",").replace("、", ",").split(",")]


def _trouble(name: str, team: str, skills: Sequence[str]) -> tuple[str, str] | None:
    """Return which field cannot be used, and the words that say why."""
    if not name or not name.isprintable():
        return "name", "agents.trouble.no_name"
    if len(team) > _WORD or not team.isprintable():
        return "team", "agents.trouble.word"
    if len(skills) > _MOST_SKILLS or any(
        len(each) > _WORD or not each.isprintable() for each in skills
    ):
        return "skills", "agents.trouble.word"
    return None


async def _roster(
    page: Page,
    *,
    typed: Mapping[str, object] | None = None,
    trouble: tuple[str, str] | None = None,
) -> Response:
    rows = await service.roster(page.work.session)
    return page.show(
        "agents/roster.html",
        status=HTTPStatus.OK if trouble is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        on_roster=[row for row in rows if row.active],
        off_roster=[row for row in rows if not row.active],
        help={row.agent_id: seat_of(row).needs_help(page.now) for row in rows},
        places=await _hours_today(page),
        typed=typed or {},
        trouble=trouble,
    )


def seat_of(row: AnyRow) -> Seat:
    """Return an agent's row as the wall sees it."""
    return Seat(
        agent_id=row.agent_id,
        name=row.name,
        team=row.team,
        skills=row.skills,
        state=row.state,
        state_since=row.state_since,
        break_reason=row.break_reason,
        reason=None,
        attempt_id=row.attempt_id,
        seated=row.seated_on is not None,
        phone_trouble=row.phone_trouble,
        has_phone=row.endpoint is not None,
    )


async def _hours_today(page: Page) -> list[PlaceHours]:
    """Return today's calling hours of each community, by the packs in force there."""
    found = []
    for row in await page.work.session.execute(_PLACES):
        zone = zone_named(row.time_zone)
        packs = page.deps.desk.packs.applying(tuple(row.packs), row.region, row.region)
        hours = hours_by_purposes(packs, page.now.astimezone(zone).date()) if packs and zone else {}
        found.append(
            PlaceHours(
                name=row.name,
                time_zone=row.time_zone,
                hours=[
                    (
                        page.say("agents.hours_and")
                        .join(str(each) for each in periods)
                        .replace("-", "–"),
                        [PURPOSES[each][page.language] for each in purposes],
                    )
                    for periods, purposes in hours.items()
                ],
            )
        )
    return found
