"""Users, their browsers' sessions, and answers kept for requests that may come twice, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.model import ApiRole
from core.columns import one_of
from core.database import Base
from customers.model import Language
from dialer.agents.tables import Agent


class ApiUser(Base):
    """Somebody with a password for the console, or a system with a token; only hashes are kept.

    Wrong passwords are counted since the last right one; from some number on each locks the name
    for longer.
    """

    __tablename__ = "api_user"

    api_user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    role: Mapped[ApiRole] = mapped_column(one_of(ApiRole))
    token_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary, unique=True)
    password_hash: Mapped[str | None] = mapped_column(sa.Text)  # Argon2id, with its parameters
    must_change_password: Mapped[bool] = mapped_column(server_default=sa.false())
    wrong_passwords: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    language: Mapped[Language | None] = mapped_column(one_of(Language))  # None: as the browser asks
    agent_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Agent.agent_id))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name="token_is_sha256"),
    )


class ConsoleSession(Base):
    """A browser at which somebody has signed in; only its cookie's SHA-256 is kept."""

    __tablename__ = "console_session"

    console_session_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary, unique=True)
    api_user_id: Mapped[int] = mapped_column(sa.ForeignKey("api_user.api_user_id"), index=True)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(sa.String(64))
    browser: Mapped[str] = mapped_column(sa.String(200))
    __table_args__ = (sa.CheckConstraint("octet_length(token_hash) = 32", name="token_is_sha256"),)


class KnownBrowser(Base):
    """A browser at which a user has signed in before; it has tries of its own.

    Whoever guesses elsewhere locks the name for strangers, not for the user at their own browser.
    """

    __tablename__ = "known_browser"

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary, primary_key=True)
    api_user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("api_user.api_user_id"), primary_key=True
    )
    seen_at: Mapped[datetime]
    wrong_passwords: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("octet_length(token_hash) = 32", name="token_is_sha256"),
        sa.Index("ix_known_browser_api_user_id", "api_user_id", "seen_at"),
    )


class IdempotencyKey(Base):
    """A post that was done: what was asked and what was answered, kept for a day.

    The row is written in the transaction of the work itself; a second request with the key waits
    for its end at the primary key.
    """

    __tablename__ = "idempotency_key"

    api_user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("api_user.api_user_id"), primary_key=True
    )
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(sa.LargeBinary)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(sa.Text)
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    __table_args__ = (
        sa.CheckConstraint("octet_length(request_hash) = 32", name="request_is_sha256"),
    )
