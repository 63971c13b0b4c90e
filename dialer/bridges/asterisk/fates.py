"""What became of a call, by what the servers know and by the bridge's own book."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from core.clock import Clock
from dialer.bridges.asterisk import book
from dialer.bridges.asterisk.call import Call
from dialer.bridges.asterisk.lines import ManagerEvent, ManagerGoneError, ManagerRefusedError
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.port import Fate, FateKind
from dialer.model import AnsweredBy

log = structlog.get_logger(__name__)

_UNKNOWN = Fate(kind=FateKind.UNKNOWN)
# The clocks of two dialers' machines differ by no more than this.
CLOCKS_DIFFER = timedelta(seconds=1)


class Fates:
    """Asks for calls; one that is up becomes ours, whoever placed it."""

    def __init__(
        self, servers: Sequence[ManagedServer], switchboard: Switchboard, clock: Clock
    ) -> None:
        self._servers = tuple(servers)
        self._switchboard = switchboard
        self._clock = clock

    async def of(self, attempt_id: UUID) -> Fate:
        """Say what became of a call; see the port.

        NEVER_PLACED only where every server has been up since before the call was made, and has
        no entry of it in its book: what a killed server wrote in its last second is lost.
        """
        if (ended := self._switchboard.end_of(attempt_id)) is not None:
            return Fate(kind=FateKind.ENDED, ended=ended)
        asked = await asyncio.gather(*(self._up_on(each, attempt_id) for each in self._servers))
        for server, channel in zip(self._servers, asked, strict=True):
            if isinstance(channel, ManagerEvent):
                await self._adopt(server, attempt_id, channel)
                return Fate(kind=FateKind.LIVE)
        if any(channel is None for channel in asked):
            return _UNKNOWN
        call = self._switchboard.calls.get(attempt_id)
        if call is not None and call.has_channel:
            return _UNKNOWN  # its end is on the way to us, or will be found missing
        if not await self._never_placed(attempt_id):
            return _UNKNOWN
        if call is not None:
            self._switchboard.forget(call)
        return Fate(kind=FateKind.NEVER_PLACED)

    async def _up_on(self, server: ManagedServer, attempt_id: UUID) -> ManagerEvent | bool | None:
        """Return the call's channel on a server, False where it has none, None: cannot say."""
        try:
            found = await server.list("Status", {"Channel": str(attempt_id)})
        except ManagerRefusedError:  # no such channel
            return False
        except ManagerGoneError:
            return None
        return found[0] if found else False

    async def _never_placed(self, attempt_id: UUID) -> bool:
        made_at = book.made_at(attempt_id)
        for server in self._servers:
            if server.booted_at is None or server.booted_at > made_at - CLOCKS_DIFFER:
                return False
            try:
                if await book.has(server, attempt_id):
                    return False
            except (ManagerGoneError, ManagerRefusedError) as err:
                log.warning("book_not_read", server=server.name, error=str(err))
                return False
        return True

    async def _adopt(self, server: ManagedServer, attempt_id: UUID, channel: ManagerEvent) -> None:
        if (known := self._switchboard.calls.get(attempt_id)) is not None:
            self._switchboard.seen(known, channel)
            return
        call = Call(
            attempt_id=attempt_id,
            server=server,
            trunk="",
            placed_at=self._clock.now(),
            order=None,
            decided=asyncio.get_running_loop().create_future(),
        )
        call.decide(made=True)
        is_up = channel.get("ChannelStateDesc") == "Up"
        if is_up:
            call.up_at = await self._answered_at(server, attempt_id)
            detected = await _variable(server, attempt_id, "AMDSTATUS")
        else:
            detected = ""
        self._switchboard.add(call)
        log.info("call_adopted", attempt_id=str(attempt_id), server=server.name)
        if is_up:
            machine = detected == "MACHINE"
            met = AnsweredBy.MACHINE if machine else AnsweredBy.UNSURE
            await self._switchboard.met(attempt_id, met)
        else:
            self._switchboard.seen(call, channel)

    async def _answered_at(self, server: ManagedServer, attempt_id: UUID) -> datetime:
        now = self._clock.now()
        told = await _variable(server, attempt_id, "OWNERLINE_ANSWERED")
        return min(now, datetime.fromtimestamp(int(told), tz=UTC)) if told.isdecimal() else now


async def _variable(server: ManagedServer, attempt_id: UUID, name: str) -> str:
    """Return a channel variable; empty when it has none, or the channel has gone meanwhile."""
    try:
        got = await server.act("Getvar", {"Channel": str(attempt_id), "Variable": name})
    except (ManagerGoneError, ManagerRefusedError):
        return ""
    return got.get("Value", "")
