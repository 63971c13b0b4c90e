"""Browsers as agents' phones: the token by which one signs in at the carrier."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from customers.service import audit
from dialer.agents.model import AgentStateError, UnknownAgentError
from dialer.agents.tables import Agent

_AGENT = table_of(Agent)
_PHONE = sa.select(_AGENT.c.endpoint, _AGENT.c.active).where(
    _AGENT.c.agent_id == sa.bindparam("agent_id")
)


class PhoneKind(StrEnum):
    """What a browser speaks with its carrier."""

    TWILIO = "twilio"  # the carrier's own client, and its token
    SIP = "sip"  # over secure WebSocket; the token is a password


class NoBrowserError(AgentStateError):
    """The agent's phone is no browser, or no carrier of ours rings any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserToken:
    """What a browser shows to the carrier until `expires_at`; it is rung as `identity`.

    A password stays good after that, until its secret is changed; whoever signs in anew asks anew.
    """

    token: str = field(repr=False)
    identity: str
    expires_at: datetime
    kind: PhoneKind = PhoneKind.TWILIO
    url: str | None = None  # where it signs in; None: its client knows


class BrowserTokens(Protocol):
    """Who issues them: the carrier's account, or our own exchange."""

    @property
    def kind(self) -> PhoneKind:
        """What browsers speak with it."""
        ...

    @property
    def origins(self) -> tuple[str, ...]:
        """Where browsers connect to, beside ourselves: what a page lets them."""
        ...

    def rung_as(self, endpoint: str | None) -> str | None:
        """Return the identity of a browser that is an endpoint; None: it is none of theirs."""
        ...

    def issue(self, identity: str, *, now: datetime) -> BrowserToken:
        """Return a token by which a browser is rung as this identity, and can do nothing else."""
        ...


async def browser_token(
    session: AsyncSession, agent_id: int, *, tokens: BrowserTokens | None, by: str, now: datetime
) -> BrowserToken:
    """Return a token for the browser that is an agent's phone.

    Raises:
        UnknownAgentError: no such agent.
        NoBrowserError: their phone is none, they are off the roster, or `tokens` is None.
    """
    row = (await session.execute(_PHONE, {"agent_id": agent_id})).one_or_none()
    if row is None:
        raise UnknownAgentError(agent_id)
    if not row.active:
        message = f"agent {agent_id} is off the roster; put them on it first"
        raise NoBrowserError(message)
    if tokens is None:
        message = (
            "no carrier of ours rings browsers: that needs phones, url and secret_file under "
            "[asterisk.browsers], or api_key_sid and api_key_secret_file under [twilio]"
        )
        raise NoBrowserError(message)
    identity = tokens.rung_as(row.endpoint)
    if identity is None:
        message = (
            f"the phone of agent {agent_id} is no browser; set their endpoint to PJSIP/web-01 or "
            "another of the pool (Asterisk), or to client:name (Twilio)"
        )
        raise NoBrowserError(message)
    await audit(
        session, actor=by, action="phone_token", subject=f"agent:{agent_id}", detail={}, now=now
    )
    return tokens.issue(identity, now=now)
