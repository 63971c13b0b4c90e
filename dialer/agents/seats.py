"""Agents' phones through the day: rung at sign-in and when asked, looked after, and let go.

Several dialers look at the same floor. Who sees a phone in its room says so on the agent's row; the
row's lock decides who rings.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from core.live import Topic, tell
from customers.service import audit
from dialer.agents.endpoints import check_endpoint
from dialer.agents.model import (
    AgentState,
    AgentStateError,
    NotSignedInError,
    UnknownAgentError,
)
from dialer.agents.phones import Phones
from dialer.agents.steps import PhoneMissing
from dialer.agents.tables import Agent
from dialer.agents.transitions import change_locked, lock_agent
from dialer.bridges.floor import Floor, PhoneTrouble
from dialer.model import AttemptState
from dialer.tables import Attempt

_BY = "dialer"
_AGENT, _ATTEMPT = table_of(Agent), table_of(Attempt)

# A phone that is not picked up is rung again after so long, doubled each time, and then no more
# until somebody asks: house.
FIRST_PAUSE = timedelta(seconds=30)
MOST_RINGS = 5
# Who sees a phone says so this often; what nobody has seen for longer than the other is not there.
_SEEN_EVERY = timedelta(seconds=5)
_SEEN_WITHIN = timedelta(seconds=15)
# Whose phone is wanted in its room. On a break it stays there, but is not rung for.
_AT_WORK = frozenset(set(AgentState) - {AgentState.BREAK, AgentState.OFFLINE})

_ASKED_ANEW: dict[str, Any] = {"phone_asked": True, "phone_rings": 0, "phone_trouble": None}

_LOOKED_AFTER = (
    sa.select(
        _AGENT,
        sa.func.coalesce(
            sa.bindparam("screen_now", type_=sa.DateTime(timezone=True)), sa.func.clock_timestamp()
        ).label("real_now"),
    )
    .where(
        _AGENT.c.endpoint.is_not(None),
        sa.or_(
            _AGENT.c.state != AgentState.OFFLINE,
            _AGENT.c.seated_on.is_not(None),
            _AGENT.c.room == sa.any_(sa.bindparam("seated", type_=sa.ARRAY(sa.Text))),
        ),
    )
    .order_by(_AGENT.c.agent_id)
    .with_for_update(skip_locked=True)
)
_SPEAKING = (
    sa.select(_AGENT, _ATTEMPT.c.trunk)
    .join(_ATTEMPT, _ATTEMPT.c.attempt_id == _AGENT.c.attempt_id)
    .where(
        _AGENT.c.state.in_([AgentState.RESERVED, AgentState.ON_CALL]),
        ~_AGENT.c.hang_up,
        _ATTEMPT.c.attempt_id == sa.any_(sa.bindparam("mine", type_=sa.ARRAY(sa.Uuid))),
        _ATTEMPT.c.state != AttemptState.ENDED,
    )
    .order_by(_AGENT.c.agent_id)
    .with_for_update(of=_AGENT, skip_locked=True)
)


class NoPhoneError(AgentStateError):
    """An agent without an endpoint has no phone to ring; give them one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeatOrder:
    """What a dialer does to an agent's phone, once the row says so: ring it, or hang it up."""

    agent_id: int
    room: str
    endpoint: str | None  # None: hang it up


@dataclass(frozen=True, kw_only=True, slots=True)
class PhonesSeen:
    """What one look at all phones came to."""

    orders: tuple[SeatOrder, ...]
    next_ring_at: datetime | None  # by itself


async def ask_for_phone(session: AsyncSession, agent_id: int, *, by: str, now: datetime) -> None:
    """Let an agent's phone be rung into its room now, however often it was not picked up.

    Raises:
        UnknownAgentError: no such agent.
        NoPhoneError: the agent has no endpoint.
        AgentStateError: the agent is not signed in.
    """
    agent = await lock_agent(session, agent_id)
    if agent.endpoint is None:
        message = f"agent {agent_id} has no phone; give them an endpoint: PJSIP/101, client:name"
        raise NoPhoneError(message)
    if agent.state is AgentState.OFFLINE:
        message = f"agent {agent_id} is not signed in: sign in first, and the phone rings"
        raise NotSignedInError(message)
    await ask_anew(session, agent_id)
    await audit(
        session, actor=by, action="agent_phone", subject=f"agent:{agent_id}", now=now, detail={}
    )
    await tell(session, Topic.AGENT, agent_id)


async def ask_anew(session: AsyncSession, agent_id: int) -> None:
    """Let a phone that is not in its room be rung at the next look; the row is held."""
    await session.execute(_write(agent_id, _ASKED_ANEW))


async def set_endpoint(
    session: AsyncSession, agent_id: int, endpoint: str | None, *, by: str, now: datetime
) -> None:
    """Give an agent another phone, or none; a phone that is in its room stays until it hangs up.

    Raises:
        UnknownAgentError: no such agent.
        EndpointError: it is no phone of ours.
    """
    check_endpoint(endpoint)
    written = await session.execute(
        _write(agent_id, {**_ASKED_ANEW, "endpoint": endpoint}).returning(_AGENT.c.agent_id)
    )
    if written.first() is None:
        raise UnknownAgentError(agent_id)
    await audit(
        session,
        actor=by,
        action="agent_endpoint",
        subject=f"agent:{agent_id}",
        detail={"endpoint": endpoint},
        now=now,
    )
    await tell(session, Topic.AGENT, agent_id)


async def look_after_phones(
    session: AsyncSession, floor: Floor, *, screen_now: datetime | None = None
) -> PhonesSeen:
    """Write down whose phone is where, and return what is to be rung or hung up.

    Args:
        session: its transaction holds the agents; commit it, then act.
        floor: of the bridge.
        screen_now: as in `sweep`.
    """
    orders: list[SeatOrder] = []
    rings: list[datetime] = []
    seats, troubles = floor.seats(), floor.troubles()
    looking = {"screen_now": screen_now, "seated": list(seats)}
    for agent in (await session.execute(_LOOKED_AFTER, looking)).all():
        look = _Look(agent, floor, place=seats.get(agent.room), trouble=troubles.get(agent.room))
        if look.writes:
            await session.execute(_write(agent.agent_id, look.writes))
            if look.is_news:
                await tell(session, Topic.AGENT, agent.agent_id)
        orders += look.orders
        rings += look.rings_at
    return PhonesSeen(orders=tuple(orders), next_ring_at=min(rings, default=None))


async def take_off_calls(
    session: AsyncSession, phones: Phones, *, mine: Collection[UUID], now: datetime
) -> list[AnyRow]:
    """See to agents whose phone has gone while they have a call that this process carries.

    Whose call only rings is taken off it: it is a stray from now on. Who was speaking is returned,
    held: `take_strays` looks for a colleague before they leave the call.
    """
    left = []
    for agent in (await session.execute(_SPEAKING, {"mine": list(mine)})).all():
        if not phones.has_lost(agent, agent.trunk):
            continue
        if agent.state is AgentState.ON_CALL:
            left.append(agent)
        else:
            missing = PhoneMissing(attempt_id=agent.attempt_id)
            await change_locked(session, agent, missing, by=_BY, why="phone_gone", now=now)
    return left


def pause(rings: int) -> timedelta:
    """Return how long a phone that was rung so often in vain is left alone."""
    doubled: timedelta = FIRST_PAUSE * 2 ** max(rings - 1, 0)
    return doubled


class _Look:
    """One look at one agent's phone: what it changes on the row, and what is to be done."""

    def __init__(
        self, agent: AnyRow, floor: Floor, *, place: str | None, trouble: PhoneTrouble | None
    ) -> None:
        self.writes: dict[str, Any] = {}
        self.orders: list[SeatOrder] = []
        self.rings_at: list[datetime] = []
        self._agent = agent
        self._floor = floor
        if agent.state is AgentState.OFFLINE:
            self._let_go(place)
        elif place is not None:
            self._is_there(place)
        elif agent.seated_on is None or self._has_gone(agent.seated_on):
            self._is_missing(trouble)

    @property
    def is_news(self) -> bool:
        """Whether anybody but the dialers wants to hear of it."""
        return bool(self.writes.keys() - {"seat_seen_at", "phone_rung_at", "phone_rings"})

    def _let_go(self, place: str | None) -> None:
        self._note(seated_on=None, phone_trouble=None, phone_asked=False, phone_rings=0)
        if place is not None:
            self._order(None)

    def _is_there(self, place: str) -> None:
        self._note(seated_on=place, phone_trouble=None, phone_asked=False, phone_rings=0)
        seen_at, real_now = self._agent.seat_seen_at, self._agent.real_now
        if self.writes or seen_at is None or seen_at <= real_now - _SEEN_EVERY:
            self.writes["seat_seen_at"] = real_now

    def _has_gone(self, place: str) -> bool:
        """Say whether a phone that was seen is gone; another dialer may see what we cannot."""
        seen_at = self._agent.seat_seen_at
        return (
            self._floor.is_known(place)
            or seen_at is None
            or seen_at <= self._agent.real_now - _SEEN_WITHIN
        )

    def _is_missing(self, trouble: PhoneTrouble | None) -> None:
        agent = self._agent
        was_there = agent.seated_on is not None
        server_died = was_there and not self._floor.is_known(agent.seated_on)
        self._note(seated_on=None, phone_trouble=trouble)
        if agent.phone_asked or server_died or (not was_there and self._is_due()):
            self._note(phone_asked=False, phone_trouble=None)
            self.writes |= {"phone_rung_at": agent.real_now, "phone_rings": agent.phone_rings + 1}
            self._order(agent.endpoint)
        elif was_there:  # hung up: it is left alone for a while
            self.writes["phone_rung_at"] = agent.real_now
        elif (ring_at := self._ring_at()) is not None:
            self.rings_at.append(ring_at)

    def _is_due(self) -> bool:
        ring_at = self._ring_at()
        return ring_at is not None and ring_at <= self._agent.real_now

    def _ring_at(self) -> datetime | None:
        """Return when the phone is rung by itself; None: not before somebody asks."""
        agent = self._agent
        if agent.state not in _AT_WORK or agent.phone_rings >= MOST_RINGS:
            return None
        since: datetime | None = agent.phone_rung_at
        return agent.state_since if since is None else since + pause(agent.phone_rings)

    def _note(self, **values: Any) -> None:
        """Write what differs from the row."""
        changed = {
            name: value for name, value in values.items() if getattr(self._agent, name) != value
        }
        for name in values:
            self.writes.pop(name, None)
        self.writes |= changed

    def _order(self, endpoint: str | None) -> None:
        agent = self._agent
        self.orders.append(SeatOrder(agent_id=agent.agent_id, room=agent.room, endpoint=endpoint))


def _write(agent_id: int, values: dict[str, Any]) -> sa.Update:
    return sa.update(_AGENT).where(_AGENT.c.agent_id == agent_id).values(**values)
