"""What an agent asks of the call they have; a dialer does it, or the control says why not."""

from typing import Annotated

from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.desk_holding import agent_id_of, held
from api.console.routes.desk_parts import present
from api.fields import LARGEST_ID
from api.model import Right, needs
from callback.explain import show_cause
from core.columns import AnyRow
from core.phone import PhoneNumber, PhoneNumberError
from customers.service import add_note, has_note
from dialer.agents import commands, service
from dialer.agents.asked import controls_of
from dialer.agents.commands import Asking
from dialer.agents.model import CommandKind
from dialer.agents.outside import OutsideNumberError
from dialer.agents.screen import load_screen
from dialer.agents.waiting import ready_colleagues

router = pages()

_WORK = needs(Right.WORK_AS_AGENT)
_LONGEST_NUMBER = 40


@router.post("/desk/hang-up", openapi_extra=_WORK)
async def hang_up(page: Here) -> Response:
    """End the call."""
    agent = await held(page)
    await service.hang_up(page.work.session, agent.agent_id, now=page.now)
    return await present(page)


@router.post("/desk/hold", openapi_extra=_WORK)
async def hold(page: Here) -> Response:
    """Let the owner wait."""
    return await _ask(page, CommandKind.HOLD)


@router.post("/desk/back", openapi_extra=_WORK)
async def take_back(page: Here) -> Response:
    """Take the owner back from where they wait."""
    return await _ask(page, CommandKind.BACK)


@router.post("/desk/pause", openapi_extra=_WORK)
async def pause_recording(page: Here) -> Response:
    """Leave what is said now out of the recording."""
    return await _ask(page, CommandKind.PAUSE_RECORDING)


@router.post("/desk/record", openapi_extra=_WORK)
async def resume_recording(page: Here) -> Response:
    """Record again."""
    return await _ask(page, CommandKind.RESUME_RECORDING)


@router.post("/desk/dismiss", openapi_extra=_WORK)
async def dismiss(page: Here) -> Response:
    """Let the third party go."""
    return await _ask(page, CommandKind.DISMISS)


@router.get("/desk/transfer", openapi_extra=_WORK)
async def show_transfer(page: Here) -> Response:
    """Show who could have the call, or join it."""
    return await _transfer(page)


@router.post("/desk/to-agent", openapi_extra=_WORK)
async def hand_over(page: Here, to: Annotated[int, Form(ge=1, le=LARGEST_ID)]) -> Response:
    """Give the call to a colleague, who writes it down."""
    agent = await held(page)
    await commands.ask_to_hand_over(page.work.session, _asking(page, agent), to)
    return await present(page)


@router.post("/desk/outside", openapi_extra=_WORK)
async def connect_outside(
    page: Here,
    number: Annotated[str, Form(max_length=_LONGEST_NUMBER)],
    leave: Annotated[bool, Form()] = False,  # noqa: FBT002 - a field of a form
) -> Response:
    """Connect the owner with an outside number, and leave or stay; the rules judge it."""
    agent = await held(page)
    session, desk = page.work.session, page.deps.desk
    try:
        to = PhoneNumber.parse(number.strip(), page.deps.defaults.region)
        if leave:
            await commands.ask_to_pass_on(session, _asking(page, agent), to, desk=desk)
        else:
            await commands.ask_to_invite(session, _asking(page, agent), to, desk=desk)
    except PhoneNumberError:
        trouble = page.say("desk.transfer.unreadable", number=number)
        return await _transfer(page, number=number, trouble=trouble)
    except OutsideNumberError as err:
        why = show_cause(err.rule.value, page.language)
        trouble = page.say("desk.transfer.refused", why=why)
        return await _transfer(page, number=number, trouble=trouble)
    return await present(page)


@router.post("/desk/inbound-note", openapi_extra=_WORK)
async def write_note(
    page: Here, text: Annotated[str, Form(min_length=1, max_length=4000)]
) -> Response:
    """Write what a caller said to their file."""
    agent = await held(page)
    screen = await load_screen(page.work.session, agent.agent_id, now=page.now)
    person_id = None if screen.seen is None else screen.seen.person.person_id
    by, since = page.caller.actor, agent.state_since
    if (
        person_id is not None
        and text.strip()
        and not await has_note(
            page.work.session, person_id=person_id, text=text.strip(), written_by=by, since=since
        )
    ):
        await add_note(
            page.work.session,
            person_id=person_id,
            text=text.strip(),
            written_by=by,
            now=page.now,
        )
        await page.work.note("note_written", f"person:{person_id}")
    return await present(page, said=page.say("desk.inbound.written"))


async def _ask(page: Page, kind: CommandKind) -> Response:
    agent = await held(page)
    await commands.ask_simply(page.work.session, _asking(page, agent), kind)
    return await present(page)


def _asking(page: Page, agent: AnyRow) -> Asking:
    return Asking(agent_id=agent.agent_id, by=page.caller.actor, now=page.now)


async def _transfer(page: Page, *, number: str = "", trouble: str | None = None) -> Response:
    session = page.work.session
    screen = await load_screen(session, agent_id_of(page), now=page.now)
    guest = False
    if screen.attempt_id is not None:
        guest = (await controls_of(session, screen.agent.agent_id, screen.attempt_id)).guest
    return page.show(
        "desk/transfer.html",
        colleagues=await ready_colleagues(session, screen.agent),
        guest=guest,
        number=number,
        trouble=trouble,
    )
