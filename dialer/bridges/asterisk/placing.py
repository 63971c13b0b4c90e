"""Placing one call: what is refused before anything is sent, and what Asterisk answers."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from uuid import uuid4

import structlog

from core.clock import Clock
from core.errors import OwnerlineError
from dialer.bridges.asterisk import book, orders
from dialer.bridges.asterisk.call import Call
from dialer.bridges.asterisk.dialect import DialError
from dialer.bridges.asterisk.lines import (
    Asked,
    ManagerDownError,
    ManagerGoneError,
    ManagerRefusedError,
    ManagerTornError,
)
from dialer.bridges.asterisk.parts import Talks
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.asterisk.values import UnsafeValueError
from dialer.bridges.port import BridgeError, OutboundCall, SubmissionUnknownError

log = structlog.get_logger(__name__)

CONTEXT = "ownerline"
EXTEN = "talk"
# Asterisk makes a channel, or says that it makes none, within milliseconds of taking a call.
_DECIDED_WITHIN_S = 2.0
_ORIGINATE_WITHIN_S = 5.0


class Placing:
    """Sends Originates; every call it sends is in the book before."""

    def __init__(
        self,
        trunks: Mapping[str, Trunk],
        switchboard: Switchboard,
        clock: Clock,
        *,
        talks: Talks | None,
    ) -> None:
        self._trunks = trunks
        self._switchboard = switchboard
        self._clock = clock
        self._talks = talks

    async def place(self, order: OutboundCall, *, max_seconds: float) -> None:
        """Place a call; see `Bridge.originate`."""
        trunk = self._admitted(order)
        headers = self._headers(order, trunk)
        variables = self._variables(order, trunk, max_seconds)
        call = Call(
            attempt_id=order.attempt_id,
            server=trunk.server,
            trunk=trunk.name,
            placed_at=self._clock.now(),
            order=order,
            action_id=headers["ActionID"],
            decided=asyncio.get_running_loop().create_future(),
        )
        self._switchboard.add(call)
        try:
            await self._send(call, order, headers, variables)
        except BridgeError:
            self._switchboard.forget(call)
            raise

    async def _send(
        self,
        call: Call,
        order: OutboundCall,
        headers: Mapping[str, str],
        variables: Mapping[str, str],
    ) -> None:
        entry = book.Entry(
            attempt_id=order.attempt_id,
            to=order.to,
            trunk=order.trunk,
            placed_at=call.placed_at,
        )
        noted = book.noted(entry)
        placed = Asked(action="Originate", headers=headers, variables=variables)
        if not call.server.has_let(book.NOTES):
            await self._is_noted(call, noted)
            if call.cut:  # hung up meanwhile: nobody is to be rung at all
                self._switchboard.cut_short(call)
                return
        try:
            await self._in_turn(call, noted, placed)
            made = await asyncio.wait_for(asyncio.shield(call.decided), _DECIDED_WITHIN_S)
        except ManagerDownError as err:
            message = f"call {order.attempt_id} was not placed: {err}"
            raise BridgeError(message, retryable=True) from err
        except UnsafeValueError as err:
            message = f"call {order.attempt_id} was not placed: {err}"
            raise BridgeError(message, retryable=False) from err
        except ManagerRefusedError as err:
            message = (
                f"trunk {order.trunk} was not taken: {err}; `ownerline doctor` says what its "
                "Asterisk lacks"
            )
            raise BridgeError(message, retryable=True) from err
        except ManagerGoneError as err:
            message = f"Asterisk's answer to call {order.attempt_id} was lost; ask for its fate"
            raise SubmissionUnknownError(message) from err
        except TimeoutError:
            call.decided.add_done_callback(
                lambda made: None if made.result() else self._switchboard.refused_late(call)
            )
            return
        if not made:
            message = (
                f"Asterisk makes no channel on trunk {order.trunk}: its far end does not answer, "
                "or there is no such endpoint"
            )
            raise BridgeError(message, retryable=True)

    async def _in_turn(self, call: Call, noted: Asked, placed: Asked) -> None:
        """Have a call written down and placed; errors as `Server.act`."""
        try:
            await call.server.act_in_turn(noted, placed, within_s=_ORIGINATE_WITHIN_S)
        except ManagerTornError as err:  # it may ring, and is ours as any other while we live
            log.warning("call_not_in_the_book", attempt_id=call.channel_id, error=str(err))

    async def _is_noted(self, call: Call, noted: Asked) -> None:
        """See that this connection may write the book, before anything is placed over it.

        Raises:
            BridgeError: it may not, or is down.
        """
        try:
            await call.server.act(noted.action, noted.headers)
        except (ManagerGoneError, ManagerRefusedError) as err:
            message = f"call {call.attempt_id} is not in the book of trunk {call.trunk}: {err}"
            raise BridgeError(message, retryable=True) from err

    def _admitted(self, order: OutboundCall) -> Trunk:
        """Return the call's trunk.

        Raises:
            BridgeError: the call may not be placed, or not now.
        """
        trunk = self._trunks.get(order.trunk)
        board = self._switchboard
        if order.synthetic:
            message = f"call {order.attempt_id} is to an invented person: nobody is rung for it"
            raise BridgeError(message, retryable=False)
        if order.attempt_id in board.calls or board.end_of(order.attempt_id) is not None:
            message = f"call {order.attempt_id} was placed before; ask for its fate instead"
            raise BridgeError(message, retryable=False)
        if trunk is None:
            message = f"there is no trunk {order.trunk!r}; known: {', '.join(self._trunks)}"
            raise BridgeError(message, retryable=False)
        if trunk.draining:
            message = f"trunk {trunk.name} is draining and takes no new call"
            raise BridgeError(message, retryable=True)
        if not trunk.server.is_up:
            message = f"Asterisk {trunk.server.name} at {trunk.server.place} is down; try later"
            raise BridgeError(message, retryable=True)
        up = Counter(call.trunk for call in board.calls.values())[trunk.name]
        if up >= trunk.limits.channels:
            message = f"all {trunk.limits.channels} channels of trunk {trunk.name} are up"
            raise BridgeError(message, retryable=True)
        return trunk

    def _headers(self, order: OutboundCall, trunk: Trunk) -> dict[str, str]:
        try:
            caller_id = trunk.caller_ids.of(order.community, otherwise=order.caller_id)
            dialled = trunk.dial_string(order.to)
        except (DialError, UnsafeValueError) as err:
            message = f"call {order.attempt_id} cannot be placed on trunk {trunk.name}: {err}"
            raise BridgeError(message, retryable=False) from err
        return {
            "Channel": dialled,
            "Context": CONTEXT,
            "Exten": EXTEN,
            "Priority": "1",
            "Timeout": str(round(order.ring_timeout_s * 1000)),
            "Async": "true",
            "ChannelId": str(order.attempt_id),
            "ActionID": str(uuid4()),
            **({"CallerID": caller_id} if caller_id else {}),
        }

    def _variables(
        self, order: OutboundCall, trunk: Trunk, max_seconds: float
    ) -> Mapping[str, str]:
        own = {
            "OWNERLINE_CALL": str(order.attempt_id),
            "OWNERLINE_MAX": str(max(1, round(max_seconds))),
        }
        try:
            own[orders.VARIABLE] = orders.written(order)
            talk = {} if self._talks is None else self._talks.variables(order, trunk)
        except UnsafeValueError as err:
            message = f"call {order.attempt_id} cannot be placed on trunk {trunk.name}: {err}"
            raise BridgeError(message, retryable=False) from err
        except OwnerlineError as err:
            message = f"call {order.attempt_id} cannot be spoken on: {err}"
            raise BridgeError(message, retryable=True) from err
        return {**talk, **own}
