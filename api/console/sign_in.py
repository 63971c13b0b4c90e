"""Signing in: the right password opens a session, wrong ones lock the name ever longer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api.console import sessions
from api.console.formats import left
from api.console.page import Page
from api.console.passwords import first_password, hash_of, is_right
from api.console.strangers import Strangers
from api.rates import Rates
from api.tables import ApiUser
from api.users import ApiUserError
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.model import Language
from customers.service import audit

FREE_TRIES = 5  # wrong passwords before a name is locked
_FIRST_LOCK = timedelta(minutes=5)
_LONGEST_LOCK = timedelta(hours=1)
_USER = table_of(ApiUser)
_BY_NAME = sa.select(_USER).where(_USER.c.name == sa.bindparam("name")).with_for_update()


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


async def sign_in(page: Page, *, name: str, password: str) -> str:
    """Begin a session; returns its cookie.

    Counting a wrong password is a transaction of its own: the page's may be undone. An address
    that was refused too often, and a name that is locked, are answered before anything is hashed.

    Raises:
        SignInError: the name or the password is wrong, or the name is locked.
        ProblemError: the address was refused too often within a minute.
    """
    rates: Rates = page.request.app.state.rates
    await rates.check_refusals(_address(page))
    async with page.deps.sessions.begin() as session:
        outcome = await _tried(session, page, name=name, password=password)
    if isinstance(outcome, SignInError):
        await rates.count_refusal(_address(page))
        raise outcome
    return outcome


async def _tried(
    session: AsyncSession, page: Page, *, name: str, password: str
) -> str | SignInError:
    row = None
    if name.isprintable():  # a database holds no NUL
        row = (await session.execute(_BY_NAME, {"name": name})).one_or_none()
    strangers: Strangers = page.request.app.state.strangers
    locked_until = strangers.called(name).locked_until if row is None else row.locked_until
    if locked_until is not None and locked_until > page.now:
        return SignInError("door.locked", left=locked_until - page.now)
    right = await is_right(password, None if row is None else row.password_hash)
    if row is None:
        return _refusal(strangers.count(name, now=page.now, lock_after=lock_after))
    if not right:
        return await _wrong(session, row, page.now)
    if row.disabled_at is not None:
        return SignInError("door.disabled")
    await session.execute(
        sa.update(_USER)
        .where(_USER.c.api_user_id == row.api_user_id)
        .values(wrong_passwords=0, locked_until=None, last_used_at=page.now)
    )
    if page.visit is not None:  # another tab was quicker
        await sessions.end(session, page.visit.console_session_id, now=page.now)
    await audit(
        session,
        now=page.now,
        actor=f"{sessions.VIA}:{row.name}",
        action="signed_in",
        subject=f"api:{row.name}",
    )
    return await sessions.begin(
        session,
        row.api_user_id,
        address=_address(page),
        browser=page.request.headers.get("User-Agent", ""),
        now=page.now,
    )


async def _wrong(session: AsyncSession, row: AnyRow, now: datetime) -> SignInError:
    wrong = row.wrong_passwords + 1
    locked_for = lock_after(wrong)
    await session.execute(
        sa.update(_USER)
        .where(_USER.c.api_user_id == row.api_user_id)
        .values(
            wrong_passwords=wrong, locked_until=None if locked_for is None else now + locked_for
        )
    )
    if locked_for is not None:
        await audit(session, now=now, actor="door", action="name_locked", subject=f"api:{row.name}")
    return _refusal(wrong)


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
    await sessions.end_all_of(session, row.api_user_id, now=now)
    return password


async def choose_language(page: Page, language: Language) -> None:
    """Keep the language of who looks."""
    await page.work.session.execute(
        sa.update(_USER)
        .where(_USER.c.api_user_id == page.caller.api_user_id)
        .values(language=language)
    )
