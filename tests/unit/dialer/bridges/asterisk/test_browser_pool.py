"""Browsers' endpoints at Asterisk: what its files say, and which password a browser is given."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from core.settings_model import AsteriskBrowsers, Settings
from dialer.agents.browsers import PhoneKind
from dialer.bridges.asterisk.browser_pool import NoBrowserSecretError, tokens_of
from dialer.bridges.asterisk.snippets import BROWSERS_FILE, render_snippets

NOW = datetime(2026, 12, 16, 2, tzinfo=UTC)
URL = "wss://pbx.example.com:8089/ws"


def test_a_browser_is_given_the_password_that_asterisk_has_for_its_endpoint_alone() -> None:
    tokens = tokens_of(_pool())
    assert tokens is not None
    given = [tokens.issue(name, now=NOW) for name in ("web-01", "web-02")]
    assert given[0].token != given[1].token
    assert (given[0].kind, given[0].url, given[0].identity) == (PhoneKind.SIP, URL, "web-01")
    written = _files(_pool())[BROWSERS_FILE]
    for each in given:
        assert f"username = {each.identity}\npassword = {each.token}\n" in written
    assert given[0].token not in repr(given[0])


def test_another_secret_makes_other_passwords() -> None:
    tokens = [tokens_of(_pool(secret=SecretStr(word))) for word in ("one secret", "another")]
    assert len({each.issue("web-01", now=NOW).token for each in tokens if each}) == 2


def test_only_endpoints_of_the_pool_are_browsers() -> None:
    tokens = tokens_of(_pool())
    assert tokens is not None
    assert tokens.rung_as("PJSIP/web-02") == "web-02"
    for endpoint in ("PJSIP/web-03", "PJSIP/web-00", "PJSIP/web-1", "PJSIP/101", "client:li", None):
        assert tokens.rung_as(endpoint) is None, endpoint
    assert tokens.origins == ("wss://pbx.example.com:8089",)


def test_an_endpoint_of_the_pool_may_be_rung_and_no_more() -> None:
    written = _files(_pool())[BROWSERS_FILE]
    assert "context = ownerline-phones" in written
    for word in ("allow_transfer = no", "allow_subscribe = no", "max_contacts = 1"):
        assert word in written


def test_without_a_pool_nothing_of_it_is_written_and_no_web_server_runs() -> None:
    files = _files(AsteriskBrowsers())
    assert BROWSERS_FILE not in files
    assert BROWSERS_FILE not in files["pjsip.conf"]
    assert "tlsenable" not in files["http.conf"]
    assert f"#include ownerline/{BROWSERS_FILE}" in _files(_pool())["pjsip.conf"]


def test_a_pool_without_a_secret_says_how_it_gets_one() -> None:
    with pytest.raises(NoBrowserSecretError, match="secret_file"):
        _files(_pool(secret=None))


def test_another_servers_asterisk_has_no_pool() -> None:
    assert BROWSERS_FILE not in _files(_pool(server="b"))


@pytest.mark.parametrize(
    "url", ["ws://a/ws", "wss://a/ws; script-src *", "wss://a b/ws", "wss://a:99999/ws", "wss://a"]
)
def test_an_address_that_could_say_more_in_a_header_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="no secure WebSocket"):
        _pool(url=url)


def _pool(**changes: Any) -> AsteriskBrowsers:
    plain: dict[str, Any] = {"phones": 2, "url": URL, "secret": SecretStr("a secret of tests")}
    return AsteriskBrowsers(**plain | changes)


def _files(browsers: AsteriskBrowsers) -> dict[str, str]:
    table = {
        "shared_folder": "/srv/ownerline",
        "servers": ({"name": "a", "dial": "PJSIP/{digits}@trunk"},),
        "browsers": browsers,
    }
    return render_snippets(Settings(bridge="asterisk", asterisk=table))
