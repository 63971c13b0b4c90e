"""Agents: the roster, where each of them stands, and what they do with the calls they get."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field

from api.fields import Given, Id, LongText, PathId, Shown, Text, Word, Yes
from api.model import ApiRole, Right, needs
from api.problems import ProblemError
from api.reading import row_of
from api.routing import router as router_of
from api.work import Here, Work
from callback.model import Decision
from core.columns import table_of
from customers.model import Language, Purpose, Reason, WrapUpCode
from dialer.agents import offers, seats, service
from dialer.agents.model import AgentState, BreakReason, SkipReason
from dialer.agents.tables import Agent
from dialer.agents.wrap_up import WrapUpForm, correct_outcome, wrap_up
from dialer.bridges.floor import PhoneTrouble

router = router_of("agents")

_AGENT = table_of(Agent)
_MOST_FORMS = 10
_MOST_SKILLS = 50


class AgentShown(Shown):
    """An agent and where they stand."""

    agent_id: int
    name: str
    team: str | None
    skills: list[str]
    languages: list[str]
    active: bool
    state: AgentState
    state_since: datetime
    until: datetime | None
    attempt_id: UUID | None
    due_call_id: int | None
    break_reason: BreakReason | None
    signed_in_at: datetime | None
    endpoint: str | None = Field(description="Their phone; null: none, or calls come by screen.")
    seated_on: str | None = Field(description="The server on which their phone is in its room.")
    phone_trouble: PhoneTrouble | None = Field(description="Why it is not, where it was rung.")


class AgentGiven(Given):
    """Somebody to put on the roster."""

    name: Text = Field(examples=["李娜"])
    team: Word | None = None
    skills: list[Word] = Field(default_factory=list, max_length=_MOST_SKILLS)
    languages: list[Language] = Field(default_factory=list, max_length=2)
    weight: float = Field(default=1.0, gt=0, le=100, strict=True)
    endpoint: Word | None = Field(default=None, examples=["PJSIP/101"])


class RosterGiven(Given):
    """On the roster, or off it."""

    active: Yes


class EndpointGiven(Given):
    """The phone at which an agent is rung."""

    endpoint: Word | None = Field(examples=["PJSIP/101"])


class BreakGiven(Given):
    """Why an agent goes away for a while."""

    reason: BreakReason


class ForceGiven(Given):
    """Where a supervisor sends an agent."""

    to: AgentState
    why: Text


class SkipGiven(Given):
    """Why the call that is shown is not dialled."""

    reason: SkipReason
    note: LongText | None = None


class FormGiven(Given):
    """What one due call came to; `values` are the fields that the code asks for."""

    due_call_id: Id
    code: WrapUpCode
    values: dict[Annotated[str, Field(max_length=64)], Any] = Field(
        default_factory=dict, max_length=20
    )
    note: LongText | None = None


class WrapUpGiven(Given):
    """What a call came to, a form for each due call it served."""

    attempt_id: UUID
    forms: list[FormGiven] = Field(min_length=1, max_length=_MOST_FORMS)
    then: BreakReason | None = Field(default=None, description="A break instead of being ready.")


class CorrectionGiven(Given):
    """The outcome as it should have been, and why."""

    form: FormGiven
    why: Text


class OfferShown(Shown):
    """The call that comes next for an agent, kept for them until `until`."""

    due_call_id: int
    person_id: int
    reason: Reason
    purpose: Purpose
    campaign: str
    script: str
    due_by: datetime
    attempts: int
    may_ring: bool
    until: datetime


class Offer(Shown):
    """What is shown to the agent; null when nothing comes next now."""

    offer: OfferShown | None


class Skipped(Shown):
    """When the call may be shown again."""

    next_at: datetime


@router.get("/agents", openapi_extra=needs(Right.READ_AGENTS))
async def list_agents(work: Here) -> list[AgentShown]:
    """Return the roster, by team and name."""
    return [AgentShown.model_validate(row) for row in await service.roster(work.session)]


@router.post("/agents", status_code=201, openapi_extra=needs(Right.LEAD_AGENTS))
async def add_agent(work: Here, given: AgentGiven) -> AgentShown:
    """Put somebody on the roster."""
    agent_id = await service.add_agent(
        work.session,
        **given.model_dump(exclude={"languages"}),
        languages=given.languages,
        now=work.now,
    )
    await work.note("agent_added", f"agent:{agent_id}")
    return await agent_shown(work, agent_id)


@router.get("/agents/{agent_id}", openapi_extra=needs(Right.READ_AGENTS))
async def show_agent(work: Here, agent_id: PathId) -> AgentShown:
    """Return an agent."""
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/roster", openapi_extra=needs(Right.LEAD_AGENTS))
async def set_on_roster(work: Here, agent_id: PathId, given: RosterGiven) -> AgentShown:
    """Put an agent on the roster or take them off it; who is off it is signed out."""
    await service.set_on_roster(
        work.session, agent_id, active=given.active, by=work.caller.actor, now=work.now
    )
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/endpoint", openapi_extra=needs(Right.LEAD_AGENTS))
async def set_endpoint(work: Here, agent_id: PathId, given: EndpointGiven) -> AgentShown:
    """Give an agent another phone, or none; one that is in its room stays until it hangs up."""
    await seats.set_endpoint(
        work.session, agent_id, given.endpoint, by=work.caller.actor, now=work.now
    )
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/force", openapi_extra=needs(Right.LEAD_AGENTS))
async def force_agent(work: Here, agent_id: PathId, given: ForceGiven) -> AgentShown:
    """Send an agent on a break, call them back, or sign them out from any state."""
    await service.force(
        work.session, agent_id, given.to, by=work.caller.actor, why=given.why, now=work.now
    )
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/sign-in", openapi_extra=needs(Right.WORK_AS_AGENT))
async def sign_in(work: Here, agent_id: PathId) -> AgentShown:
    """Sit down, ready for calls; from now on the heartbeat is expected."""
    await service.sign_in(work.session, await own_agent(work, agent_id), now=work.now)
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/sign-out", openapi_extra=needs(Right.WORK_AS_AGENT))
async def sign_out(work: Here, agent_id: PathId) -> AgentShown:
    """Leave."""
    await service.sign_out(work.session, await own_agent(work, agent_id), now=work.now)
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/ready", openapi_extra=needs(Right.WORK_AS_AGENT))
async def become_ready(work: Here, agent_id: PathId) -> AgentShown:
    """Come back from a break."""
    await service.become_ready(work.session, await own_agent(work, agent_id), now=work.now)
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/break", openapi_extra=needs(Right.WORK_AS_AGENT))
async def take_break(work: Here, agent_id: PathId, given: BreakGiven) -> AgentShown:
    """Go away for a while; a call that is shown goes to somebody else."""
    await service.take_break(
        work.session, await own_agent(work, agent_id), given.reason, now=work.now
    )
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/heartbeat", openapi_extra=needs(Right.WORK_AS_AGENT))
async def heartbeat(work: Here, agent_id: PathId) -> AgentShown:
    """Say that the agent's screen is there, and hear where the agent stands."""
    await service.beat(work.session, await own_agent(work, agent_id))
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/offer", openapi_extra=needs(Right.WORK_AS_AGENT))
async def next_offer(work: Here, agent_id: PathId) -> Offer:
    """Be shown the call that comes next; looking at it goes on the audit."""
    shown = await offers.next_offer(
        work.session, await own_agent(work, agent_id), desk=work.deps.desk, now=work.now
    )
    if shown is None:
        return Offer(offer=None)
    row = shown.due_call
    await work.note("looked_at", f"person:{row.person_id}", due_call_id=row.due_call_id)
    return Offer(
        offer=OfferShown(
            due_call_id=row.due_call_id,
            person_id=row.person_id,
            reason=row.reason,
            purpose=row.purpose,
            campaign=row.campaign,
            script=row.script,
            due_by=row.due_by,
            attempts=row.attempts,
            may_ring=shown.verdict.decision is Decision.ALLOW,
            until=shown.until,
        )
    )


@router.post("/agents/{agent_id}/dial", openapi_extra=needs(Right.WORK_AS_AGENT))
async def dial(work: Here, agent_id: PathId) -> AgentShown:
    """Let the call that is shown ring; the rules judge it once more."""
    await offers.ask_to_dial(
        work.session, await own_agent(work, agent_id), desk=work.deps.desk, now=work.now
    )
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/skip", openapi_extra=needs(Right.WORK_AS_AGENT))
async def skip(work: Here, agent_id: PathId, given: SkipGiven) -> Skipped:
    """Do not dial the call that is shown, with a reason."""
    next_at = await offers.skip(
        work.session,
        await own_agent(work, agent_id),
        given.reason,
        note=given.note,
        desk=work.deps.desk,
        now=work.now,
    )
    return Skipped(next_at=next_at)


@router.post("/agents/{agent_id}/hang-up", openapi_extra=needs(Right.WORK_AS_AGENT))
async def hang_up(work: Here, agent_id: PathId) -> AgentShown:
    """End the call."""
    await service.hang_up(work.session, await own_agent(work, agent_id), now=work.now)
    return await agent_shown(work, agent_id)


@router.post("/agents/{agent_id}/wrap-up", openapi_extra=needs(Right.WORK_AS_AGENT))
async def give_wrap_up(work: Here, agent_id: PathId, given: WrapUpGiven) -> AgentShown:
    """Say what the call came to, once, for every due call it served."""
    await wrap_up(
        work.session,
        await own_agent(work, agent_id),
        given.attempt_id,
        [_form(each) for each in given.forms],
        then=given.then,
        desk=work.deps.desk,
        now=work.now,
    )
    return await agent_shown(work, agent_id)


@router.post(
    "/attempts/{attempt_id}/correction", status_code=204, openapi_extra=needs(Right.LEAD_AGENTS)
)
async def correct(work: Here, attempt_id: UUID, given: CorrectionGiven) -> None:
    """Correct the outcome of one due call; the audit keeps the first one."""
    await correct_outcome(
        work.session,
        attempt_id,
        _form(given.form),
        by=work.caller.actor,
        why=given.why,
        desk=work.deps.desk,
        now=work.now,
    )


async def own_agent(work: Work, agent_id: int) -> int:
    """Return the agent's id, where the caller is that agent, or an admin: that is written down.

    Raises:
        ProblemError: an agent speaks for another one.
    """
    if work.caller.role is ApiRole.AGENT and work.caller.agent_id != agent_id:
        forbidden = 403
        message = (
            f"this token does not speak for agent {agent_id}; "
            f"`ownerline user add NAME --role agent --agent {agent_id}` makes one that does"
        )
        raise ProblemError(forbidden, message)
    if work.caller.role is not ApiRole.AGENT:
        await work.note("acted_as_agent", f"agent:{agent_id}")
    return agent_id


def _form(given: FormGiven) -> WrapUpForm:
    return WrapUpForm(
        due_call_id=given.due_call_id, code=given.code, values=given.values, note=given.note
    )


async def agent_shown(work: Work, agent_id: int) -> AgentShown:
    """Return an agent as answers show them."""
    row = await row_of(work, sa.select(_AGENT), _AGENT.c.agent_id, agent_id, "agent")
    return AgentShown.model_validate(row)
