"""Where the turns of a talk come from: the script host for calls we placed, the desk for others."""

from typing import Protocol
from uuid import UUID

from core.clock import Clock
from dialer.bridges.asterisk.lines import Lines
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import RecordingReady, ScriptHost
from dialer.model import AnsweredBy
from scripts.model import Reply, Turn


class TurnSource(Protocol):
    """What a talk asks for its turns."""

    async def open(self) -> Turn:
        """Return the first turn."""
        ...

    async def reply(self, reply: Reply) -> Turn:
        """Take a reply and return the next turn."""
        ...

    async def put_through(self, queue: str) -> str | Turn | None:
        """Return an agent's room, or what is said when nobody is there; None: the call ends."""
        ...

    async def recorded(self, name: str, location: str, seconds: float) -> None:
        """Take a free answer in; returns when it is on file."""
        ...


class OutboundTurns:
    """Turns of a call we placed."""

    def __init__(
        self,
        call_id: UUID,
        answered_by: AnsweredBy,
        *,
        host: ScriptHost,
        lines: Lines,
        clock: Clock,
    ) -> None:
        self._call_id = call_id
        self._answered_by = answered_by
        self._host = host
        self._lines = lines
        self._clock = clock

    async def open(self) -> Turn:
        """Tell who answered, and return the first turn."""
        await self._lines.met(self._call_id, self._answered_by)
        return await self._host.open(self._call_id, self._answered_by)

    async def reply(self, reply: Reply) -> Turn:
        """Take a reply and return the next turn."""
        return await self._host.reply(self._call_id, reply)

    async def put_through(self, queue: str) -> str | Turn | None:
        """Return an agent's room; None: the call ends."""
        return await self._host.put_through(self._call_id, queue)

    async def recorded(self, name: str, location: str, seconds: float) -> None:
        """Take a free answer in; returns when it is on file."""
        await self._lines.recorded(
            RecordingReady(
                attempt_id=self._call_id,
                at=self._clock.now(),
                name=name,
                location=location,
                seconds=seconds,
            )
        )


class InboundTurns:
    """Turns of a call that came in."""

    def __init__(self, call_id: UUID, *, desk: InboundDesk) -> None:
        self._call_id = call_id
        self._desk = desk

    async def open(self) -> Turn:
        """Return the first turn."""
        return await self._desk.open(self._call_id)

    async def reply(self, reply: Reply) -> Turn:
        """Take a reply and return the next turn."""
        return await self._desk.reply(self._call_id, reply)

    async def put_through(self, queue: str) -> str | Turn | None:
        """Return an agent's room, or the turn that offers to ring back."""
        return await self._desk.put_through(self._call_id, queue) or await self.open()

    async def recorded(self, name: str, location: str, seconds: float) -> None:
        """Take a free answer in; returns when it is on file."""
        await self._desk.recorded(self._call_id, name, location, seconds)
