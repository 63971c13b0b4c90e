"""The door: signing in and out, one's own password and language."""

from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Form, Query, Request, Response

from api.console import facade, sessions
from api.console.edge import OPEN_KEY, OWN_TRANSACTIONS_KEY, PUBLIC, UNMARKED_KEY
from api.console.edge import router as pages
from api.console.page import LANGUAGE_COOKIE, Here, Page
from api.console.passwords import PasswordError, check_password
from api.console.sign_in import (
    BROWSER_COOKIE,
    BROWSER_KNOWN,
    SignInError,
    change_password,
    choose_language,
    sign_in,
)
from api.model import ApiRole, Right, needs
from callback.day_hours import hours_by_purposes
from callback.hours import Periods
from callback.words import PURPOSES
from customers.model import Language

router = pages()

Text = Annotated[str, Form(max_length=200)]
_A_YEAR_S = 365 * 24 * 3600
_HOME = {
    ApiRole.AGENT: "/desk",
    ApiRole.SUPERVISOR: "/wall",
    ApiRole.ADMIN: "/wall",
    ApiRole.INTEGRATOR: "/password",
}
_OPEN = {OPEN_KEY: True}


@router.get("/", openapi_extra=needs(Right.USE_CONSOLE))
async def go_home(page: Here) -> Response:
    """Lead to the page one works at."""
    return page.go(_HOME[page.caller.role])


@router.get("/sign-in", openapi_extra=PUBLIC)
async def show_sign_in(page: Here, next: Annotated[str, Query(max_length=500)] = "/") -> Response:  # noqa: A002 - the word of the address
    """Show the door."""
    if page.visit is not None:
        return page.go(_inside(next))
    return _door(page, name="", way=_inside(next))


@router.post("/sign-in", openapi_extra=PUBLIC | {UNMARKED_KEY: True, OWN_TRANSACTIONS_KEY: True})
async def do_sign_in(
    page: Here,
    request: Request,
    name: Text = "",
    password: Text = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 - the word of the address
) -> Response:
    """Sign in; a wrong password counts, whatever else happens to the request."""
    try:
        let_in = await sign_in(page, name=name.strip(), password=password)
    except SignInError as err:
        return _door(page, name=name, way=_inside(next), trouble=err.said_on(page))
    response = page.go(_inside(next))
    response.set_cookie(
        sessions.COOKIE,
        let_in.session,
        max_age=int(sessions.LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    response.set_cookie(
        BROWSER_COOKIE,
        let_in.browser,
        max_age=int(BROWSER_KNOWN.total_seconds()),
        path="/sign-in",
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    return response


@router.post("/sign-out", openapi_extra=needs(Right.USE_CONSOLE) | _OPEN)
async def sign_out(page: Here) -> Response:
    """End this browser's session."""
    if page.visit is not None:
        await sessions.end(page.work.session, page.visit.console_session_id, now=page.now)
        await page.work.note("signed_out", f"api:{page.caller.name}")
    response = page.go("/sign-in")
    response.delete_cookie(sessions.COOKIE)
    return response


@router.get("/password", openapi_extra=needs(Right.USE_CONSOLE) | _OPEN)
async def show_password(page: Here) -> Response:
    """Show the form of a new password."""
    return page.show("door/password.html", trouble=None)


@router.post("/password", openapi_extra=needs(Right.USE_CONSOLE) | _OPEN)
async def do_change_password(
    page: Here, old: Text = "", new: Text = "", again: Text = ""
) -> Response:
    """Change one's own password; the other browsers of the user are signed out."""
    try:
        check_password(new, name=page.caller.name)
        if new != again:
            return _password_again(page, page.say("door.password_differs"))
        await change_password(page, old=old, new=new)
    except PasswordError:
        return _password_again(page, page.say("door.password_weak"))
    except SignInError as err:
        return _password_again(page, err.said_on(page))
    return page.go("/")


@router.post("/language", openapi_extra=PUBLIC)
async def do_choose_language(
    page: Here, language: Annotated[Language, Form()], back: Annotated[str, Form(max_length=500)]
) -> Response:
    """Show the console in another language from now on."""
    if page.visit is not None:
        await choose_language(page, language)
    response = page.go(_inside(back))
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=_A_YEAR_S, samesite="lax")
    return response


def _door(page: Page, *, name: str, way: str, trouble: str | None = None) -> Response:
    zone = ZoneInfo(page.zone)
    packs = [page.deps.desk.packs.named(each) for each in page.deps.defaults.packs]
    hours = hours_by_purposes(packs, page.now.astimezone(zone).date())
    return page.show(
        "door/sign_in.html",
        status=HTTPStatus.OK if trouble is None else HTTPStatus.FORBIDDEN,
        name=name,
        next=way,
        trouble=trouble,
        facade=facade,
        hours=[
            (_hours(page, periods), [PURPOSES[each][page.language] for each in purposes])
            for periods, purposes in hours.items()
        ],
    )


def _hours(page: Page, periods: Periods) -> str | None:
    """Return hours as they are written; None where there are none."""
    shown = [str(period).replace("-", "–") for period in periods]
    return page.say("door.and").join(shown) or None


def _password_again(page: Page, trouble: str) -> Response:
    return page.show("door/password.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, trouble=trouble)


def _inside(path: str) -> str:
    """Return an address of ours; another site's leads home."""
    ours = path.startswith("/") and not path.startswith("//")
    return path if ours and "\\" not in path and path.isprintable() else "/"


def _is_secure(request: Request) -> bool:
    """Say whether the browser speaks HTTPS; a header that lies makes the cookie stricter only."""
    return "https" in {request.url.scheme, request.headers.get("X-Forwarded-Proto", "")}
