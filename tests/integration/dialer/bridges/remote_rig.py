"""A carrier behind a socket and the bridge that reaches it, on one virtual clock."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from core.phone import PhoneNumber
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.client import RemoteSimulatedBridge
from dialer.bridges.simulated.remote.server import CarrierServer
from tests.unit.dialer.bridges.rig import SimulatedRig
from tests.unit.dialer.bridges.stand_ins import Phone, Rig

T = TypeVar("T")

TOKEN = "the carrier's token"


class RemoteRig(Rig):
    """The simulated rig with a wire between; the virtual clock waits for what is on the wire."""

    bridge: RemoteSimulatedBridge

    def __init__(self, server: CarrierServer, address: CarrierAddress, local: SimulatedRig) -> None:
        self.server = server
        self.address = address
        self.local = local
        self.carrier = local.carrier
        self.talks: list[str] = []
        self._bridges: list[RemoteSimulatedBridge] = []

    async def another(self) -> RemoteSimulatedBridge:
        """Return one more bridge to the same carrier."""
        bridge = await RemoteSimulatedBridge.reach(self.address, token=TOKEN)
        self._bridges.append(bridge)
        return bridge

    def phone(self, number: PhoneNumber, behaves: Phone) -> None:
        self.local.phone(number, behaves)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        return await work

    async def until_ringing(self) -> None:
        await self.local.until_ringing()
        await self.quiet()

    async def until_over(self) -> None:
        await self.local.until_over()
        await self.quiet()

    def now(self) -> datetime:
        return self.local.now()

    async def quiet(self) -> None:
        """Let everything arrive that is on the wire: an answer comes behind what was told."""
        for bridge in self._bridges:
            await bridge.live()
            await bridge.quiet()

    async def close(self) -> None:
        for bridge in self._bridges:
            await bridge.close()


@asynccontextmanager
async def remote_rig(address: str = "127.0.0.1:0") -> AsyncIterator[RemoteRig]:
    """Serve a carrier for the block, with one bridge that was not started yet."""
    local = SimulatedRig()
    talks: list[str] = []
    server = CarrierServer(local.carrier, token=TOKEN, keep_talk=talks.append)
    rig = RemoteRig(server, await server.start(CarrierAddress.parse(address)), local)
    rig.talks = talks
    rig.bridge = await rig.another()
    try:
        yield rig
    finally:
        await rig.close()
        await server.close()
        await local.clock.cancel_all()
