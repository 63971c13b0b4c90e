"""Settings from a file and the environment: who wins, what is refused, what stays hidden."""

import re
from pathlib import Path

import pytest

from core.settings import (
    SettingError,
    SettingsFileError,
    describe,
    load_settings,
    unknown_variables,
)
from core.settings_model import BridgeName, Settings

_ASTERISK = """
bridge = "asterisk"
test_numbers = ["+8613800*"]
[asterisk]
caller_id = "075512345678"
[[asterisk.servers]]
name = "a"
secret_file = "ami.secret"
channels = 50
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OWNERLINE_HOME", str(home))
    return home


def _write(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_fresh_home_rings_on_the_simulated_carrier_only(home: Path) -> None:
    settings = load_settings()
    assert settings.home == home
    assert settings.bridge is BridgeName.SIMULATED
    assert settings.database_url is None
    assert settings.test_numbers == ()


def test_without_a_name_the_home_is_var_below_the_present_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OWNERLINE_HOME")
    assert load_settings().home == home.parent / "var"


def test_a_home_asked_for_wins_over_the_environment(home: Path) -> None:
    assert load_settings(home.parent / "other").home == home.parent / "other"


def test_the_file_holds_lists_tables_and_the_name_of_a_secret(home: Path) -> None:
    _write(home / "ami.secret", "s3cret\n")
    _write(home / "ownerline.toml", _ASTERISK)
    settings = load_settings()
    server = settings.asterisk.servers[0]
    assert settings.test_numbers == ("+8613800*",)
    assert (server.name, server.port, server.channels) == ("a", 5038, 50)
    assert server.secret is not None
    assert server.secret.get_secret_value() == "s3cret"


def test_the_environment_wins_and_leaves_the_rest_of_a_table(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(home / "ami.secret", "s3cret\n")
    _write(home / "ownerline.toml", _ASTERISK)
    monkeypatch.setenv("OWNERLINE_TEST_NUMBERS", '["+4420*", "+1202*"]')
    monkeypatch.setenv("OWNERLINE_ASTERISK__CALLER_ID", "0100")
    settings = load_settings()
    assert settings.test_numbers == ("+4420*", "+1202*")
    assert settings.asterisk.caller_id == "0100"
    assert [server.name for server in settings.asterisk.servers] == ["a"]


def test_the_file_of_the_present_folder_holds_where_the_home_has_none(home: Path) -> None:
    _write(home.parent / "ownerline.toml", 'log_level = "debug"')
    assert load_settings().log_level == "debug"
    _write(home / "ownerline.toml", 'log_level = "error"')
    assert load_settings().log_level == "error"


@pytest.mark.parametrize("name", ["ownerline.toml", "ami.secret"])
def test_a_file_that_everybody_may_read_is_refused_with_the_mend(home: Path, name: str) -> None:
    _write(home / "ami.secret", "s3cret\n")
    _write(home / "ownerline.toml", _ASTERISK)
    (home / name).chmod(0o644)
    with pytest.raises(SettingsFileError, match=f"chmod o-rwx {home / name}"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param('brigde = "twilio"', "brigde", id="misspelled"),
        pytest.param('[asterisk]\ncallerid = "1"', "asterisk.callerid", id="in a table"),
        pytest.param(
            '[[asterisk.servers]]\nname="a"\nhots="b"', "asterisk.servers.0.hots", id="list"
        ),
        pytest.param('bridge = "pigeon"', "bridge", id="no such value"),
        pytest.param('home = "/elsewhere"', "home", id="home in its own file"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_file(home: Path, text: str, key: str) -> None:
    file = _write(home / "ownerline.toml", text)
    with pytest.raises(SettingError) as refused:
        load_settings()
    assert f"{key}" in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('test_numbers = ["13800138000"]', "'13800138000' is no test number"),
        ('destinations = ["China"]', "'China' is no destination"),
        ('callback_number = "hello"', "'hello' is no number to ring back"),
        ('[asterisk]\ncaller_id = "+86 755"', "'+86 755' is no number to show"),
        ('[asterisk]\nagi_listen = "abc"', "'abc' is no address"),
        ('[asterisk]\nagi_listen = "127.0.0.1:65536"', "'127.0.0.1:65536' is no address"),
        ('[asterisk]\nagi_advertise = "127.0.0.1"', "'127.0.0.1' is no address"),
    ],
)
def test_a_number_or_address_that_would_keep_calls_from_ringing_is_refused(
    home: Path, text: str, words: str
) -> None:
    _write(home / "ownerline.toml", text)
    with pytest.raises(SettingError, match=re.escape(words)):
        load_settings()


@pytest.mark.parametrize(
    "text",
    [
        'test_numbers = ["+8613800138000", "+86138*"]\ndestinations = ["CN", "+852"]',
        'callback_number = "0755-1234 5678"',
        '[asterisk]\ncaller_id = "075512345678"\nagi_listen = "127.0.0.1:0"',
        '[asterisk]\ncaller_id = ""\nagi_listen = "[::1]:65535"\nagi_advertise = "pbx:4573"',
    ],
)
def test_numbers_and_addresses_are_taken_as_people_write_them(home: Path, text: str) -> None:
    _write(home / "ownerline.toml", text)
    assert load_settings().home == home


def test_a_file_that_is_no_toml_is_named(home: Path) -> None:
    file = _write(home / "ownerline.toml", "bridge: twilio")
    with pytest.raises(SettingsFileError, match=f"{file} is no TOML"):
        load_settings()


def test_a_secret_file_that_is_missing_is_named(home: Path) -> None:
    _write(home / "ownerline.toml", 'database_url_file = "db.url"')
    with pytest.raises(SettingsFileError, match=f"database_url_file names {home}/db.url"):
        load_settings()


def test_no_secret_shows_in_a_repr_a_description_or_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNERLINE_DATABASE_URL", "postgresql://me:s3cret@db/x")
    monkeypatch.setenv("OWNERLINE_TWILIO__AUTH_TOKEN", "t0ken")
    settings = load_settings()
    shown = repr(settings) + str(describe(settings))
    assert "s3cret" not in shown
    assert "t0ken" not in shown
    monkeypatch.setenv("OWNERLINE_TWILIO__AUTH_TOKEN", '{"n": "t0ken"}')
    monkeypatch.setenv("OWNERLINE_TWILIO__CALLS_PER_SECOND", "t0ken")
    with pytest.raises(SettingError) as refused:
        load_settings()
    assert "t0ken" not in str(refused.value)


def test_each_setting_is_described_with_its_source(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _write(home / "ownerline.toml", 'log_level = "debug"\n[twilio]\naccount_sid = "AC1"')
    monkeypatch.setenv("OWNERLINE_BRIDGE", "twilio")
    lines = {line.key: line for line in describe(load_settings())}
    assert lines["bridge"].source == "environment OWNERLINE_BRIDGE"
    assert lines["log_level"].source == str(file)
    assert lines["twilio.account_sid"].value == "AC1"
    assert lines["public_url"].source == "default"
    assert set(Settings.model_fields) == {key.partition(".")[0] for key in lines}


def test_a_variable_that_names_no_setting_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNERLINE_BRIGDE", "twilio")
    assert load_settings().home == home
    assert "OWNERLINE_BRIGDE" in unknown_variables()


def test_a_world_of_its_own_has_its_own_server_and_no_real_bridge(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNERLINE_DATABASE_URL", "postgresql://me:s3cret@db/x")
    monkeypatch.setenv("OWNERLINE_BRIDGE", "twilio")
    alone = load_settings().alone_in(home / "demo")
    assert alone.home == home / "demo"
    assert alone.database_url is None
    assert alone.bridge is BridgeName.SIMULATED


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[twilio]\npublic_url = "https://a.example"', "public_url belongs above the first"),
        ('[twilio]\nauth_tokn_file = "t"', "twilio.auth_tokn_file: no such setting; auth_token_f"),
        ("[twillio]\nchannels = 1", "twillio: no such setting; twilio is one"),
        ('[[asterisk.servers]]\nname = "a"\nsecret_fil = "t"', "secret_file is one"),
        ("[twilio]\nzzz = 1", "twilio.zzz: no such setting"),
    ],
)
def test_an_unknown_key_is_told_what_may_be_meant(home: Path, written: str, told: str) -> None:
    _write(home / "ownerline.toml", written)
    with pytest.raises(SettingError, match=re.escape(told)):
        load_settings()


def test_a_variable_that_is_no_json_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNERLINE_TWILIO__DESTINATIONS", "GB")
    with pytest.raises(SettingError, match="OWNERLINE_TWILIO__DESTINATIONS"):
        load_settings()


def test_a_secret_comes_from_its_file_and_an_empty_one_is_refused(home: Path) -> None:
    _write(home / "ownerline.toml", '[twilio]\nauth_token_file = "twilio.token"')
    secret = _write(home / "twilio.token", "s3cret\n")
    assert load_settings().source_of("twilio.auth_token") == "the file of twilio.auth_token_file"
    secret.write_text("\n")
    with pytest.raises(SettingsFileError, match="is empty; write the secret into it"):
        load_settings()


@pytest.mark.parametrize(
    "written", ['region = "UK"', 'destinations = ["UK"]', '[twilio]\ndestinations = ["+44", "XX"]']
)
def test_a_country_that_is_none_is_refused_before_every_number_is(home: Path, written: str) -> None:
    _write(home / "ownerline.toml", written)
    with pytest.raises(SettingError, match="no country of ISO 3166; write CN, or GB"):
        load_settings()
