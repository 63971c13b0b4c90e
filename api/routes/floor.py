"""Agents' calls while they speak: phones, hold, transfers, third parties, supervisors' ears.

What is asked here is done by the process that carries the call, within seconds; the answer is the
command as it was asked, and `commands` says what became of it.
"""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.fields import E164, Given, Id, PathId, Shown, Word, Yes, phone_of
from api.model import Right, needs
from api.routes.agents import AgentShown, agent_shown, own_agent
from api.routing import router as router_of
from api.work import Here, Work
from core.columns import AnyRow
from dialer.agents import commands
from dialer.agents.browsers import PhoneKind, browser_token
from dialer.agents.commands import Asking
from dialer.agents.model import CommandKind, CommandState
from dialer.agents.seats import ask_for_phone
from dialer.bridges.floor import MonitorMode

router = router_of("agents")


class CommandShown(Shown):
    """What was asked of a call, and what became of it; `reason` says why it failed."""

    command_id: int
    kind: CommandKind
    agent_id: int
    attempt_id: UUID | None
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: CommandState
    reason: str | None
    ended_at: datetime | None


class PhoneTokenShown(Shown):
    """What the browser's voice client shows to the carrier; ask for another before it expires.

    Of kind `sip` the token is the password of the SIP user `identity`, who signs in at `url`.
    """

    token: str
    identity: str
    expires_at: datetime
    kind: PhoneKind
    url: str | None


class TransferGiven(Given):
    """Where a call goes: to a ready colleague, who writes it down, or to an outside number."""

    to_agent_id: Id | None = None
    to_number: E164 | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.to_agent_id is None) == (self.to_number is None):
            message = "give to_agent_id or to_number"
            raise ValueError(message)
        return self


class InviteGiven(Given):
    """Who comes into the room: an outside number, or a phone of ours."""

    number: E164 | None = None
    endpoint: Word | None = Field(default=None, examples=["PJSIP/102"])

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.number is None) == (self.endpoint is None):
            message = "give number or endpoint"
            raise ValueError(message)
        return self


class RecordingGiven(Given):
    """Whether what is said may be kept: not while an owner reads out card or identity numbers."""

    paused: Yes


class MonitorGiven(Given):
    """How a supervisor takes part, at which phone."""

    endpoint: Annotated[Word, Field(examples=["PJSIP/201"])]
    mode: MonitorMode


@router.post("/agents/{agent_id}/phone", openapi_extra=needs(Right.WORK_AS_AGENT))
async def ring_my_phone(work: Here, agent_id: PathId) -> AgentShown:
    """Ring the agent's phone into their room now, where it is not there."""
    own_id = await own_agent(work, agent_id)
    await ask_for_phone(work.session, own_id, by=work.caller.actor, now=work.now)
    return await agent_shown(work, agent_id)


@router.get("/agents/{agent_id}/phone-token", openapi_extra=needs(Right.WORK_AS_AGENT))
async def issue_phone_token(work: Here, agent_id: PathId) -> PhoneTokenShown:
    """Return a token by which the browser that is the agent's phone is rung, for an hour.

    It is kept nowhere, which a post's answer would be.
    """
    token = await browser_token(
        work.session,
        await own_agent(work, agent_id),
        tokens=work.deps.browser_tokens,
        by=work.caller.actor,
        now=work.now,
    )
    return PhoneTokenShown.model_validate(token)


@router.post("/agents/{agent_id}/hold", status_code=202, openapi_extra=needs(Right.WORK_AS_AGENT))
async def hold(work: Here, agent_id: PathId) -> CommandShown:
    """Let the owner wait with music."""
    return await _simply(work, agent_id, CommandKind.HOLD)


@router.post("/agents/{agent_id}/back", status_code=202, openapi_extra=needs(Right.WORK_AS_AGENT))
async def back(work: Here, agent_id: PathId) -> CommandShown:
    """Bring the owner back from hold."""
    return await _simply(work, agent_id, CommandKind.BACK)


@router.post(
    "/agents/{agent_id}/transfer", status_code=202, openapi_extra=needs(Right.WORK_AS_AGENT)
)
async def transfer(work: Here, agent_id: PathId, given: TransferGiven) -> CommandShown:
    """Give the call to a ready colleague, or connect the owner with an outside number."""
    asking = await _asking(work, agent_id)
    if given.to_agent_id is not None:
        row = await commands.ask_to_hand_over(work.session, asking, given.to_agent_id)
    else:
        phone = phone_of(given.to_number or "")
        row = await commands.ask_to_pass_on(work.session, asking, phone, desk=work.deps.desk)
    return CommandShown.model_validate(row)


@router.post("/agents/{agent_id}/invite", status_code=202, openapi_extra=needs(Right.WORK_AS_AGENT))
async def invite(work: Here, agent_id: PathId, given: InviteGiven) -> CommandShown:
    """Ring a third party into the room of the call."""
    asking = await _asking(work, agent_id)
    who = given.endpoint if given.number is None else phone_of(given.number)
    row = await commands.ask_to_invite(work.session, asking, who or "", desk=work.deps.desk)
    return CommandShown.model_validate(row)


@router.post(
    "/agents/{agent_id}/dismiss", status_code=202, openapi_extra=needs(Right.WORK_AS_AGENT)
)
async def dismiss(work: Here, agent_id: PathId) -> CommandShown:
    """Hang up whoever was invited."""
    return await _simply(work, agent_id, CommandKind.DISMISS)


@router.post(
    "/agents/{agent_id}/recording", status_code=202, openapi_extra=needs(Right.WORK_AS_AGENT)
)
async def pause_recording(work: Here, agent_id: PathId, given: RecordingGiven) -> CommandShown:
    """Record silence for a while, or what is said again."""
    kind = CommandKind.PAUSE_RECORDING if given.paused else CommandKind.RESUME_RECORDING
    return await _simply(work, agent_id, kind)


@router.get("/agents/{agent_id}/commands", openapi_extra=needs(Right.WORK_AS_AGENT))
async def list_commands(work: Here, agent_id: PathId) -> list[CommandShown]:
    """Return what was asked of the agent's calls last, and what became of it, the latest first."""
    rows = await commands.commands_of(work.session, await own_agent(work, agent_id))
    return [CommandShown.model_validate(row) for row in rows]


@router.post("/agents/{agent_id}/monitor", status_code=202, openapi_extra=needs(Right.LEAD_AGENTS))
async def monitor(work: Here, agent_id: PathId, given: MonitorGiven) -> CommandShown:
    """Ring a supervisor's phone to listen to an agent, whisper to them or join."""
    asking = Asking(agent_id=agent_id, by=work.caller.actor, now=work.now)
    row = await commands.ask_to_monitor(work.session, asking, given.endpoint, given.mode)
    return CommandShown.model_validate(row)


async def _simply(work: Work, agent_id: int, kind: CommandKind) -> CommandShown:
    row: AnyRow = await commands.ask_simply(work.session, await _asking(work, agent_id), kind)
    return CommandShown.model_validate(row)


async def _asking(work: Work, agent_id: int) -> Asking:
    own_id = await own_agent(work, agent_id)
    return Asking(agent_id=own_id, by=work.caller.actor, now=work.now)
