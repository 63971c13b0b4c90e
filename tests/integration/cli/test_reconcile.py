"""`ownerline reconcile` asks the carrier of the settings, and says so where it cannot say."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import SystemClock
from core.database import session_factory
from core.phone import PhoneNumber
from dialer.bridges.port import OutboundCall
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.server import CarrierServer
from dialer.restored import mark_restored
from ownerline.carrier import SIMULATED_TRUNK
from tests.integration.cli.command import Done, Installation

_DEAF = 1000


class Apart:
    """A restored installation whose carrier is a process of its own."""

    def __init__(self, home: Path, database_url: str, carrier: SimulatedCarrier) -> None:
        self.carrier = carrier
        self._address = f"unix:{home.parent / 'carrier.sock'}"
        self._installation = Installation(home=home, database_url=database_url)
        self._server = CarrierServer(carrier)

    async def start(self) -> None:
        await self._server.start(CarrierAddress.parse(self._address))

    async def close(self) -> None:
        await self._server.close()

    async def reconcile(self, *words: str) -> Done:
        return await asyncio.to_thread(
            self._installation.run, "reconcile", *words, simulated_carrier=self._address
        )

    def rings(self) -> UUID:
        """Let the carrier place a call that the database does not know."""
        call = OutboundCall(
            attempt_id=uuid4(),
            to=PhoneNumber("+8613800138000"),
            caller_id="",
            trunk=SIMULATED_TRUNK.name,
            ring_timeout_s=30,
            max_seconds=60.0,
            detect_machine=True,
            synthetic=False,
            room=None,
        )
        self.carrier.place(call, max_seconds=60.0)
        return call.attempt_id


@pytest.fixture
async def apart(database: AsyncEngine, database_url: str, tmp_path: Path) -> AsyncIterator[Apart]:
    clock = SystemClock()
    async with session_factory(database).begin() as session:
        await mark_restored(
            session,
            installation_id=uuid4(),
            now=clock.now(),
            taken_at=clock.now() - timedelta(minutes=5),
        )
    carrier = SimulatedCarrier(
        clock, seed=1, population={}, trunks=[SIMULATED_TRUNK], faults=Faults()
    )
    apart = Apart(tmp_path / "home", database_url, carrier)
    await apart.start()
    yield apart
    await apart.close()
    await clock.cancel_all()


async def test_a_carrier_that_cannot_say_needs_time_or_the_operators_word(
    apart: Apart, database: AsyncEngine
) -> None:
    apart.carrier.faults.deaf_fates = _DEAF
    refused = await apart.reconcile()
    assert refused.code == 1
    assert "cannot say what it placed since" in refused.err
    assert "--confirm-nothing-was-rung" in refused.err
    async with database.connect() as connection:
        reconciled_at = sa.text("SELECT reconciled_at FROM installation")
        assert (await connection.execute(reconciled_at)).scalar_one() is None

    confirmed = await apart.reconcile("--confirm-nothing-was-rung")
    assert confirmed.code == 0, confirmed.err
    assert "on your word" in confirmed.out
    async with database.connect() as connection:
        assert (await connection.execute(reconciled_at)).scalar_one() is not None
        told = sa.text(
            "SELECT detail ->> 'confirmed_nothing_was_rung' FROM audit_entry"
            " WHERE action = 'reconciled'"
        )
        assert (await connection.execute(told)).scalar_one() == "true"


async def test_the_book_of_a_carrier_apart_is_asked_and_its_calls_are_hung_up(
    apart: Apart, database: AsyncEngine
) -> None:
    call_id = apart.rings()
    done = await apart.reconcile()

    assert done.code == 0, done.err
    assert "the carrier placed 1 calls" in done.out
    assert apart.carrier.live() == ()
    async with database.connect() as connection:
        found = await connection.execute(sa.text("SELECT call_id FROM found_ring"))
        assert found.scalar_one() == call_id
