"""The demo day from end to end: a fresh home, an invented company, its lists, its calls, the figures."""

import dataclasses
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from zoneinfo import ZoneInfo

from callback.building import build_lists
from callback.campaigns import shipped_campaigns
from core.clock import VirtualClock
from core.database import server_options
from core.errors import OwnerlineError
from core.postgres.lease import embedded_server
from core.settings import Settings
from dialer.engine import Engine
from ownerline.carrier import open_carrier
from ownerline.demo.company import invent_company
from ownerline.demo.figures import Figures, read_figures
from ownerline.demo.happenings import Outside, with_payers
from ownerline.demo.home import DemoHome, Played
from ownerline.demo.rows import copy_in
from ownerline.demo.watching import ObservedBridge, Observer
from ownerline.drain import drive_day
from ownerline.instants import day_end
from ownerline.population import population_of
from ownerline.runtime import Runtime, open_runtime
from ownerline.wiring import make_engine

ZONE = "Asia/Shanghai"
# A Wednesday inside the quarter's survey window, and no holiday.
DEFAULT_DAY = date(2026, 12, 16)
DEFAULT_OWNERS = 2_000
DEFAULT_SEED = 1
MOST_OWNERS = 20_000
MOST_DAYS = 31

_LISTS_ARE_BUILT_AT = wall_time(6)
# What the demo's throw-away server may lose is a second's work, and only when the machine dies.
_HASTE = {"synchronous_commit": "off"}


class PlayedAlreadyError(OwnerlineError):
    """A kept demo goes on after its last day, with its own company."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is played; None: the kept demo's own, else the default."""

    owners: int | None = None
    seed: int | None = None
    day: date | None = None
    days: int = 1
    keep: bool = False


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
        self.first_day = part.first_day
        self.days = part.days
        self.started_at = clock.now()
        self.outside = Outside(runtime.sessions, clock, seed=part.seed)
        self.engine: Engine | None = None

    @property
    def ends_at(self) -> datetime:
        """The midnight after the last day."""
        return day_end(_morning(self.first_day + timedelta(days=self.days - 1)), ZONE)


async def rehearse(
    settings: Settings,
    plan: Plan,
    *,
    observers: Callable[[Stage], Sequence[Observer]] = lambda _: (),
) -> Figures:
    """Play the days in the demo's own home and return what happened.

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
        async with _open_stage(_alone(settings, home), part) as stage:
            if part.fresh:
                await _move_in(stage)
            await _play(stage, observers(stage))
            figures = await read_figures(stage, wall_seconds=time.perf_counter() - started_s)
        home.note(Played(seed=part.seed, owners=part.owners, last_day=part.last_day))
    return figures


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
        message = f"the kept demo has lived until {played.last_day}; say a later --date, or no --keep"
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


def _alone(settings: Settings, home: DemoHome) -> Settings:
    """Return settings that make every demo alike, whatever this installation's say."""
    return settings.alone_in(home.folder).model_copy(
        update={
            "time_zone": ZONE,
            "company": None,
            "callback_number": "+862195588",
            "test_numbers": (),
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
        yield Stage(runtime, clock, part)


async def _move_in(stage: Stage) -> None:
    company = invent_company(
        stage.owners,
        seed=stage.seed,
        day=stage.first_day,
        now=stage.clock.now(),
        campaigns=shipped_campaigns(),
    )
    async with stage.runtime.sessions.begin() as session:
        await copy_in(session, company)


async def _play(stage: Stage, observers: Sequence[Observer]) -> None:
    async with stage.runtime.sessions.begin() as session:
        people = with_payers(await population_of(session), seed=stage.seed)
    with open_carrier(stage.runtime, seed=stage.seed, population=people) as carrier:
        carrier.on_payment = stage.outside.paid_in_call
        bridge = ObservedBridge(carrier, [stage.outside.heard, *observers])
        engine = make_engine(stage.runtime, bridge, poll=None)
        stage.engine = stage.outside.engine = engine
        for nth in range(stage.days):
            await _play_day(stage, engine, stage.first_day + timedelta(days=nth))


async def _play_day(stage: Stage, engine: Engine, day: date) -> None:
    morning = _morning(day)
    await stage.clock.drive(morning)
    async with stage.runtime.sessions.begin() as session:
        await build_lists(session, now=morning)
    await stage.outside.plan(day)
    await drive_day(stage.clock, engine, until=day_end(morning, ZONE))


def _morning(day: date) -> datetime:
    return datetime.combine(day, _LISTS_ARE_BUILT_AT, ZoneInfo(ZONE)).astimezone(UTC)
