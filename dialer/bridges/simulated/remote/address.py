"""Where the carrier listens: a port of this machine, or a socket file."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import OwnerlineError
from dialer.bridges.simulated.remote.wire import LONGEST_LINE

_UNIX = "unix:"
_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "[::1]": "::1"}
_LARGEST_PORT = 65_535
_PRIVATE = 0o600

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class CarrierAddressError(OwnerlineError):
    """The simulated carrier's address is none of this machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierAddress:
    """`127.0.0.1:PORT` (0: any free one) or `unix:/path/of/a/socket`."""

    host: str = ""
    port: int = 0
    path: Path | None = None

    @classmethod
    def parse(cls, text: str) -> "CarrierAddress":
        """Read an address.

        Raises:
            CarrierAddressError: it is none, or of another machine: the wire is not encrypted.
        """
        if text.startswith(_UNIX):
            return cls(path=Path(text.removeprefix(_UNIX)))
        name, _, port = text.rpartition(":")
        host = _LOOPBACK.get(name)
        if host is None or not port.isdecimal() or int(port) > _LARGEST_PORT:
            message = (
                f"{text!r} is no address of a simulated carrier on this machine; "
                "write 127.0.0.1:PORT or unix:/path"
            )
            raise CarrierAddressError(message)
        return cls(host=host, port=int(port))

    def __str__(self) -> str:
        if self.path is not None:
            return f"{_UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection.

        Raises:
            OSError: nobody listens.
        """
        if self.path is not None:
            return await asyncio.open_unix_connection(self.path, limit=LONGEST_LINE)
        return await asyncio.open_connection(self.host, self.port, limit=LONGEST_LINE)

    async def listen(self, serve: Serve) -> "tuple[asyncio.Server, CarrierAddress]":
        """Listen, and return the address with its port; a socket file is its owner's alone."""
        if self.path is None:
            server = await asyncio.start_server(serve, self.host, self.port, limit=LONGEST_LINE)
            port: int = server.sockets[0].getsockname()[1]
            return server, CarrierAddress(host=self.host, port=port)
        if self.path.is_socket():  # of a carrier that was killed
            self.path.unlink()
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.path))
        self.path.chmod(_PRIVATE)  # before it listens: until then nobody can connect
        server = await asyncio.start_unix_server(serve, sock=listening, limit=LONGEST_LINE)
        return server, self
