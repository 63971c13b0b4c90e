"""Whose desk a page is: the agent's own, or one that an admin sits down at, which is written down.

A page of the desk shows its tab and what it believes to be the present with everything it asks; a
page that is no longer the newest, or is behind, is refused, and shows the present.
"""

from http import HTTPStatus
from uuid import UUID

from fastapi import Response

from api.console.page import Page
from api.model import ApiRole
from api.problems import ProblemError
from core.columns import AnyRow
from dialer.agents.screens import AnotherPageError, MovedOnError, hold_desk, holds_desk

TAB_HEADER, MARK_HEADER = "x-desk-tab", "x-desk-mark"
_OF_COOKIE = "ownerline_desk_of"
_OF_CALLS = frozenset({"call", "wrap"})  # what marks of calls begin with
_LONGEST_TAB = 64
_MOST_DIGITS = 18


class NoDeskError(ProblemError):
    """The caller is no agent, or has not said at whose desk they sit."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, detail, kind="no-desk")


def agent_id_of(page: Page) -> int:
    """Return whose desk the page is; of an agent always their own.

    Raises:
        NoDeskError: there is none.
    """
    if page.caller.role is ApiRole.AGENT:
        if page.caller.agent_id is None:
            message = "this user is no agent on the roster; an admin ties users to agents"
            raise NoDeskError(message)
        return page.caller.agent_id
    chosen = page.request.cookies.get(_OF_COOKIE, "")
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) <= _MOST_DIGITS):
        message = "choose at whose desk you sit first"
        raise NoDeskError(message)
    return int(chosen)


def sit_at(response: Response, agent_id: int | None, *, secure: bool) -> None:
    """Let a browser of an admin be at an agent's desk from now on; None: at nobody's."""
    if agent_id is None:
        response.delete_cookie(_OF_COOKIE)
        return
    response.set_cookie(_OF_COOKIE, str(agent_id), httponly=True, samesite="strict", secure=secure)


def tab_of(page: Page) -> str:
    """Return the page's own word for itself.

    Raises:
        ProblemError: it shows none.
    """
    tab = page.request.headers.get(TAB_HEADER, "")
    if not (0 < len(tab) <= _LONGEST_TAB and tab.isascii() and tab.isalnum()):
        raise ProblemError(
            HTTPStatus.CONFLICT, "this page has no desk yet; load it again", kind="no-tab"
        )
    return tab


async def is_holder(page: Page, agent_id: int) -> bool:
    """Say whether the page is the one that speaks for the agent."""
    if TAB_HEADER not in page.request.headers:
        return True  # a page on its way to take the desk
    return await holds_desk(page.work.session, agent_id, tab_of(page))


async def held(page: Page) -> AnyRow:
    """Return the agent's row, held, for what the page asks; an admin's acting is written down.

    Raises:
        NoDeskError: whose desk it is nobody knows.
        ProblemError: another page speaks for the agent, or this one shows what is over by now.
    """
    agent_id = agent_id_of(page)
    mark = page.request.headers.get(MARK_HEADER)
    try:
        agent = await hold_desk(page.work.session, agent_id, tab=tab_of(page), mark=mark)
    except AnotherPageError as err:
        raise ProblemError(HTTPStatus.CONFLICT, str(err), kind="desk-elsewhere") from err
    except MovedOnError as err:
        raise ProblemError(HTTPStatus.CONFLICT, str(err), kind="desk-moved-on") from err
    await note_acting(page, agent_id)
    return agent


async def hold_call(page: Page) -> UUID | None:
    """Hold the agent's row for what the page sends of the call it shows, and return which that is.

    The call may have ended since: what was answered until then counts. None: the page shows none.

    Raises:
        NoDeskError: whose desk it is nobody knows.
        ProblemError: another page speaks for the agent.
    """
    try:
        await hold_desk(page.work.session, agent_id_of(page), tab=tab_of(page))
    except AnotherPageError as err:
        raise ProblemError(HTTPStatus.CONFLICT, str(err), kind="desk-elsewhere") from err
    kind, _, of = page.request.headers.get(MARK_HEADER, "").partition("-")
    try:
        return UUID(of) if kind in _OF_CALLS else None
    except ValueError:
        return None


async def note_acting(page: Page, agent_id: int) -> None:
    """Write down that somebody else than the agent acts at their desk."""
    if page.caller.role is not ApiRole.AGENT:
        await page.work.note("acted_as_agent", f"agent:{agent_id}")
