"""The API of the emulated carrier over HTTP: each request is held against Twilio's description."""

import asyncio
import contextlib
import re
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from tests.twilio.kit import pages
from tests.twilio.kit.carrier import Carrier
from tests.twilio.kit.description import Asked, Description, description
from tests.twilio.kit.faults import DONE, Fault
from tests.twilio.kit.own import OWN
from tests.twilio.kit.resources import RESOURCES, ApiError, Page

_BAD, _TOO_MANY, _BROKEN = 400, 429, 500
_MEDIA = re.compile(rf"{pages.ROOT}/AC\w{{32}}/Recordings/(RE\w{{32}})(\.wav|\.mp3)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A request the API got, valid or not, and what was answered."""

    asked: Asked
    status: int | None  # None: the answer was lost
    body: Any = None

    @property
    def creates_call(self) -> bool:
        """Whether it asked for a call to an owner."""
        return self.asked.method == "POST" and self.asked.path.endswith("/Calls.json")


class Api:
    """Answers requests; `kept` has every one of them."""

    def __init__(self, carrier: Carrier, told: Description) -> None:
        self._carrier = carrier
        self._told = told
        self.kept: list[Kept] = []

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if not self._may(request):
            return _error(ApiError(401, 20003, "Authenticate"))
        media = _MEDIA.fullmatch(request.path)
        if media is not None and request.method == "GET":
            return self._media(media.group(1))
        asked = Asked(
            method=request.method,
            path=request.path,
            query=parse_qs(request.raw_path.partition("?")[2], keep_blank_values=True),
            form=parse_qs(await request.text(), keep_blank_values=True),
        )
        creates = request.method == "POST" and request.path.endswith(
            ("/Calls.json", "/Participants.json")
        )
        fault = self._carrier.faults.draw(creates=creates)
        if fault is not None and fault not in DONE:
            self.kept.append(Kept(asked=asked, status=_status_of(fault)))
            return self._fails(request, fault)
        status, body = self._do(asked)
        self.kept.append(Kept(asked=asked, status=None if fault else status, body=body))
        if fault is Fault.LATE:
            await asyncio.sleep(self._carrier.faults.late_s)
        if fault is not None:
            return self._fails(request, fault)
        return (
            web.Response(status=status) if body is None else web.json_response(body, status=status)
        )

    def _do(self, asked: Asked) -> tuple[int, Any]:
        """Do what was asked; returns the status and what is answered."""
        faults = self._told.faults_of(asked)
        if faults:
            self._carrier.violations += faults
            return _BAD, _problem(ApiError(_BAD, 20001, "; ".join(faults)))
        for method, pattern, do in (*RESOURCES, *OWN):
            match = pattern.fullmatch(asked.path)
            if method == asked.method and match is not None:
                try:
                    page = do(self._carrier, asked, match.groupdict())
                except ApiError as err:
                    return err.status, _problem(err)
                self._carrier.violations += self._answer_faults(asked, page)
                return page.status, page.body
        self._carrier.violations.append(f"{asked.method} {asked.path}: not emulated")
        return 404, _problem(ApiError(404, 20404, "not emulated"))

    def _answer_faults(self, asked: Asked, page: Page) -> list[str]:
        return self._told.answer_faults(
            method=asked.method, path=asked.path, status=page.status, body=page.body
        )

    def _may(self, request: web.Request) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return False
        user, _, password = b64decode(given).decode().partition(":")
        known = self._carrier.keys | {self._carrier.account_sid: self._carrier.auth_token}
        return bool(password) and known.get(user) == password

    def _media(self, sid: str) -> web.StreamResponse:
        tape = self._carrier.tapes.all.get(sid)
        if tape is None or tape.is_deleted or tape.status != "completed":
            return _error(ApiError(404, 20404, "no such recording"))
        return web.Response(body=tape.media(), content_type="audio/x-wav")

    def _fails(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case Fault.TOO_MANY:
                return _error(ApiError(_TOO_MANY, 20429, "Too Many Requests"))
            case Fault.BROKEN | Fault.BROKEN_AFTER:
                return _error(ApiError(_BROKEN, 20500, "Internal Server Error"))
            case _:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=_BROKEN)


def _status_of(fault: Fault) -> int | None:
    return {Fault.TOO_MANY: _TOO_MANY, Fault.BROKEN: _BROKEN}.get(fault)


def _problem(err: ApiError) -> dict[str, Any]:
    return {
        "code": err.code,
        "message": str(err),
        "more_info": f"https://www.twilio.com/docs/errors/{err.code}",
        "status": err.status,
    }


def _error(err: ApiError) -> web.Response:
    return web.json_response(_problem(err), status=err.status)


@dataclass(frozen=True, kw_only=True, slots=True)
class Emulator:
    """The carrier and its API on a port of its own."""

    carrier: Carrier
    api: Api
    url: str

    def created(self) -> list[Kept]:
        """Return the requests for calls."""
        return [each for each in self.api.kept if each.creates_call]


@contextlib.asynccontextmanager
async def emulator(carrier: Carrier | None = None) -> AsyncIterator[Emulator]:
    """Hold an emulated carrier for the block.

    Raises:
        NoDescriptionError: Twilio's description is not on this machine.
    """
    carrier = carrier or Carrier()
    api = Api(carrier, description())
    runner = web.AppRunner(api.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        carrier.base_url = f"http://{host}:{port}"
        await carrier.start()
        yield Emulator(carrier=carrier, api=api, url=carrier.base_url)
    finally:
        await carrier.close()
        await runner.cleanup()
