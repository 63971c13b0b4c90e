"""Recordings on Asterisk: both sides of a call by MixMonitor, a file each, paused and resumed.

The dialplan's hang-up handler closes the files of every call, so that MixMonitorStop is told
however a call ends; what is not heard of it (a broken connection, a dialer that died) is found by
the sweep.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from core.ids import IdSource
from customers.model import RecordingConsent
from dialer.bridges.asterisk.announcing import Announcement, Announcer
from dialer.bridges.asterisk.audio_places import call_files, call_location, make_folder
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.parts import Board
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.asterisk.values import UnsafeValueError
from dialer.bridges.port import BridgeError, RecordingReady, RecordingStarted

log = structlog.get_logger(__name__)

WHOLE_CALL = "call"
_TROUBLES = (ManagerGoneError, ManagerRefusedError, UnsafeValueError)
_BY_TURN, _BY_AGENT = "turn", "agent"
_GONE = "No such channel"  # the call ended a moment ago


@dataclass(kw_only=True, slots=True)
class _Recording:
    """A recording that runs; it holds silence while anybody wants it to."""

    call_id: UUID
    recording: UUID
    channel: str  # its unique id at Asterisk
    server: Server
    started_at: datetime
    silenced_by: set[str] = field(default_factory=set)


class Recorder:
    """Records calls as far as turns and rule packs let it; a part of the bridge."""

    def __init__(
        self,
        *,
        ids: IdSource,
        folder: Path,
        agent_calls: bool = False,
        announcement: Announcement | None = None,
    ) -> None:
        """Put a recorder together.

        Args:
            ids: names the files.
            folder: the shared folder as we see it.
            agent_calls: record owners and agents from the moment they meet, where the rules allow.
            announcement: what is played into their room first, where the rules want it.
        """
        self._ids = ids
        self._folder = folder
        self._agent_calls = agent_calls
        self._announcement = announcement
        self._announcer: Announcer | None = None
        self._board: Board | None = None
        self._running: dict[UUID, _Recording] = {}
        self._announced: set[UUID] = set()
        self._kept_back: set[UUID] = set()  # paused before their recording began

    # A part of the bridge.

    async def start(self, board: Board) -> None:
        """Listen on every server."""
        await asyncio.to_thread(make_folder, self._folder)
        self._board = board
        self._announcer = Announcer(clock=board.clock, ids=self._ids)
        for server in board.servers.values():
            server.on("MixMonitorStop", self._stopped)
            server.on("ConfbridgeJoin", self._joined)
            self._announcer.listen(server)
        board.lines.on_over(self._over)

    async def close(self) -> None:
        """Let what is recorded run on: it is closed with its call."""
        self._board = None

    # Talks by script.

    async def follow(self, call_id: UUID, *, recorded: bool, channel: str = "") -> None:
        """Record a call's next turn, or nothing of it; a call goes on whatever becomes of this.

        `channel` is Asterisk's unique id where it is not the call's own.
        """
        try:
            if call_id in self._running:
                await self._silence(self._running[call_id], _BY_TURN, silent=not recorded)
            elif recorded:
                await self._begin(call_id, channel=channel or str(call_id))
        except _TROUBLES as err:
            log.warning("turn_not_recorded_as_it_should", call_id=str(call_id), error=str(err))

    # Agents' calls.

    async def pause(self, call_id: UUID) -> None:
        """Record silence until `resume`; where nothing is recorded there is nothing to pause.

        Raises:
            BridgeError: it may go on being recorded.
        """
        running = self._running.get(call_id)
        try:
            if running is not None:
                await self._silence(running, _BY_AGENT, silent=True)
            elif not await self._silence_unknown(call_id, silent=True):
                self._kept_back.add(call_id)
        except _TROUBLES as err:
            message = f"the recording of call {call_id} is not paused: {err}"
            raise BridgeError(message, retryable=True) from err

    async def resume(self, call_id: UUID) -> None:
        """Record what is said again, or begin to where the owner has now been asked.

        Raises:
            BridgeError: it is not recorded; the text says why.
        """
        running = self._running.get(call_id)
        self._kept_back.discard(call_id)
        try:
            if running is not None:
                await self._silence(running, _BY_AGENT, silent=False)
            elif not await self._silence_unknown(call_id, silent=False):
                self._check_may_begin(call_id)
                await self._begin(call_id, channel=str(call_id))
        except _TROUBLES as err:
            message = f"call {call_id} is not recorded: {err}"
            raise BridgeError(message, retryable=True) from err

    def _check_may_begin(self, call_id: UUID) -> None:
        why = None
        call = None if self._board is None else self._board.lines.call(call_id)
        if call is None:
            why = "which rules apply to it is not known here"
        elif call.recording is RecordingConsent.NEVER:
            why = "its rule packs forbid recording"
        elif not self._agent_calls:
            why = "recording.agent_calls is off in the settings"
        if why is not None:
            message = f"call {call_id} is not recorded: {why}"
            raise BridgeError(message, retryable=False)

    def _joined(self, event: ManagerEvent) -> None:
        call_id = _uuid(event.get("Uniqueid"))
        board = self._board
        if call_id is None or board is None or board.lines.call(call_id) is None:
            return
        board.clock.spawn(self._meet(call_id, event.get("Conference")))

    async def _meet(self, call_id: UUID, room: str) -> None:
        """Record an owner who has come into an agent's room, after its announcement."""
        try:
            if call_id in self._running:
                await self._silence(self._running[call_id], _BY_TURN, silent=False)
            elif (
                self._agent_calls
                and await self._is_told(call_id, room)
                and call_id not in self._kept_back  # `resume` begins it
            ):
                await self._begin(call_id, channel=str(call_id))
        except Exception:  # the edge of an event: the two go on talking
            log.exception("agent_call_not_recorded", call_id=str(call_id))

    async def _is_told(self, call_id: UUID, room: str) -> bool:
        """Say whether the owner knows by now that the call is recorded, and tell them first."""
        board = self._board
        call = None if board is None else board.lines.call(call_id)
        if board is None or call is None:
            return False
        if call.recording is not RecordingConsent.ANNOUNCE:
            return call.recording is RecordingConsent.ONE_PARTY
        server = board.lines.server(call_id)
        if self._announcement is None or self._announcer is None or server is None:
            log.warning("agent_call_not_recorded", call_id=str(call_id), why="no announcement")
            return False
        if call_id in self._announced:
            return False  # it is being spoken, or was
        self._announced.add(call_id)
        file = await self._announcement(call.language, self._trunk_of(server, board))
        return await self._announcer.say(server, room, file) and call_id in self._announced

    # What Asterisk is told.

    async def _begin(self, call_id: UUID, *, channel: str) -> None:
        board = self._board
        server = None if board is None else board.lines.server(call_id)
        if board is None or server is None:
            return  # the call has gone
        running = _Recording(
            call_id=call_id,
            recording=self._ids.new(),
            channel=channel,
            server=server,
            started_at=board.clock.now(),
        )
        self._running[call_id] = running
        files = call_files(running.recording, shared=self._trunk_of(server, board).shared)
        headers = {"Channel": channel, "Options": f"r({files.owner})t({files.us})"}
        try:
            await server.act("MixMonitor", headers)
        except ManagerGoneError as err:  # it may have begun: then its files are owed
            log.warning("recording_unsure", call_id=str(call_id), error=str(err))
        except (ManagerRefusedError, UnsafeValueError) as err:
            del self._running[call_id]
            if _GONE not in str(err):
                self._tell_begun(running, board)  # its file will not come, and that is to be known
            raise
        self._tell_begun(running, board)

    def _tell_begun(self, running: _Recording, board: Board) -> None:
        call = board.lines.call(running.call_id)
        started = RecordingStarted(
            attempt_id=running.call_id,
            at=running.started_at,
            name=WHOLE_CALL,
            location=call_location(running.recording),
            consent=None if call is None else call.recording,
        )
        board.clock.spawn(self._tell(started))

    async def _silence(self, running: _Recording, by: str, *, silent: bool) -> None:
        before = bool(running.silenced_by)
        wanted = running.silenced_by | {by} if silent else running.silenced_by - {by}
        if bool(wanted) is not before:
            await _mute(running.server, running.channel, silent=silent)
        running.silenced_by = wanted

    async def _silence_unknown(self, call_id: UUID, *, silent: bool) -> bool:
        """Silence what another process began to record; False when nothing is recorded."""
        server = None if self._board is None else self._board.lines.server(call_id)
        if server is None:
            message = f"call {call_id} is not up"
            raise BridgeError(message, retryable=False)
        try:
            await _mute(server, str(call_id), silent=silent)
        except ManagerRefusedError:
            return False
        return True

    # What Asterisk tells.

    def _stopped(self, event: ManagerEvent) -> None:
        unique_id = event.get("Uniqueid")
        ended = next((r for r in self._running.values() if r.channel == unique_id), None)
        board = self._board
        if ended is None or board is None:
            return
        del self._running[ended.call_id]
        now = board.clock.now()
        ready = RecordingReady(
            attempt_id=ended.call_id,
            at=now,
            name=WHOLE_CALL,
            location=call_location(ended.recording),
            seconds=(now - ended.started_at).total_seconds(),
        )
        board.clock.spawn(self._tell(ready))

    async def _tell(self, event: RecordingStarted | RecordingReady) -> None:
        if self._board is None:
            return
        try:
            await self._board.lines.recorded(event)
        except Exception:  # the edge of an event: the sweep finds what was not told
            log.exception("recording_not_told", call_id=str(event.attempt_id))

    def _over(self, call_id: UUID) -> None:
        self._announced.discard(call_id)
        self._kept_back.discard(call_id)
        if self._running.pop(call_id, None) is not None:
            log.warning("recording_end_not_told", call_id=str(call_id))

    def _trunk_of(self, server: Server, board: Board) -> Trunk:
        return next(each for each in board.trunks.values() if each.server.place == server.place)


async def _mute(server: Server, channel: str, *, silent: bool) -> None:
    headers = {"Channel": channel, "Direction": "both", "State": "1" if silent else "0"}
    await server.act("MixMonitorMute", headers)


def _uuid(channel_id: str) -> UUID | None:
    try:
        return UUID(channel_id)
    except ValueError:
        return None
