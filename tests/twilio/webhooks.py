"""Webhooks for tests of the emulator alone: documents by path, and what was asked."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.twilio.kit.carrier import AUTH_TOKEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Visited:
    """A request to a webhook."""

    path: str
    form: dict[str, str]
    token: str
    is_signed: bool


@dataclass(kw_only=True)
class Site:
    """Says the documents it was given, by path; a number is a status to fail with, once."""

    url: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    fails: dict[str, list[int]] = field(default_factory=dict)
    visits: list[Visited] = field(default_factory=list)

    def at(self, path: str) -> list[dict[str, str]]:
        """Return the forms that came to a path."""
        return [each.form for each in self.visits if each.path == path]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a webhook."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        signature = request.headers["X-Twilio-Signature"]
        checks = RequestValidator(AUTH_TOKEN).validate(
            f"{self.url}{request.raw_path}", form, signature
        )
        self.visits.append(
            Visited(
                path=request.path,
                form=form,
                token=request.headers["I-Twilio-Idempotency-Token"],
                is_signed=bool(checks),
            )
        )
        if failing := self.fails.get(request.path):
            return web.Response(status=failing.pop(0))
        body = self.documents.get(request.path)
        if body is None:
            return web.Response(status=204)
        return web.Response(text=f"<Response>{body}</Response>", content_type="application/xml")


@contextlib.asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """Hold a site for the block."""
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        site.url = f"http://{host}:{port}"
        yield site
    finally:
        await runner.cleanup()
