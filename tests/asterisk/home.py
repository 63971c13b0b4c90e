"""A whole installation on a real Asterisk: its customer file, its lists and its dialers."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from callback.building import build_lists
from core.clock import SystemClock
from core.settings_model import Settings
from customers.account_tables import WorkOrder
from customers.model import Language, Role, WorkOrderCategory
from customers.tables import Community, Occupancy, Person, Phone, Unit
from dialer.model import TelephonyResult
from dialer.tables import Attempt
from ownerline.books import campaigns_of
from ownerline.runtime import Runtime
from tests.asterisk.kit.pair import SECRET

CLOCK = SystemClock()


@contextlib.asynccontextmanager
async def dialer_process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Hold a dialer of its own process for the block."""
    server = settings.asterisk.servers[0]
    asterisk = settings.asterisk.model_dump(mode="json", exclude_unset=True) | {
        "servers": [{"name": server.name, "port": server.port, "dial": server.dial}]
    }
    asterisk["servers"][0]["secret"] = SECRET
    assert settings.database_url is not None, "the test's own database"
    given = {
        "HOME": str(settings.home),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "BRIDGE": "asterisk",
        "ASTERISK": json.dumps(asterisk),
        "TEST_NUMBERS": json.dumps(settings.test_numbers),
        **(
            {}
            if settings.campaigns_file is None
            else {"CAMPAIGNS_FILE": str(settings.campaigns_file)}
        ),
        "SPEECH": settings.speech.model_dump_json(exclude_unset=True),
    }
    others = {key: value for key, value in os.environ.items() if not key.startswith("OWNERLINE_")}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("ownerline"),
        "dialer",
        env=others | {f"OWNERLINE_{key}": value for key, value in given.items()},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has been killed
            process.kill()
        await process.wait()


async def until_owned_anew(runtime: Runtime) -> None:
    """Wait until the one attempt is another dialer's than at first."""
    owner = sa.select(Attempt.dialer_id)
    async with asyncio.timeout(30):
        async with runtime.sessions() as session:
            first = await session.scalar(owner)
        now = first
        while now == first:
            await asyncio.sleep(0.2)
            async with runtime.sessions() as session:
                now = await session.scalar(owner)


@dataclass(kw_only=True)
class Home:
    """An installation with a community that may always be called, on its test numbers."""

    settings: Settings
    runtime: Runtime

    async def open(self) -> None:
        self.community_id = await self.add(
            Community,
            name="滨江一号",
            time_zone="Asia/Shanghai",
            region="CN",
            currency="CNY",
            packs=["rehearsal"],
        )

    async def add(self, table: Any, **values: Any) -> int:
        async with self.runtime.sessions.begin() as session:
            row = table(**values)
            session.add(row)
            await session.flush()
            return int(sa.inspect(row).identity[0])

    async def repaired_for(self, e164: str, *, name: str = "王小明", **person: Any) -> None:
        """Let an owner with this phone be due the call after a repair."""
        today = CLOCK.now().date()
        person_id = await self.add(
            Person, name=name, language=Language.MANDARIN, identity_digits="2468", **person
        )
        unit_id = await self.add(Unit, community_id=self.community_id, label=f"1-1-{e164[-4:]}")
        await self.add(
            Occupancy,
            unit_id=unit_id,
            person_id=person_id,
            role=Role.OWNER,
            moved_in=today - timedelta(days=900),
        )
        await self.add(Phone, person_id=person_id, e164=e164, position=1)
        await self.add(
            WorkOrder,
            community_id=self.community_id,
            unit_id=unit_id,
            reference=f"W-{e164}",
            category=WorkOrderCategory.LEAK,
            category_as_given="leak",
            reported_on=today - timedelta(days=5),
            completed_on=today - timedelta(days=1),
        )

    async def build(self) -> None:
        async with self.runtime.sessions.begin() as session:
            await build_lists(session, now=CLOCK.now(), campaigns=campaigns_of(self.settings))

    async def results(self) -> dict[str, TelephonyResult]:
        async with self.runtime.sessions() as session:
            rows = await session.execute(sa.select(Attempt.e164, Attempt.telephony_result))
            return {row.e164: row.telephony_result for row in rows}
