"""Users: added, their roles, first passwords and browsers, disabled and let in again."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Form, Response

from api.console import sessions
from api.console.edge import router as pages
from api.console.forms import FormWord, QueryWord
from api.console.page import Here, Page
from api.console.settings_frame import Done, kept, show_section
from api.console.sign_in import give_password
from api.fields import LARGEST_ID, PathId
from api.model import ApiRole, Right, needs
from api.problems import ProblemError
from api.users import (
    NameTakenError,
    agents_without_user,
    change_user,
    disable_user,
    enable_user,
    find_users,
    make_user,
    new_token,
    user_with,
)
from core.errors import OwnerlineError
from dialer.agents.service import add_agent
from dialer.agents.tables import Agent

router = pages()

_A_PAGE = 100
_EMPTY = {"name": "", "role": ApiRole.AGENT, "agent": "new", "team": ""}
NEW_AGENT = "new"  # in the list of agents: make one of this name
AgentChoice = Annotated[str, Form(max_length=20, pattern="^([0-9]*|new)$")]


@router.get("/settings/users", openapi_extra=needs(Right.MANAGE_USERS))
async def list_users(
    page: Here, q: QueryWord = "", after: QueryWord = "", done: Done = ""
) -> Response:
    """Show who has an account."""
    return await _list(page, q=q, after=after, done=done, form=kept(None, **_EMPTY))


@router.post("/settings/users", openapi_extra=needs(Right.MANAGE_USERS))
async def add(
    page: Here,
    name: FormWord,
    role: Annotated[ApiRole, Form()],
    agent: AgentChoice = "",
    team: FormWord = "",
) -> Response:
    """Make a user and show the first password, or a system's token, this once."""
    session = page.work.session
    try:
        async with session.begin_nested():
            agent_id = await _agent_of(page, role, agent, name=name, team=team)
            api_user_id = await make_user(
                session, name=name.strip(), role=role, agent_id=agent_id, now=page.now
            )
            secrets = await _first_secret(page, name.strip(), role)
            await page.work.note("api_user_added", f"api:{name.strip()}", role=role.value)
    except OwnerlineError as err:
        taken = isinstance(err, NameTakenError)
        trouble = page.say("settings.users.taken", name=name) if taken else str(err)
        form = kept(trouble, name=name, role=role, agent=agent, team=team)
        return await _list(page, q="", after="", done="", form=form)
    return await _one(page, api_user_id, done="user_added", **secrets)


@router.get("/settings/users/{api_user_id}", openapi_extra=needs(Right.MANAGE_USERS))
async def show(page: Here, api_user_id: PathId, done: Done = "") -> Response:
    """Show a user, and where they are signed in."""
    return await _one(page, api_user_id, done=done)


@router.post("/settings/users/{api_user_id}/role", openapi_extra=needs(Right.MANAGE_USERS))
async def change_role(
    page: Here, api_user_id: PathId, role: Annotated[ApiRole, Form()], agent: AgentChoice = ""
) -> Response:
    """Give a user another role, or another agent to be."""
    user = await user_with(page.work.session, api_user_id)
    if role is not user.role:
        _refuse_oneself(page, api_user_id)
    agent_id = await _agent_of(page, role, agent, name=user.name, team="")
    if await change_user(page.work.session, name=user.name, role=role, agent_id=agent_id):
        await page.work.note("role_changed", f"api:{user.name}", role=role.value, agent_id=agent_id)
    return page.go(f"/settings/users/{api_user_id}?done=saved")


@router.post("/settings/users/{api_user_id}/password", openapi_extra=needs(Right.MANAGE_USERS))
async def give_first_password(page: Here, api_user_id: PathId) -> Response:
    """Give a user a new first password, shown this once; their browsers are signed out."""
    _refuse_oneself(page, api_user_id)
    user = await user_with(page.work.session, api_user_id)
    password = await give_password(page.work.session, name=user.name, now=page.now)
    await page.work.note("password_given", f"api:{user.name}")
    return await _one(page, api_user_id, password=password)


@router.post("/settings/users/{api_user_id}/token", openapi_extra=needs(Right.MANAGE_USERS))
async def give_token(page: Here, api_user_id: PathId) -> Response:
    """Give a user a new token for the API, shown this once; the old one is dead."""
    user = await user_with(page.work.session, api_user_id)
    if user.disabled_at is not None:
        raise ProblemError(HTTPStatus.CONFLICT, f"{user.name} is disabled; enable them first")
    token = await new_token(page.work.session, name=user.name)
    await page.work.note("api_token_renewed", f"api:{user.name}")
    return await _one(page, api_user_id, token=token)


@router.post("/settings/users/{api_user_id}/disable", openapi_extra=needs(Right.MANAGE_USERS))
async def disable(page: Here, api_user_id: PathId) -> Response:
    """Let a user in no more, and sign their browsers out."""
    _refuse_oneself(page, api_user_id)
    user = await user_with(page.work.session, api_user_id)
    if await disable_user(page.work.session, name=user.name, now=page.now):
        await page.work.note("api_user_disabled", f"api:{user.name}")
    return page.go(f"/settings/users/{api_user_id}?done=disabled")


@router.post("/settings/users/{api_user_id}/enable", openapi_extra=needs(Right.MANAGE_USERS))
async def enable(page: Here, api_user_id: PathId) -> Response:
    """Let a disabled user in again."""
    user = await user_with(page.work.session, api_user_id)
    if await enable_user(page.work.session, name=user.name):
        await page.work.note("api_user_enabled", f"api:{user.name}")
    return page.go(f"/settings/users/{api_user_id}?done=enabled")


@router.post("/settings/users/{api_user_id}/end-sessions", openapi_extra=needs(Right.MANAGE_USERS))
async def end_sessions(
    page: Here,
    api_user_id: PathId,
    console_session_id: Annotated[int | None, Form(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """Sign a user out at one browser, or at all of them but the one that asks."""
    session = page.work.session
    user = await user_with(session, api_user_id)
    if console_session_id is None:
        own = None if page.visit is None else page.visit.console_session_id
        await sessions.end_all_of(session, api_user_id, now=page.now, but=own)
    else:
        await sessions.end_of(session, api_user_id, console_session_id, now=page.now)
    await page.work.note("sessions_ended", f"api:{user.name}", session=console_session_id)
    return page.go(f"/settings/users/{api_user_id}?done=signed_out")


def _refuse_oneself(page: Page, api_user_id: int) -> None:
    if api_user_id == page.caller.api_user_id:
        raise ProblemError(HTTPStatus.CONFLICT, page.say("settings.users.not_oneself"))


async def _agent_of(page: Page, role: ApiRole, choice: str, *, name: str, team: str) -> int | None:
    """Return the agent that was chosen; one may be made of the user's name."""
    if role is not ApiRole.AGENT or not choice:
        return None
    if choice != NEW_AGENT:
        return int(choice)
    agent_id = await add_agent(
        page.work.session, name=name.strip(), team=team.strip() or None, now=page.now
    )
    await page.work.note("agent_added", f"agent:{agent_id}")
    return agent_id


async def _first_secret(page: Page, name: str, role: ApiRole) -> dict[str, str]:
    if role is ApiRole.INTEGRATOR:
        return {"token": await new_token(page.work.session, name=name)}
    return {"password": await give_password(page.work.session, name=name, now=page.now)}


async def _list(page: Page, *, q: str, after: str, done: str, form: Any) -> Response:
    session = page.work.session
    found = await find_users(
        session, wanted=q, after=after, limit=_A_PAGE + 1, now=page.now, idle=sessions.IDLE
    )
    return show_section(
        page,
        "settings/users.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form["trouble"] else HTTPStatus.OK,
        done=done,
        rows=found[:_A_PAGE],
        more=found[_A_PAGE - 1].user.name if len(found) > _A_PAGE else None,
        q=q,
        roles=list(ApiRole),
        agents=await agents_without_user(session),
        **form,
    )


async def _one(
    page: Page,
    api_user_id: int,
    *,
    done: str = "",
    password: str | None = None,
    token: str | None = None,
) -> Response:
    session = page.work.session
    user = await user_with(session, api_user_id)
    agent = None if user.agent_id is None else await session.get(Agent, user.agent_id)
    return show_section(
        page,
        "settings/user.html",
        done=done,
        user=user,
        agent=agent,
        is_oneself=api_user_id == page.caller.api_user_id,
        browsers=await sessions.sessions_of(session, api_user_id, now=page.now),
        roles=list(ApiRole),
        agents=await agents_without_user(session),
        password=password,
        token=token,
    )
