"""What an agent's screen shows first: whom the call is with, why, and by when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS, AnyRow, table_of
from customers.model import Purpose, Reason, Role
from customers.tables import Community, Occupancy, Person, Unit
from dialer.agents.model import AgentState, UnknownAgentError
from dialer.agents.states import Offered, OnCall, Standing, attempt_of
from dialer.agents.tables import Agent, AgentStateChange
from dialer.agents.transitions import standing_of
from dialer.call_facts import Matter, load_matters
from dialer.inbound.tables import InboundRow
from dialer.model import AttemptState
from dialer.tables import Attempt, AttemptDueCall

_AGENT, _ATTEMPT, _SERVED = table_of(Agent), table_of(Attempt), table_of(AttemptDueCall)
_CHANGE, _INBOUND = table_of(AgentStateChange), table_of(InboundRow)
_PERSON, _TIE, _UNIT = table_of(Person), table_of(Occupancy), table_of(Unit)
_COMMUNITY = table_of(Community)

_ROW = sa.select(_AGENT).where(_AGENT.c.agent_id == sa.bindparam("agent_id"))
_CALL = sa.select(_ATTEMPT).where(_ATTEMPT.c.attempt_id == sa.bindparam("attempt_id"))
_RANG_US = sa.select(_INBOUND).where(_INBOUND.c.call_id == sa.bindparam("attempt_id"))
_SERVES = (
    sa.select(_SERVED.c.due_call_id)
    .where(_SERVED.c.attempt_id == sa.bindparam("attempt_id"))
    .order_by(_SERVED.c.position)
)
_LAST_CHANGE = (
    sa.select(_CHANGE)
    .where(_CHANGE.c.agent_id == sa.bindparam("agent_id"))
    .order_by(_CHANGE.c.agent_state_change_id.desc())
    .limit(1)
)
_CHARGES = sa.text("""
    SELECT h.charge_id, h.reference, h.kind, h.currency, h.due_on, h.disputed_at,
           h.amount_minor - h.paid_minor AS open_minor, h.late_fee_minor, dcc.step
    FROM due_call_charge dcc
    JOIN charge h USING (charge_id)
    WHERE dcc.due_call_id = ANY (:due_call_ids) AND h.amount_minor > h.paid_minor
    ORDER BY h.due_on, h.charge_id
    LIMIT 30
""").bindparams(sa.bindparam("due_call_ids", type_=BIGINTS))
_PROMISES = sa.text("""
    SELECT count(*) AS made, count(*) FILTER (WHERE state = 'kept') AS kept
    FROM promise WHERE person_id = :person_id
""")
_KNOWN = sa.select(
    _PERSON.c.person_id,
    _PERSON.c.name,
    _PERSON.c.honorific,
    _PERSON.c.language,
    _PERSON.c.vip,
    _PERSON.c.note,
    _PERSON.c.rest_hours,
).where(_PERSON.c.person_id == sa.bindparam("person_id"))
_TIES = (
    sa.select(
        _TIE.c.unit_id,
        _TIE.c.role,
        _TIE.c.valid_from,
        _TIE.c.moved_in,
        _UNIT.c.label,
        _COMMUNITY.c.name.label("community"),
        _COMMUNITY.c.time_zone,
    )
    .join(_UNIT, _UNIT.c.unit_id == _TIE.c.unit_id)
    .join(_COMMUNITY, _COMMUNITY.c.community_id == _UNIT.c.community_id)
    .where(
        _TIE.c.person_id == sa.bindparam("person_id"),
        sa.func.daterange(_TIE.c.valid_from, _TIE.c.valid_until).op("@>")(
            sa.bindparam("today", type_=sa.Date)
        ),
    )
    .order_by((_TIE.c.unit_id == sa.bindparam("unit_id")).desc(), _TIE.c.occupancy_id)
    .limit(5)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Whom a call is with and what it is about, the lead first; at least a person."""

    person: AnyRow
    ties: Sequence[AnyRow]  # of today, the unit of the call first
    matters: Sequence[Matter]
    charges: Sequence[AnyRow]  # open ones that the call is about, the oldest first
    promises_made: int
    promises_kept: int
    time_zone: str

    @property
    def lead(self) -> AnyRow | None:
        """The due call that the call rings for; None: they rang us about nothing that is due."""
        return self.matters[0].due_call if self.matters else None

    @property
    def role(self) -> Role | None:
        """What the person is to the unit of the call."""
        return self.ties[0].role if self.ties else None

    @property
    def since(self) -> date | None:
        """Since when they hold it; the day they move in may still come."""
        return (self.ties[0].valid_from or self.ties[0].moved_in) if self.ties else None

    @property
    def is_debt(self) -> bool:
        """Whether money is spoken of, which only the person who owes it may hear."""
        return any(each.due_call.purpose is Purpose.DEBT for each in self.matters)

    @property
    def step(self) -> int | None:
        """The step of the reminder ladder."""
        for each in self.matters:
            if each.due_call.reason is Reason.OVERDUE:
                return int(str(each.due_call.facts.get("step", 0)))
        return None

    @property
    def open_minor(self) -> int:
        """What is owed of the charges, late fees with them."""
        return sum(each.open_minor + each.late_fee_minor for each in self.charges)


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """An agent, where they stand, and whom the present call or offer is with."""

    agent: AnyRow
    standing: Standing
    attempt: AnyRow | None = None
    inbound: AnyRow | None = None  # somebody who rang us
    seen: Seen | None = None
    last_change: AnyRow | None = None
    due_call_ids: Sequence[int] = field(default_factory=tuple)

    @property
    def attempt_id(self) -> UUID | None:
        """The call the agent has, or has just had."""
        return attempt_of(self.standing)

    @property
    def came_in(self) -> bool:
        """Whether the call came while another was shown to the agent, which went back."""
        last = self.last_change
        return (
            last is not None
            and isinstance(self.standing, OnCall)
            and last.from_state is AgentState.RESERVED
            and last.due_call_id is not None
        )

    @property
    def is_ringing(self) -> bool:
        """Whether the other end rings."""
        return self.attempt is not None and self.attempt.state is AttemptState.RINGING


async def load_screen(session: AsyncSession, agent_id: int, *, now: datetime) -> Screen:
    """Return what an agent's screen is about now.

    Raises:
        UnknownAgentError: no such agent.
    """
    agent = (await session.execute(_ROW, {"agent_id": agent_id})).one_or_none()
    if agent is None:
        raise UnknownAgentError(agent_id)
    standing = standing_of(agent)
    attempt = inbound = None
    due_call_ids: list[int] = []
    if isinstance(standing, Offered):
        due_call_ids = [standing.due_call_id]
    elif (attempt_id := attempt_of(standing)) is not None:
        call = {"attempt_id": attempt_id}
        attempt = (await session.execute(_CALL, call)).one_or_none()
        inbound = (await session.execute(_RANG_US, call)).one_or_none()
        due_call_ids = list((await session.execute(_SERVES, call)).scalars())
    person_id = attempt.person_id if attempt is not None else None
    if inbound is not None:
        person_id = person_id or inbound.person_id
    seen = await see(session, due_call_ids, person_id=person_id, now=now)
    last = (await session.execute(_LAST_CHANGE, {"agent_id": agent_id})).one_or_none()
    return Screen(
        agent=agent,
        standing=standing,
        attempt=attempt,
        inbound=inbound,
        seen=seen,
        last_change=last,
        due_call_ids=tuple(due_call_ids),
    )


async def see(
    session: AsyncSession,
    due_call_ids: Sequence[int],
    *,
    person_id: int | None = None,
    now: datetime,
) -> Seen | None:
    """Return whom due calls are of and what they are about; None: nobody is known."""
    matters = await load_matters(session, due_call_ids, now=now) if due_call_ids else []
    lead = matters[0].due_call if matters else None
    person_id = person_id if lead is None else lead.person_id
    if person_id is None:
        return None
    of_person = {"person_id": person_id}
    person = (await session.execute(_KNOWN, of_person)).one_or_none()
    if person is None:
        return None
    unit_id = -1 if lead is None or lead.unit_id is None else lead.unit_id
    zone = "UTC" if lead is None else lead.time_zone
    ties = (
        await session.execute(
            _TIES, {**of_person, "unit_id": unit_id, "today": now.astimezone(ZoneInfo(zone)).date()}
        )
    ).all()
    charges: Sequence[AnyRow] = ()
    promised = None
    if any(each.due_call.purpose is Purpose.DEBT for each in matters):
        charges = (await session.execute(_CHARGES, {"due_call_ids": list(due_call_ids)})).all()
        promised = (await session.execute(_PROMISES, of_person)).one()
    return Seen(
        person=person,
        ties=ties,
        matters=matters,
        charges=charges,
        promises_made=0 if promised is None else promised.made,
        promises_kept=0 if promised is None else promised.kept,
        time_zone=lead.time_zone if lead is not None else (ties[0].time_zone if ties else "UTC"),
    )
