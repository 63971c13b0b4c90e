"""A dialer of a fault run: the process as it is in service, on the run's clock and carrier."""

import asyncio
import secrets
from dataclasses import replace

from pydantic import SecretStr

from core.ids import IdSource
from core.log import configure_logging
from core.settings import LogLevel, Settings
from dialer.bridges.port import Bridge
from dialer.fleet.fleet import Fleet
from dialer.fleet.model import FleetRules
from ownerline.runtime import Runtime
from ownerline.services.dialer import DialerPart
from ownerline.services.process import open_process, run_parts
from ownerline.wiring import Dialing, make_dialing
from tests.faults.carrying import Scene


def dial(scene: Scene) -> None:
    """Dial until told to end, or killed."""
    configure_logging(LogLevel.INFO)
    asyncio.run(_serve(scene))


async def _serve(scene: Scene) -> None:
    settings = Settings().model_copy(
        update={
            "home": scene.folder,
            "database_url": SecretStr(scene.database_url),
            "simulated_carrier": str(scene.address),
        }
    )
    # Leases run in real time, and faster than in service: a dialer here lives for seconds.
    rules = FleetRules(lease_s=2.0, beat_s=0.4, grace_s=0.5, clock_factor=scene.plan.factor)

    def make(runtime: Runtime, bridge: Bridge) -> Dialing:
        fleet = Fleet(sessions=runtime.sessions, bridge=bridge, rules=rules)
        # Ids bear the instant of the claim by the day's clock: the judge goes by it.
        ids = IdSource(runtime.clock, secrets.SystemRandom())
        return make_dialing(replace(runtime, ids=ids), bridge, fleet=fleet)

    async with open_process(settings, "dialer") as process:
        await run_parts(process, [DialerPart(clock=scene.clock, make=make)])
