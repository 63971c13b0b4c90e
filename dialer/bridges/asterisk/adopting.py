"""Taking over a call that another process placed: its order, its end, and the talk on it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import OwnerlineError
from dialer.bridges.asterisk import orders
from dialer.bridges.asterisk.amd import answered_by_of
from dialer.bridges.asterisk.call import Call
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.parts import Talks
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.asterisk.trunk import Trunk

log = structlog.get_logger(__name__)


class Adopting:
    """Makes calls ours: they are heard, and spoken on if nobody has picked up yet.

    The talk of a call that was answered went with its dialer: the dialplan apologises there.
    """

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

    async def adopt(self, server: Server, attempt_id: UUID, channel: ManagerEvent) -> None:
        """Know a call from its channel in a list; one that is ours already is brought in line."""
        board = self._switchboard
        call = board.calls.get(attempt_id)
        if call is not None:
            board.seen(call, channel)
            return
        call = Call(
            attempt_id=attempt_id,
            server=server,
            trunk="",
            placed_at=self._clock.now(),
            order=None,
            decided=asyncio.get_running_loop().create_future(),
        )
        call.decide(made=True)  # its submission was told by whoever placed it
        board.add(call)  # before anything is asked: its end may come at any moment
        board.seen(call, channel)
        call.order = orders.read(await _variable(call, orders.VARIABLE), attempt_id)
        call.trunk = "" if call.order is None else call.order.trunk
        log.info("call_adopted", attempt_id=call.channel_id, server=server.name)
        if call.up_at is None:
            await self._speak_on(call)
        else:
            await self._was_answered(call)

    async def _was_answered(self, call: Call) -> None:
        told = await _variable(call, "OWNERLINE_ANSWERED")
        if call.up_at is not None and told.isdecimal():
            call.up_at = min(call.up_at, datetime.fromtimestamp(int(told), tz=UTC))
        status, cause = await _variable(call, "AMDSTATUS"), await _variable(call, "AMDCAUSE")
        await self._switchboard.met(call.attempt_id, answered_by_of(status, cause))

    async def _speak_on(self, call: Call) -> None:
        """Let the dialplan come to us when somebody picks up."""
        trunk = self._trunks.get(call.trunk)
        if self._talks is None or trunk is None or call.order is None:
            return
        try:
            for name, value in self._talks.variables(call.order, trunk).items():
                given = {"Channel": call.channel_id, "Variable": name, "Value": value}
                await call.server.act("Setvar", given)
        except OwnerlineError as err:  # answered, the owner hears the apology
            log.warning("adopted_without_talk", attempt_id=call.channel_id, error=str(err))


async def _variable(call: Call, name: str) -> str:
    """Return a channel variable; empty when it has none, or the channel has gone meanwhile."""
    try:
        got = await call.server.act("Getvar", {"Channel": call.channel_id, "Variable": name})
    except (ManagerGoneError, ManagerRefusedError):
        return ""
    return got.get("Value", "")
