"""What plugs into the bridge: talks, rooms, calls that come in, recordings, announcements.

The bridge (`bridge.py`) is made with its parts, starts them before it connects to its servers, so
that none misses an event, and closes them in the other order. Each gets the `Board`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from core.clock import Clock
from dialer.bridges.asterisk.lines import Lines, Server
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.floor import Floor
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import EventSink, OutboundCall, ScriptHost


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What every part works with while the bridge is up."""

    clock: Clock
    trunks: Mapping[str, Trunk]  # by name
    lines: Lines
    sink: EventSink
    host: ScriptHost
    inbound: InboundDesk | None

    @property
    def servers(self) -> Mapping[str, Server]:
        """The servers by place, each once."""
        return {trunk.server.place: trunk.server for trunk in self.trunks.values()}


class Part(Protocol):
    """A part of the bridge with a life of its own."""

    async def start(self, board: Board) -> None:
        """Begin; servers may not be up yet: `Server.on_connected` says when they are."""
        ...

    async def close(self) -> None:
        """End; calls that are up are left alone."""
        ...


class Talks(Part, Protocol):
    """Speaks with whoever has picked up."""

    @property
    def talking(self) -> frozenset[UUID]:
        """The calls that are being spoken with."""
        ...

    def variables(self, call: OutboundCall, trunk: Trunk) -> Mapping[str, str]:
        """Return the channel variables by which the dialplan reaches the talk of a call.

        OWNERLINE_AGI (host:port), OWNERLINE_TOKEN, OWNERLINE_DETECT, OWNERLINE_SORRY; the bridge
        adds OWNERLINE_CALL and OWNERLINE_MAX.
        """
        ...


class Recordings(Part, Protocol):
    """Records what is said on calls, where it may be."""

    async def follow(self, call_id: UUID, *, recorded: bool, channel: str = "") -> None:
        """Record a call's next turn (`Turn.recorded`), or nothing of it; to be called before each.

        Never raises: a call goes on whatever becomes of its recording. `channel` is Asterisk's
        unique id where it is not the call's own.
        """
        ...

    async def pause(self, call_id: UUID) -> None:
        """Record silence for a while; `BridgeError` when it may go on being recorded."""
        ...

    async def resume(self, call_id: UUID) -> None:
        """Record again, or begin to; `BridgeError` when it is not recorded, with why."""
        ...


class Rooms(Part, Floor, Protocol):
    """Agents' phones and their rooms; `CallInRoom` is theirs to tell, by `Lines.in_room`."""

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into an agent's room; see `Bridge.move_to_room`."""
        ...

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Let a supervisor listen, whisper or join; see `Bridge.monitor`."""
        ...
