"""Webhooks point into the world over https, or where the settings say so."""

import pytest

from core.deliveries.addresses import WebhookAddressError, parse_address, resolve

_REFUSED = {
    "plain http": "http://example.com/hook",
    "no host": "https:///hook",
    "another scheme": "ftp://example.com/hook",
    "a password in it": "https://user:secret@example.com/hook",
    "a fragment": "https://example.com/hook#here",
    "a port that is none": "https://example.com:99999/hook",
    "nothing": "",
    "letters no header takes": "https://例子.example/hook",
    "a control character": "https://example.com/\x01",
    "a space": "https://example.com/a b",
}


@pytest.mark.parametrize("url", _REFUSED.values(), ids=_REFUSED)
def test_an_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookAddressError):
        parse_address(url, allowed_hosts=())


def test_a_refusal_shows_no_password() -> None:
    with pytest.raises(WebhookAddressError) as refused:
        parse_address("https://user:hunter2@example.com/", allowed_hosts=())
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "hooks.internal"])
def test_a_host_that_is_meant_may_be_plain(host: str) -> None:
    address = parse_address(f"http://{host}:9000/a?b=c", allowed_hosts=("hooks.internal",))
    assert address.trusted
    assert (address.port, address.target) == (9000, "/a?b=c")
    assert address.authority == f"{host}:9000"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_who_is_far_from_this_machine_does_not_name_its_loopback(host: str) -> None:
    with pytest.raises(WebhookAddressError, match="is this machine"):
        parse_address(f"https://{host}/hook", allowed_hosts=(), may_be_loopback=False)


_PRIVATE = {
    "ten": "10.0.0.5",
    "the metadata of clouds": "169.254.169.254",
    "a home's": "192.168.1.1",
    "carrier-grade": "100.64.0.1",
    "many": "224.0.0.1",
    "unspecified": "0.0.0.0",  # noqa: S104 - it is refused
    "unique local": "[fd00::1]",
    "private, dressed as version 6": "[::ffff:10.0.0.5]",
    "private, inside 6to4": "[2002:0a00:0005::1]",
    "private, behind a translator": "[64:ff9b::10.0.0.5]",
    "loopback, as version 6 once wrote version 4": "[::127.0.0.1]",
    "site local": "[fec0::1]",
}


@pytest.mark.parametrize("host", _PRIVATE.values(), ids=_PRIVATE)
async def test_no_door_of_our_own_network_is_knocked_at(host: str) -> None:
    address = parse_address(f"https://{host}/hook", allowed_hosts=())
    with pytest.raises(WebhookAddressError, match="not public"):
        await resolve(address)


async def test_a_public_address_may_be_sent_to() -> None:
    address = parse_address("https://93.184.215.14/hook", allowed_hosts=())
    assert await resolve(address) == "93.184.215.14"


async def test_a_private_host_that_the_settings_name_may_be_sent_to() -> None:
    address = parse_address("https://10.0.0.5/hook", allowed_hosts=("10.0.0.5",))
    assert await resolve(address) == "10.0.0.5"
