"""Users, people and systems: made, shown, changed, disabled, recognized by their tokens."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.model import RIGHTS, ApiRole, Right
from api.problems import NotOnFileError
from api.tables import ApiUser, ConsoleSession
from core.errors import OwnerlineError
from dialer.agents.tables import Agent

TOKEN_PREFIX = "owl_"  # noqa: S105 - by which scanners of leaked secrets find ours
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 128
_LONGEST_NAME = 64
_USE_NOTED_EVERY = timedelta(minutes=1)


class ApiUserError(OwnerlineError):
    """There is no such user, or there is one already."""


class NameTakenError(ApiUserError):
    """Two users cannot have one name: they sign in by it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who is asking."""

    api_user_id: int
    name: str
    role: ApiRole
    agent_id: int | None
    via: str = "api"  # or the console

    @property
    def actor(self) -> str:
        """The caller's name on the audit."""
        return f"{self.via}:{self.name}"

    def may(self, right: Right) -> bool:
        """Say whether the caller's role has the right."""
        return right in RIGHTS[self.role]


class SignsIn(StrEnum):
    """How far a user is with a password for the console."""

    NO = "no"  # has none: a system, or somebody who was not given one yet
    FIRST = "first"  # was given one, and owes one of their own
    OWN = "own"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiUserShown:
    """A user, as operators see them; token and password are nowhere."""

    api_user_id: int
    name: str
    role: ApiRole
    agent_id: int | None
    signs_in: SignsIn
    has_token: bool
    created_at: datetime
    last_used_at: datetime | None
    locked_until: datetime | None
    disabled_at: datetime | None


async def add_user(
    session: AsyncSession, *, name: str, role: ApiRole, agent_id: int | None = None, now: datetime
) -> str:
    """Make a user and return the token, which is shown this once.

    Raises:
        ApiUserError: as `make_user` says.
    """
    await make_user(session, name=name, role=role, agent_id=agent_id, now=now)
    return await new_token(session, name=name)


async def make_user(
    session: AsyncSession, *, name: str, role: ApiRole, agent_id: int | None = None, now: datetime
) -> int:
    """Make a user whom nothing lets in yet; returns their id.

    Raises:
        NameTakenError: somebody has this name already.
        ApiUserError: the name is empty or too long; there is no such agent, or the role is
            another one's.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        message = f"{name!r} is no name; give 1 to {_LONGEST_NAME} printable characters"
        raise ApiUserError(message)
    if agent_id is not None:
        await _check_agent(session, agent_id, role)
    made = await session.scalar(
        insert(ApiUser)
        .values(name=name, role=role, agent_id=agent_id, created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(ApiUser.api_user_id)
    )
    if made is None:
        message = f"there is a user {name!r} already; `ownerline user token` gives a new token"
        raise NameTakenError(message)
    return int(made)


async def change_user(
    session: AsyncSession, *, name: str, role: ApiRole, agent_id: int | None
) -> bool:
    """Give a user another role, or another agent to be; False when nothing differs.

    Raises:
        ApiUserError: there is no such user or agent, or the role speaks for none.
    """
    user = await _locked(session, name)
    if agent_id is not None:
        await _check_agent(session, agent_id, role)
    if (user.role, user.agent_id) == (role, agent_id):
        return False
    user.role, user.agent_id = role, agent_id
    await session.flush()
    return True


async def _check_agent(session: AsyncSession, agent_id: int, role: ApiRole) -> None:
    if role is not ApiRole.AGENT:
        message = f"the role {role} speaks for no agent; leave out agent {agent_id}"
        raise ApiUserError(message)
    if await session.get(Agent, agent_id) is None:
        message = f"there is no agent {agent_id}; POST /api/v1/agents makes one and answers its id"
        raise ApiUserError(message)


async def users(session: AsyncSession) -> Sequence[ApiUserShown]:
    """Return every user by name."""
    rows = await session.scalars(sa.select(ApiUser).order_by(ApiUser.name))
    return [_shown(row) for row in rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRow:
    """A user in a list: with the agent they are, and at how many browsers they are signed in."""

    user: ApiUserShown
    agent: str | None
    browsers: int


async def find_users(
    session: AsyncSession, *, wanted: str, after: str, limit: int, now: datetime, idle: timedelta
) -> Sequence[UserRow]:
    """Return users whose name or agent's name holds the words, by name, after one of them."""
    browsers = (
        sa.select(sa.func.count())
        .where(
            ConsoleSession.api_user_id == ApiUser.api_user_id,
            ConsoleSession.ended_at.is_(None),
            ConsoleSession.expires_at > now,
            ConsoleSession.seen_at > now - idle,
        )
        .scalar_subquery()
    )
    rows = await session.execute(
        sa.select(ApiUser, Agent.name, browsers)
        .outerjoin(Agent, Agent.agent_id == ApiUser.agent_id)
        .where(
            ApiUser.name > after,
            sa.or_(
                ApiUser.name.icontains(wanted, autoescape=True),
                Agent.name.icontains(wanted, autoescape=True),
            ),
        )
        .order_by(ApiUser.name)
        .limit(limit)
    )
    return [UserRow(user=_shown(user), agent=agent, browsers=n) for user, agent, n in rows]


async def agents_without_user(
    session: AsyncSession, *, limit: int = 500
) -> Sequence[tuple[int, str]]:
    """Return the agents on the roster whom nobody signs in as, by name: id and name."""
    taken = sa.select(ApiUser.agent_id).where(ApiUser.agent_id.is_not(None))
    rows = await session.execute(
        sa.select(Agent.agent_id, Agent.name)
        .where(Agent.active, Agent.agent_id.not_in(taken))
        .order_by(Agent.name)
        .limit(limit)
    )
    return [(agent_id, name) for agent_id, name in rows]


async def user_with(session: AsyncSession, api_user_id: int) -> ApiUserShown:
    """Return a user.

    Raises:
        NotOnFileError: there is none of that id.
    """
    row = await session.get(ApiUser, api_user_id, populate_existing=True)
    if row is None:
        raise NotOnFileError(what="user", key=api_user_id)
    return _shown(row)


def _shown(row: ApiUser) -> ApiUserShown:
    signs_in = SignsIn.NO
    if row.password_hash is not None:
        signs_in = SignsIn.FIRST if row.must_change_password else SignsIn.OWN
    return ApiUserShown(
        api_user_id=row.api_user_id,
        name=row.name,
        role=row.role,
        agent_id=row.agent_id,
        signs_in=signs_in,
        has_token=row.token_hash is not None,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        locked_until=row.locked_until,
        disabled_at=row.disabled_at,
    )


async def disable_user(session: AsyncSession, *, name: str, now: datetime) -> bool:
    """Let token and password open nothing more, and sign the user's browsers out.

    Returns False when they were disabled already.

    Raises:
        ApiUserError: there is no such user.
    """
    user = await _locked(session, name)
    if user.disabled_at is not None:
        return False
    user.disabled_at = now
    await session.flush()
    await session.execute(
        sa.update(ConsoleSession)
        .where(ConsoleSession.api_user_id == user.api_user_id, ConsoleSession.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    return True


async def enable_user(session: AsyncSession, *, name: str) -> bool:
    """Let a disabled user in again, by the token and password they had; False: they were not.

    Raises:
        ApiUserError: there is no such user.
    """
    user = await _locked(session, name)
    if user.disabled_at is None:
        return False
    user.disabled_at, user.wrong_passwords, user.locked_until = None, 0, None
    await session.flush()
    return True


async def somebody_can_sign_in(session: AsyncSession) -> bool:
    """Say whether an admin can sign in at the console, who then lets others in."""
    found = await session.scalar(
        sa.select(
            sa.exists().where(
                ApiUser.role == ApiRole.ADMIN,
                ApiUser.password_hash.is_not(None),
                ApiUser.disabled_at.is_(None),
            )
        )
    )
    return bool(found)


async def new_token(session: AsyncSession, *, name: str) -> str:
    """Return a new token of the user; the old one is dead, and a disabled user is so no longer.

    Raises:
        ApiUserError: there is no such user.
    """
    user, token = await _locked(session, name), _new_token()
    user.token_hash, user.disabled_at = _hash(token), None
    await session.flush()
    return token


async def caller_with(session: AsyncSession, token: str, *, now: datetime) -> Caller | None:
    """Return whose token it is, and note about once a minute that it was used; None of nobody.

    Looked up by its hash: how long it takes says nothing of how near a guess came.
    """
    if not token.startswith(TOKEN_PREFIX) or len(token) > _LONGEST_TOKEN or not token.isascii():
        return None
    hashed = _hash(token)
    user = await session.scalar(sa.select(ApiUser).where(ApiUser.token_hash == hashed))
    if user is None or not hmac.compare_digest(user.token_hash or b"", hashed):
        return None
    if user.disabled_at is not None:
        return None
    if user.last_used_at is None or now - user.last_used_at >= _USE_NOTED_EVERY:
        await session.execute(
            sa.update(ApiUser)
            .where(
                ApiUser.api_user_id
                == sa.select(ApiUser.api_user_id)
                .where(ApiUser.api_user_id == user.api_user_id)
                .with_for_update(skip_locked=True, key_share=True)
                .scalar_subquery()
            )
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )
    return Caller(
        api_user_id=user.api_user_id, name=user.name, role=user.role, agent_id=user.agent_id
    )


async def _locked(session: AsyncSession, name: str) -> ApiUser:
    user = await session.scalar(
        sa.select(ApiUser).where(ApiUser.name == name).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if user is None:
        message = f"there is no user {name!r}; `ownerline user ls` shows them"
        raise ApiUserError(message)
    return user


def _new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
