"""The snippets say what the settings mean, and no value says more."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import OwnerlineError
from core.settings_model import Settings
from dialer.bridges.asterisk.dialplan import read_dialplan
from dialer.bridges.asterisk.places import PlaceUnknownError
from dialer.bridges.asterisk.snippets import (
    SnippetValueError,
    is_as_written,
    render_snippets,
    required_modules,
    secret_file_of,
)

SECRET = "a-secret-of-the-tests"


def _settings(*servers: dict[str, Any], shared: str = "/srv/ownerline") -> Settings:
    entries = servers or ({"name": "a"},)
    return Settings(
        home=Path("/var/lib/ownerline"),
        asterisk={
            "shared_folder": shared,
            "servers": [{"secret": SECRET, **each} for each in entries],
        },
    )


PLAIN = render_snippets(_settings())

HOSTILE = {
    "a line break in a user": {"username": "x]\n[root"},
    "a section for a user": {"username": "a][b"},
    "the section of all users": {"username": "general"},
    "a line break in a secret": {"secret": "12345678\nwrite = all"},
    "a comment in a secret": {"secret": "1234;5678"},
    "a line break in a dial string": {"dial": "PJSIP/{digits}@a\n[b]"},
    "a comment in a dial string": {"dial": "PJSIP/{digits}@a;b"},
    "a line break in a name": {"name": "a\n[b]"},
    "a variable in the folder": {"shared": "/srv/${SHELL(id)}"},
    "a comma in the folder": {"shared": "/srv/a,b"},
    "a space in the folder": {"shared": "/srv/a b"},
    "a relative folder": {"shared": "srv"},
}


@pytest.mark.parametrize("server", HOSTILE.values(), ids=HOSTILE)
def test_a_value_that_means_something_to_asterisk_is_refused(server: dict[str, Any]) -> None:
    with pytest.raises(SnippetValueError):
        render_snippets(_settings({"name": "a", **server}))


@pytest.mark.parametrize("address", ["", "everybody", "1.2.3.4\n[x]", "1.2.3.4/99", "0.0.0.0/0;x"])
def test_an_address_of_dialers_is_an_address(address: str) -> None:
    with pytest.raises(SnippetValueError):
        render_snippets(_settings(), dialer_addresses=[address])


@given(
    key=st.sampled_from(["name", "username", "dial", "shared", "secret"]),
    value=st.text(max_size=40),
)
def test_whatever_a_value_is_the_files_keep_their_lines(key: str, value: str) -> None:
    try:
        files = render_snippets(_settings({"name": "a", key: value}))
    except OwnerlineError:
        return
    for name in PLAIN.keys() & files.keys():
        assert len(files[name].splitlines()) <= len(PLAIN[name].splitlines())


def test_the_secret_stands_in_one_file_only() -> None:
    holders = [name for name, text in PLAIN.items() if SECRET in text]
    assert holders == [secret_file_of("ownerline")]


def test_an_asterisk_elsewhere_needs_the_dialers_address() -> None:
    settings = _settings({"name": "a", "host": "192.0.2.10"})
    with pytest.raises(SnippetValueError, match="--dialer-address"):
        render_snippets(settings)
    manager = render_snippets(settings, dialer_addresses=["192.0.2.7", "2001:db8::/64"])[
        "manager.conf"
    ]
    assert "bindaddr = 192.0.2.10" in manager
    assert "permit = 192.0.2.7/32\npermit = 2001:db8::/64\n" in manager


def test_the_manager_user_has_no_more_than_the_least_rights() -> None:
    manager = PLAIN["manager.conf"]
    assert "read = system,call,user,dtmf\nwrite = system,call,originate,reporting,user\n" in manager
    assert "permit = 127.0.0.1/32\npermit = ::1/128\n" in manager


def test_event_filters_are_of_the_form_that_18_knows() -> None:
    lines = [line for line in PLAIN["manager.conf"].splitlines() if line.startswith("eventfilter")]
    assert lines
    assert all(line.startswith("eventfilter = !^Event: ") for line in lines)


def test_two_trunks_of_one_asterisk_share_its_files() -> None:
    settings = _settings(
        {"name": "mobile", "dial": "PJSIP/{trunk}@mobile"},
        {"name": "unicom", "dial": "PJSIP/{trunk}@unicom"},
    )
    files = render_snippets(settings)
    assert files["manager.conf"].count("[ownerline]") == 1
    assert ";[mobile](ownerline-trunk)" in files["pjsip.conf"]
    assert ";[unicom](ownerline-trunk)" in files["pjsip.conf"]


def test_of_several_asterisks_one_is_named() -> None:
    settings = _settings({"name": "a"}, {"name": "b", "port": 5039, "shared": "/mnt/ownerline"})
    with pytest.raises(PlaceUnknownError, match="a, b"):
        render_snippets(settings)
    with pytest.raises(PlaceUnknownError, match="'c'"):
        render_snippets(settings, server="c")
    files = render_snippets(settings, server="b")
    assert "port = 5039" in files["manager.conf"]
    assert "directory = /mnt/ownerline/hold" in files["musiconhold.conf"]


def test_a_file_that_somebody_changed_is_known() -> None:
    assert all(is_as_written(text) for text in PLAIN.values())
    assert not any(is_as_written(f"{text}; mine\n") for text in PLAIN.values())
    assert not is_as_written("")


def test_the_dialplan_is_read_as_asterisk_reads_it() -> None:
    plan = read_dialplan(PLAIN["extensions.conf"])
    room = sorted(
        (step.priority, step.does) for step in plan["ownerline"] if step.extension == "room"
    )
    assert [priority for priority, _ in room] == [1, 2, 3]
    assert room[1][1].startswith("TryExec(ConfBridge(${OWNERLINE_ROOM},")
    assert {step.extension for step in plan["ownerline-inbound"]} >= {"s", "come", "_[+0-9]!"}


MODULE_OF = {
    **dict.fromkeys(("Answer", "Goto", "GotoIf", "Hangup", "Set", "Wait"), None),  # Asterisk's core
    "AGI": "res_agi",
    "AMD": "app_amd",
    "CALLERID": "func_callerid",
    "CHANNEL": "func_channel",
    "ChanSpy": "app_chanspy",
    "ConfBridge": "app_confbridge",
    "DB": "func_db",
    "Dial": "app_dial",
    "ExecIf": "app_exec",
    "FILE": "func_env",
    "FILTER": "func_strings",
    "Gosub": "app_stack",
    "IF": "func_logic",
    "MusicOnHold": "res_musiconhold",
    "PERIODIC_HOOK": "func_periodic_hook",
    "Playback": "app_playback",
    "Return": "app_stack",
    "STAT": "func_env",
    "StopMixMonitor": "app_mixmonitor",
    "TIMEOUT": "func_timeout",
    "TryExec": "app_exec",
    "UserEvent": "app_userevent",
}


def test_whatever_the_dialplan_uses_its_module_is_asked_for() -> None:
    steps = [
        step.does for each in read_dialplan(PLAIN["extensions.conf"]).values() for step in each
    ]
    used = {name for does in steps for name in re.findall(r"[A-Za-z_]+(?=\()", does)}
    assert used - MODULE_OF.keys() == set(), "say which module has it"
    assert {MODULE_OF[name] for name in used} - {None} <= set(required_modules())


def test_every_module_is_named_once() -> None:
    assert len(set(required_modules())) == len(required_modules())
    assert {"app_confbridge", "chan_pjsip", "res_agi"} <= set(required_modules())
