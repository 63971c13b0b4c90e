"""A browser as the agent's phone: what its page is given, and the way its phone is rung again."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Response
from fastapi.responses import JSONResponse

from api.console.edge import POLICY, policy
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.desk_holding import held
from api.model import Right, needs
from api.problems import ProblemError
from core.columns import AnyRow
from dialer.agents import seats
from dialer.agents.browsers import PhoneKind, browser_token
from dialer.agents.model import AgentState

router = pages()

_WORK = needs(Right.WORK_AS_AGENT)
# What Twilio's client plays comes from there, too.
_SOUNDS = ("mediastream:", "https://media.twiliocdn.com", "https://sdk.twilio.com")


@dataclass(frozen=True, kw_only=True, slots=True)
class Softphone:
    """The phone that a page of the desk is."""

    kind: PhoneKind
    name: str
    origins: tuple[str, ...]


def softphone_of(page: Page, agent: AnyRow) -> Softphone | None:
    """Return the phone that a desk's page is; None: the phone is elsewhere, or another person's."""
    tokens = page.deps.browser_tokens
    if tokens is None or page.caller.agent_id != agent.agent_id:
        return None
    name = tokens.rung_as(agent.endpoint)
    if name is None:
        return None
    return Softphone(kind=tokens.kind, name=name, origins=tokens.origins)


def headers_with(softphone: Softphone | None) -> Mapping[str, str]:
    """Return the headers of a page that connects to where its phone signs in; to nowhere else."""
    if softphone is None:
        return {}
    sounds = _SOUNDS if softphone.kind is PhoneKind.TWILIO else ()
    return {POLICY: policy(connect=softphone.origins, media=sounds)}


@router.post("/desk/phone-token", openapi_extra=_WORK)
async def sign_phone_in(page: Here) -> Response:
    """Give the page that speaks for the agent what their own phone signs in with."""
    agent = await _own(page)
    token = await browser_token(
        page.work.session,
        agent.agent_id,
        tokens=page.deps.browser_tokens,
        by=page.caller.actor,
        now=page.now,
    )
    return JSONResponse(
        {
            "kind": token.kind,
            "token": token.token,
            "identity": token.identity,
            "url": token.url,
            "seconds": round((token.expires_at - page.now).total_seconds()),
        }
    )


@router.post("/desk/phone-waits", openapi_extra=_WORK)
async def ring_phone_that_waits(page: Here) -> Response:
    """Let a phone be rung that signed in and has no call; one that is in its room stays there."""
    agent = await _own(page)
    if agent.state is not AgentState.OFFLINE and agent.seated_on is None:
        await seats.ask_for_phone(
            page.work.session, agent.agent_id, by=page.caller.actor, now=page.now
        )
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/desk/phone-rings", openapi_extra=_WORK)
async def say_whether_wanted(page: Here) -> Response:
    """Say whether a phone that is rung picks up: only for an agent who is at work."""
    agent = await _own(page)
    return JSONResponse({"wanted": agent.state is not AgentState.OFFLINE})


async def _own(page: Page) -> AnyRow:
    """Return the row of the agent who looks, held.

    Raises:
        ProblemError: somebody else sits at their desk, or another page speaks for them.
    """
    agent = await held(page)
    if page.caller.agent_id != agent.agent_id:
        message = "a phone is its agent's own"
        raise ProblemError(HTTPStatus.FORBIDDEN, message, kind="phone-of-another")
    return agent
