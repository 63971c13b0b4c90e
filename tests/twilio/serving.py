"""Webhooks of ours for tests: served on a free port, behind the door that Twilio knocks at."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette

from api.routes.twilio import twilio_routes
from core.clock import SystemClock
from dialer.bridges.twilio.door import Door
from dialer.bridges.twilio.hook import Hooks
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN


class HookServer:
    """A web server; what it serves is known once its address is."""

    def __init__(self) -> None:
        self.url = ""
        self._app = Starlette()

    def serve(self, hooks: Hooks) -> None:
        """Answer at these addresses from now on."""
        door = Door(public_url=self.url, account_sid=ACCOUNT_SID, token=AUTH_TOKEN)
        self._app.router.routes.extend(twilio_routes(hooks, door, SystemClock()))

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["HookServer"]:
        """Listen for the block."""
        config = uvicorn.Config(self._app, port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        sock = config.bind_socket()
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield self
        finally:
            server.should_exit = True
            await serving
