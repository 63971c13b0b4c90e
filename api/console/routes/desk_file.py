"""The customer file beside the call: what to know, charges, repairs, earlier calls."""

from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.complaints_words import complaint_facts
from api.console.routes.desk_holding import agent_id_of
from api.console.routes.desk_parts import Words, identified, note_look
from api.model import ApiRole, Right, needs
from customers.complaints import complaints_of, lately_of
from dialer.agents.household import (
    brief_of,
    calls_of,
    charges_of,
    counts_of,
    promises_of,
    repairs_of,
)
from dialer.agents.screen import Screen, load_screen

router = pages()

_CALLS_IN_BRIEF = 5


class Tab(StrEnum):
    """A section of the file."""

    BRIEF = "brief"
    CHARGES = "charges"
    REPAIRS = "repairs"
    COMPLAINTS = "complaints"
    CALLS = "calls"


@router.get("/desk/know", openapi_extra=needs(Right.WORK_AS_AGENT))
async def show_file(page: Here, tab: Annotated[Tab, Query()] = Tab.BRIEF) -> Response:
    """Show a section of the file of whom the call is with; the first look goes on the audit."""
    screen = await load_screen(page.work.session, agent_id_of(page), now=page.now)
    return await show_tab(page, screen, tab)


async def show_tab(page: Page, screen: Screen, tab: Tab, **typed: Any) -> Response:
    """Return a section; `typed` is what stands in its form again, and what is wrong with it."""
    seen = screen.seen
    if seen is None:
        return page.show("desk/know_nobody.html")
    await note_look(page, screen, tab.value)
    facts = await _facts(page, screen, tab)
    today = page.now.astimezone(ZoneInfo(seen.time_zone)).date()
    counts = await counts_of(page.work.session, seen.person.person_id, today=today)
    return page.show(
        "desk/know.html",
        tab=tab.value,
        tabs=[each.value for each in Tab],
        counts={
            "charges": counts.open_charges,
            "repairs": counts.repairs,
            "complaints": counts.complaints,
            "calls": counts.calls,
        },
        seen=seen,
        words=Words(page),
        identified=await identified(page, screen),
        now=page.now,
        own_agent_id=screen.agent.agent_id,
        hears_all=page.caller.role is not ApiRole.AGENT,
        **facts,
        **typed,
    )


async def _facts(page: Page, screen: Screen, tab: Tab) -> dict[str, Any]:
    if screen.seen is None:
        return {}
    session, person_id = page.work.session, screen.seen.person.person_id
    today = page.now.astimezone(ZoneInfo(screen.seen.time_zone)).date()
    match tab:
        case Tab.CHARGES:
            return {
                "charges": await charges_of(session, person_id),
                "promises": await promises_of(session, person_id),
            }
        case Tab.REPAIRS:
            return {"repairs": await repairs_of(session, person_id, today=today)}
        case Tab.COMPLAINTS:
            return {
                "complaints": await complaints_of(session, person_id, now=page.now),
                "in_call": screen.attempt_id is not None,
                **complaint_facts(),
            }
        case Tab.CALLS:
            return {"calls": await calls_of(session, person_id)}
        case _:
            return {
                "brief": await brief_of(session, person_id, but=screen.due_call_ids, today=today),
                "complaints": await lately_of(session, person_id, now=page.now),
                "calls": await calls_of(session, person_id, limit=_CALLS_IN_BRIEF),
            }
