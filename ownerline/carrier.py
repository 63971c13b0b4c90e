"""The simulated carrier of an installation: its book lies in the home and outlives the process."""

import contextlib
from collections.abc import Iterator

from dialer.bridges.port import TrunkLimits
from dialer.bridges.simulated.book import open_book
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.people import Population
from ownerline.runtime import Runtime

LEDGER_FILE = "simulated-ledger.jsonl"
SIMULATED_TRUNK = TrunkLimits(name="simulated", channels=30, calls_per_second=5.0)


@contextlib.contextmanager
def open_carrier(
    runtime: Runtime,
    *,
    seed: int,
    population: Population,
    trunk: TrunkLimits = SIMULATED_TRUNK,
) -> Iterator[SimulatedCarrier]:
    """Hold the carrier for the block; calls an earlier process left up have ended with it."""
    path = runtime.settings.home / LEDGER_FILE
    with open_book(path, now=runtime.clock.now()) as book:
        yield SimulatedCarrier(
            runtime.clock,
            seed=seed,
            population=population,
            trunks=[trunk],
            ledger=book,
        )
