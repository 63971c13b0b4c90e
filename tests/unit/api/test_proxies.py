"""Who asks behind proxies: their word counts, a visitor's own does not."""

from ipaddress import ip_network
from typing import Any

import pytest

from api.proxies import BehindProxies

PROXIES = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1"), ip_network("fd00::/8")]


async def client_seen(peer: str | None, *told: str, proxies: Any = PROXIES) -> Any:
    """Return the client that the application behind is given."""
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"])

    async def nothing(*_: Any) -> Any:
        return None

    scope = {
        "type": "http",
        "client": None if peer is None else (peer, 4711),
        "headers": [(b"X-Forwarded-For", each.encode("latin-1")) for each in told],
    }
    await BehindProxies(app, proxies=proxies)(scope, nothing, nothing)
    return None if seen[0] is None else seen[0][0]


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7, 10.1.1.1"], "203.0.113.7"),
        ("127.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        ("203.0.113.7", ["6.6.6.6"], "203.0.113.7"),
        ("203.0.113.7", ["127.0.0.1"], "203.0.113.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["", "  "], "127.0.0.1"),
        ("127.0.0.1", ["<script>, nobody"], "127.0.0.1"),
        ("127.0.0.1", ["6.6.6.6, nobody, 10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::5", ["203.0.113.7"], "203.0.113.7"),
        ("::ffff:127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["6.6.6.6," + "10.1.1.1," * 500 + "10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["ünï\x00cøde"], "127.0.0.1"),
        (None, ["203.0.113.7"], None),
    ],
    ids=[
        "one proxy",
        "two proxies",
        "a visitor wrote the header first",
        "in a line of its own",
        "no proxy of ours",
        "says it is the proxy",
        "nothing told",
        "blank",
        "no address",
        "no address in between",
        "IPv6 visitor",
        "IPv6 proxy",
        "IPv4 in IPv6",
        "very many hops",
        "hostile bytes",
        "no peer known",
    ],
)
async def test_a_client_is_who_came_to_the_first_of_our_proxies(
    peer: str | None, told: list[str], client: str | None
) -> None:
    assert await client_seen(peer, *told) == client


async def test_without_named_proxies_no_header_is_read() -> None:
    assert await client_seen("127.0.0.1", "203.0.113.7", proxies=[]) == "127.0.0.1"
