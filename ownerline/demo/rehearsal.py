"""The demo day from end to end: a home, an invented company, its lists, its calls, the figures."""

import asyncio
import dataclasses
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from zoneinfo import ZoneInfo

import structlog

from callback.building import build_lists
from callback.campaigns import Dialling, shipped_campaigns
from core.clock import VirtualClock
from core.database import server_options
from core.postgres.lease import embedded_server
from core.settings import Settings
from dialer.answer_chance import learn_answer_chances
from dialer.bridges.port import TrunkLimits
from dialer.bridges.simulated.rooms import Rooms
from ownerline.carrier import LEDGER_FILE, open_carrier
from ownerline.demo.agents import InventedAgents, Means
from ownerline.demo.campaigns import FILE as CAMPAIGNS_FILE
from ownerline.demo.campaigns import write_campaigns
from ownerline.demo.company import invent_company
from ownerline.demo.doubles import DoubleTally
from ownerline.demo.figures import Figures
from ownerline.demo.happenings import Outside, with_payers
from ownerline.demo.home import REPORTS, DemoHome, Played
from ownerline.demo.memory import memory_mib
from ownerline.demo.reading import Rehearsed, read_figures
from ownerline.demo.report import write_report
from ownerline.demo.rows import copy_in
from ownerline.demo.watching import ObservedBridge, Observer
from ownerline.drain import drive_day
from ownerline.instants import day_end
from ownerline.population import population_of
from ownerline.runtime import Runtime, open_runtime
from ownerline.usage import WrongUsageError
from ownerline.wiring import Rehearsing, make_rehearsal

log = structlog.get_logger(__name__)

ZONE = "Asia/Shanghai"
# A Wednesday inside the quarter's survey window, and no holiday.
DEFAULT_DAY = date(2026, 12, 16)
DEFAULT_OWNERS = 2_000
DEFAULT_SEED = 1

_LISTS_ARE_BUILT_AT = wall_time(6)
_OWNERS_A_CALL_A_SECOND = 250
_CALL_LASTS_S = 60
# What the demo's throw-away server may lose is a second's work, and only when the machine dies.
_HASTE = {"synchronous_commit": "off"}


class PlayedAlreadyError(WrongUsageError):
    """A kept demo goes on after its last day, with its own company."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is played; None: the kept demo's own, else the default."""

    owners: int | None = None
    seed: int | None = None
    day: date | None = None
    days: int = 1
    keep: bool = False
    agents_calls: Dialling | None = None  # how calls reach agents; None: as before, or with preview


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """What is played once the home is known."""

    owners: int
    seed: int
    first_day: date
    days: int
    fresh: bool

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)


class Stage:
    """One rehearsal while it plays: what a display may look at."""

    def __init__(self, runtime: Runtime, clock: VirtualClock, part: _Part) -> None:
        self.runtime = runtime
        self.clock = clock
        self.owners = part.owners
        self.seed = part.seed
        self.days = [part.first_day + timedelta(days=nth) for nth in range(part.days)]
        self.started_at = clock.now()
        self.ends_at = day_end(_morning(part.last_day), ZONE)


async def rehearse(
    settings: Settings,
    plan: Plan,
    *,
    observer_of: Callable[[Stage], Observer] | None = None,
) -> Figures:
    """Play the days in the demo's own home, leave the report there, and return what happened.

    Args:
        settings: of the installation below whose home the demo's lies.
        plan: what is played.
        observer_of: makes what hears every event of the calls, for a display.

    Raises:
        ForeignFolderError: the folder of the demo's home was made by somebody else.
        DemoBusyError: another demo plays there.
        PlayedAlreadyError: a kept demo was asked for a day it has lived, or for other owners.
    """
    started_s = time.perf_counter()
    home = DemoHome.below(settings.home)
    with home.held():
        part = _part(plan, home.played() if plan.keep else None)
        if part.fresh:
            home.make_fresh()
        if part.fresh or plan.agents_calls is not None:
            write_campaigns(home.folder, agents_calls=plan.agents_calls or Dialling.PREVIEW)
        tidying = asyncio.create_task(asyncio.to_thread(home.remove_old))
        try:
            async with _open_stage(alone(settings, home), part) as stage:
                figures = await _play(stage, observer_of, started_s=started_s)
                home.note(Played(seed=part.seed, owners=part.owners, last_day=part.last_day))
                return figures
        finally:
            await tidying


def _part(plan: Plan, played: Played | None) -> _Part:
    if played is None:
        return _Part(
            owners=plan.owners if plan.owners is not None else DEFAULT_OWNERS,
            seed=plan.seed if plan.seed is not None else DEFAULT_SEED,
            first_day=plan.day or DEFAULT_DAY,
            days=plan.days,
            fresh=True,
        )
    first_day = plan.day or played.last_day + timedelta(days=1)
    if first_day <= played.last_day:
        message = (
            f"the kept demo has lived until {played.last_day}; say a later --date, or no --keep"
        )
        raise PlayedAlreadyError(message)
    if plan.owners not in {None, played.owners} or plan.seed not in {None, played.seed}:
        message = (
            f"the kept demo has {played.owners} owners from seed {played.seed}; "
            "leave --owners and --seed away, or --keep"
        )
        raise PlayedAlreadyError(message)
    return _Part(
        owners=played.owners, seed=played.seed, first_day=first_day, days=plan.days, fresh=False
    )


def alone(settings: Settings, home: DemoHome) -> Settings:
    """Return settings that make every demo alike, whatever this installation's say."""
    return settings.alone_in(home.folder).model_copy(
        update={
            "time_zone": ZONE,
            "company": None,
            "callback_number": "+862195588",
            "test_numbers": (),
            "campaigns_file": home.folder / CAMPAIGNS_FILE,
            "destinations": (),
        }
    )


@asynccontextmanager
async def _open_stage(settings: Settings, part: _Part) -> AsyncIterator[Stage]:
    clock = VirtualClock(_morning(part.first_day))
    rng = random.Random(f"{part.seed}:{part.first_day}")
    options = dataclasses.replace(server_options(settings), parameters=_HASTE)
    async with (
        embedded_server(settings.home, options),
        open_runtime(settings, clock=clock, rng=rng) as runtime,
    ):
        stage = Stage(runtime, clock, part)
        if part.fresh:
            await _move_in(stage)
        yield stage


async def _move_in(stage: Stage) -> None:
    company = invent_company(
        stage.owners,
        seed=stage.seed,
        day=stage.days[0],
        now=stage.clock.now(),
        campaigns=shipped_campaigns(),
    )
    async with stage.runtime.sessions.begin() as session:
        await copy_in(session, company)


async def _play(
    stage: Stage, observer_of: Callable[[Stage], Observer] | None, *, started_s: float
) -> Figures:
    runtime = stage.runtime
    async with runtime.sessions.begin() as session:
        people = with_payers(await population_of(session), seed=stage.seed)
    with open_carrier(
        runtime, seed=stage.seed, population=people, trunk=trunk_for(stage.owners)
    ) as carrier:
        outside = Outside(runtime.sessions, stage.clock, seed=stage.seed, ledger=carrier.ledger)
        carrier.on_payment = outside.paid_in_call
        observers = [outside.heard] + ([] if observer_of is None else [observer_of(stage)])
        bridge = ObservedBridge(carrier, observers)
        rehearsing = make_rehearsal(runtime, bridge)
        engine = rehearsing.engine
        outside.engine = engine
        agents = await _hire(stage, rehearsing, bridge, carrier.rooms)
        tally = DoubleTally(runtime.settings.home / LEDGER_FILE)
        try:
            for day in stage.days:
                await _play_day(stage, rehearsing, agents, outside, day)
                async with runtime.sessions.begin() as session:
                    await tally.look(session)
                log.info("day_played", day=str(day), memory_mib=memory_mib())
        except asyncio.CancelledError:
            await stage.clock.cancel_all()  # while there is still a database to say goodbye to
            raise
        rehearsed = Rehearsed(
            seed=stage.seed,
            first_day=stage.days[0],
            last_day=stage.days[-1],
            zone=ZONE,
            started_at=stage.started_at,
            ended_at=stage.clock.now(),
            due_until=stage.ends_at,
            calls_in_ledger=tally.calls,
            double_calls=len(tally.double_calls),
            idle=engine.idle_reason,
        )
    async with runtime.sessions.begin() as session:
        figures = await read_figures(session, rehearsed, started_s=started_s)
        await write_report(session, figures, runtime.settings.home / REPORTS)
    return figures


async def _hire(
    stage: Stage, rehearsing: Rehearsing, bridge: ObservedBridge, rooms: Rooms
) -> InventedAgents:
    means = Means(
        sessions=stage.runtime.sessions,
        clock=stage.clock,
        desk=rehearsing.desk,
        engine=rehearsing.engine,
        keeper=rehearsing.keeper,
        rooms=rooms,
        host=rehearsing.talk,
    )
    agents = InventedAgents(means, seed=stage.seed, zone=ZONE)
    await agents.hire(stage.owners)
    bridge.placed = agents.placed
    bridge.observe(agents.heard)
    return agents


async def _play_day(
    stage: Stage, rehearsing: Rehearsing, agents: InventedAgents, outside: Outside, day: date
) -> None:
    morning = _morning(day)
    until = day_end(morning, ZONE)
    await stage.clock.drive(morning)
    async with stage.runtime.sessions.begin() as session:
        await learn_answer_chances(session, now=morning)
        await build_lists(session, now=morning, campaigns=rehearsing.desk.campaigns)
    await outside.plan(day)
    agents.work(day)
    stage.clock.spawn(rehearsing.keeper.run(until=until))
    await drive_day(stage.clock, rehearsing.engine, until=until)
    outside.check()
    agents.check()


def trunk_for(owners: int) -> TrunkLimits:
    """Return a trunk on which the rate binds, not the channels: calls are claimed by the second."""
    rate = max(5, owners // _OWNERS_A_CALL_A_SECOND)
    return TrunkLimits(
        name="simulated", channels=rate * _CALL_LASTS_S, calls_per_second=float(rate)
    )


def _morning(day: date) -> datetime:
    return datetime.combine(day, _LISTS_ARE_BUILT_AT, ZoneInfo(ZONE)).astimezone(UTC)
