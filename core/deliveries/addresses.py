"""Where webhooks may point: into the world over https, or where the settings say so.

Whoever may name an address must not make this machine knock at doors of the network it stands in.
So a name is resolved here, every address it has must be public, and the one that was looked at is
the one that is connected to.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import OwnerlineError

_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2000
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # the rest is local, or leads into version 4


class WebhookAddressError(OwnerlineError):
    """Nothing is sent to that address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A webhook's address, taken apart; `trusted` says that the operator means just this host."""

    scheme: str
    host: str
    port: int
    target: str  # path and query
    trusted: bool

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_address(
    url: str, *, allowed_hosts: Collection[str], may_be_loopback: bool = True
) -> Address:
    """Return the parts of a webhook's URL.

    Hosts named in the settings, and this machine by its loopback address, may be of any network
    and need no https. `may_be_loopback` is false where somebody far from this machine names the
    address: its other services listen there.

    Raises:
        WebhookAddressError: it is no URL we send to; the text says why.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        message = f"{url!r} is no URL: {err}"
        raise WebhookAddressError(message) from err
    host = parts.hostname
    readable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in _PORTS or not host or len(url) > _LONGEST_URL or not readable:
        message = f"{url!r} is no address of a webhook; write https://HOST/PATH"
        raise WebhookAddressError(message)
    if parts.username is not None or parts.password is not None or parts.fragment:
        message = f"a webhook's address has no password or fragment: {parts.scheme}://{host}/…"
        raise WebhookAddressError(message)
    trusted = host in allowed_hosts or (may_be_loopback and _is_loopback(host))
    if not trusted and _is_loopback(host):
        message = f"{host} is this machine; name it in webhook_hosts if it shall be sent to"
        raise WebhookAddressError(message)
    if parts.scheme != "https" and not trusted:
        message = f"{host} must be sent to over https; or name it in webhook_hosts"
        raise WebhookAddressError(message)
    return Address(
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        trusted=trusted,
    )


async def resolve(address: Address) -> str:
    """Return an IP address of the host that may be connected to.

    Raises:
        WebhookAddressError: it has none, or one of a network that is not public.
    """
    ips = [address.host] if _is_literal(address.host) else await _ips(address)
    if not address.trusted:
        for ip in ips:
            if not _is_public(ip):
                message = (
                    f"{address.host} is {ip}, which is not public; name the host in webhook_hosts "
                    "if it shall be sent to"
                )
                raise WebhookAddressError(message)
    return ips[0]


async def _ips(address: Address) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as err:
        message = f"{address.host} has no address: {err.strerror}"
        raise WebhookAddressError(message) from err
    return [str(each[4][0]) for each in found]


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_literal(host) and ipaddress.ip_address(host).is_loopback)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(ip: str) -> bool:
    parsed = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is not None:
            return _is_public(str(inner))
        if parsed not in _PUBLIC_V6:
            return False
    return parsed.is_global and not parsed.is_multicast
