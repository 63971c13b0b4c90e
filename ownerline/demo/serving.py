"""`ownerline demo --serve`: the console over an invented company whose day goes on, live.

A day is played first, so that files, recordings of what was said and reports are filled. Then the
next working day begins in the afternoon, at the pace of real time, with invented colleagues at
work and a free desk for whoever tries it.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api.console.sign_in import give_password
from api.model import ApiRole
from api.tables import ApiUser
from api.users import add_user
from callback.building import build_lists
from callback.campaigns import Dialling
from core.clock import ScaledClock, SystemClock
from core.settings import Settings
from dialer.agents import service
from dialer.bridges.port import Bridge, TrunkLimits
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.floor import SimulatedFloor
from ownerline.books import campaigns_of
from ownerline.demo.agents import InventedAgents, Means
from ownerline.demo.campaigns import write_campaigns
from ownerline.demo.furnishing import furnish
from ownerline.demo.home import DemoHome
from ownerline.demo.rehearsal import ZONE, Plan, alone, rehearse
from ownerline.demo.watching import ObservedBridge
from ownerline.runtime import Runtime, open_runtime
from ownerline.services.api import make_web_app
from ownerline.services.dialer import DialerPart
from ownerline.services.probes import Probes
from ownerline.services.process import Part, open_process, run_parts
from ownerline.services.web import WebPart, listen, url_of
from ownerline.services.worker import WorkerPart
from ownerline.wiring import Dialing, make_dialing, make_hosts

OWNERS = 900
NEWCOMER = "林晓"
_BEGINS = wall_time(14, 5)
_LATEST = wall_time(17)  # a kept day that was left later goes on the day after
_SATURDAY = 5
_AGENTS_FROM = 7
# A call every two seconds: the afternoon lasts, and somebody is always on the line.
_TRUNK = TrunkLimits(name="simulated", channels=30, calls_per_second=0.5, place="simulated")
_ON_FILE = sa.text("""
    SELECT greatest((SELECT max(coalesce(ended_at, started_at)) FROM attempt),
                    (SELECT max(state_since) FROM agent)),
           EXISTS (SELECT FROM recording)
""")
_CAN = {
    "agent": "takes calls at the desk: press Enter, the next owner rings",
    "supervisor": "watches the wall, decides, listens, reads reports",
    "admin": "all of it, people and settings",
}
_USERS = {"agent": ApiRole.AGENT, "supervisor": ApiRole.SUPERVISOR, "admin": ApiRole.ADMIN}


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """Where the console is served, and what its company is made of."""

    host: str
    port: int
    plan: Plan


async def serve_demo(settings: Settings, serving: Serving, *, say: Callable[[str], None]) -> None:
    """Play a day, then serve the console over the next until told to end.

    Raises:
        ForeignFolderError, DemoBusyError, PlayedAlreadyError: as `rehearse`.
        AddressTakenError: where it shall listen is taken.
    """
    home = DemoHome.below(settings.home)
    listener = listen(serving.host, serving.port)  # a port that is taken is told before the day
    try:
        plan = serving.plan
        today = SystemClock().now().astimezone(ZoneInfo(ZONE)).date()
        live_day = _working_day(plan.day + timedelta(days=plan.days) if plan.day else today)
        if not (plan.keep and home.played()):
            say("an invented company lives through its day before; this takes some seconds …")
            plan = replace(plan, day=plan.day or _working_day_before(live_day))
            await rehearse(settings, replace(plan, owners=plan.owners or OWNERS, keep=False))
        with home.held():
            # Agents ring more of the owners then: there is work for whoever comes.
            agents_calls = serving.plan.agents_calls or Dialling.PREVIEW
            write_campaigns(home.folder, agents_from=_AGENTS_FROM, agents_calls=agents_calls)
            await _serve(alone(settings, home), live_day, listener=listener, say=say)
    finally:
        listener.close()


def _working_day(day: date) -> date:
    """Return the day, or the Monday after it."""
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day


def _working_day_before(day: date) -> date:
    day -= timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day -= timedelta(days=1)
    return day


async def _serve(
    settings: Settings, day: date, *, listener: socket.socket, say: Callable[[str], None]
) -> None:
    begins = await _make_ready(settings, day)
    origin = SystemClock().now()

    def clock() -> ScaledClock:
        return ScaledClock(begins, factor=1.0, origin=origin)

    async with open_process(settings, "demo", clock=clock()) as process:
        runtime = process.runtime
        passwords = await _prepare(runtime, now=begins)
        app = make_web_app(process, Probes(process))
        floor = _Floor(seed=1, day=begins.astimezone(ZoneInfo(ZONE)).date())
        parts: list[Part] = [
            WebPart("console", app, listener),
            WorkerPart(),
            DialerPart(clock=clock, make=floor.make, trunk=_TRUNK),
        ]
        say(f"the console is on {url_of(listener)}; Ctrl-C ends it; sign in as")
        for name, password in passwords.items():
            say(f"  {name:<11} {password}   {_CAN[name]}")
        say(f"it is {begins.astimezone(ZoneInfo(ZONE)):%a %d %B, %H:%M} there; no telephone rings")
        await run_parts(process, parts)


async def _make_ready(settings: Settings, day: date) -> datetime:
    """Furnish the rooms, once; return when the day goes on, never before what is on file."""
    async with open_runtime(settings, clock=SystemClock()) as runtime:
        async with runtime.sessions() as session:
            latest, furnished = (await session.execute(_ON_FILE)).one()
        begins = begins_at(day, latest)
        async with runtime.sessions.begin() as session:
            if NEWCOMER not in {each.name for each in await service.roster(session)}:
                await service.add_agent(session, name=NEWCOMER, now=begins)
        if not furnished:
            await furnish(runtime, now=latest or begins, live_from=begins)
    return begins


def begins_at(day: date, latest: datetime | None) -> datetime:
    """Return the instant at which a day is served, after the latest one on file."""
    zone = ZoneInfo(ZONE)
    begins = datetime.combine(day, _BEGINS, zone)
    if latest is not None and latest >= begins:
        left_at = latest.astimezone(zone) + timedelta(minutes=1)
        if _BEGINS <= left_at.time() < _LATEST and left_at.weekday() < _SATURDAY:
            begins = left_at
        else:
            day = _working_day(left_at.date() + timedelta(days=1))
            begins = datetime.combine(day, _BEGINS, zone)
    return begins.astimezone(UTC)


async def _prepare(runtime: Runtime, *, now: datetime) -> dict[str, str]:
    """Build the day's lists and give the demo's users a desk and new passwords."""
    async with runtime.sessions.begin() as session:
        await build_lists(session, now=now, campaigns=campaigns_of(runtime.settings))
        agent_id = next(
            each.agent_id for each in await service.roster(session) if each.name == NEWCOMER
        )
        known = set((await session.scalars(sa.select(ApiUser.name))).all())
        passwords = {}
        for name, role in _USERS.items():
            if name not in known:
                desk = agent_id if role is ApiRole.AGENT else None
                await add_user(session, name=name, role=role, agent_id=desk, now=now)
            passwords[name] = await give_password(session, name=name, now=now)
        # They are of this demo alone, and made up anew each time.
        await session.execute(sa.update(ApiUser).values(must_change_password=False))
    return passwords


class _Floor:
    """A dialer whose calls invented colleagues take, and whoever sits at the free desk."""

    def __init__(self, *, seed: int, day: date) -> None:
        self._seed = seed
        self._day = day

    def make(self, runtime: Runtime, bridge: Bridge) -> Dialing:
        """Put the dialer together, and let the colleagues come to work."""
        if not isinstance(bridge, SimulatedBridge):
            message = "the demo rings nobody: its bridge is the simulated one"
            raise TypeError(message)
        carrier = bridge.carrier
        observed = ObservedBridge(carrier, (), floor=SimulatedFloor(carrier))
        dialing = make_dialing(runtime, observed)
        means = Means(
            sessions=runtime.sessions,
            clock=runtime.clock,
            desk=dialing.desk,
            engine=dialing.engine,
            keeper=dialing.keeper,
            rooms=carrier.rooms,
            host=make_hosts(runtime, observed).talk,
        )
        colleagues = InventedAgents(means, seed=self._seed, zone=ZONE)
        observed.placed = colleagues.placed
        observed.observe(colleagues.heard)
        runtime.clock.spawn(self._begin(colleagues))
        return dialing

    async def _begin(self, colleagues: InventedAgents) -> None:
        await colleagues.hire(OWNERS, but=frozenset({NEWCOMER}))
        colleagues.work(self._day)
