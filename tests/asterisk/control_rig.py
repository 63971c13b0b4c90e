"""The bridge without its parts on a real Asterisk: it rings, hears and accounts for calls."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from core.clock import SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from core.settings_model import AsteriskServer
from dialer.bridges.asterisk.ami import Account
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.fates import CLOCKS_DIFFER
from dialer.bridges.asterisk.parts import Board
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.port import CallEnded, CallEvent, OutboundCall
from ownerline.asterisk_bridge import trunks_of
from tests.asterisk.kit.pair import SECRET, TRUNK, Pair
from tests.unit.dialer.bridges.stand_ins import Script

PHONE = PhoneNumber("+8613800138001")
OTHER_PHONE = PhoneNumber("+8613800138002")
CLOCK = SystemClock()
IDS = IdSource(CLOCK, random.Random())
WITHIN_S = 10.0

E = TypeVar("E", bound=CallEvent)


@dataclass(kw_only=True)
class Listener:
    """An event sink that can be waited on."""

    events: list[CallEvent] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, event: CallEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def of(self, attempt_id: UUID) -> list[CallEvent]:
        return [event for event in self.events if event.attempt_id == attempt_id]

    def kinds(self, attempt_id: UUID) -> list[type[CallEvent]]:
        return [type(event) for event in self.of(attempt_id)]

    async def until(self, kind: type[E], attempt_id: UUID, *, within_s: float = WITHIN_S) -> E:
        async with asyncio.timeout(within_s):
            while True:
                for event in self.of(attempt_id):
                    if isinstance(event, kind):
                        return event
                self._changed.clear()
                await self._changed.wait()

    async def end(self, attempt_id: UUID, *, within_s: float = WITHIN_S) -> CallEnded:
        return await self.until(CallEnded, attempt_id, within_s=within_s)


class SilentTalks:
    """Talks that take every call and never say a word, so that it stays up."""

    talking: frozenset[UUID] = frozenset()  # nobody is cut short in anything

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.reached = asyncio.Event()

    async def start(self, board: Board) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.close()

    async def _take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.reached.set()

    def variables(self, call: OutboundCall, trunk: Trunk) -> Mapping[str, str]:
        assert self._server is not None, "talks are started by the bridge"
        host, port = self._server.sockets[0].getsockname()
        return {"OWNERLINE_AGI": f"{host}:{port}", "OWNERLINE_TOKEN": "none"}


def order(to: PhoneNumber = PHONE, **changes: Any) -> OutboundCall:
    plain: dict[str, Any] = {
        "attempt_id": IDS.new(),
        "to": to,
        "caller_id": "075512345678",
        "trunk": TRUNK,
        "ring_timeout_s": 30.0,
        "max_seconds": 60.0,
        "detect_machine": False,
        "synthetic": False,
    }
    return OutboundCall(**plain | changes)


@dataclass(kw_only=True)
class Control:
    """A started bridge and what it tells."""

    bridge: AsteriskBridge
    ear: Listener

    async def place(self, call: OutboundCall) -> OutboundCall:
        await self.bridge.originate(call)
        return call

    async def until_answered(self, call: OutboundCall) -> None:
        """Wait until the bridge knows that the phone was picked up."""
        async with asyncio.timeout(WITHIN_S):
            while self.bridge.lines.answered_s(call.attempt_id) == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def until_sure(self) -> None:
        """Wait until what Asterisk does not know of is sure never to have been: it may be new."""
        async with asyncio.timeout(WITHIN_S):
            for server in self.bridge.servers:
                assert server.booted_at is not None, "a server that is up says how old it is"
                sure_at = server.booted_at + CLOCKS_DIFFER + timedelta(milliseconds=5)
                await CLOCK.sleep_until(sure_at)

    async def until(self, *, up: bool, within_s: float = WITHIN_S) -> None:
        """Wait until every server is up, or none is."""
        async with asyncio.timeout(within_s):
            while any(server.is_up is not up for server in self.bridge.servers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def make_bridge(pair: Pair, *servers: AsteriskServer, **options: Any) -> AsteriskBridge:
    """Return a bridge to the trunks; to that of the phones when none is named."""
    trunks, managed = trunks_of(pair.settings(*servers), CLOCK)
    return AsteriskBridge(trunks, managed, clock=CLOCK, **options)


@contextlib.asynccontextmanager
async def control(pair: Pair, *servers: AsteriskServer, **options: Any) -> AsyncIterator[Control]:
    """Hold a started bridge for the block."""
    rig = Control(bridge=make_bridge(pair, *servers, **options), ear=Listener())
    await rig.bridge.start(rig.ear, Script())
    try:
        yield rig
    finally:
        await rig.bridge.close()


def account(pair: Pair, **changes: Any) -> Account:
    plain: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": pair.dialer.ports.ami,
        "username": "ownerline",
        "secret": SECRET,
    }
    return Account(**plain | changes)
