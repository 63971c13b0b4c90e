"""Sees to calls whose end went unheard and to channels that should have ended long ago."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from core.clock import Clock
from dialer.bridges.asterisk import book
from dialer.bridges.asterisk.lines import ManagerEvent, ManagerGoneError, ManagerRefusedError
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.switchboard import Switchboard, by_id, hang_up_channel
from dialer.bridges.port import BridgeError

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 30.0
# Ringing, detection and the apology are no part of a call's longest duration.
MARGIN = timedelta(seconds=120)


class Reaper:
    """Compares what the servers list with what is known of our calls."""

    def __init__(
        self,
        servers: Sequence[ManagedServer],
        switchboard: Switchboard,
        clock: Clock,
        *,
        max_seconds: float,
        every_s: float = LOOK_EVERY_S,
        margin: timedelta = MARGIN,
    ) -> None:
        self._servers = tuple(servers)
        self._switchboard = switchboard
        self._clock = clock
        self._longest = timedelta(seconds=max_seconds) + margin
        self._every_s = every_s

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            for server in self._servers:
                try:
                    await self.look(server)
                except (ManagerGoneError, ManagerRefusedError, BridgeError) as err:
                    log.warning("calls_not_compared", server=server.name, error=str(err))
                except Exception:  # the edge of the reaper: the other servers, and the next look
                    log.exception("calls_not_compared", server=server.name)

    async def met(self, server: ManagedServer) -> None:
        """Compare after a login: whatever ended before is told by nobody."""
        made = self._switchboard.made()
        listed = by_id(await server.list("CoreShowChannels"))
        self._switchboard.compare(server, listed, made=made, twice=False)
        await book.forget_old(server, now=self._clock.now())

    async def look(self, server: ManagedServer) -> None:
        """Compare with what one server lists now; errors as `Server.act`."""
        if not server.is_up:
            return
        made = self._switchboard.made()
        listed = by_id(await server.list("CoreShowChannels"))
        self._switchboard.compare(server, listed, made=made, twice=True)
        for channel_id, channel in listed.items():
            if book.is_ours(channel_id) is not None and _lasted(channel) > self._longest:
                log.warning("stuck_channel_hung_up", attempt_id=channel_id, server=server.name)
                await hang_up_channel(server, channel_id)


def _lasted(channel: ManagerEvent) -> timedelta:
    """Return how long a channel has been there, from hours:minutes:seconds."""
    parts = channel.get("Duration").split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):  # noqa: PLR2004
        return timedelta(0)
    hours, minutes, seconds = (int(part) for part in parts)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
