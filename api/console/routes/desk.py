"""The agent's desk: the next owner, the call, its controls, and one page that speaks for it."""

from datetime import datetime
from typing import Annotated

from fastapi import Form, Query, Request, Response

from api.console.edge import router as pages
from api.console.page import Here
from api.console.routes import (
    desk_call,
    desk_controls,
    desk_file,
    desk_live,
    desk_softphone,
    desk_times,
)
from api.console.routes.desk_holding import (
    NoDeskError,
    agent_id_of,
    held,
    note_acting,
    sit_at,
    tab_of,
)
from api.console.routes.desk_parts import load_view, parts_of, present
from api.console.routes.desk_softphone import headers_with, softphone_of
from api.fields import LARGEST_ID
from api.model import ApiRole, Right, needs
from dialer.agents import offers, seats, service
from dialer.agents.model import BreakReason, SkipReason
from dialer.agents.screen import load_screen
from dialer.agents.screens import take_desk
from dialer.agents.states import WrapUp
from dialer.agents.transitions import standing_of

router = pages()
for each in (desk_live, desk_controls, desk_call, desk_file, desk_softphone, desk_times):
    router.include_router(each.router)

_WORK = needs(Right.WORK_AS_AGENT)


@router.get("/desk", openapi_extra=_WORK)
async def show_desk(page: Here) -> Response:
    """Show the desk; an admin without one chooses whose."""
    try:
        agent_id = agent_id_of(page)
    except NoDeskError:
        if page.caller.role is ApiRole.AGENT:
            return page.show("desk/nobody.html")
        agents = await service.roster(page.work.session)
        return page.show("desk/pick.html", agents=agents)
    view = await load_view(page, agent_id)
    parts = {each.id: each.html for each in parts_of(page, view)}
    softphone = softphone_of(page, view.screen.agent)
    return page.show(
        "desk/page.html",
        headers=headers_with(softphone),
        view=view,
        by_id=parts,
        softphone=softphone,
    )


@router.post("/desk/at", openapi_extra=_WORK)
async def sit_down_at(
    page: Here, request: Request, agent_id: Annotated[int, Form(ge=1, le=LARGEST_ID)]
) -> Response:
    """Let an admin be at an agent's desk; it is written down."""
    response = page.go("/desk")
    if page.caller.role is not ApiRole.AGENT:
        await load_screen(page.work.session, agent_id, now=page.now)  # or there is none
        await note_acting(page, agent_id)
        secure = "https" in {request.url.scheme, request.headers.get("X-Forwarded-Proto", "")}
        sit_at(response, agent_id, secure=secure)
    return response


@router.post("/desk/leave", openapi_extra=_WORK)
async def leave_desk(page: Here) -> Response:
    """Let an admin be at nobody's desk any more."""
    response = page.go("/desk")
    sit_at(response, None, secure=False)
    return response


@router.get("/desk/parts", openapi_extra=_WORK)
async def show_present(page: Here) -> Response:
    """Return the parts of the page as they are now."""
    return await present(page)


@router.post("/desk/take", openapi_extra=_WORK)
async def take(page: Here) -> Response:
    """Let this page speak for the agent; their other pages look on."""
    agent_id = agent_id_of(page)
    await take_desk(page.work.session, agent_id, tab_of(page), now=page.now)
    await service.beat(page.work.session, agent_id)
    return await present(page)


@router.post("/desk/sit", openapi_extra=_WORK)
async def sit_down(page: Here) -> Response:
    """Sign the agent in, ready for calls; their phone rings."""
    agent = await held(page)
    await service.sign_in(page.work.session, agent.agent_id, now=page.now)
    return await present(page)


@router.post("/desk/rise", openapi_extra=_WORK)
async def rise(page: Here) -> Response:
    """Sign the agent out."""
    agent = await held(page)
    await service.sign_out(page.work.session, agent.agent_id, now=page.now)
    return await present(page)


@router.post("/desk/ready", openapi_extra=_WORK)
async def become_ready(page: Here) -> Response:
    """Bring the agent back from a break."""
    agent = await held(page)
    await service.become_ready(page.work.session, agent.agent_id, now=page.now)
    return await present(page)


@router.get("/desk/breaks", openapi_extra=_WORK)
async def show_breaks(page: Here) -> Response:
    """Return why one may go away."""
    chosen = [each for each in BreakReason if each not in {BreakReason.SENT, BreakReason.PHONE}]
    return page.show("desk/breaks.html", reasons=chosen)


@router.post("/desk/break", openapi_extra=_WORK)
async def take_break(page: Here, reason: Annotated[BreakReason, Form()]) -> Response:
    """Let the agent go away; the call that is shown goes to somebody else."""
    agent = await held(page)
    await service.take_break(page.work.session, agent.agent_id, reason, now=page.now)
    return await present(page)


@router.post("/desk/phone", openapi_extra=_WORK)
async def ring_phone(page: Here) -> Response:
    """Let the agent's own phone ring now."""
    agent = await held(page)
    await seats.ask_for_phone(page.work.session, agent.agent_id, by=page.caller.actor, now=page.now)
    return await present(page)


@router.post("/desk/next", openapi_extra=_WORK)
async def show_next(page: Here) -> Response:
    """Show the owner who comes next, and keep them for the agent."""
    agent = await held(page)
    await offers.next_offer(page.work.session, agent.agent_id, desk=page.deps.desk, now=page.now)
    return await present(page)


@router.post("/desk/dial", openapi_extra=_WORK)
async def dial(page: Here) -> Response:
    """Let the call that is shown ring; the rules judge it once more."""
    agent = await held(page)
    await offers.ask_to_dial(page.work.session, agent.agent_id, desk=page.deps.desk, now=page.now)
    return await present(page)


@router.post("/desk/skip", openapi_extra=_WORK)
async def skip(page: Here, reason: Annotated[SkipReason, Form()]) -> Response:
    """Do not dial the call that is shown, with a reason."""
    agent = await held(page)
    await offers.skip(page.work.session, agent.agent_id, reason, desk=page.deps.desk, now=page.now)
    return await present(page)


@router.post("/desk/more-time", openapi_extra=_WORK)
async def take_more_time(page: Here, until: Annotated[datetime | None, Query()] = None) -> Response:
    """Give the agent as long again to write down what was said; it stays on their steps.

    `until` is what the page shows: who presses twice is given it once.
    """
    agent = await held(page)
    standing = standing_of(agent)
    if isinstance(standing, WrapUp) and until in {None, standing.until}:
        await service.take_more_time(
            page.work.session,
            agent.agent_id,
            standing.attempt_id,
            until=max(standing.until, page.now) + page.deps.desk.rules.wrap_up,
            now=page.now,
        )
    return await present(page)
