"""An installation for jobs: a runtime on the test's database and a clock that stands still."""

from datetime import datetime
from pathlib import Path
from random import Random

from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import VirtualClock
from core.database import session_factory
from core.ids import IdSource
from core.settings import Settings
from customers.tables import Community
from ownerline.runtime import Runtime

NOW = datetime.fromisoformat("2026-11-23T02:00+00:00")


def house(database: AsyncEngine, home: Path, *, now: datetime = NOW) -> Runtime:
    """Return the runtime."""
    clock = VirtualClock(now)
    return Runtime(
        settings=Settings(home=home),
        sessions=session_factory(database),
        clock=clock,
        ids=IdSource(clock, Random(1)),
        database_url=database.url.render_as_string(hide_password=False),
    )


def community(name: str, zone: str = "Asia/Shanghai") -> Community:
    """Return a community to be added."""
    return Community(name=name, time_zone=zone, region="CN", currency="CNY", packs=["CN"])
