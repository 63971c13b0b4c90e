"""Who asks, where a proxy stands before us: its word is taken, nobody else's.

`X-Forwarded-For` is read from the right, as each proxy wrote down who came to it, as far as the
proxies are those that were named. What stands further left a visitor may have written.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

Networks = Sequence[IPv4Network | IPv6Network]
_HEADER = b"x-forwarded-for"
_MOST_HOPS = 32


class BehindProxies:
    """Lets a request's client be who came to the first of the proxies that were named."""

    def __init__(self, app: ASGIApp, *, proxies: Networks) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the client it came from."""
        client = scope.get("client") if scope["type"] in {"http", "websocket"} else None
        if client is not None and is_among(client[0], self._proxies):
            lines = [value for name, value in scope["headers"] if name.lower() == _HEADER]
            told = b",".join(lines).decode("latin-1").split(",") if lines else []
            scope = {**scope, "client": (client_of(client[0], told, self._proxies), 0)}
        await self._app(scope, receive, send)


def client_of(peer: str, told: Sequence[str], proxies: Networks) -> str:
    """Return the address a request comes from; that of the last proxy which told it well."""
    for hop in list(reversed(told))[:_MOST_HOPS]:
        if not is_among(peer, proxies):
            break
        address = hop.strip()
        if _read(address) is None:
            break
        peer = address
    return peer


def is_among(address: str, proxies: Networks) -> bool:
    """Say whether an address is one of the proxies'."""
    read = _read(address)
    return read is not None and any(read in each for each in proxies)


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = read.ipv4_mapped if isinstance(read, IPv6Address) else None
    return mapped or read
