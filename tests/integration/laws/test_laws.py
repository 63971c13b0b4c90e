"""The laws of the dialer under any order of events, on the real database."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncSession

from callback.building import build_lists
from callback.campaigns import Dialling
from core.database import create_engine, session_factory
from dialer.control import arm, disarm, pause_campaign, resume, resume_campaign, stop
from dialer.model import AnsweredBy, TelephonyResult
from scripts.library import load_library
from scripts.model import AskKind, Reply, ReplyKind, Turn
from tests.integration.laws import standing
from tests.integration.laws.agents import AgentsAtWork
from tests.integration.laws.incoming import ThingsComeIn
from tests.integration.laws.lists import ListsComeAndGo
from tests.integration.laws.machine import one, which
from tests.integration.laws.manual_bridge import Line, Submission
from tests.integration.laws.restores import Restores
from tests.integration.laws.world import MOST_DIALERS, World

T = TypeVar("T")

# A weekend on which American clocks change, either way, and days before a survey opens.
STARTS = (
    datetime(2026, 3, 6, 2, tzinfo=UTC),
    datetime(2026, 6, 12, 2, tzinfo=UTC),
    datetime(2026, 10, 30, 2, tzinfo=UTC),
)
NOT_ANSWERED = (
    TelephonyResult.NO_ANSWER,
    TelephonyResult.BUSY,
    TelephonyResult.REJECTED,
    TelephonyResult.INVALID_NUMBER,
    TelephonyResult.CONGESTION,
    TelephonyResult.CARRIER_ERROR,
    TelephonyResult.CANCELLED,
)
KEYS = st.lists(st.one_of(st.just(0), st.integers(0, 11)), min_size=3, max_size=14)


class Laws(ThingsComeIn, AgentsAtWork, ListsComeAndGo, Restores):
    """Anything may happen in any order; the invariants are the laws."""

    @initialize(
        start=st.sampled_from(STARTS),
        is_real=st.booleans(),
        dialling=st.sampled_from([None, *Dialling]),
    )
    def people_move_in(self, start: datetime, is_real: bool, dialling: Dialling | None) -> None:
        self.world = World(
            sessions=self.sessions,
            start=start,
            is_real=is_real,
            library=self.library,
            dialling=dialling,
        )
        self.do(self.world.settle_in())
        if is_real:
            self.write(lambda session: arm(session, by="test", now=self.world.now))
        self.do(self.world.start_dialer())
        self.lists_are_built()
        self.do(self.world.dial(2))

    def teardown(self) -> None:
        self.do(self.everything_comes_to_an_end())
        self.hold()
        for dialer in tuple(self.world.dialers):
            self.do(self.world.crash(dialer))

    async def everything_comes_to_an_end(self) -> None:
        """Every line goes, unheard; a new dialer finds out and leaves nothing open."""
        for dialer in tuple(self.world.dialers):
            await self.world.crash(dialer)
        for line in self.world.network.up():
            self.world.network.end(line)
        await self.world.leases_run_out()
        await self.world.start_dialer()
        async with self.sessions.begin() as session:
            live = await session.scalar(
                sa.text("SELECT count(*) FROM attempt WHERE state <> 'ended'")
            )
        assert live == 0, f"{live} attempts outlived their lines"
        await self.agents_come_to_rest()

    async def agents_come_to_rest(self) -> None:
        """Within a few looks nobody is stuck, and nothing waits for an outcome."""
        world = self.world
        for _ in range(3):
            await world.clock.oversleep(world.now + timedelta(minutes=30))
            await world.clock.run(world.dialers[0].keeper.look())
        async with self.sessions() as session:
            assert not await standing.stuck(session)

    # What the house does.

    @rule()
    def lists_are_built(self) -> None:
        self.write(
            lambda session: build_lists(
                session, now=self.world.now, campaigns=self.world.desk.campaigns
            )
        )
        before = self.read(standing.due_calls)
        assert not self.read(lambda session: standing.missing(session, self.world.now))
        self.write(
            lambda session: build_lists(
                session, now=self.world.now, campaigns=self.world.desk.campaigns
            )
        )
        assert self.read(standing.due_calls) == before, "building twice changed something"

    @rule(turned=st.sampled_from(["stop", "disarm", "overdue", "repair"]), back=st.booleans())
    def a_switch_is_turned(self, turned: str, back: bool) -> None:
        """Somebody stops the dialling and perhaps thinks better of it after a look."""
        by, now = "test", self.world.now
        if turned == "stop":
            self.write(lambda session: stop(session, by=by, now=now))
        elif turned == "disarm":
            self.write(disarm)
        else:
            self.write(lambda session: pause_campaign(session, campaign=turned, by=by, now=now))
        self.do(self.world.dial(2))
        if back:
            self.write(resume)
            self.write(lambda session: arm(session, by=by, now=self.world.now))
            self.write(lambda session: resume_campaign(session, campaign=turned))

    @rule(
        submission=st.one_of(st.just(Submission.TAKEN), st.sampled_from(Submission)),
        seconds=st.sampled_from([1, 5, 30]),
        dialer=which,
    )
    def a_dialer_works(self, submission: Submission, seconds: int, dialer: int) -> None:
        self.world.network.set_weather(submission=submission)
        self.do(self.world.dial(seconds, dialer))

    @precondition(lambda self: self.world.dialers)
    @rule(dialer=which, lapsed=st.booleans())
    def a_dialer_crashes(self, dialer: int, lapsed: bool) -> None:
        self.do(self.world.crash(one(self.world.dialers, dialer), lapsed=lapsed))

    @rule(unsure=st.integers(0, 4))
    def every_dialer_crashes_and_one_starts_again(self, unsure: int) -> None:
        for dialer in tuple(self.world.dialers):
            self.do(self.world.crash(dialer))
        self.a_dialer_starts(unsure)

    @precondition(lambda self: len(self.world.dialers) < MOST_DIALERS)
    @rule(unsure=st.integers(0, 4))
    def a_dialer_starts(self, unsure: int) -> None:
        self.world.network.set_weather(deaf_fates=unsure)
        self.do(self.world.start_dialer())
        self.do(self.world.dial(2, -1))

    @rule()
    def the_dead_are_known_to_be_dead(self) -> None:
        self.do(self.world.leases_run_out())
        self.do(self.world.clock.drive(self.world.now + timedelta(minutes=1)))

    @rule(seconds=st.sampled_from([-3, 0, 0, 3]))
    def the_carriers_clock_goes_wrong(self, seconds: int) -> None:
        self.world.network.set_behind(timedelta(seconds=seconds))

    # What the network and the people on it do.

    @precondition(lambda self: self.world.network.up())
    @rule(line=which, by=st.sampled_from(AnsweredBy), told=st.booleans())
    def a_call_is_answered(self, line: int, by: AnsweredBy, told: bool) -> None:
        network = self.world.network
        rung = one(network.up(), line)
        if rung.answered_by is None:
            network.ring(rung)
            network.answer(rung, by)
        if told:
            self.run(network.tell_all())

    @precondition(lambda self: self.world.network.up())
    @rule(line=which, keys=KEYS)
    def a_call_runs_its_course(self, line: int, keys: list[int]) -> None:
        rung = one(self.world.network.up(), line)
        self.a_call_is_answered(line, by=AnsweredBy.HUMAN, told=True)
        self.run(self.talk(rung, [*keys, 11]))
        self.do(self.world.dial(1))

    @precondition(lambda self: self.talking())
    @rule(line=which, keys=KEYS)
    def somebody_talks(self, line: int, keys: list[int]) -> None:
        self.run(self.talk(one(self.talking(), line), keys))

    @precondition(lambda self: self.world.network.up())
    @rule(line=which, result=st.sampled_from(NOT_ANSWERED), told=st.booleans())
    def a_call_ends(self, line: int, result: TelephonyResult, told: bool) -> None:
        self.world.network.end(one(self.world.network.up(), line), result)
        if told:
            self.run(self.world.network.tell_all())
            self.do(self.world.dial(1))

    @precondition(lambda self: self.world.network.untold)
    @rule(index=which)
    def an_event_is_heard_in_any_order(self, index: int) -> None:
        self.run(self.world.network.tell(index))

    @precondition(lambda self: self.world.network.untold)
    @rule(index=which)
    def an_event_is_lost(self, index: int) -> None:
        self.world.network.lose(index)

    @precondition(lambda self: self.world.network.told)
    @rule(index=which)
    def an_event_is_heard_again(self, index: int) -> None:
        self.run(self.world.network.tell_again(index))

    # Time.

    @rule(minutes=st.sampled_from([1, 5, 16, 35, 245]), told=st.booleans())
    def time_passes(self, minutes: int, told: bool) -> None:
        self.jump(self.world.now + timedelta(minutes=minutes), told=told)

    @rule(
        zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "America/Los_Angeles"]),
        hour=st.sampled_from([7, 8, 9, 11, 14, 19, 20]),
        days=st.sampled_from([0, 1, 2, 3, 8]),
        told=st.booleans(),
    )
    def another_day_comes(self, zone: str, hour: int, days: int, told: bool) -> None:
        local = self.world.now.astimezone(ZoneInfo(zone))
        when = datetime.combine(
            local.date() + timedelta(days=days), time(hour, 30), tzinfo=local.tzinfo
        )
        self.jump(when, told=told)
        self.lists_are_built()
        self.do(self.world.dial(10))

    def jump(self, when: datetime, *, told: bool) -> None:
        """Let time pass; no line outlives the longest call."""
        world = self.world
        for line in world.network.up():
            if when - line.placed_at > timedelta(minutes=10):
                world.network.end(line, TelephonyResult.NO_ANSWER)
        if told:
            self.run(world.network.tell_all())
        self.do(world.clock.oversleep(max(when, world.now)))
        self.do(world.dial(5))

    # The laws.

    @invariant()
    def hold(self) -> None:
        if not hasattr(self, "world"):
            return

        async def look(session: AsyncSession) -> None:
            assert not await standing.broken(session)
            calls = {row.due_call_id for row in await standing.due_calls(session)}
            assert calls >= self.seen, f"due calls {self.seen - calls} have vanished"
            self.seen = calls
            steps = await standing.ladder_steps(session)
            for charge_id, step in self.steps.items():
                assert steps[charge_id] >= step, f"the ladder of charge {charge_id} went back"
            self.steps = steps

        self.read(look)

    # How.

    def talking(self) -> list[Line]:
        """Return the lines on which somebody can be heard."""
        return [
            line
            for line in self.world.network.up()
            if line.answered_by is not None and line.call.room is None
        ]

    async def talk(self, line: Line, keys: list[int]) -> None:
        """Press one key after the other, mostly such as were asked for."""
        network = self.world.network
        if line.turn is None and line.call.room is None:  # with an agent the house speaks itself
            await network.say(line, None)
        for key in keys:
            if not line.up or line.turn is None:
                break
            await self.world.clock.sleep(5)
            await network.say(line, _reply(line.turn, key, now=self.world.now))
        await network.tell_all()


def _reply(turn: Turn, key: int, *, now: datetime) -> Reply:
    if turn.ask is None or key == 11:
        return Reply(kind=ReplyKind.HUNG_UP)
    if key == 10:
        return Reply(kind=ReplyKind.SILENCE)
    if key == 9:
        return Reply(kind=ReplyKind.KEYS, value="9")
    if turn.ask.kind is AskKind.RECORD:
        return Reply(kind=ReplyKind.RECORDING, value="words", seconds=3.0)
    known = sorted(turn.ask.keys) or ["1"]
    values = {
        AskKind.DIGITS: "2468" if key else "1111",
        AskKind.AMOUNT: str(50 * (key + 1)),
        AskKind.DATE: f"{now.date() + timedelta(days=key):%m%d}",
        AskKind.TIME: f"{9 + key:02d}30",
    }
    value = values.get(turn.ask.kind, known[key % len(known)])
    return Reply(kind=ReplyKind.KEYS, value=value)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_any_order_of_events_keeps_the_laws(database_url: str, runner: asyncio.Runner) -> None:
    engine = create_engine(database_url, name="laws")

    class OnThisDatabase(Laws):
        sessions = session_factory(engine)
        library = load_library()

    OnThisDatabase.runner = runner
    deep = not settings().derandomize
    try:
        run_state_machine_as_test(
            OnThisDatabase,
            settings=settings(
                max_examples=400 if deep else 25,
                stateful_step_count=60 if deep else 35,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        runner.run(engine.dispose())
