"""Agents' calls at a steady rate, by the functions a dialer commits them with; when each was kept.

Each agent's call is claimed, rings, is answered, ends, and is wrapped up; with many agents the
steps of different calls come in turn.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from bench.dialing import only_warnings
from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from core.clock import SystemClock
from core.database import create_engine, session_factory
from core.ids import IdSource
from core.live import Topic, tell
from customers.model import WrapUpCode
from dialer import states
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk
from dialer.agents.steps import CallPlaced
from dialer.agents.transitions import change
from dialer.agents.wrap_up import WrapUpForm, wrap_up
from dialer.bridges.port import CallAnswered, CallEnded, CallRinging
from dialer.model import AnsweredBy, TelephonyResult
from dialer.outcome import Settlement, settle
from dialer.progress import note_event
from scripts.library import load_library

_PLACE = sa.text("""
    WITH next AS (
        SELECT due_call_id, person_id, campaign FROM due_call
        WHERE state = 'waiting' AND reason = :reason ORDER BY due_call_id LIMIT 1
        FOR UPDATE SKIP LOCKED
    ), added AS (
        INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                             agent_id, state, started_at, submitted_at)
        SELECT :attempt_id, person_id, phone_id, e164, 'simulated', 'a', 'agent', campaign,
               :agent_id, 'submitted', :now, :now
        FROM next JOIN phone USING (person_id)
    ), served AS (
        INSERT INTO attempt_due_call (attempt_id, due_call_id, position)
        SELECT :attempt_id, due_call_id, 0 FROM next
    )
    UPDATE due_call SET state = 'claimed', attempts = attempts + 1
    WHERE due_call_id = (SELECT due_call_id FROM next)
    RETURNING due_call_id
""")
_OUTCOMES = {"repair": WrapUpCode.SATISFIED, "overdue": WrapUpCode.ALREADY_PAID}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One event: whose desk shows it, as what, since when; a look `at` that or later has it."""

    agent_id: int
    shows: str  # the state and the mark of the desk
    at: datetime
    at_s: float  # the commit begins


@dataclass(slots=True)
class _Seat:
    """An agent, and the call they have."""

    agent_id: int
    reason: str
    attempt_id: UUID = field(default_factory=lambda: UUID(int=0))
    due_call_id: int = 0
    step: int = 0


class Calls:
    """Takes one step after the other."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, name="bench")
        self._sessions = session_factory(self._engine)
        self._clock = SystemClock()
        self._ids = IdSource(self._clock, random.Random(1))
        self._settlement = Settlement(campaigns=shipped_campaigns(), library=load_library())
        self._desk = Desk(
            settlement=self._settlement,
            packs=shipped_packs(),
            bridge="simulated",
            bridge_is_real=False,
        )
        self._calls = AgentCalls(self._desk, ids=self._ids)

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    async def step(self, seat: _Seat) -> Kept:
        """Take an agent's next step and return when it was committed, and what shows it."""
        steps: Sequence[Callable[[AsyncSession, _Seat], Awaitable[str]]] = (
            self._place,
            self._answer,
            self._end,
            self._wrap_up,
        )
        async with self._sessions.begin() as session:
            shows = await steps[seat.step](session, seat)
            at_s = time.monotonic()
        at = self._clock.now()
        seat.step = (seat.step + 1) % len(steps)
        return Kept(agent_id=seat.agent_id, shows=shows, at=at, at_s=at_s)

    async def _place(self, session: AsyncSession, seat: _Seat) -> str:
        now, seat.attempt_id = self._clock.now(), self._ids.new()
        placing = {"reason": seat.reason, "attempt_id": seat.attempt_id, "now": now}
        placed = await session.execute(_PLACE, {**placing, "agent_id": seat.agent_id})
        seat.due_call_id = int(placed.scalar_one())
        step = CallPlaced(attempt_id=seat.attempt_id)
        await change(session, seat.agent_id, step, by="dialer", why=seat.reason, now=now)
        rings = CallRinging(attempt_id=seat.attempt_id, at=now)
        await note_event(session, rings, None)
        self._calls.follow(seat.attempt_id)
        return f"ringing call-{seat.attempt_id}"

    async def _answer(self, session: AsyncSession, seat: _Seat) -> str:
        answer = CallAnswered(
            attempt_id=seat.attempt_id, at=self._clock.now(), answered_by=AnsweredBy.HUMAN
        )
        noted = await note_event(session, answer, None)
        await self._follow(session, seat, noted.state)
        return f"talking call-{seat.attempt_id}"

    async def _end(self, session: AsyncSession, seat: _Seat) -> str:
        end = CallEnded(
            attempt_id=seat.attempt_id,
            at=self._clock.now(),
            result=TelephonyResult.ANSWERED,
            hangup_cause=16,
            sip_code=None,
            seconds=40.0,
        )
        await self._follow(session, seat, await settle(session, end, self._settlement))
        return f"wrapup wrap-{seat.attempt_id}"

    async def _wrap_up(self, session: AsyncSession, seat: _Seat) -> str:
        form = WrapUpForm(due_call_id=seat.due_call_id, code=_OUTCOMES[seat.reason])
        await wrap_up(
            session,
            seat.agent_id,
            seat.attempt_id,
            [form],
            desk=self._desk,
            now=self._clock.now(),
        )
        return "ready ready"

    async def _follow(
        self, session: AsyncSession, seat: _Seat, state: states.Attempt | None
    ) -> None:
        if state is None:
            message = f"call {seat.attempt_id} is none that is up"
            raise LookupError(message)
        await self._calls.followed(session, seat.attempt_id, state)
        await tell(session, Topic.ATTEMPT, str(seat.attempt_id))


def make_calls(url: str, agent_ids: Sequence[int], pipe: Connection) -> None:
    """Take steps as told over the pipe, a rate and a number each time, until told None."""
    only_warnings()
    asyncio.run(_make_calls(url, agent_ids, pipe))


async def _make_calls(url: str, agent_ids: Sequence[int], pipe: Connection) -> None:
    calls = Calls(url)
    reasons = sorted(_OUTCOMES)
    seats = [_Seat(agent_id=each, reason=reasons[n % 2]) for n, each in enumerate(agent_ids)]
    for n, seat in enumerate(seats):  # three in four have a call of some state already
        for _ in range(n % 4):
            await calls.step(seat)
    pipe.send("ready")
    turn = 0
    while (told := await asyncio.to_thread(pipe.recv)) is not None:
        rate, number = told
        began_s, kept = time.monotonic() + 0.1, list[Kept]()
        for n in range(number):
            await asyncio.sleep(began_s + n / rate - time.monotonic())
            kept.append(await calls.step(seats[turn % len(seats)]))
            turn += 1
        pipe.send(kept)
    await calls.close()
