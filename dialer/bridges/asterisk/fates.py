"""What became of a call, by what the servers know and by the bridge's own book."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from dialer.bridges.asterisk import book
from dialer.bridges.asterisk.adopting import Adopting
from dialer.bridges.asterisk.lines import ManagerEvent, ManagerGoneError, ManagerRefusedError
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.port import Fate, FateKind

log = structlog.get_logger(__name__)

_UNKNOWN = Fate(kind=FateKind.UNKNOWN)
# The clocks of two dialers' machines differ by no more than this.
CLOCKS_DIFFER = timedelta(seconds=1)


class Fates:
    """Asks for calls; one that is up becomes ours, whoever placed it."""

    def __init__(
        self, servers: Sequence[ManagedServer], switchboard: Switchboard, adopting: Adopting
    ) -> None:
        self._servers = tuple(servers)
        self._switchboard = switchboard
        self._adopting = adopting

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
                await self._adopting.adopt(server, attempt_id, channel)
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
