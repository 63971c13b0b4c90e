"""Agents: put on the roster, and where they belong: team, skills, languages, phone."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

import sqlalchemy as sa
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
from customers.model import Language
from dialer.agents.seats import set_endpoint
from dialer.agents.service import add_agent
from dialer.agents.tables import Agent
from dialer.agents.teams import Place, place_agent

router = pages()

_A_PAGE = 100
_MOST_SKILLS, _LONGEST_SKILL = 50, 64
_AGENT = table_of(Agent)
_EMPTY = {"name": "", "team": "", "skills": "", "endpoint": ""}
Weight = Annotated[float, Form(gt=0, le=100, allow_inf_nan=False)]
Languages = Annotated[list[Language], Form()]


class SkillError(OwnerlineError):
    """Skills are a few short words with commas between them."""


@router.get("/settings/agents", openapi_extra=needs(Right.READ_SETTINGS))
async def list_agents(
    page: Here, q: QueryWord = "", after: QueryWord = "", done: Done = ""
) -> Response:
    """Show who is on the roster, and where they belong."""
    return await _list(page, q=q, after=after, done=done, form=kept(None, **_EMPTY))


@router.post("/settings/agents", openapi_extra=needs(Right.LEAD_AGENTS))
async def add(
    page: Here,
    name: FormWord,
    team: FormWord = "",
    skills: FormText = "",
    endpoint: FormWord = "",
) -> Response:
    """Put somebody on the roster."""
    try:
        async with page.work.session.begin_nested():
            agent_id = await add_agent(
                page.work.session,
                name=_named(page, name),
                team=team.strip() or None,
                skills=_skills(skills),
                endpoint=endpoint.strip() or None,
                now=page.now,
            )
            await page.work.note("agent_added", f"agent:{agent_id}")
    except OwnerlineError as err:
        form = kept(err, name=name, team=team, skills=skills, endpoint=endpoint)
        return await _list(page, q="", after="", done="", form=form)
    return page.go(f"/settings/agents/{agent_id}?done=agent_added")


@router.get("/settings/agents/{agent_id}", openapi_extra=needs(Right.READ_SETTINGS))
async def show(page: Here, agent_id: PathId, done: Done = "") -> Response:
    """Show where an agent belongs."""
    agent = await _agent(page, agent_id)
    return await _one(page, agent, done=done, form=kept(None, **_of(agent)))


@router.post("/settings/agents/{agent_id}", openapi_extra=needs(Right.LEAD_AGENTS))
async def change(
    page: Here,
    agent_id: PathId,
    *,
    team: FormWord = "",
    skills: FormText = "",
    languages: Languages = [],  # noqa: B006 - FastAPI copies it
    weight: Weight = 1.0,
    endpoint: FormWord = "",
) -> Response:
    """Set where an agent belongs, from their next call on."""
    agent = await _agent(page, agent_id)
    session, by = page.work.session, page.caller.actor
    try:
        async with session.begin_nested():
            place = Place(
                team=team.strip() or None,
                skills=_skills(skills),
                languages=[] if set(languages) == set(Language) else languages,
                weight=weight,
            )
            await place_agent(session, agent_id, place, by=by, now=page.now)
            if (endpoint.strip() or None) != agent.endpoint:
                await set_endpoint(session, agent_id, endpoint.strip() or None, by=by, now=page.now)
    except OwnerlineError as err:
        typed = {
            "team": team,
            "skills": skills,
            "languages": languages,
            "weight": weight,
            "endpoint": endpoint,
        }
        return await _one(page, agent, done="", form=kept(err, **typed))
    return page.go(f"/settings/agents/{agent_id}?done=saved")


def _named(page: Page, name: str) -> str:
    if not name.strip():
        raise SkillError(page.say("settings.agents.name_needed"))
    return name.strip()


def _skills(text: str) -> list[str]:
    """Read skills with commas between them, of either script.

    Raises:
        SkillError: there are too many, or one is too long.
    """
    found = [each for each in re.split(r"[,，、;；\s]+", text) if each]
    if len(found) > _MOST_SKILLS or any(len(each) > _LONGEST_SKILL for each in found):
        message = f"give at most {_MOST_SKILLS} skills of at most {_LONGEST_SKILL} characters"
        raise SkillError(message)
    return list(dict.fromkeys(found))


def _of(agent: AnyRow) -> Mapping[str, Any]:
    return {
        "team": agent.team or "",
        "skills": ", ".join(agent.skills),
        "languages": [Language(each) for each in agent.languages] or list(Language),
        "weight": agent.weight,
        "endpoint": agent.endpoint or "",
    }


async def _agent(page: Page, agent_id: int) -> AnyRow:
    found: AnyRow | None = (
        await page.work.session.execute(sa.select(_AGENT).where(_AGENT.c.agent_id == agent_id))
    ).one_or_none()
    if found is None:
        raise NotOnFileError(what="agent", key=agent_id)
    return found


async def _teams(page: Page) -> list[str]:
    """Return the teams there are, and those that campaigns ask for."""
    rows = await page.work.session.scalars(
        sa.select(_AGENT.c.team).where(_AGENT.c.team.is_not(None)).distinct().limit(200)
    )
    asked = {each.team for each in page.deps.desk.campaigns.known if each.team is not None}
    return sorted({*rows, *asked})


async def _list(page: Page, *, q: str, after: str, done: str, form: Any) -> Response:
    rows = (
        await page.work.session.execute(
            sa.select(_AGENT)
            .where(
                _AGENT.c.name > after,
                sa.or_(
                    _AGENT.c.name.icontains(q, autoescape=True),
                    _AGENT.c.team.icontains(q, autoescape=True),
                ),
            )
            .order_by(_AGENT.c.name)
            .limit(_A_PAGE + 1)
        )
    ).all()
    return show_section(
        page,
        "settings/agents.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form["trouble"] else HTTPStatus.OK,
        done=done,
        rows=rows[:_A_PAGE],
        more=rows[_A_PAGE - 1].name if len(rows) > _A_PAGE else None,
        q=q,
        teams=await _teams(page),
        **form,
    )


async def _one(page: Page, agent: AnyRow, *, done: str, form: Any) -> Response:
    campaigns = [
        each
        for each in page.deps.desk.campaigns.known
        if each.team in {None, agent.team} and set(each.skills) <= set(agent.skills)
    ]
    return show_section(
        page,
        "settings/agent.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form["trouble"] else HTTPStatus.OK,
        done=done,
        agent=agent,
        campaigns=[each.name for each in campaigns],
        teams=await _teams(page),
        **form,
    )
