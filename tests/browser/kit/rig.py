"""The real application in our own loop, over a filled database, with calls that really happen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr
from sse_starlette.sse import AppStatus

from api.console import sessions
from api.model import ApiRole
from api.tables import ApiUser
from api.users import make_user
from callback.building import build_lists
from callback.campaigns import shipped_campaigns
from core.clock import ScaledClock, SystemClock
from core.live import LiveFeed
from core.settings import BridgeName, Settings
from customers.model import Language
from dialer.agents.service import add_agent
from ownerline.books import campaigns_of
from ownerline.demo.campaigns import FILE as CAMPAIGNS_FILE
from ownerline.demo.campaigns import write_campaigns
from ownerline.demo.company import invent_company
from ownerline.demo.rows import copy_in
from ownerline.runtime import Runtime, open_runtime
from ownerline.services.api import make_web_app
from ownerline.services.dialer import DialerPart
from ownerline.services.probes import Probes
from ownerline.services.process import Part, Process, run_parts
from ownerline.services.web import WebPart, listen, url_of
from ownerline.services.worker import WorkerPart

ZONE = "Asia/Shanghai"
# A Wednesday inside the quarter's survey window, ten in the morning in Shanghai, and no holiday.
MORNING = datetime(2026, 12, 16, 2, tzinfo=UTC)
AGENTS = ("陈静", "王磊", "李娜", "Alice Young")
_UP_WITHIN_S = 30.0
_LANGUAGES = (Language.MANDARIN, Language.ENGLISH)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What an installation is filled with before its doors open."""

    owners: int = 60  # 0: nobody, a console on its first day
    seed: int = 7
    dials: bool = True  # whether calls are placed
    factor: float = 1.0  # how fast its time passes
    morning: datetime = MORNING
    settings: Mapping[str, object] = field(default_factory=dict)  # beside those of the rig


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """An installation whose pages are served at `url`; its users are called as their roles are."""

    url: str
    runtime: Runtime
    process: Process
    users: dict[ApiRole, int] = field(default_factory=dict)
    agent_ids: tuple[int, ...] = ()  # of AGENTS; the user "agent" is the first

    async def cookie_of(self, role: ApiRole, language: Language) -> str:
        """Begin a session of the role's user, who reads this language; return its cookie."""
        async with self.runtime.sessions.begin() as session:
            await session.execute(
                sa.update(ApiUser)
                .where(ApiUser.api_user_id == self.users[role])
                .values(language=language)
            )
            return await sessions.begin(
                session,
                self.users[role],
                address="127.0.0.1",
                browser="a test",
                now=self.runtime.clock.now(),
            )


@contextlib.asynccontextmanager
async def open_served(
    database_url: str, home: Path, world: World | None = None
) -> AsyncIterator[Served]:
    """Serve an installation for the block: pages, worker, and a dialer on simulated lines."""
    world = world or World()
    origin = SystemClock().now()

    def clock() -> ScaledClock:
        return ScaledClock(world.morning, factor=world.factor, origin=origin)

    write_campaigns(home)  # with some for agents: those that ship ring by themselves alone
    async with open_runtime(_settings(database_url, home, world), clock=clock()) as runtime:
        agent_ids, users = await _fill(runtime, world)
        process = Process(name="serve", runtime=runtime, feed=LiveFeed(runtime.database_url))
        listener = listen("127.0.0.1", 0)
        parts: list[Part] = [
            WebPart("API", make_web_app(process, Probes(process)), listener),
            WorkerPart(),
        ]
        if world.dials:
            parts.append(DialerPart(seed=world.seed, clock=clock))
        AppStatus.should_exit = False  # what was served before in this process has set it
        await process.feed.start()
        running = asyncio.create_task(run_parts(process, parts))
        try:
            async with asyncio.timeout(_UP_WITHIN_S):
                await _up(process, running)
            yield Served(
                url=url_of(listener),
                runtime=runtime,
                process=process,
                users=users,
                agent_ids=agent_ids,
            )
        finally:
            process.ending.tell()
            process.ending.tell()
            await running
            await process.feed.close()


async def _up(process: Process, running: asyncio.Task[None]) -> None:
    """Return when every part does its work; what ended one of them is raised."""
    await asyncio.sleep(0)
    while process.troubles:
        await asyncio.wait([running], timeout=0.02)
        if running.done():
            await running


def _settings(database_url: str, home: Path, world: World) -> Settings:
    return Settings().model_copy(
        update={
            "home": home,
            "database_url": SecretStr(database_url),
            "bridge": BridgeName.SIMULATED,
            "simulated_carrier": None,
            "campaigns_file": home / CAMPAIGNS_FILE,
            "time_zone": ZONE,
            "callback_number": "+862195588",
            **world.settings,
        }
    )


async def _fill(runtime: Runtime, world: World) -> tuple[tuple[int, ...], dict[ApiRole, int]]:
    now = world.morning
    async with runtime.sessions.begin() as session:
        if world.owners:
            company = invent_company(
                world.owners,
                seed=world.seed,
                day=now.date(),
                now=now,
                campaigns=shipped_campaigns(),
            )
            await copy_in(session, company)
            await build_lists(session, now=now, campaigns=campaigns_of(runtime.settings))
        agent_ids = tuple(
            [
                await add_agent(session, name=name, team="service", languages=_LANGUAGES, now=now)
                for name in AGENTS
            ]
        )
        users = {
            role: await make_user(
                session,
                name=role.value,
                role=role,
                agent_id=agent_ids[0] if role is ApiRole.AGENT else None,
                now=now,
            )
            for role in ApiRole
        }
    return agent_ids, users
