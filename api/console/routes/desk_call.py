"""Calls an agent asks for: from a person's file, or one of those they promised to make."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Query, Response

from api.console.call_times import TimeSaid, field_value, presets, read_time
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.desk_holding import TAB_HEADER, agent_id_of, held, note_acting
from api.console.routes.desk_parts import Words, present
from api.console.routes.desk_times import time_said
from api.fields import LARGEST_ID
from api.model import Right, needs
from dialer.agents.call_time import CallTimeRefusedError
from dialer.agents.calling import (
    CallRefusedError,
    NoCallDueError,
    NotReadyError,
    PromisedByError,
    TakenError,
    ask_back,
    offer_person,
)
from dialer.agents.model import AgentState, AgentStateError
from dialer.agents.screen import load_screen, see
from dialer.agents.waiting import callbacks_of

router = pages()

_WORK = needs(Right.WORK_AS_AGENT)
_Id = Annotated[int, Query(ge=1, le=LARGEST_ID)]
_At = Annotated[str, Form(max_length=40)]
_SLOW = timedelta(minutes=1)  # what was now when it was typed still is
_SOON = timedelta(minutes=5)


@router.get("/desk/mine", openapi_extra=_WORK)
async def show_mine(page: Here) -> Response:
    """Show the calls the agent promised to make."""
    agent_id = agent_id_of(page)
    screen = await load_screen(page.work.session, agent_id, now=page.now)
    rows = await callbacks_of(page.work.session, agent_id)
    await page.work.note("callbacks_listed", f"agent:{agent_id}", count=len(rows))
    template = "desk/mine_part.html" if page.is_fragment else "desk/mine.html"
    return page.show(
        template,
        rows=rows,
        words=Words(page),
        now=page.now,
        may_ring=screen.agent.state is AgentState.READY,
    )


@router.get("/desk/call", openapi_extra=_WORK)
async def show_call(page: Here, person_id: _Id) -> Response:
    """Show what asking for a call to a person would come to, for a page outside the desk."""
    return await _refusal(page, person_id, because=None)


@router.post("/desk/call", openapi_extra=_WORK)
async def ask_for_call(
    page: Here, person_id: _Id, due_call_id: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """Show the person's due call to the agent, if the rules allow it; else say why not.

    From the desk itself the page must hold it; from a file the desk is led to.
    """
    from_desk = TAB_HEADER in page.request.headers
    agent_id = agent_id_of(page)
    if from_desk:
        await held(page)
    else:
        await note_acting(page, agent_id)
    try:
        async with page.work.session.begin_nested():
            await offer_person(
                page.work.session,
                agent_id,
                person_id,
                due_call_id=due_call_id,
                desk=page.deps.desk,
                now=page.now,
            )
    except AgentStateError as err:
        return await _refusal(page, person_id, because=err)
    return await present(page) if from_desk else page.go("/desk")


@router.post("/desk/callback", openapi_extra=_WORK)
async def write_callback(page: Here, person_id: _Id, at: _At = "", instead: _At = "") -> Response:
    """Write down that an owner asked this agent to ring, at a time of their own.

    A time the rules refuse is refused with the next one they allow, which `instead` takes.
    """
    agent_id, from_desk = agent_id_of(page), TAB_HEADER in page.request.headers
    if from_desk:
        await held(page)
    seen = await see(page.work.session, [], person_id=person_id, now=page.now)
    zone = page.zone if seen is None or not seen.ties else seen.time_zone
    call_at = read_time(instead or at, zone)
    latest = page.now + timedelta(days=page.deps.desk.rules.max_callback_days)
    if call_at is None or not page.now - _SLOW <= call_at <= latest:
        said = TimeSaid(kind="bad", sentence=page.say("desk.call.bad_time"))
        return await _refusal(page, person_id, because=None, typed=at, said=said)
    if not from_desk:
        await note_acting(page, agent_id)
    try:
        async with page.work.session.begin_nested():
            judged = await ask_back(
                page.work.session,
                agent_id,
                person_id,
                call_at=call_at,
                by=page.caller.actor,
                desk=page.deps.desk,
                now=page.now,
            )
    except CallTimeRefusedError as err:
        said = time_said(page, err.time, zone)
        return await _refusal(page, person_id, because=None, typed=at, said=said)
    if from_desk:
        told = "" if judged is None else time_said(page, judged, zone).sentence
        return await present(page, said=f"{page.say('desk.call.written')} {told}".strip())
    return page.go("/desk")


async def _refusal(
    page: Page,
    person_id: int,
    *,
    because: AgentStateError | None,
    typed: str = "",
    said: TimeSaid | None = None,
) -> Response:
    seen = await see(page.work.session, [], person_id=person_id, now=page.now)
    if seen is not None:
        await page.work.note("looked_at", f"person:{person_id}", page="call")
    zone = page.zone if seen is None or not seen.ties else seen.time_zone
    sentence = None
    if isinstance(because, CallRefusedError):
        sentence = Words(page).verdict(because.verdict, zone)
    elif isinstance(because, TakenError):
        who = because.by or page.say("desk.call.somebody")
        sentence = page.say("desk.call.taken_by", name=who)
    elif isinstance(because, PromisedByError):
        sentence = page.say("desk.call.promised_by", name=because.by)
    elif isinstance(because, NotReadyError):
        sentence = page.say("desk.call.not_ready")
    elif because is not None and not isinstance(because, NoCallDueError):
        raise because
    kind = "none_due"
    if isinstance(because, CallRefusedError):
        kind = "refused"
    elif sentence is not None:
        kind = "taken"
    return page.show(
        "desk/refused_part.html" if page.is_fragment else "desk/refused.html",
        status=HTTPStatus.OK if because is None or page.is_fragment else HTTPStatus.CONFLICT,
        person_id=person_id,
        name=None if seen is None else seen.person.name,
        kind=kind,
        sentence=sentence,
        at=typed or field_value(page.now + _SOON, zone),
        chips=list(presets(page.now, zone, page.say)),
        said=said,
    )
