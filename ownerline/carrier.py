"""The carrier of an installation: a real bridge, or a simulated one, in the process or apart."""

import contextlib
from collections.abc import AsyncIterator, Iterator

from core.errors import OwnerlineError
from core.live import LiveFeed
from core.settings import BridgeName
from dialer.bridges.port import Bridge, TrunkLimits
from dialer.bridges.simulated.book import open_book
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.floor import SimulatedFloor
from dialer.bridges.simulated.people import Behaviour, Population
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.client import RemoteSimulatedBridge
from dialer.bridges.simulated.remote.process import CarrierPlan, serving, token_at
from ownerline.asterisk_bridge import asterisk_bridge
from ownerline.population import population_of
from ownerline.runtime import Runtime
from ownerline.sole import sole_holder
from ownerline.twilio_bridge import twilio_bridge

LEDGER_FILE = "simulated-ledger.jsonl"
TOKEN_FILE = "simulated-carrier.token"  # noqa: S105 - the name of its file
SIMULATED_TRUNK = TrunkLimits(
    name="simulated", channels=30, calls_per_second=5.0, place="simulated"
)


class BridgeUnavailableError(OwnerlineError):
    """This program has no such bridge."""


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


@contextlib.asynccontextmanager
async def simulated_bridge(
    runtime: Runtime,
    *,
    seed: int,
    population: Population | None = None,
    trunk: TrunkLimits = SIMULATED_TRUNK,
) -> AsyncIterator[Bridge]:
    """Hold the bridge to the simulated carrier for the block.

    The carrier that the settings name is shared by any number of dialers. Without one the home's
    own lives in this process, and the next dialer waits until this one has gone. Its people are
    those of the customer file at this moment, unless they are given.

    Raises:
        CarrierUnreachableError: the carrier of the settings does not answer.
    """
    settings = runtime.settings
    if settings.simulated_carrier is not None:
        address = CarrierAddress.parse(settings.simulated_carrier)
        token = settings.simulated_carrier_token
        yield await RemoteSimulatedBridge.reach(
            address, token=token.get_secret_value() if token is not None else ""
        )
        return
    async with sole_holder(settings.home):
        people = await _people(runtime) if population is None else population
        with open_carrier(runtime, seed=seed, population=people, trunk=trunk) as carrier:
            yield SimulatedBridge(carrier, floor=SimulatedFloor(carrier))


@contextlib.asynccontextmanager
async def real_bridge(
    runtime: Runtime, feed: LiveFeed | None = None, *, speaks: bool = True
) -> AsyncIterator[Bridge]:
    """Hold the bridge of the settings that rings real telephones for the block.

    `feed`: the process's news, where it has any. `speaks`: calls are to be placed and spoken on,
    not only asked about and hung up.

    Raises:
        BridgeUnavailableError: the settings name none that is real.
        OwnerlineError: its settings cannot be, with the mend.
    """
    match runtime.settings.bridge:
        case BridgeName.ASTERISK:
            async with asterisk_bridge(runtime, speaks=speaks) as bridge:
                yield bridge
        case BridgeName.TWILIO:
            async with twilio_bridge(runtime, feed, speaks=speaks) as bridge:
                yield bridge
        case BridgeName.SIMULATED:
            message = 'bridge simulated rings nobody; set bridge = "asterisk" or "twilio"'
            raise BridgeUnavailableError(message)


@contextlib.asynccontextmanager
async def carrier_apart(
    runtime: Runtime,
    *,
    address: CarrierAddress,
    seed: int,
    people: dict[str, Behaviour] | None,
    trunk: TrunkLimits = SIMULATED_TRUNK,
) -> AsyncIterator[CarrierAddress]:
    """Serve the home's carrier to other processes for the block; yields where it listens.

    Its people are those of the customer file at this moment, unless they are given. On a port it
    asks for the token that lies in the home.
    """
    home = runtime.settings.home
    async with sole_holder(home):
        plan = CarrierPlan(
            address=address,
            token="" if address.path is not None else token_at(home / TOKEN_FILE),
            book=home / LEDGER_FILE,
            seed=seed,
            trunks=(trunk,),
            people=await _people(runtime) if people is None else people,
            faults=Faults(),
        )
        async with serving(plan, runtime.clock) as bound:
            yield bound


async def _people(runtime: Runtime) -> dict[str, Behaviour]:
    async with runtime.sessions.begin() as session:
        return await population_of(session)
