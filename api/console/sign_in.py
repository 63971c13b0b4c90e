"""Signing in: the right password opens a session, wrong ones lock the name ever longer."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api.console import sessions
from api.console.formats import left
from api.console.page import Page
from api.console.passwords import first_password, hash_of, is_right
from api.console.strangers import Strangers
from api.problems import ProblemError
from api.rates import Rates
from api.tables import ApiUser, KnownBrowser
from api.users import ApiUserError
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.model import Language
from customers.service import audit

FREE_TRIES = 5  # wrong passwords before a name is locked
_FIRST_LOCK = timedelta(minutes=5)
_LONGEST_LOCK = timedelta(hours=1)
BROWSER_COOKIE = "ownerline_browser"  # at which its user has signed in before
BROWSER_KNOWN = timedelta(days=365)
_MOST_BROWSERS = 20  # of one user; then the one seen longest ago is forgotten
MOST_AT_ONCE = 12  # on each process: about half a second of hashing, and connections stay free
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 64
_USER, _BROWSER = table_of(ApiUser), table_of(KnownBrowser)
_BY_NAME = sa.select(_USER).where(_USER.c.name == sa.bindparam("name")).with_for_update()
_BROWSER_OF = (
    sa.select(_BROWSER)
    .join(_USER, _USER.c.api_user_id == _BROWSER.c.api_user_id)
    .where(_USER.c.name == sa.bindparam("name"))
    .where(_BROWSER.c.token_hash == sa.bindparam("token_hash"))
)
_FORGET_OLDEST = sa.text("""
    DELETE FROM known_browser WHERE api_user_id = :api_user_id AND token_hash NOT IN (
        SELECT token_hash FROM known_browser WHERE api_user_id = :api_user_id
        ORDER BY seen_at DESC LIMIT :most
    )
""")


class SignInError(OwnerlineError):
    """Nobody was let in; `key` names the words that say why, with `facts`."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key = key
        self.facts: Mapping[str, Any] = facts

    def said_on(self, page: Page) -> str:
        """Return the words in the language of a page."""
        shown = {
            name: left(fact, page.language) if isinstance(fact, timedelta) else fact
            for name, fact in self.facts.items()
        }
        return page.say(self.key, **shown)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """The cookies of somebody who was let in: the session's, and their browser's own."""

    session: str
    browser: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    """A try that was counted before its password is looked at; `user` None: nobody's name."""

    name: str
    user: AnyRow | None
    wrong: int  # with this one, if it is
    browser: bytes | None  # of a browser at which the user has signed in before


async def sign_in(page: Page, *, name: str, password: str) -> SignedIn:
    """Begin a session.

    A try is counted before its password is hashed, so that many at once are no more than one by
    one, and while it is hashed no connection to the database is held. An address that was refused
    too often, and a name that is locked, are answered before anything is hashed. A browser at which
    the user has signed in before has tries of its own: who guesses elsewhere locks nobody out.

    Raises:
        SignInError: the name or the password is wrong, or the name is locked.
        ProblemError: the address was refused too often within a minute, or too many sign in at
            this moment.
    """
    state = page.request.app.state
    if state.signing_in >= MOST_AT_ONCE:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many sign in at this moment; try again in a few seconds",
            headers={"Retry-After": "5"},
        )
    state.signing_in += 1
    try:
        return await _signed_in(page, name=name, password=password)
    finally:
        state.signing_in -= 1


async def _signed_in(page: Page, *, name: str, password: str) -> SignedIn:
    rates: Rates = page.request.app.state.rates
    token = page.request.cookies.get(BROWSER_COOKIE, "")
    async with page.deps.sessions.begin() as session:
        known = await _known_browser(session, name, token)
        if known is None:
            await rates.check_refusals(_address(page))
        counted = await _count(session, page, name=name, known=known)
    if isinstance(counted, SignInError):
        await rates.count_refusal(_address(page))
        raise counted
    kept = None if counted.user is None else counted.user.password_hash
    right = await is_right(password, kept)
    async with page.deps.sessions.begin() as session:
        outcome = await _answer(session, page, counted, right=right)
    if isinstance(outcome, SignInError):
        await rates.count_refusal(_address(page))
        raise outcome
    return outcome


async def _known_browser(session: AsyncSession, name: str, token: str) -> AnyRow | None:
    """Return a browser at which the user of that name has signed in before."""
    if not token.isascii() or not 0 < len(token) <= _LONGEST_TOKEN or not name.isprintable():
        return None
    row: AnyRow | None = (
        await session.execute(_BROWSER_OF, {"token_hash": _hash(token), "name": name})
    ).one_or_none()
    return row


async def _count(
    session: AsyncSession, page: Page, *, name: str, known: AnyRow | None
) -> _Try | SignInError:
    """Count a try as a wrong one until its password turns out right."""
    row = None
    if name.isprintable():  # a database holds no NUL
        row = (await session.execute(_BY_NAME, {"name": name})).one_or_none()
    if row is None:
        return _count_stranger(page, name)
    counts = row
    if known is not None:
        counts = (
            await session.execute(_BROWSER_OF, {"token_hash": known.token_hash, "name": name})
        ).one()
    if counts.locked_until is not None and counts.locked_until > page.now:
        return SignInError("door.locked", left=counts.locked_until - page.now)
    wrong = counts.wrong_passwords + 1
    locked_for = lock_after(wrong)
    counted = {
        "wrong_passwords": wrong,
        "locked_until": None if locked_for is None else page.now + locked_for,
    }
    if known is None:
        which = sa.update(_USER).where(_USER.c.api_user_id == row.api_user_id)
    else:
        which = _this_browser(known.token_hash, row.api_user_id)
    await session.execute(which.values(**counted))
    browser = None if known is None else known.token_hash
    return _Try(name=name, user=row, wrong=wrong, browser=browser)


def _count_stranger(page: Page, name: str) -> _Try | SignInError:
    strangers: Strangers = page.request.app.state.strangers
    locked_until = strangers.called(name).locked_until
    if locked_until is not None and locked_until > page.now:
        return SignInError("door.locked", left=locked_until - page.now)
    wrong = strangers.count(name, now=page.now, lock_after=lock_after)
    return _Try(name=name, user=None, wrong=wrong, browser=None)


async def _answer(
    session: AsyncSession, page: Page, counted: _Try, *, right: bool
) -> SignedIn | SignInError:
    """Let in whose password was right; the password may not have changed meanwhile."""
    if counted.user is None:
        return _refusal(counted.wrong)
    row = (await session.execute(_BY_NAME, {"name": counted.name})).one_or_none()
    if row is None or not right or row.password_hash != counted.user.password_hash:
        if lock_after(counted.wrong) is not None:
            subject = f"api:{counted.name}"
            await audit(session, now=page.now, actor="door", action="name_locked", subject=subject)
        return _refusal(counted.wrong)
    if row.disabled_at is not None:
        return SignInError("door.disabled")
    browser = await _let_in(session, page, row, counted)
    token = await sessions.begin(
        session,
        row.api_user_id,
        address=_address(page),
        browser=page.request.headers.get("User-Agent", ""),
        now=page.now,
    )
    return SignedIn(session=token, browser=browser)


async def _let_in(session: AsyncSession, page: Page, row: AnyRow, counted: _Try) -> str:
    """Forget the wrong tries and know the browser again; returns its cookie."""
    api_user_id = row.api_user_id
    forgotten: dict[str, Any] = {"wrong_passwords": 0, "last_used_at": page.now}
    if counted.browser is None:
        forgotten["locked_until"] = None
    await session.execute(
        sa.update(_USER).where(_USER.c.api_user_id == api_user_id).values(**forgotten)
    )
    if counted.browser is None:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        await session.execute(
            sa.insert(_BROWSER).values(
                token_hash=_hash(token), api_user_id=api_user_id, seen_at=page.now
            )
        )
        await session.execute(_FORGET_OLDEST, {"api_user_id": api_user_id, "most": _MOST_BROWSERS})
    else:
        token = page.request.cookies[BROWSER_COOKIE]
        seen = {"wrong_passwords": 0, "locked_until": None, "seen_at": page.now}
        await session.execute(_this_browser(counted.browser, api_user_id).values(**seen))
    if page.visit is not None:  # another tab was quicker
        await sessions.end(session, page.visit.console_session_id, now=page.now)
    await audit(
        session,
        now=page.now,
        actor=f"{sessions.VIA}:{row.name}",
        action="signed_in",
        subject=f"api:{row.name}",
    )
    return token


def _this_browser(token_hash: bytes, api_user_id: int) -> sa.Update:
    return sa.update(_BROWSER).where(
        _BROWSER.c.token_hash == token_hash, _BROWSER.c.api_user_id == api_user_id
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _refusal(wrong: int) -> SignInError:
    """Return what is said of so many wrong passwords, whether anybody has the name or not."""
    locked_for = lock_after(wrong)
    if locked_for is not None:
        return SignInError("door.locked", left=locked_for)
    return SignInError("door.wrong", tries=FREE_TRIES - wrong, left=_FIRST_LOCK)


def _address(page: Page) -> str:
    client = page.request.client
    return "unknown" if client is None else client.host


def lock_after(wrong: int) -> timedelta | None:
    """Return for how long a name is locked after so many wrong passwords in a row."""
    if wrong < FREE_TRIES:
        return None
    doublings = min(wrong - FREE_TRIES, 10)
    return min(_FIRST_LOCK * (1 << doublings), _LONGEST_LOCK)


async def change_password(page: Page, *, old: str, new: str) -> None:
    """Change the password of who looks; their other browsers are signed out.

    Raises:
        SignInError: the old password is wrong.
    """
    session, visit = page.work.session, page.visit
    row = (await session.execute(_BY_NAME, {"name": page.caller.name})).one()
    if not await is_right(old, row.password_hash):
        why = "door.old_password_wrong"
        raise SignInError(why)
    await session.execute(
        sa.update(_USER)
        .where(_USER.c.api_user_id == row.api_user_id)
        .values(password_hash=await hash_of(new), must_change_password=False)
    )
    kept = None if visit is None else visit.console_session_id
    await sessions.end_all_of(session, row.api_user_id, now=page.now, but=kept)
    await page.work.note("password_changed", f"api:{row.name}")


async def give_password(session: AsyncSession, *, name: str, now: datetime) -> str:
    """Give a user a first password, to be changed at the next sign-in; returns it, this once.

    All their browsers are signed out, and a locked name is locked no more.

    Raises:
        ApiUserError: there is no such user, or they are disabled.
    """
    row = (await session.execute(_BY_NAME, {"name": name})).one_or_none()
    if row is None:
        message = f"there is no user {name!r}; `ownerline user ls` shows them"
        raise ApiUserError(message)
    if row.disabled_at is not None:
        message = f"{name!r} is disabled; `ownerline user enable` lets them in again"
        raise ApiUserError(message)
    password = first_password()
    await session.execute(
        sa.update(_USER)
        .where(_USER.c.api_user_id == row.api_user_id)
        .values(
            password_hash=await hash_of(password),
            must_change_password=True,
            wrong_passwords=0,
            locked_until=None,
        )
    )
    await session.execute(sa.delete(_BROWSER).where(_BROWSER.c.api_user_id == row.api_user_id))
    await sessions.end_all_of(session, row.api_user_id, now=now)
    return password


async def choose_language(page: Page, language: Language) -> None:
    """Keep the language of who looks."""
    await page.work.session.execute(
        sa.update(_USER)
        .where(_USER.c.api_user_id == page.caller.api_user_id)
        .values(language=language)
    )
