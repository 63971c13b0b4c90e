"""What a network says instead of ringing: heard in early media, known by recordings of it.

Many networks announce an empty number or a phone switched off as sound before any answer (SIP
183) and no SIP code. On trunks with recordings of their announcements, what comes in before the
answer is written by MixMonitor into the shared folder, compared while it grows, and deleted. The
dialplan itself stops the writing when somebody picks up: nothing of what an owner says is kept.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import numpy as np
import structlog

from core.settings_model import Settings
from dialer.bridges.asterisk.announcement_files import (
    RESULTS,
    AnnouncementsError,
    Meaning,
    read_announcements,
)
from dialer.bridges.asterisk.audio_places import make_folder
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.matching import RATE, Ear, Heard, Reference
from dialer.bridges.asterisk.parts import Board
from dialer.bridges.asterisk.values import UnsafeValueError
from dialer.bridges.port import BridgeError

log = structlog.get_logger(__name__)

FOLDER = "early"  # below the shared folder
# Asterisk writes 32 KiB at a time: two seconds at 8 kHz, a third of one at 48 kHz.
_SUFFIX = ".sln48"
_THINNED = 48_000 // RATE  # telephone lines carry nothing that this would fold down
_SAMPLE_BYTES = 2
_MONITOR_ID = "OWNERLINE_EARLY"
_LOOK_EVERY_S = 0.5
_LONGEST_S = 120.0  # before an answer; no call rings for longer
_LEFT_BEHIND_S = 3600.0
_THREADS = 2
_TROUBLES = (ManagerGoneError, ManagerRefusedError, UnsafeValueError, BridgeError)
_BEGINS = frozenset({"PROGRESS", "RINGING"})  # some trunks send sound with either


@dataclass(kw_only=True, slots=True)
class _Listening:
    """One call that is listened to."""

    attempt_id: UUID
    server: Server
    file: Path
    ear: Ear
    over: asyncio.Event = field(default_factory=asyncio.Event)
    read_bytes: int = 0

    def look(self) -> Heard | None:
        """Hear what has been written since the last look. Blocks."""
        try:
            with self.file.open("rb") as file:
                file.seek(self.read_bytes)
                data = file.read()
        except FileNotFoundError:
            return None
        step = _SAMPLE_BYTES * _THINNED
        whole = len(data) // step * step
        self.read_bytes += whole
        samples = np.frombuffer(data[:whole], dtype="<i2")[::_THINNED] / 2**15
        return self.ear.hear(samples) if whole else None


class EarlyMedia:
    """A part of the bridge: ends calls as what their network announces."""

    def __init__(
        self, folders: Mapping[str, Path], *, shared: Path, look_every_s: float = _LOOK_EVERY_S
    ) -> None:
        """Take each trunk's folder of announcements, by the trunk's name, and the shared folder."""
        self._folders = MappingProxyType(dict(folders))
        self._folder = shared / FOLDER
        self._shared = shared
        self._look_every_s = look_every_s
        self._references: dict[str, Sequence[Reference]] = {}
        self._listening: dict[UUID, _Listening] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._board: Board | None = None

    async def start(self, board: Board) -> None:
        """Read the recordings and listen on the servers of trunks that have some."""
        for trunk, folder in self._folders.items():
            try:
                found = await asyncio.to_thread(read_announcements, folder)
            except AnnouncementsError as err:
                log.warning("announcements_not_read", trunk=trunk, error=str(err))
                continue
            for problem in found.problems:
                log.warning("announcement_unusable", trunk=trunk, reason=problem)
            if found.references:
                self._references[trunk] = found.references
        if not self._references:
            return
        await asyncio.to_thread(self._make_ready, board.clock.now())
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="announcements")
        self._board = board
        places = {board.trunks[name].server.place for name in self._references}
        for server in (each for each in board.servers.values() if each.place in places):
            server.on("DialState", self._dial_state)
            server.on("Newstate", self._new_state)
        board.lines.on_over(self._over)

    async def close(self) -> None:
        """Stop listening; the calls go on."""
        self._board = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown)

    # What the servers tell.

    def _dial_state(self, event: ManagerEvent) -> None:
        attempt_id = _uuid(event.get("DestUniqueid") or event.get("Uniqueid"))
        board = self._board
        if board is None or attempt_id is None or event.get("DialStatus") not in _BEGINS:
            return
        call, server = board.lines.call(attempt_id), board.lines.server(attempt_id)
        if call is None or server is None or attempt_id in self._listening:
            return
        references = self._references.get(call.trunk)
        if references is not None:
            listening = _Listening(
                attempt_id=attempt_id,
                server=server,
                file=self._folder / f"{attempt_id}{_SUFFIX}",
                ear=Ear(references),
            )
            self._listening[attempt_id] = listening
            seen = f"{board.trunks[call.trunk].shared or self._shared}/{FOLDER}"
            task = asyncio.get_running_loop().create_task(self._listen(listening, seen, board))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _new_state(self, event: ManagerEvent) -> None:
        attempt_id = _uuid(event.get("Uniqueid"))
        if event.get("ChannelStateDesc") == "Up" and attempt_id in self._listening:
            self._listening[attempt_id].over.set()

    def _over(self, attempt_id: UUID) -> None:
        if attempt_id in self._listening:
            self._listening[attempt_id].over.set()

    # One call.

    async def _listen(self, listening: _Listening, seen: str, board: Board) -> None:
        """Listen until something is known, somebody picks up or the call is over."""
        heard: Heard | None = None
        try:
            await self._begin(listening, seen)
            heard = await self._known(listening)
            if heard is not None and not listening.over.is_set():
                result = RESULTS[Meaning(heard.meaning)]
                log.info("announcement_known", **_told(listening, heard), result=result.value)
                await board.lines.end_as(listening.attempt_id, result)
            elif heard is None and not listening.over.is_set():
                await self._stop(listening)
        except _TROUBLES as err:
            _not_heard(listening, err)
        except Exception:  # the edge of one call: the others are listened to all the same
            log.exception("listening_failed", attempt_id=str(listening.attempt_id))
        finally:
            del self._listening[listening.attempt_id]
            await asyncio.to_thread(listening.file.unlink, missing_ok=True)
        best = listening.ear.best
        if heard is None and best is not None:
            log.debug("announcement_unknown", **_told(listening, best))

    async def _begin(self, listening: _Listening, seen: str) -> None:
        channel = {"Channel": str(listening.attempt_id)}
        options = f"r({seen}/{listening.attempt_id}{_SUFFIX})i({_MONITOR_ID})"
        await listening.server.act("MixMonitor", channel | {"Options": options})

    async def _known(self, listening: _Listening) -> Heard | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _LONGEST_S
        while loop.time() < until:
            try:
                async with asyncio.timeout(self._look_every_s):
                    await listening.over.wait()
                    return None
            except TimeoutError:
                heard = await loop.run_in_executor(self._threads, listening.look)
            if heard is not None:
                return heard
        return None

    async def _stop(self, listening: _Listening) -> None:
        """Let nothing more be written of a call that goes on without an answer."""
        channel = {"Channel": str(listening.attempt_id)}
        try:
            got = await listening.server.act("Getvar", channel | {"Variable": _MONITOR_ID})
            monitor = {"MixMonitorID": got.get("Value", "")}
            await listening.server.act("StopMixMonitor", channel | monitor)
        except _TROUBLES as err:
            _not_heard(listening, err)

    def _make_ready(self, now: datetime) -> None:
        """Make the folder, and delete what a killed process has left in it."""
        make_folder(self._shared, FOLDER)
        limit_s = now.timestamp() - _LEFT_BEHIND_S
        for file in self._folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):  # its process is alive and done with it
                if file.stat().st_mtime < limit_s:
                    file.unlink()


def make_early_media(settings: Settings) -> EarlyMedia | None:
    """Return the part that knows announcements; None: no trunk has a folder of them."""
    folders = {
        server.name: settings.home / server.announcements
        for server in settings.asterisk.servers
        if server.announcements is not None
    }
    shared = settings.asterisk.shared_folder or settings.home / "asterisk"
    return EarlyMedia(folders, shared=shared) if folders else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None  # a channel that is no call of ours


def _told(listening: _Listening, heard: Heard) -> dict[str, object]:
    return {
        "attempt_id": str(listening.attempt_id),
        "meaning": heard.meaning,
        "recording": heard.name,
        "score": round(heard.score, 2),
    }


def _not_heard(listening: _Listening, err: Exception) -> None:
    if not listening.over.is_set():
        log.warning("early_media_not_heard", attempt_id=str(listening.attempt_id), error=str(err))
