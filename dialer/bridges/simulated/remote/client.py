"""The bridge to a simulated carrier in another process: the whole port over one socket."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic import TypeAdapter

from core.errors import OwnerlineError
from dialer.bridges.floor import Floor
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    BridgeError,
    CallEvent,
    Closed,
    EventSink,
    Fate,
    FateKind,
    OutboundCall,
    PlacedCall,
    ScriptHost,
    SubmissionUnknownError,
)
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.link import AskFailedError, Link, LinkLostError
from dialer.bridges.simulated.remote.wire import (
    PAGE,
    Answer,
    AskFate,
    AskLive,
    AskPlaced,
    Command,
    Failure,
    FailureKind,
    Frame,
    HangUp,
    Hello,
    Monitor,
    MoveToRoom,
    News,
    NextTurn,
    OpenTalk,
    Originate,
    Request,
    StopAll,
    Welcome,
    WireError,
    event_of,
    read_frame,
)
from scripts.model import Turn

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 10.0
REACH_WITHIN_S = 5.0
_BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_LEAVE_WITHIN_S = 5.0
_TRIES = 3
_FATE = TypeAdapter(Fate)
_PLACED = TypeAdapter(tuple[PlacedCall, ...] | None)
_IDS = TypeAdapter(tuple[UUID, ...])
_TURN = TypeAdapter(Turn)


class CarrierUnreachableError(OwnerlineError):
    """The simulated carrier of the settings does not answer; start it with `ownerline carrier`."""


class RemoteSimulatedBridge:
    """Shares a simulated carrier with other dialers; made by `reach`.

    A connection that breaks is made again; what the carrier told meanwhile is lost, and the calls
    go on. What could not be asked is refused as retryable; a submission without an answer is
    unknown, and so is a fate.
    """

    is_real = False
    closed: Mapping[str, Closed] = MappingProxyType({})
    floor: Floor | None = None

    def __init__(
        self,
        address: CarrierAddress,
        welcome: Welcome,
        *,
        token: str,
        name: str = "simulated",
        within_s: float = REACH_WITHIN_S,
    ) -> None:
        self.name = name
        self.trunks = welcome.trunks
        self.capabilities = welcome.capabilities
        self.max_seconds = welcome.max_seconds
        self._address = address
        self._token = token
        self._within_s = within_s
        self._dialer = uuid4()
        self._sink: EventSink | None = None
        self._host: ScriptHost | None = None
        self._link: Link | None = None
        self._connected = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._queues: dict[UUID, deque[Coroutine[Any, Any, None]]] = {}  # by call, in order
        self._workers: dict[UUID, asyncio.Task[None]] = {}

    @classmethod
    async def reach(
        cls,
        address: CarrierAddress,
        *,
        token: str = "",
        name: str = "simulated",
        within_s: float = REACH_WITHIN_S,
    ) -> "RemoteSimulatedBridge":
        """Return a bridge to the carrier that listens there.

        Args:
            address: where it listens.
            token: which it asks for; a socket file's owner needs none.
            name: of the bridge, on every attempt.
            within_s: real seconds that a lost carrier is waited for before a command is refused.

        Raises:
            CarrierUnreachableError: nobody does, or it does not let us in.
        """
        _, link, welcome = await _connect(address, token=token, dialer=uuid4(), listens=False)
        link.lose()
        return cls(address, welcome, token=token, name=name, within_s=within_s)

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        """Connect; from now on events reach the sink."""
        self._sink, self._host = sink, host
        reader, link, _ = await _connect(
            self._address, token=self._token, dialer=self._dialer, listens=True
        )
        self._keeper = asyncio.get_running_loop().create_task(self._keep(reader, link))
        self._up(link)

    async def close(self) -> None:
        """Disconnect; live calls are left alone. What was heard before is seen to its end."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        self._down()
        if self._workers:
            _, late = await asyncio.wait(self._workers.values(), timeout=_LEAVE_WITHIN_S)
            for task in late:
                task.cancel()
        self._sink = self._host = None

    async def quiet(self) -> None:
        """Return when everything that was heard so far has been dealt with."""
        while self._workers:
            await asyncio.wait(self._workers.values())

    async def originate(self, call: OutboundCall) -> None:
        """Place a call; see the port."""
        link = await self._reached("originate")
        try:
            await link.ask(Originate(call=call), within_s=ANSWER_WITHIN_S)
        except (LinkLostError, AskFailedError) as err:
            message = f"the carrier's answer to call {call.attempt_id} was lost; ask for its fate"
            raise SubmissionUnknownError(message) from err

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call; one that is gone already changes nothing."""
        await self._ask(HangUp(attempt_id=attempt_id))

    async def fate(self, attempt_id: UUID) -> Fate:
        """Say what became of a call; a live one is ours from then on."""
        try:
            return _FATE.validate_python(await self._ask(AskFate(attempt_id=attempt_id)))
        except BridgeError:
            return Fate(kind=FateKind.UNKNOWN)

    async def placed_since(self, instant: datetime) -> tuple[PlacedCall, ...] | None:
        """Return the calls of the carrier's own book; None while it answers no question."""
        placed: list[PlacedCall] = []
        while True:
            try:
                value = await self._ask(AskPlaced(instant=instant, skip=len(placed)))
            except BridgeError:
                return None
            page = _PLACED.validate_python(value)
            if page is None:
                return None
            placed += page
            if len(page) < PAGE:
                return tuple(placed)

    async def live(self) -> tuple[UUID, ...]:
        """Return the calls up now, also those of other dialers."""
        return _IDS.validate_python(await self._ask(AskLive()))

    async def stop_all(self) -> None:
        """Hang up everything, also the calls of other dialers."""
        await self._ask(StopAll())

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into an agent's room; see the port."""
        await self._ask(MoveToRoom(attempt_id=attempt_id, room=room))

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Let a supervisor listen, whisper or join; see the port."""
        await self._ask(Monitor(room=room, endpoint=endpoint, mode=mode))

    # Asking.

    async def _ask(self, command: Command) -> Any:
        """Ask what may be asked twice: over the standing connection, or one of its own.

        Raises:
            BridgeError: refused, or the carrier is away.
        """
        for left in reversed(range(_TRIES)):
            try:
                if self._keeper is None:
                    return await self._ask_once(command)
                link = await self._reached(command.do)
                return await link.ask(command, within_s=ANSWER_WITHIN_S)
            except (LinkLostError, AskFailedError, CarrierUnreachableError) as err:
                if not left:
                    message = f"the carrier did not answer {command.do}: {err}"
                    raise BridgeError(message, retryable=True) from err
        raise AssertionError

    async def _ask_once(self, command: Command) -> Any:
        """Ask as somebody who does not listen, for a bridge that was not started or is closed."""
        reader, link, _ = await _connect(
            self._address, token=self._token, dialer=self._dialer, listens=False
        )
        reading = asyncio.get_running_loop().create_task(self._read(reader, link))
        try:
            return await link.ask(command, within_s=ANSWER_WITHIN_S)
        finally:
            link.lose()
            await reading

    async def _reached(self, what: str) -> Link:
        """Return the standing connection; one that was just lost is waited for.

        Raises:
            BridgeError: it does not come back in time; nothing was sent.
        """
        try:
            async with asyncio.timeout(self._within_s):
                while self._link is None or not self._link.is_up:
                    self._connected.clear()
                    await self._connected.wait()
        except TimeoutError as err:
            message = f"the carrier at {self._address} is away: {what} was not asked"
            raise BridgeError(message, retryable=True) from err
        return self._link

    # The standing connection.

    def _up(self, link: Link) -> None:
        self._link = link
        self._connected.set()

    def _down(self) -> None:
        self._connected.clear()
        if self._link is not None:
            self._link.lose()
            self._link = None

    async def _keep(self, reader: asyncio.StreamReader, link: Link) -> None:
        """Read what comes; when the connection breaks, make it again with growing pauses."""
        while True:
            await self._read(reader, link)
            self._down()
            log.warning("carrier_lost", address=str(self._address))
            reader, link = await self._reconnect()
            self._up(link)
            log.info("carrier_back", address=str(self._address))

    async def _reconnect(self) -> tuple[asyncio.StreamReader, Link]:
        tries = 0
        while True:
            await asyncio.sleep(_BACK_OFF_S[min(tries, len(_BACK_OFF_S) - 1)])
            tries += 1
            try:
                reader, link, _ = await _connect(
                    self._address, token=self._token, dialer=self._dialer, listens=True
                )
            except CarrierUnreachableError:
                continue
            return reader, link

    async def _read(self, reader: asyncio.StreamReader, link: Link) -> None:
        try:
            while (frame := await read_frame(reader)) is not None:
                self._take(frame, link)
        except WireError as err:
            log.warning("carrier_not_understood", error=str(err))
        finally:
            link.lose()

    def _take(self, frame: Frame, link: Link) -> None:
        match frame:
            case Answer() | Failure():
                link.answered(frame)
            case News():
                event = event_of(frame)
                self._queue(event.attempt_id, self._hear(event))
            case Request(ask=OpenTalk() | NextTurn() as ask):
                self._queue(ask.attempt_id, self._speak(frame, link))
            case _:
                message = f"a carrier does not say {type(frame).__name__}"
                raise WireError(message)

    # What the carrier tells and asks, in order within a call.

    def _queue(self, attempt_id: UUID, work: Coroutine[Any, Any, None]) -> None:
        self._queues.setdefault(attempt_id, deque()).append(work)
        if attempt_id not in self._workers:
            loop = asyncio.get_running_loop()
            self._workers[attempt_id] = loop.create_task(self._work(attempt_id))

    async def _work(self, attempt_id: UUID) -> None:
        queue = self._queues[attempt_id]
        try:
            while queue:
                await queue.popleft()
        finally:
            for work in queue:
                work.close()
            del self._queues[attempt_id], self._workers[attempt_id]

    async def _hear(self, event: CallEvent) -> None:
        if self._sink is None:
            return
        try:
            await self._sink.heard(event)
        except Exception:  # the edge of a call session: logged; as good as a dropped event
            # Reconciliation asks for the call's fate.
            name = type(event).__name__
            log.exception("event_lost", attempt_id=str(event.attempt_id), event_type=name)

    async def _speak(self, request: Request, link: Link) -> None:
        if not link.is_up:  # who asked has gone, and asks somebody else: it must not count twice
            return
        try:
            turn = await self._turn(request.ask)
        except Exception as err:
            # The edge of a call session: the carrier ends the call, the dialer goes on.
            log.exception("turn_failed", attempt_id=str(getattr(request.ask, "attempt_id", "")))
            failed = Failure(
                number=request.number, why=FailureKind.FAILED, message=type(err).__name__
            )
            link.send(failed)
        else:
            link.send(Answer(number=request.number, value=_TURN.dump_python(turn, mode="json")))

    async def _turn(self, ask: Any) -> Turn:
        if self._host is None:
            message = "the dialer is closing"
            raise WireError(message)
        if isinstance(ask, OpenTalk):
            return await self._host.open(ask.attempt_id, ask.answered_by)
        return await self._host.reply(ask.attempt_id, ask.reply)


async def _connect(
    address: CarrierAddress, *, token: str, dialer: UUID, listens: bool
) -> tuple[asyncio.StreamReader, Link, Welcome]:
    try:
        async with asyncio.timeout(REACH_WITHIN_S):
            reader, writer = await address.connect()
            link = Link(writer)
            link.send(Hello(token=token, dialer=dialer, listens=listens))
            try:
                answer = await read_frame(reader)
            except BaseException:
                link.lose()
                raise
    except (OSError, TimeoutError, WireError) as err:
        message = (
            f"the simulated carrier at {address} does not answer: {err}; start it with "
            "`ownerline carrier`"
        )
        raise CarrierUnreachableError(message) from err
    if isinstance(answer, Welcome):
        return reader, link, answer
    link.lose()
    why = answer.message if isinstance(answer, Failure) else "it hung up"
    message = f"the simulated carrier at {address} does not let us in: {why}"
    raise CarrierUnreachableError(message)
