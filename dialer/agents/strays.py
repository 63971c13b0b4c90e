"""Calls that are up and have lost their agent: another one takes them over, or they end."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded_book import learn_campaigns
from core.columns import AnyRow, table_of
from customers.tables import Person
from dialer.agents.desk import Desk, takes
from dialer.agents.phones import Phones
from dialer.agents.steps import CallHandedOver, HangUp, PhoneMissing
from dialer.agents.tables import Agent
from dialer.agents.transitions import FREE, LOOKING, change_locked
from dialer.model import AnsweredBy, AttemptState
from dialer.tables import Attempt

_BY = "sweep"
_AGENT, _ATTEMPT = table_of(Agent), table_of(Attempt)

_CALLS = (
    sa.select(
        _ATTEMPT.c.attempt_id,
        _ATTEMPT.c.campaign,
        _ATTEMPT.c.state,
        _ATTEMPT.c.answered_by,
        _ATTEMPT.c.trunk,
        Person.language,
    )
    .join(Person, Person.person_id == _ATTEMPT.c.person_id)
    .where(
        _ATTEMPT.c.agent_id.is_not(None),
        _ATTEMPT.c.state != AttemptState.ENDED,
        _ATTEMPT.c.passed_on_at.is_(None),
    )
    .order_by(_ATTEMPT.c.attempt_id)
    .with_for_update(of=_ATTEMPT, skip_locked=True)
)
_STRAYS = _CALLS.where(~sa.exists().where(_AGENT.c.attempt_id == _ATTEMPT.c.attempt_id))
_LEFT = _CALLS.where(
    _ATTEMPT.c.attempt_id == sa.any_(sa.bindparam("left", type_=sa.ARRAY(sa.Uuid)))
)
_UNWANTED = sa.select(_AGENT.c.attempt_id).where(_AGENT.c.hang_up).order_by(_AGENT.c.agent_id)
_FREE = (
    sa.select(_AGENT)
    .where(FREE)
    .order_by(LOOKING, _AGENT.c.state_since, _AGENT.c.agent_id)
    .with_for_update(skip_locked=True)
)
_TAKES_OVER = (
    sa.update(_ATTEMPT)
    .where(_ATTEMPT.c.attempt_id == sa.bindparam("of_attempt"))
    .values(
        agent_id=sa.bindparam("to_agent"),
        met_at=sa.func.coalesce(_ATTEMPT.c.met_at, sa.bindparam("now")),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """A call without its agent; `room` is of whoever takes it over, None: it must end.

    `somebody_listens` says that an owner is on the line, who is told before it ends.
    """

    attempt_id: UUID
    room: str | None
    somebody_listens: bool = False


async def to_hang_up(session: AsyncSession, mine: Collection[UUID]) -> list[UUID]:
    """Return the calls this process carries that their agents want ended."""
    found = await session.execute(_UNWANTED)
    return [attempt_id for attempt_id in found.scalars() if attempt_id in mine]


async def take_strays(
    session: AsyncSession,
    *,
    mine: Collection[UUID],
    has_rooms: bool,
    desk: Desk,
    now: datetime,
    phones: Phones | None = None,
    left: Sequence[AnyRow] = (),
) -> list[Stray]:
    """Give each call that lost its agent to a ready one, or to nobody; the caller acts on both.

    Args:
        session: its transaction reserves the agents; commit it, then move or hang up.
        mine: the calls this process carries; others are left to theirs.
        has_rooms: whether the bridge can move a call.
        desk: whose campaigns an agent takes.
        now: aware.
        phones: which agents can be heard on which trunk; None: all on all.
        left: agents, held, who hung their phone up in a talk. Where a colleague takes it over, that
            one writes it down; else the talk is over for them, as if they had ended it.
    """
    rows = [row for row in await session.execute(_STRAYS) if row.attempt_id in mine]
    by_call = {agent.attempt_id: agent for agent in left}
    rows += await session.execute(_LEFT, {"left": list(by_call)}) if by_call else []
    if not rows:
        return []
    await learn_campaigns(session, [row.campaign for row in rows], desk.campaigns)
    free = list(await session.execute(_FREE)) if has_rooms else []
    strays = []
    for row in rows:
        is_talk = _is_talk(row)
        fitting = (each for each in free if is_talk and _fits(each, row, desk, phones))
        agent = next(fitting, None)
        leaving = by_call.get(row.attempt_id)
        if leaving is not None:
            step = HangUp() if agent is None else PhoneMissing(attempt_id=row.attempt_id)
            await change_locked(session, leaving, step, by=_BY, why="phone_gone", now=now)
        if agent is not None:
            free.remove(agent)
            await hand_over(session, agent, row.attempt_id, by=_BY, now=now)
        room = None if agent is None else agent.room
        strays.append(Stray(attempt_id=row.attempt_id, room=room, somebody_listens=is_talk))
    return strays


def _is_talk(row: AnyRow) -> bool:
    """Say whether somebody is on the line: what only rings is ended, not handed over."""
    return row.state is AttemptState.ANSWERED and row.answered_by is not AnsweredBy.MACHINE


def _fits(agent: AnyRow, row: AnyRow, desk: Desk, phones: Phones | None) -> bool:
    speaks = not agent.languages or row.language in agent.languages
    is_heard = phones is None or phones.can_take(agent, row.trunk)
    return speaks and is_heard and takes(agent, desk.campaigns.get(row.campaign))


async def hand_over(
    session: AsyncSession,
    agent: AnyRow,
    attempt_id: UUID,
    *,
    by: str,
    why: str = "handed_over",
    now: datetime,
) -> None:
    """Let a free agent, whose row is held, have a call that is up."""
    taken = CallHandedOver(attempt_id=attempt_id)
    await change_locked(session, agent, taken, by=by, why=why, now=now)
    taking = {"of_attempt": attempt_id, "to_agent": agent.agent_id, "now": now}
    await session.execute(_TAKES_OVER, taking)
