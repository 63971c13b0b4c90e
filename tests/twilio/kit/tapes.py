"""Recordings at the emulated carrier: begun, paused, ready a while after their end, deleted."""

import asyncio
import io
import secrets
import wave
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import Clock
from tests.twilio.kit.legs import Leg, stamp
from tests.twilio.kit.post import Postman
from tests.twilio.kit.talk import Pace

_RATE = 8000


@dataclass(kw_only=True, eq=False)
class Tape:
    """One recording."""

    sid: str
    leg: Leg
    source: str
    channels: int
    started_at: datetime
    callback: str
    events: frozenset[str] = frozenset({"completed"})
    status: str = "in-progress"
    seconds: int = 0
    was_paused: int = 0
    is_deleted: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it records, or may again."""
        return self.status in {"in-progress", "paused"}

    def media(self) -> bytes:
        """Return a WAV file of silence, as long as it is."""
        file = io.BytesIO()
        with wave.open(file, "wb") as audio:
            audio.setnchannels(self.channels)
            audio.setsampwidth(2)
            audio.setframerate(_RATE)
            audio.writeframes(bytes(2 * self.channels * _RATE * self.seconds))
        return file.getvalue()


class Tapes:
    """All recordings of the account."""

    def __init__(
        self,
        *,
        account_sid: str,
        clock: Clock,
        postman: Postman,
        pace: Pace,
        begin: Callable[[Coroutine[Any, Any, None]], object],
        base_url: Callable[[], str],
    ) -> None:
        self._account_sid = account_sid
        self._clock = clock
        self._postman = postman
        self._pace = pace
        self._begin = begin
        self._base_url = base_url
        self.all: dict[str, Tape] = {}
        self.next_are_absent = False  # as if nothing could be recorded

    def start(
        self,
        leg: Leg,
        *,
        source: str,
        callback: str,
        channels: int = 1,
        events: Sequence[str] = ("completed",),
    ) -> Tape:
        """Begin a recording."""
        tape = Tape(
            sid=f"RE{secrets.token_hex(16)}",
            leg=leg,
            source=source,
            channels=channels,
            started_at=self._clock.now(),
            callback=callback,
            events=frozenset(part for each in events for part in each.split()),
        )
        self.all[tape.sid] = tape
        self._tell(tape, "in-progress")
        return tape

    def running(self, leg: Leg) -> list[Tape]:
        """Return the recordings of a call that have not ended, the newest first."""
        return [each for each in reversed(self.all.values()) if each.leg is leg and each.is_running]

    def stop(self, tape: Tape, *, seconds: float | None = None) -> None:
        """End a recording; it is ready a little later."""
        if not tape.is_running:
            return
        tape.status = "processing"
        lasted = (self._clock.now() - tape.started_at).total_seconds()
        tape.seconds = max(1, round(lasted if seconds is None else seconds))
        self._begin(self._finish(tape))

    def params(self, tape: Tape) -> Mapping[str, str]:
        """Return what a request about a recording says."""
        url = f"{self._base_url()}/2010-04-01/Accounts/{self._account_sid}/Recordings/{tape.sid}"
        return {
            "RecordingSid": tape.sid,
            "RecordingUrl": url,
            "RecordingStatus": tape.status,
            "RecordingDuration": str(tape.seconds),
            "RecordingChannels": str(tape.channels),
            "RecordingSource": tape.source,
            "RecordingStartTime": stamp(tape.started_at),
            "RecordingTrack": "both",
        }

    async def _finish(self, tape: Tape) -> None:
        await asyncio.sleep(self._pace.recording_s)
        tape.status = "absent" if self.next_are_absent else "completed"
        self._tell(tape, tape.status)

    def _tell(self, tape: Tape, event: str) -> None:
        if not tape.callback or event not in tape.events:
            return
        said = {
            "AccountSid": self._account_sid,
            "CallSid": tape.leg.sid,
            "ErrorCode": "0",
        } | dict(self.params(tape))
        self._postman.tell(tape.callback, said, of=tape.sid)
