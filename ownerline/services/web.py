"""Web servers inside our own loop: uvicorn without its signal handling, on a socket of ours."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from core.errors import OwnerlineError
from ownerline.services.process import Process

_GRACE_S = 3  # then connections that are still open are cut
_BACKLOG = 1024


class AddressTakenError(OwnerlineError):
    """The address to listen on is taken, or is none of this machine's."""


class WebPart:
    """Serves an application until the process ends."""

    def __init__(self, name: str, app: ASGIApp, listener: socket.socket) -> None:
        self.name = name
        self._app = app
        self._listener = listener

    async def run(self, process: Process) -> None:
        """Answer requests until the process ends."""
        server = _Server(
            uvicorn.Config(
                self._app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
                proxy_headers=False,
            )
        )
        served = asyncio.create_task(server.serve(sockets=[self._listener]))
        AppStatus.should_exit = False  # where an earlier server of this process has ended
        # A carrier asks us what is said next until the dialer beside us has let its talks end.
        ended = asyncio.create_task(process.ending.wait_for_last_words())
        process.is_up(self.name)
        try:
            await asyncio.wait([served, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            AppStatus.should_exit = True  # lets go of those who follow the live feed
            server.should_exit = True
            ended.cancel()
            await served


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any that is free.

    Raises:
        AddressTakenError: it cannot.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family = found[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as err:
        message = f"{host} port {port} cannot be listened on: {err.strerror}; name another --port"
        raise AddressTakenError(message) from err
    # Connections inherit it; asyncio sets it on sockets of its own making alone. Without it the
    # body of an answer waits up to 40 ms until its head has been acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return where a listening socket is reached, for people."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
