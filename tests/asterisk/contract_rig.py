"""The Asterisk bridge for the contract, with phones at the other Asterisk, in real time."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from core.clock import SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.fates import CLOCKS_DIFFER
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    EventSink,
    OutboundCall,
    ScriptHost,
)
from ownerline.asterisk_bridge import trunks_of
from scripts.model import Turn
from tests.asterisk.kit.blips import BLIP_S, Blips
from tests.asterisk.kit.owners import Owners
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.unit.dialer.bridges.stand_ins import PHONE, Phone, Rig

T = TypeVar("T")

BEHAVIOURS: dict[Phone, Does] = {
    Phone.PRESSES_ONE: Does.ANSWERS,
    Phone.LISTENS: Does.ANSWERS,
    Phone.HANGS_UP: Does.ANSWERS,
    Phone.MACHINE: Does.MACHINE,
    Phone.BUSY: Does.BUSY,
    Phone.REJECTS: Does.REJECTS,
    Phone.RINGS_OUT: Does.RINGS,
    Phone.SWITCHED_OFF: Does.SWITCHED_OFF,
    Phone.DEAD: Does.UNKNOWN,
    Phone.CONGESTED: Does.CONGESTED,
}
_CLOCK = SystemClock()
_IDS = IdSource(_CLOCK, random.SystemRandom())
_ID_ROUNDS = timedelta(milliseconds=5)
_WITHIN_S = 20.0
_PATIENCE_S = 0.4


class Watched(AsteriskBridge):
    """The bridge, with an ear at its events and owners at the phones."""

    phones: Phones
    behaves: dict[PhoneNumber, Phone]
    is_started = False

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        self.told: list[CallEvent] = []
        self.changed = asyncio.Event()
        self.owners = Owners(host=host, seconds_of=_seconds_of, patience_s=_PATIENCE_S)
        self._sink = sink
        await super().start(self, self.owners, inbound=inbound)
        for server in self.servers:  # of what was before it, a young Asterisk is not sure
            assert server.booted_at is not None, "a server that is up says how old it is"
            await _CLOCK.sleep_until(server.booted_at + CLOCKS_DIFFER + _ID_ROUNDS)
        self.is_started = True

    async def close(self) -> None:
        self.is_started = False
        await super().close()

    async def heard(self, event: CallEvent) -> None:
        await self._sink.heard(event)
        self.told.append(event)
        self.changed.set()

    async def originate(self, call: OutboundCall) -> None:
        async def act(_: Turn) -> None:
            match self.behaves.get(call.to):
                case Phone.PRESSES_ONE:
                    await self.phones.press(call.to, "1")
                case Phone.HANGS_UP:
                    await self.phones.hang_up(call.to)

        self.owners.let(call.attempt_id, act)
        await super().originate(call)

    async def until_told(self, kind: type[CallEvent], *, of: set[UUID]) -> None:
        """Wait until each of these calls has had an event of a kind."""
        async with asyncio.timeout(_WITHIN_S):
            while not of <= {each.attempt_id for each in self.told if isinstance(each, kind)}:
                self.changed.clear()
                await self.changed.wait()

    def submitted(self) -> set[UUID]:
        """Return the calls that were taken."""
        return {each.attempt_id for each in self.told if isinstance(each, CallSubmitted)}


class AsteriskRig(Rig):
    """Real time, so little of it."""

    bridge: Watched
    ring_s = 1.5
    rings_out_s = 1.0
    longest_s = 4.0
    synthetic = False

    def __init__(self, bridge: Watched, phones: Phones) -> None:
        self.bridge = bridge
        self.bridge.phones = phones
        self.bridge.behaves = {}
        self._phones = phones
        self._untold: dict[PhoneNumber, Does] = {}
        self._ids: dict[int, UUID] = {}
        self._is_closed = False

    def phone(self, number: PhoneNumber, behaves: Phone) -> None:
        self.bridge.behaves[number] = behaves
        self._untold[number] = BEHAVIOURS[behaves]

    def call(self, number: int, to: PhoneNumber = PHONE, **changes: Any) -> OutboundCall:
        """Return a call whose id no earlier test had: this Asterisk remembers them."""
        attempt_id = self._ids.setdefault(number, _IDS.new())
        return super().call(number, to, **({"attempt_id": attempt_id} | changes))

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        while self._untold:
            await self._phones.behave(*self._untold.popitem())
        return await work

    async def until_ringing(self) -> None:
        await self.bridge.until_told(CallRinging, of=self.bridge.submitted())

    async def until_over(self) -> None:
        if self.bridge.is_started:
            await self.bridge.until_told(CallEnded, of=self.bridge.submitted())
            await self.bridge.owners.rest()
        await self._phones.until_idle()

    def now(self) -> datetime:
        return _CLOCK.now()


def _seconds_of(turn: Turn) -> float:
    return len(turn.say) * BLIP_S


@contextlib.asynccontextmanager
async def asterisk_rig(pair: Pair, phones: Phones) -> AsyncIterator[AsteriskRig]:
    """Hold a bridge with a trunk of two channels for the block; it is not started."""
    trunks, servers = trunks_of(pair.settings(pair.server(channels=2)), _CLOCK)
    talks = AsteriskTalks(
        clock=_CLOCK, sounds=Blips(folder=pair.shared), ids=_IDS, folder=pair.shared
    )
    bridge = Watched(trunks, servers, clock=_CLOCK, talks=talks)
    try:
        yield AsteriskRig(bridge, phones)
    finally:
        await bridge.close()
