"""The simulated carrier behind a socket: takes several dialers, and outlives each of them."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from pydantic import TypeAdapter

from core.errors import OwnerlineError
from dialer.bridges.port import BridgeError, Fate, FateKind, PlacedCall, SubmissionUnknownError
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.link import Link
from dialer.bridges.simulated.remote.switchboard import Switchboard
from dialer.bridges.simulated.remote.wire import (
    PAGE,
    VERSION,
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
    Originate,
    Request,
    StopAll,
    Welcome,
    WireError,
    read_frame,
)

log = structlog.get_logger(__name__)

_HELLO_WITHIN_S = 5.0
_FATE = TypeAdapter(Fate)
_PLACED = TypeAdapter(tuple[PlacedCall, ...] | None)


class CarrierServer:
    """Serves one carrier to every dialer of this machine that knows its token.

    A socket file keeps strangers out by its mode and needs no token.
    """

    def __init__(
        self,
        carrier: SimulatedCarrier,
        *,
        token: str = "",
        keep_talk: Callable[[str], object] | None = None,
    ) -> None:
        self._bridge = SimulatedBridge(carrier)
        self._board = Switchboard(carrier.clock, keep_talk=keep_talk)
        self._token = token
        self._server: asyncio.Server | None = None
        self._dialers: dict[asyncio.Task[Any], Link] = {}

    async def start(self, address: CarrierAddress) -> CarrierAddress:
        """Listen; returns the address with the port that was found."""
        await self._bridge.start(self._board, self._board)
        self._server, bound = await address.listen(self._serve)
        return bound

    async def close(self) -> None:
        """Let every dialer go; the carrier's calls go on."""
        if self._server is not None:
            self._server.close()
        for link in self._dialers.values():
            link.lose()  # which ends its task
        await asyncio.gather(*self._dialers)
        await self._bridge.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, link = asyncio.current_task(), Link(writer)
        if task is None:
            message = "a connection is served in a task of its own"
            raise RuntimeError(message)
        self._dialers[task] = link
        try:
            hello = await self._greet(reader, link)
            if hello is not None:
                await self._attend(reader, link, hello)
        except WireError as err:
            log.warning("dialer_not_understood", error=str(err))
        finally:
            link.lose()
            del self._dialers[task]

    async def _greet(self, reader: asyncio.StreamReader, link: Link) -> Hello | None:
        """Return the dialer's first word; None when it may not come in."""
        try:
            async with asyncio.timeout(_HELLO_WITHIN_S):
                hello = await read_frame(reader)
        except TimeoutError:
            return None
        if not isinstance(hello, Hello):
            return None
        problem = self._problem_with(hello)
        if problem is not None:
            log.warning("dialer_refused", problem=problem)
            link.send(Failure(number=0, why=FailureKind.REFUSED, message=problem))
            await link.flush()
            return None
        link.send(
            Welcome(
                trunks=self._bridge.trunks,
                capabilities=self._bridge.capabilities,
                max_seconds=self._bridge.max_seconds,
            )
        )
        return hello

    def _problem_with(self, hello: Hello) -> str | None:
        if hello.version != VERSION:
            return f"the carrier speaks version {VERSION} of its wire, the dialer {hello.version}"
        if not hmac.compare_digest(hello.token.encode(), self._token.encode()):
            return "the dialer's token is not the carrier's; see simulated_carrier_token_file"
        return None

    async def _attend(self, reader: asyncio.StreamReader, link: Link, hello: Hello) -> None:
        if hello.listens:
            self._board.joined(hello.dialer, link)
        log.info("dialer_joined", dialer=str(hello.dialer), listens=hello.listens)
        try:
            while (frame := await read_frame(reader)) is not None:
                match frame:
                    case Request():
                        link.send(await self._answer(frame, hello))
                    case Answer() | Failure():
                        link.answered(frame)
                    case _:
                        message = f"a dialer does not say {type(frame).__name__}"
                        raise WireError(message)
        finally:
            self._board.left(hello.dialer, link)
            log.info("dialer_left", dialer=str(hello.dialer))

    async def _answer(self, request: Request, hello: Hello) -> Frame:
        number = request.number
        try:
            return Answer(number=number, value=await self._do(request.ask, hello))
        except BridgeError as err:
            return Failure(
                number=number,
                why=FailureKind.REFUSED,
                message=str(err),
                retryable=err.retryable,
            )
        except SubmissionUnknownError as err:
            return Failure(number=number, why=FailureKind.UNKNOWN, message=str(err))
        except OwnerlineError as err:
            return Failure(number=number, why=FailureKind.FAILED, message=str(err))

    async def _do(self, ask: Command | Any, hello: Hello) -> Any:
        bridge, value = self._bridge, None
        match ask:
            case Originate():
                await self._originate(ask, hello)
            case HangUp():
                await bridge.hang_up(ask.attempt_id)
            case AskFate():
                value = await self._fate(ask.attempt_id, hello)
            case AskPlaced():
                placed = await bridge.placed_since(ask.instant)
                page = None if placed is None else placed[ask.skip : ask.skip + PAGE]
                value = _PLACED.dump_python(page, mode="json")
            case AskLive():
                value = [str(attempt_id) for attempt_id in await bridge.live()]
            case StopAll():
                await bridge.stop_all()
            case MoveToRoom():
                await bridge.move_to_room(ask.attempt_id, ask.room)
            case Monitor():
                await bridge.monitor(ask.room, ask.endpoint, ask.mode)
            case _:
                message = f"a dialer does not ask {ask.do}"
                raise WireError(message)
        return value

    async def _originate(self, ask: Originate, hello: Hello) -> None:
        attempt_id = ask.call.attempt_id
        before = self._board.carrier_of(attempt_id)
        self._board.takes(attempt_id, hello.dialer)
        try:
            await self._bridge.originate(ask.call)
        except BridgeError:
            if before is None:
                self._board.drop(attempt_id)
            else:
                self._board.takes(attempt_id, before)
            raise

    async def _fate(self, attempt_id: UUID, hello: Hello) -> Any:
        fate = await self._bridge.fate(attempt_id)
        if fate.kind is FateKind.LIVE and hello.listens:
            self._board.takes(attempt_id, hello.dialer)
        return _FATE.dump_python(fate, mode="json")
