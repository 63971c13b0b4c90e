"""A bridge that talks, seats agents and records, in a test's own process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from customers.model import Language
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.audio_places import files_at
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.recording import Recorder
from dialer.bridges.asterisk.rooms import AsteriskRooms
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.port import (
    BridgeError,
    CallEnded,
    EventSink,
    OutboundCall,
    RecordingReady,
    RecordingStarted,
)
from ownerline.asterisk_bridge import trunks_of
from recordings.sound import bring_together
from scripts.model import Ask, AskKind, Turn
from tests.asterisk.control_rig import CLOCK, IDS, Listener
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.sounds import RATE, Samples, read_wav, speech, write_wav
from tests.asterisk.talk_rig import Host, Voices

ROOM = "room-of-agent-1"
ANNOUNCEMENT = "This call is recorded."
_WITHIN_S = 15.0


def question(say: str, *, recorded: bool, patience_s: float = 0.5) -> Turn:
    """Return a turn that asks, and goes on after a silence."""
    return Turn(
        step="asks",
        language=Language.ENGLISH,
        say=(say,),
        ask=Ask(kind=AskKind.KEY, keys={"1": "yes"}, timeout_s=patience_s),
        recorded=recorded,
    )


@dataclass(kw_only=True)
class RecordingRig:
    """The bridge, what it tells, and what its recordings hold."""

    bridge: AsteriskBridge
    recorder: Recorder
    rooms: AsteriskRooms
    voices: Voices
    ear: Listener
    host: Host
    shared: Path
    _changed: asyncio.Event

    async def start(self, *turns: Turn, sink: EventSink | None = None) -> None:
        self.host.turns = list(turns)
        await self.bridge.start(sink or self.ear, self.host)

    async def seat(self, agent: str) -> None:
        """Ring an agent's phone; returns when it is in the room."""
        while True:
            try:
                await self.rooms.seat(ROOM, f"PJSIP/{agent}")
                break
            except BridgeError:  # the server's channels have not been read yet
                await asyncio.sleep(0.05)
        async with asyncio.timeout(_WITHIN_S):
            while ROOM not in self.rooms.seats():
                self._changed.clear()
                await self._changed.wait()

    async def unseat(self) -> None:
        await self.rooms.unseat(ROOM)

    def says(self, sentence: str, samples: Samples) -> None:
        """Let a sentence of ours sound like this."""
        write_wav(self.voices.file(sentence), samples)

    def recorded(self, call: OutboundCall) -> list[RecordingStarted | RecordingReady]:
        events = self.ear.of(call.attempt_id)
        return [each for each in events if isinstance(each, RecordingStarted | RecordingReady)]

    async def whole(self, call: OutboundCall) -> RecordingReady:
        """Return what is told of a call's recording when it is whole; the call is over then."""
        await self.ear.until(CallEnded, call.attempt_id, within_s=_WITHIN_S)
        return await self.ear.until(RecordingReady, call.attempt_id)

    async def sides(self, call: OutboundCall, folder: Path) -> tuple[Samples, Samples]:
        """Return what the owner's channel of a recording holds, and what ours does."""
        location = (await self.whole(call)).location
        files = files_at(location, shared=self.shared)
        return await asyncio.to_thread(_sides, files, folder / f"{call.attempt_id}.wav")


def _sides(files: Sequence[Path], whole: Path) -> tuple[Samples, Samples]:
    bring_together(files, whole)
    both = read_wav(whole)
    return both[:, 0], both[:, 1]


def longest_silence_s(samples: Samples) -> float:
    """Return the longest time for which not one sample differs from nothing."""
    loud = np.flatnonzero(np.abs(samples) > 2 / 32767)
    edges = np.concatenate([[-1], loud, [len(samples)]])
    return float(np.max(np.diff(edges) - 1)) / RATE


def voice(seed: int, seconds: float = 1.0) -> Samples:
    """Return a voice that is like no other."""
    return speech(seconds, seed=seed)


@contextlib.asynccontextmanager
async def recording_rig(pair: Pair, *, agent_calls: bool = True) -> AsyncIterator[RecordingRig]:
    """Hold a bridge to the pair's Asterisk for the block; it is not started."""
    trunks, servers = trunks_of(pair.settings(), CLOCK)
    voices = Voices(pair.shared)

    async def announce(language: Language, trunk: Trunk) -> str:
        return await voices.stem(ANNOUNCEMENT, language, shared=trunk.shared)

    recorder = Recorder(ids=IDS, folder=pair.shared, agent_calls=agent_calls, announcement=announce)
    rooms = AsteriskRooms(ids=IDS, recordings=recorder)
    talks = AsteriskTalks(
        clock=CLOCK, sounds=voices, ids=IDS, folder=pair.shared, rooms=rooms, recordings=recorder
    )
    bridge = AsteriskBridge(
        trunks, servers, clock=CLOCK, talks=talks, rooms=rooms, recorder=recorder
    )
    changed = asyncio.Event()
    tell: Callable[[], None] = changed.set
    rooms.on_seats(tell)
    rig = RecordingRig(
        bridge=bridge,
        recorder=recorder,
        rooms=rooms,
        voices=voices,
        ear=Listener(),
        host=Host(turns=[]),
        shared=pair.shared,
        _changed=changed,
    )
    try:
        yield rig
    finally:
        await bridge.close()
