"""The script on the agent's screen, and the wrap-up it fills in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.desk_forecast import forecast_of
from api.console.routes.desk_holding import agent_id_of, hold_call, note_acting
from api.console.routes.desk_times import times_of
from api.console.script_result import bad_field, entries_of, values_in
from api.console.script_view import (
    GIVE,
    Kind,
    kind_of,
    reply_of,
    trouble_of,
    typed_at,
    view_of,
)
from api.model import Right, needs
from customers.model import WrapUpCode
from customers.pay_ways import pay_ways
from dialer.agents.commands import Asking, ask_simply, ask_to_hand_over
from dialer.agents.forms import WrapUpFormError
from dialer.agents.guide import (
    Guide,
    Step,
    answer,
    find_guide,
    go_back,
    keep_draft,
    keep_note,
    open_guide,
)
from dialer.agents.guide_path import has_script
from dialer.agents.guide_result import Proposal, proposals
from dialer.agents.model import AgentStateError, BreakReason, CommandKind
from dialer.agents.screen import Screen, load_screen
from dialer.agents.states import OnCall, WrapUp
from dialer.agents.waiting import ready_colleagues
from dialer.agents.wrap_up import WrappedUpAlreadyError, WrapUpForm, wrap_up

router = pages()

_WORK = needs(Right.WORK_AS_AGENT)
_BREAKS = tuple(each for each in BreakReason if each not in {BreakReason.SENT, BreakReason.PHONE})

Counter = Annotated[int, Form(ge=0, le=1_000_000)]
Choice = Annotated[str, Form(max_length=40)]
Value = Annotated[str, Form(max_length=4000)]
Note = Annotated[str, Form(max_length=4000)]
MaybeNote = Annotated[str | None, Form(max_length=4000)]
Do = Annotated[str, Form(max_length=80)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The call an agent has, or has just had, and its guide."""

    agent_id: int
    attempt_id: UUID
    screen: Screen
    guide: Guide

    @property
    def has_ended(self) -> bool:
        """Whether its wrap-up is owed."""
        return isinstance(self.screen.standing, WrapUp)


@router.get("/desk/step", openapi_extra=_WORK)
async def show_step(page: Here) -> Response:
    """Show the present step of the call's script, begun with the call."""
    call = await _call(page)
    if call is None:
        return page.show("desk/script/none.html", why="call")
    came_in = call.screen.came_in and not call.guide.answers
    told = page.say("desk.inbound.came_in") if came_in else None
    return await _show_step(page, call, told=told)


@router.post("/desk/step", openapi_extra=_WORK)
async def answer_step(
    page: Here, counter: Counter, choice: Choice = "", value: Value = "", pay_by: Choice = ""
) -> Response:
    """Take an answer; one from an older page changes nothing and shows the present step."""
    call = await _held_call(page)
    if call is None:
        return page.show("desk/script/none.html", why="call")
    await note_acting(page, call.agent_id)
    here = call.guide.here
    if here is None or call.guide.counter != counter:
        return await _show_step(page, call, is_late=here is not None)
    kind = kind_of(here, call.guide.library)
    if kind is Kind.TRANSFER:
        return await _transfer(page, call, choice)
    reply = reply_of(here.turn, kind, choice=choice or GIVE, value=value)
    trouble = trouble_of(kind, choice, reply)
    if pay_by and pay_by not in pay_ways():
        trouble = "script.trouble.pay_by"
    if trouble is not None or reply is None:
        refused = page.say(trouble or "script.trouble.choice")
        return await _show_step(page, call, typed=value, refused=refused)
    step = await answer(
        page.work.session,
        call.attempt_id,
        reply,
        counter=counter,
        typed=typed_at(call.guide, value=value, pay_by=pay_by),
        desk=page.deps.desk,
        now=page.now,
    )
    return await _show(page, call, step, typed=value)


@router.post("/desk/step/back", openapi_extra=_WORK)
async def step_back(
    page: Here,
    counter: Counter,
    to: Annotated[int, Form(ge=0, le=1000)],
    value: Value = "",
    pay_by: Choice = "",
) -> Response:
    """Go back to a step that is done; what was answered since is taken away, and is still typed."""
    call = await _held_call(page)
    if call is None:
        return page.show("desk/script/none.html", why="call")
    await note_acting(page, call.agent_id)
    step = await go_back(
        page.work.session,
        call.attempt_id,
        to=to,
        counter=counter,
        typed=typed_at(call.guide, value=value, pay_by=pay_by),
        desk=page.deps.desk,
        now=page.now,
    )
    return await _show(page, call, step)


@router.get("/desk/foot", openapi_extra=_WORK)
async def show_foot(page: Here) -> Response:
    """Show what the call came to so far, the note, and the way to the next owner."""
    call = await _call(page)
    if call is None:
        return Response()
    made = await _proposals(page, call)
    return page.show("desk/script/foot.html", **_foot(call, made))


@router.post("/desk/note", openapi_extra=_WORK)
async def write_note(page: Here, attempt_id: Annotated[UUID, Form()], note: Note = "") -> Response:
    """Keep the note as it is typed; one of a call that is over changes nothing."""
    call = await _held_call(page)
    if call is not None and call.attempt_id == attempt_id:
        await keep_note(page.work.session, attempt_id, note, now=page.now)
    return Response(status_code=204)


@router.get("/desk/result", openapi_extra=_WORK)
async def show_result(page: Here) -> Response:
    """Show what the call came to, to be corrected."""
    call = await _call(page)
    if call is None:
        return page.show("desk/script/none.html", why="call")
    return await _show_result(page, call)


@router.post("/desk/result", openapi_extra=_WORK)
async def give_result(
    page: Here, attempt_id: Annotated[UUID, Form()], do: Do = "keep", note: MaybeNote = None
) -> Response:
    """Choose a code, keep what was typed, or save it all and go on to the next owner."""
    call = await _held_call(page)
    if call is None or call.attempt_id != attempt_id:
        return page.show("desk/script/none.html", why="call")
    await note_acting(page, call.agent_id)
    sent = {key: text for key, text in (await page.request.form()).items() if isinstance(text, str)}
    if note is not None:
        await keep_note(page.work.session, attempt_id, note, now=page.now)
    call = await _with_drafts(page, call, sent, do)
    if do == "save" and call.has_ended:
        return await _save(page, call, sent)
    if do == "draft":
        return Response(status_code=204)
    if do == "keep":
        return await _show_step(page, call)
    return await _show_result(page, call, then=sent.get("then", ""))


async def _held_call(page: Page) -> Call | None:
    """Return the call that the page shows, held for what it sends; None: it is over by now.

    Raises:
        ProblemError: another page speaks for the agent.
    """
    shown = await hold_call(page)
    call = await _call(page)
    return None if call is None or shown not in {None, call.attempt_id} else call


async def _call(page: Page) -> Call | None:
    """Return the call of the page's agent with its guide; None: there is none with a file."""
    agent_id = agent_id_of(page)
    session, desk = page.work.session, page.deps.desk
    screen = await load_screen(session, agent_id, now=page.now)
    attempt_id = screen.attempt_id
    speaking = isinstance(screen.standing, OnCall | WrapUp)
    if not speaking or attempt_id is None or screen.attempt is None:
        return None
    guide = await open_guide(session, attempt_id, desk=desk, house=page.deps.house, now=page.now)
    return Call(agent_id=agent_id, attempt_id=attempt_id, screen=screen, guide=guide)


async def _again(page: Page, call: Call, guide: Guide | None = None) -> Call:
    found = guide or await find_guide(page.work.session, call.attempt_id, desk=page.deps.desk)
    return Call(
        agent_id=call.agent_id,
        attempt_id=call.attempt_id,
        screen=call.screen,
        guide=found or call.guide,
    )


async def _show(page: Page, call: Call, step: Step, *, typed: str = "") -> Response:
    await _record(page, call, step)
    now = await _again(page, call, step.guide)
    if step.refused is not None:
        return await _show_step(page, now, typed=typed, refused=step.refused)
    return await _show_step(page, now, is_late=step.was_late)


async def _record(page: Page, call: Call, step: Step) -> None:
    """Begin the recording the owner has agreed to just now, or let it stop: a no is a no."""
    if step.may_record is None or call.has_ended:
        return
    asking = Asking(agent_id=call.agent_id, by=page.caller.actor, now=page.now)
    kind = CommandKind.RESUME_RECORDING if step.may_record else CommandKind.PAUSE_RECORDING
    await ask_simply(page.work.session, asking, kind)


async def _show_step(page: Page, call: Call, **shown: Any) -> Response:
    guide = call.guide
    if guide.here is None:
        why = "changed" if has_script(guide.base) else "gone"
        return page.show("desk/script/none.html", why=why)
    view = view_of(guide, say=page.say, **shown)
    colleagues = []
    if view.kind is Kind.TRANSFER:
        colleagues = list(await ready_colleagues(page.work.session, call.screen.agent))
    foot = _foot(call, await _proposals(page, call))
    return page.show("desk/script/step.html", view=view, colleagues=colleagues, **foot)


async def _transfer(page: Page, call: Call, choice: str) -> Response:
    """Hand the call over to a colleague, or go on to the promise of a call."""
    session = page.work.session
    if choice == "callback":
        made = await _proposals(page, call)
        code = {"code": WrapUpCode.CALLBACK_REQUESTED.value, "values": {}}
        drafts = {each.due_call.due_call_id: code for each in made}
        guide = await keep_draft(
            session, call.attempt_id, drafts, desk=page.deps.desk, now=page.now
        )
        return await _show_result(page, await _again(page, call, guide))
    to = choice.removeprefix("to:")
    if not (choice.startswith("to:") and to.isascii() and to.isdigit() and len(to) < 18):  # noqa: PLR2004 - a bigint
        return await _show_step(page, call, refused=page.say("script.trouble.choice"))
    asking = Asking(agent_id=call.agent_id, by=page.caller.actor, now=page.now)
    try:
        await ask_to_hand_over(session, asking, int(to))
    except AgentStateError:
        return await _show_step(page, call, refused=page.say("script.trouble.colleague"))
    return await _show_step(page, call, told=page.say("script.transfer.asked"))


async def _proposals(page: Page, call: Call) -> list[Proposal]:
    return await proposals(
        page.work.session,
        call.guide,
        call.attempt_id,
        desk=page.deps.desk,
        is_over=call.has_ended,
    )


async def _with_drafts(page: Page, call: Call, sent: Mapping[str, str], do: str) -> Call:
    """Keep what was chosen and typed, so that no reload loses it."""
    drafts: dict[int, dict[str, Any]] = {}
    for each in await _proposals(page, call):
        due_call_id = each.due_call.due_call_id
        if do.startswith(f"choose:{due_call_id}:"):
            code = do.rpartition(":")[2]
            if code in {*each.codes, *each.others} and code != each.code:
                was = each.scripted
                values = was[1] if was is not None and was[0] == code else {}
                drafts[due_call_id] = {"code": code, "values": values}
                continue
        if each.code is not None and sent.get(f"{due_call_id}.code") == each.code:
            values = values_in(sent, each)
            if each.by_hand or values != each.values:
                drafts[due_call_id] = {"code": each.code.value, "values": values}
    if not drafts:
        return await _again(page, call)
    guide = await keep_draft(
        page.work.session, call.attempt_id, drafts, desk=page.deps.desk, now=page.now
    )
    return await _again(page, call, guide)


async def _save(page: Page, call: Call, sent: Mapping[str, str]) -> Response:
    """Write what the call came to; a form that cannot be keeps what was typed."""
    made, session = await _proposals(page, call), page.work.session
    if any(each.code is None for each in made):
        return await _show_result(page, call, trouble=page.say("script.result.which"))
    note, then = call.guide.note.strip() or None, sent.get("then", "")
    forms = [
        WrapUpForm(
            due_call_id=each.due_call.due_call_id,
            code=each.code,
            values=each.values,
            note=note if number == 0 else None,
        )
        for number, each in enumerate(made)
        if each.code is not None
    ]
    try:
        async with session.begin_nested():
            await wrap_up(
                session,
                call.agent_id,
                call.attempt_id,
                forms,
                then=BreakReason(then) if then in set(_BREAKS) else None,
                desk=page.deps.desk,
                now=page.now,
            )
    except WrapUpFormError as err:
        return await _show_result(page, call, bad=_bad(str(err), err.due_call_id, made), then=then)
    except (WrappedUpAlreadyError, AgentStateError):
        return await _show_result(page, call, trouble=page.say("script.trouble.over"))
    await page.work.note("wrapped_up", f"attempt:{call.attempt_id}")
    # The desk looks anew at where the agent stands after everything it sends.
    return Response(status_code=204) if page.is_fragment else page.go("/desk")


def _bad(message: str, due_call_id: int | None, made: list[Proposal]) -> dict[int, str]:
    """Return which field of which due call a refusal is about."""
    field = bad_field(message)
    of = made[0].due_call.due_call_id if due_call_id is None else due_call_id
    return {of: field}


async def _show_result(
    page: Page,
    call: Call,
    *,
    bad: Mapping[int, str] | None = None,
    trouble: str | None = None,
    then: str = "",
) -> Response:
    made, guide = await _proposals(page, call), call.guide
    until = call.screen.standing.until if isinstance(call.screen.standing, WrapUp) else None
    entries = entries_of(
        made,
        scripts=guide.library.scripts,
        rules=page.deps.desk.rules,
        say=page.say,
        language=page.language,
        now=page.now,
        trouble=bad,
        times=await times_of(page, made),
    )
    return page.show(
        "desk/script/result.html",
        entries=entries,
        view=None if guide.here is None else view_of(guide, say=page.say),
        until=until,
        trouble=trouble,
        forecast=await forecast_of(page, call.screen) if call.has_ended else None,
        **_foot(call, made, then=then),
    )


def _foot(call: Call, made: list[Proposal], *, then: str = "") -> dict[str, Any]:
    return {
        "attempt_id": call.attempt_id,
        "codes": [each.code.value for each in made if each.code is not None],
        "by_hand": any(each.by_hand for each in made),
        "note": call.guide.note,
        "has_ended": call.has_ended,
        "breaks": _BREAKS,
        "then": then,
    }
