"""The simulated bridge with observers: each hears every event once the engine has committed it."""

from collections.abc import Awaitable, Callable, Sequence

from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import CallEvent, EventSink, OutboundCall, ScriptHost
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.floor import SimulatedFloor

Observer = Callable[[CallEvent], Awaitable[None]]


class ObservedBridge(SimulatedBridge):
    """Tells the engine first, then its observers in their order."""

    def __init__(
        self,
        carrier: SimulatedCarrier,
        observers: Sequence[Observer],
        *,
        floor: SimulatedFloor | None = None,
    ) -> None:
        super().__init__(carrier, floor=floor)
        self.placed: Callable[[OutboundCall], None] | None = None  # told of each call it takes
        self._observers = list(observers)

    def observe(self, observer: Observer) -> None:
        """Let one more hear every event; before `start`."""
        self._observers.append(observer)

    async def originate(self, call: OutboundCall) -> None:
        """Place a call; see the port."""
        await super().originate(call)
        if self.placed is not None:
            self.placed(call)

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        """Connect the engine and the observers."""
        await super().start(_Tee(sink, tuple(self._observers)), host, inbound=inbound)


class _Tee:
    def __init__(self, sink: EventSink, observers: Sequence[Observer]) -> None:
        self._sink = sink
        self._observers = observers

    async def heard(self, event: CallEvent) -> None:
        """Pass the event on."""
        await self._sink.heard(event)
        for observer in self._observers:
            await observer(event)
