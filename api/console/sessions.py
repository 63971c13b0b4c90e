"""Who has signed in at which browser: sessions at rest by the hash of their cookie."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api.tables import ApiUser, ConsoleSession
from api.users import Caller
from core.columns import table_of
from customers.model import Language

COOKIE = "ownerline_session"
LASTS = timedelta(hours=16)  # a long shift; then one signs in again
IDLE = timedelta(hours=2)  # an open page is not idle: it listens
VIA = "console"

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 64
_SEEN_EVERY = timedelta(minutes=1)
_BROWSER_KEPT = 200
_SESSION, _USER = table_of(ConsoleSession), table_of(ApiUser)

_FIND = sa.select(
    _SESSION.c.console_session_id,
    _SESSION.c.seen_at,
    _USER.c.api_user_id,
    _USER.c.name,
    _USER.c.role,
    _USER.c.agent_id,
    _USER.c.language,
    _USER.c.must_change_password,
).where(
    _SESSION.c.api_user_id == _USER.c.api_user_id,
    _SESSION.c.token_hash == sa.bindparam("token_hash"),
    _SESSION.c.ended_at.is_(None),
    _SESSION.c.expires_at > sa.bindparam("now"),
    _SESSION.c.seen_at > sa.bindparam("idle_since"),
    _USER.c.disabled_at.is_(None),
)
_SEEN = (
    sa.update(_SESSION)
    .where(_SESSION.c.console_session_id == sa.bindparam("session_id"))
    .values(seen_at=sa.bindparam("now"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A signed-in browser: who it is, and what its forms must show to be believed."""

    console_session_id: int
    caller: Caller
    csrf: str
    language: Language | None  # None: as the browser asks
    must_change_password: bool


async def begin(
    session: AsyncSession, api_user_id: int, *, address: str, browser: str, now: datetime
) -> str:
    """Begin a session and return its cookie; only the hash is kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await session.execute(
        sa.insert(_SESSION).values(
            token_hash=_hash(token),
            api_user_id=api_user_id,
            began_at=now,
            seen_at=now,
            expires_at=now + LASTS,
            address=address,
            browser=browser[:_BROWSER_KEPT],
        )
    )
    return token


async def visit_with(session: AsyncSession, token: str | None, *, now: datetime) -> Visit | None:
    """Return whose cookie it is, and note about once a minute that it was seen; None of nobody."""
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        return None
    row = (
        await session.execute(
            _FIND, {"token_hash": _hash(token), "now": now, "idle_since": now - IDLE}
        )
    ).one_or_none()
    if row is None:
        return None
    if now - row.seen_at >= _SEEN_EVERY:
        await session.execute(_SEEN, {"session_id": row.console_session_id, "now": now})
    return Visit(
        console_session_id=row.console_session_id,
        caller=Caller(
            api_user_id=row.api_user_id,
            name=row.name,
            role=row.role,
            agent_id=row.agent_id,
            via=VIA,
        ),
        csrf=csrf_of(token),
        language=row.language,
        must_change_password=row.must_change_password,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionShown:
    """A browser at which somebody is signed in."""

    console_session_id: int
    began_at: datetime
    seen_at: datetime
    address: str
    browser: str


async def sessions_of(
    session: AsyncSession, api_user_id: int, *, now: datetime, limit: int = 100
) -> Sequence[SessionShown]:
    """Return where a user is signed in, the browser that was seen last first."""
    rows = await session.execute(
        sa.select(_SESSION)
        .where(
            _SESSION.c.api_user_id == api_user_id,
            _SESSION.c.ended_at.is_(None),
            _SESSION.c.expires_at > now,
            _SESSION.c.seen_at > now - IDLE,
        )
        .order_by(_SESSION.c.seen_at.desc(), _SESSION.c.console_session_id.desc())
        .limit(limit)
    )
    return [
        SessionShown(
            console_session_id=row.console_session_id,
            began_at=row.began_at,
            seen_at=row.seen_at,
            address=row.address,
            browser=row.browser,
        )
        for row in rows
    ]


async def end_of(
    session: AsyncSession, api_user_id: int, console_session_id: int, *, now: datetime
) -> bool:
    """End one session of a user; False when it is none of theirs, or has ended."""
    ended = await session.execute(
        sa.update(_SESSION)
        .where(
            _SESSION.c.console_session_id == console_session_id,
            _SESSION.c.api_user_id == api_user_id,
            _SESSION.c.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(_SESSION.c.console_session_id)
    )
    return ended.first() is not None


async def end(session: AsyncSession, console_session_id: int, *, now: datetime) -> None:
    """End a session: its cookie opens nothing more."""
    await session.execute(
        sa.update(_SESSION)
        .where(_SESSION.c.console_session_id == console_session_id, _SESSION.c.ended_at.is_(None))
        .values(ended_at=now)
    )


async def end_all_of(
    session: AsyncSession, api_user_id: int, *, now: datetime, but: int | None = None
) -> None:
    """End every session of a user, but the one given."""
    await session.execute(
        sa.update(_SESSION)
        .where(
            _SESSION.c.api_user_id == api_user_id,
            _SESSION.c.ended_at.is_(None),
            _SESSION.c.console_session_id != (but or 0),
        )
        .values(ended_at=now)
    )


def csrf_of(token: str) -> str:
    """Return what forms of a session carry: known to its pages alone, kept nowhere."""
    return hmac.new(token.encode(), b"ownerline csrf", sha256).hexdigest()


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
