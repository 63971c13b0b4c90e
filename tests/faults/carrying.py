"""The carrier of a fault run, in a process of its own: nobody kills it, it keeps the true book."""

import asyncio
import random
import signal
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from core.clock import ScaledClock
from dialer.bridges.port import TrunkLimits
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.population import read_population
from dialer.bridges.simulated.remote.process import CarrierPlan, serving
from tests.faults.plan import START, Plan

# Of the day: so many that only channels bound the calls. Dialers share a rate by real seconds, the
# carrier counts the day's, and a burst of a real second would be too much for it.
_CALLS_PER_SECOND = 50.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What every process of a run is told."""

    plan: Plan
    folder: Path
    database_url: str
    origin: datetime  # the real instant at which the day starts

    def clock(self) -> ScaledClock:
        """Return the run's clock: the same instant in every process."""
        return ScaledClock(START, factor=self.plan.factor, origin=self.origin)

    @property
    def book(self) -> Path:
        """The carrier's own book."""
        return self.folder / "book.jsonl"

    @property
    def talks(self) -> Path:
        """What the carrier's people said, and what was taken."""
        return self.folder / "talks.jsonl"

    @property
    def people(self) -> Path:
        """Who holds which number."""
        return self.folder / "people.jsonl"

    @property
    def address(self) -> CarrierAddress:
        """Where the carrier listens: a file only we may open."""
        return CarrierAddress(path=self.folder / "carrier")


def carry(scene: Scene, ready: Connection) -> None:
    """Serve the carrier until told to end."""
    asyncio.run(_serve(scene, ready))


async def _serve(scene: Scene, ready: Connection) -> None:
    plan, over, faults = scene.plan, asyncio.Event(), Faults()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    carrier = CarrierPlan(
        address=scene.address,
        token="",
        book=scene.book,
        talks=scene.talks,
        seed=plan.seed,
        trunks=(TrunkLimits(name="a", channels=plan.channels, calls_per_second=_CALLS_PER_SECOND),),
        people=read_population(scene.people),
        faults=faults,
    )
    async with serving(carrier, scene.clock()):
        ready.send("ready")
        misbehaving = asyncio.create_task(_misbehave(faults, plan))
        await over.wait()
        misbehaving.cancel()


async def _misbehave(faults: Faults, plan: Plan) -> None:
    """Lose something now and then: the answer to a call, a call on its way, an event."""
    rng = random.Random(f"{plan.seed}:carrier")
    for _ in range(plan.carrier_faults):
        await asyncio.sleep(plan.killing_s / plan.carrier_faults)
        match rng.choice(("answer", "submission", "event", "event")):
            case "answer":
                faults.lose_answers += 1
            case "submission":
                faults.lose_submissions += 1
            case _:
                faults.drop_events += 1
