"""Agents' endpoints: one phone each, in its bridge's words; never a way past the rules."""

import re

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.never_rung import never_rung
from core.columns import table_of
from core.errors import OwnerlineError
from core.phone import PhoneNumber
from dialer.agents.tables import Agent

# Asterisk. Nothing like PJSIP/13800138000@trunk or Local/…: who rings outside is asked of the
# rules first. Other technologies dial hosts and lines they do not know.
_PJSIP = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,64}")
# Twilio: a browser's identity has letters, digits and _, at most 121 of them
# (https://www.twilio.com/docs/voice/sdks/javascript#access-tokens).
_BROWSER = re.compile(r"client:([A-Za-z0-9_]{1,48})")
# Twilio: a phone at a SIP domain, by its name or short number; seven digits may be an outside one.
_SIP = re.compile(r"sip:(?!\+?[0-9]{7,}@)[A-Za-z0-9_.+-]{1,32}@[A-Za-z0-9.-]{1,60}(:[0-9]{1,5})?")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")

_ON_ROSTER = sa.select(
    sa.exists().where(table_of(Agent).c.endpoint == sa.bindparam("endpoint")).label("on_roster")
)


class EndpointError(OwnerlineError):
    """An endpoint is one phone: PJSIP/101, client:name, sip:name@host or a number as +86…."""


def check_endpoint(endpoint: str | None) -> None:
    """Refuse what is no phone that an agent could sit at; None is no phone at all.

    Raises:
        EndpointError: it cannot be read, or dials what no bridge may ring.
    """
    if endpoint is None or _is_ours(endpoint) or _SIP.fullmatch(endpoint):
        return
    if _NUMBER.fullmatch(endpoint) is None:
        message = (
            f"{endpoint!r} is no phone of ours; write its name as PJSIP/101 (Asterisk), or as "
            "client:name, sip:name@host or +8613800138000 (Twilio)"
        )
        raise EndpointError(message)
    rule = never_rung(PhoneNumber(endpoint))
    if rule is not None:
        message = f"{endpoint!r} is nobody's desk: {rule.value}; write the agent's own number"
        raise EndpointError(message)


async def check_colleague(session: AsyncSession, endpoint: str) -> None:
    """Refuse an endpoint that would reach somebody outside, past the rules for outside numbers.

    Raises:
        EndpointError: it is neither a phone of our own nor that of an agent on the roster.
    """
    check_endpoint(endpoint)
    if _is_ours(endpoint) or await session.scalar(_ON_ROSTER, {"endpoint": endpoint}):
        return
    message = f"{endpoint!r} is no agent's phone; invite outside numbers as numbers"
    raise EndpointError(message)


def browser_of(endpoint: str | None) -> str | None:
    """Return the identity of a browser that is an endpoint; None: it is none."""
    found = _BROWSER.fullmatch(endpoint or "")
    return found[1] if found else None


def _is_ours(endpoint: str) -> bool:
    """Say whether only a phone or browser that signed in with us can be meant."""
    return bool(_PJSIP.fullmatch(endpoint) or _BROWSER.fullmatch(endpoint))
