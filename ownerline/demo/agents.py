"""Invented agents: they sign in, eat, read what is shown, skip, speak, write down and vanish."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock, Signal
from core.columns import AnyRow, table_of
from dialer.agents import offers, service
from dialer.agents.desk import Desk
from dialer.agents.keeper import Keeper
from dialer.agents.model import BreakReason, SkipReason
from dialer.agents.states import Break, Offered, Offline, Ready, Standing, WrapUp
from dialer.agents.tables import Agent
from dialer.agents.transitions import lock_agent, standing_of
from dialer.bridges.port import CallEnded, CallEvent, CallInRoom, OutboundCall
from dialer.bridges.simulated.draws import stable_random
from dialer.bridges.simulated.line import Line
from dialer.bridges.simulated.rooms import Rooms
from dialer.engine.engine import Engine
from dialer.model import AnsweredBy
from dialer.talk import TalkHost
from ownerline.demo.wrapping import write_down

_OWNERS_AN_AGENT = 400
_FEWEST = 2
_NAMES = ("陈洁", "李强", "王芳", "刘洋", "张敏", "赵磊", "孙丽", "周涛", "吴静", "郑凯")
_COMES, _LUNCH, _BACK, _GOES = wall_time(9), wall_time(12), wall_time(13, 55), wall_time(19, 40)
_LATE_UP_TO_S = 900
_LOOKS_S = (10.0, 40.0)  # at the file, before a call rings
_WRITES_S = (15.0, 75.0)
_SKIPS_SHARE = 0.06
_VANISHES_SHARE = 0.05  # of the talks
_FORGETS_SHARE = 0.03  # of the wrap-ups
_AWAY = timedelta(minutes=12)
_LOOKS_AGAIN = timedelta(minutes=5)

_ROW = sa.select(table_of(Agent)).where(Agent.agent_id == sa.bindparam("agent_id"))


@dataclass(kw_only=True)
class _Person:
    """One agent and what they are up to."""

    agent_id: int
    name: str
    room: str
    rng: Random
    signal: Signal = field(default_factory=Signal)
    vanished_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What agents work with: their desk, the engine that rings for them, their rooms."""

    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    desk: Desk
    engine: Engine
    keeper: Keeper
    rooms: Rooms
    host: TalkHost


class InventedAgents:
    """A shift of agents on the clock; their draws depend on the seed, their name and the day."""

    def __init__(self, means: Means, *, seed: int, zone: str) -> None:
        self._means = means
        self._seed = seed
        self._zone = ZoneInfo(zone)
        self._people: dict[str, _Person] = {}  # by room
        self._room_of: dict[UUID, str] = {}
        self._shifts: list[asyncio.Task[None]] = []

    async def hire(self, owners: int, *, but: frozenset[str] = frozenset()) -> None:
        """Put agents on the roster, unless an earlier day did; those named act for themselves."""
        means = self._means
        count = _FEWEST + owners // _OWNERS_AN_AGENT
        async with means.sessions.begin() as session:
            rows = await service.roster(session)
            for number in range(count if not rows else 0):
                await service.add_agent(session, name=_name(number), now=means.clock.now())
            rows = await service.roster(session)
        for row in rows:
            if row.name in but:
                continue
            person = _Person(agent_id=row.agent_id, name=row.name, room=row.room, rng=Random())
            self._people[row.room] = person
            means.rooms.enter(row.room, self._speaker(person))

    def work(self, day: date) -> None:
        """Let everybody's shift of the day begin."""
        for person in self._people.values():
            person.rng = stable_random(self._seed, "agent", person.name, day)
            self._shifts.append(self._means.clock.spawn(self._shift(person, day)))

    def check(self) -> None:
        """Raise what went wrong on any shift that is over."""
        for shift in self._shifts:
            if shift.done():
                shift.result()
        self._shifts = [shift for shift in self._shifts if not shift.done()]

    def placed(self, call: OutboundCall) -> None:
        """Note whose call was placed."""
        if call.room is not None:
            self._room_of[call.attempt_id] = call.room

    async def heard(self, event: CallEvent) -> None:
        """Wake the agent whose call has ended; an observer of the calls."""
        if isinstance(event, CallInRoom):
            self._room_of[event.attempt_id] = event.room  # perhaps of a colleague who took it over
        elif isinstance(event, CallEnded):
            room = self._room_of.pop(event.attempt_id, None)
            if room in self._people:
                self._people[room].signal.set()
                self._means.keeper.nudge()

    # A shift.

    async def _shift(self, person: _Person, day: date) -> None:
        clock, rng = self._means.clock, person.rng
        await clock.sleep_until(self._at(day, _COMES, rng))
        lunch, back = self._at(day, _LUNCH, rng), self._at(day, _BACK, rng)
        goes_at = self._at(day, _GOES, rng)
        eaten = False
        while True:
            now = clock.now()
            standing = await self._standing(person)
            if now >= goes_at and isinstance(standing, Ready | Break | Offered | Offline):
                await self._leave(person, standing)
                return
            if not eaten and lunch <= now < back and isinstance(standing, Ready | Offered):
                await self._eat(person, back)
                eaten = True
            else:
                await self._do(person, standing, goes_at)

    async def _do(self, person: _Person, standing: Standing, goes_at: datetime) -> None:
        """Do what is next from where the agent stands."""
        now = self._means.clock.now()
        match standing:
            case Offline() if person.vanished_until is not None and now < person.vanished_until:
                await self._means.clock.sleep_until(person.vanished_until)
            case Offline():
                await self._come(person)
            case Break():
                async with self._means.sessions.begin() as session:
                    await service.become_ready(session, person.agent_id, now=now)
            case Ready():
                await self._look(person, goes_at)
            case Offered() if not standing.dial:
                await self._decide(person)
            case WrapUp():
                await self._write(person, standing)
            case _:  # a call is on its way or up; whoever vanished waits for nothing
                await self._means.clock.wait(person.signal, now + _LOOKS_AGAIN)

    async def _come(self, person: _Person) -> None:
        person.vanished_until = None
        async with self._means.sessions.begin() as session:
            await service.sign_in(session, person.agent_id, now=self._means.clock.now())
            # The screen beats as often as it must; when it vanishes its last beat is written.
            at = self._means.clock.now() + timedelta(days=1)
            await service.beat(session, person.agent_id, at=at)

    async def _leave(self, person: _Person, standing: Standing) -> None:
        if not isinstance(standing, Offline):
            async with self._means.sessions.begin() as session:
                await service.sign_out(session, person.agent_id, now=self._means.clock.now())

    async def _eat(self, person: _Person, back: datetime) -> None:
        async with self._means.sessions.begin() as session:
            await service.take_break(
                session, person.agent_id, BreakReason.LUNCH, now=self._means.clock.now()
            )
        await self._means.clock.sleep_until(back)

    async def _look(self, person: _Person, goes_at: datetime) -> None:
        means = self._means
        async with means.sessions.begin() as session:
            now = means.clock.now()
            shown = await offers.next_offer(session, person.agent_id, desk=means.desk, now=now)
        if shown is None:
            await means.clock.wait(person.signal, min(now + _LOOKS_AGAIN, goes_at))

    async def _decide(self, person: _Person) -> None:
        means, rng = self._means, person.rng
        await means.clock.sleep(rng.uniform(*_LOOKS_S))
        skips = rng.random() < _SKIPS_SHARE
        async with means.sessions.begin() as session:
            now = means.clock.now()
            if not isinstance(standing_of(await lock_agent(session, person.agent_id)), Offered):
                return  # whoever only looks may be given a call that is up, or be too late
            if skips:
                reason = rng.choice(tuple(SkipReason))
                await offers.skip(session, person.agent_id, reason, desk=means.desk, now=now)
            else:
                await offers.ask_to_dial(session, person.agent_id, desk=means.desk, now=now)
        if not skips:
            means.engine.nudge()
            means.keeper.nudge()
            await means.clock.wait(person.signal, now + means.desk.rules.dial)

    async def _write(self, person: _Person, owed: WrapUp) -> None:
        means = self._means
        if person.rng.random() < _FORGETS_SHARE:
            means.keeper.nudge()
            await means.clock.sleep_until(owed.until + timedelta(seconds=2))
            return
        await means.clock.sleep(person.rng.uniform(*_WRITES_S))
        if isinstance(await self._standing(person), WrapUp):  # not too late for it
            now = means.clock.now()
            async with means.sessions.begin() as session:
                await write_down(
                    session, person.agent_id, owed.attempt_id, desk=means.desk, now=now
                )

    # A talk.

    def _speaker(self, person: _Person) -> "_Speaker":
        return _Speaker(self._means, person)

    async def _standing(self, person: _Person) -> Standing:
        async with self._means.sessions() as session:
            row: AnyRow = (await session.execute(_ROW, {"agent_id": person.agent_id})).one()
        return standing_of(row)

    def _at(self, day: date, clock_time: wall_time, rng: Random) -> datetime:
        exact = datetime.combine(day, clock_time, self._zone)
        return exact + timedelta(seconds=rng.randrange(_LATE_UP_TO_S))


class _Speaker:
    """An agent's voice: walks the script with whoever is on the line."""

    def __init__(self, means: Means, person: _Person) -> None:
        self._means = means
        self._person = person

    async def __call__(self, line: Line) -> None:
        """Speak until the script or the owner is done, or the agent's screen goes dark."""
        attempt_id, rng = line.order.attempt_id, self._person.rng
        vanishes_after = rng.randint(1, 3) if rng.random() < _VANISHES_SHARE else None
        turn = await self._means.host.open(attempt_id, AnsweredBy.HUMAN)
        spoken = 0
        while line.is_up():
            if spoken == vanishes_after:
                await self._vanish()
                return
            reply = await line.say(turn)
            spoken += 1
            if turn.hang_up or turn.transfer is not None:
                line.hang_up()
                return
            turn = await self._means.host.reply(attempt_id, reply)

    async def _vanish(self) -> None:
        means, person = self._means, self._person
        person.vanished_until = means.clock.now() + _AWAY
        async with means.sessions.begin() as session:
            await service.beat(session, person.agent_id, at=means.clock.now())
        means.keeper.nudge()


def _name(number: int) -> str:
    nth, name = divmod(number, len(_NAMES))
    return _NAMES[name] + (str(nth + 1) if nth else "")
