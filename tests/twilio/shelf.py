"""A recording on a shelf: as much of Twilio as collecting needs, with what goes wrong there."""

import contextlib
import io
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import encode_basic_auth, web

from tests.integration.recordings.studio import RATE, Samples, noise

ACCOUNT_SID = "AC" + "a" * 32
TOKEN = "shelf"
RECORDING_SID = "RE" + "1" * 32


@dataclass(kw_only=True)
class Shelf:
    """One recording, and what was asked about it."""

    owner: Samples = field(default_factory=lambda: noise(2.0, seed=1))
    us: Samples = field(default_factory=lambda: noise(2.0, seed=2))
    status: str = "completed"
    error_code: int | None = None
    channels: int = 2
    duration: str | None = "2"
    url: str = ""
    lies_elsewhere: bool = False  # its file is sent for to another host
    deletions: list[int] = field(default_factory=list)  # what each was answered with
    refusals: list[int] = field(default_factory=list)  # HTTP errors to give first
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Authorization
    cut_at: int | None = None  # bytes of the file that are sent

    @property
    def is_there(self) -> bool:
        """Whether it was not deleted."""
        return 204 not in self.deletions

    def wav(self, channels: int) -> bytes:
        """Return its file."""
        sides = [self.owner, self.us][:channels]
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.column_stack(sides).astype("<i2").tobytes())
        return out.getvalue()

    def told(self) -> dict[str, Any]:
        """Return what Twilio says of it."""
        return {
            "account_sid": ACCOUNT_SID,
            "api_version": "2010-04-01",
            "call_sid": "CA" + "2" * 32,
            "channels": self.channels,
            "date_created": "Sun, 22 Nov 2026 02:00:00 +0000",
            "duration": self.duration,
            "error_code": self.error_code,
            "sid": RECORDING_SID,
            "source": "StartCallRecordingAPI",
            "status": self.status,
        }

    # What is answered.

    async def about(self, request: web.Request) -> web.Response:
        """Tell of it, or delete it."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if not self.is_there or request.match_info["sid"] != RECORDING_SID:
            self.deletions += [404] if request.method == "DELETE" else []
            return web.json_response({"code": 20404, "message": "gone"}, status=404)
        if request.method == "DELETE":
            self.deletions.append(204)
            return web.Response(status=204)
        return web.json_response(self.told())

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Send its file, or say where it lies."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if self.lies_elsewhere and "elsewhere" not in request.path:
            elsewhere = self.url.replace("127.0.0.1", "localhost")
            return web.Response(status=307, headers={"Location": f"{elsewhere}/elsewhere.wav"})
        wanted = int(request.query.get("RequestedChannels", self.channels))
        whole = self.wav(2 if "elsewhere" in request.path else wanted)
        if self.cut_at is None:
            return web.Response(body=whole, content_type="audio/x-wav")
        answer = web.StreamResponse(headers={"Content-Length": str(len(whole))})
        await answer.prepare(request)
        await answer.write(whole[: self.cut_at])
        if request.transport is not None:
            request.transport.close()
        return answer

    def _refusal(self, request: web.Request) -> web.Response | None:
        said = request.headers.get("Authorization")
        self.asked.append((request.path, said))
        if self.refusals:
            return web.json_response({"code": 20500}, status=self.refusals.pop(0))
        known = encode_basic_auth(ACCOUNT_SID, TOKEN)
        if "elsewhere" not in request.path and said != known:
            return web.json_response({"code": 20003}, status=401)
        return None


@contextlib.asynccontextmanager
async def serving(shelf: Shelf) -> AsyncIterator[Shelf]:
    """Serve a shelf on loopback for the block."""
    app = web.Application()
    below = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings"
    app.router.add_get(below + "/{sid}.json", shelf.about)
    app.router.add_delete(below + "/{sid}.json", shelf.about)
    app.router.add_get(below + "/{sid}.wav", shelf.file)
    app.router.add_get("/elsewhere.wav", shelf.file)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    shelf.url = f"http://{host}:{port}"
    try:
        yield shelf
    finally:
        await runner.cleanup()
