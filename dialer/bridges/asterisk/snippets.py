"""The pieces of Asterisk configuration that an administrator includes, filled in from settings.

They hold for Asterisk 18 to 22; values are checked, so that none says more than it means.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

import jinja2

from core.errors import OwnerlineError
from core.settings_model import AsteriskServer, Settings
from dialer.bridges.asterisk.amd import load_detections
from dialer.bridges.asterisk.browser_pool import pool_of
from dialer.bridges.asterisk.places import Place, place_of

FOLDER = "ownerline"  # beside Asterisk's own files, where the snippets are to lie
SECRET_SUFFIX = ".secret.conf"  # noqa: S105 - the name of a file
TEMPLATES = (
    "extensions.conf",
    "pjsip.conf",
    "manager.conf",
    "confbridge.conf",
    "musiconhold.conf",
    "http.conf",
    "modules.txt",
)
BROWSERS_FILE = f"browsers{SECRET_SUFFIX}"
WRITTEN = "Written by `ownerline asterisk config`; what is changed by hand stays."
INBOUND_WAIT_S = 4  # how long a dialer may take to see to a call that came in
UNHEARD_EVENTS = (
    "NewConnectedLine",
    "NewCallerid",
    "NewAccountCode",
    "NewExten",
    "DeviceStateChange",
    "ExtensionStatus",
    "PresenceStateChange",
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TITLE = re.compile(r"[\w .()-]{1,64}")
_SECRET = re.compile(r"[A-Za-z0-9_.~+/=@%^*!-]{8,200}")
_PATH = re.compile(r"/[\w./+@=-]*")
_DIAL = re.compile(r"[A-Za-z0-9_{}./@:+*#-]{1,200}")
_ENDPOINT = re.compile(r"PJSIP/[^@/]+@(?P<name>[A-Za-z0-9_.-]+)$")


class SnippetValueError(OwnerlineError):
    """A setting cannot stand in a configuration file of Asterisk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagerUser:
    """A user of the manager interface; its secret lies in a file of its own."""

    username: str
    secret_file: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrunkExample:
    """A trunk of the settings as the SIP example shows it."""

    name: str
    dial: str
    endpoint: str


def render_snippets(
    settings: Settings,
    *,
    server: str | None = None,
    dialer_addresses: Sequence[str] = (),
    folder: str = FOLDER,
) -> dict[str, str]:
    """Return each file's text by its name.

    Args:
        settings: names the servers, their users, secrets, trunks and shared folder.
        server: whose Asterisk, by the name of one of its entries; None: the only one.
        dialer_addresses: addresses or networks of the dialers' machines; none: loopback, which
            does for an Asterisk on the same machine only.
        folder: what the folder of these files is called in Asterisk's own.

    Raises:
        SnippetValueError: a value has characters that mean something to Asterisk.
        PlaceUnknownError: the server is not clear.
        NoBrowserSecretError: browsers are to be phones, and have no secret.
    """
    place = place_of(settings.asterisk, server)
    values = {
        "folder": _checked("folder", folder, _NAME),
        "place": str(place),
        "bind": _bind_address(place.host),
        "port": place.port,
        "addresses": networks(place, dialer_addresses),
        "users": _users(place),
        "trunks": _trunks(place),
        "unheard": UNHEARD_EVENTS,
        **_browsers(settings, place),
        **_audio(settings, place),
    }
    files = {name: _template(name).render(values) for name in TEMPLATES}
    if values["browsers"]:
        files[BROWSERS_FILE] = _template("browsers.conf").render(values)
    return {name: _stamped(text) for name, text in (files | _secrets(place)).items()}


def render_dialplan(settings: Settings, place: Place) -> str:
    """Return what the dialplan of an Asterisk says; errors as `render_snippets`."""
    values = {"folder": FOLDER, **_audio(settings, place)}
    return _template("extensions.conf").render(values)


def is_as_written(text: str) -> bool:
    """Say whether a file is one of ours that nobody has changed since."""
    first, _, rest = text.partition("\n")
    return first.endswith(f" {_stamp(rest)}")


def shared_path(settings: Settings, server: AsteriskServer) -> str:
    """Return the shared folder as the server sees it, absolute."""
    ours = settings.asterisk.shared_folder or settings.home / "asterisk"
    return _checked("shared folder", (server.shared or str(ours)).rstrip("/"), _PATH)


def networks(place: Place, dialer_addresses: Sequence[str]) -> tuple[str, ...]:
    """Return who may reach the manager interface, as address/prefix.

    Raises:
        SnippetValueError: no address, or an Asterisk elsewhere and none given.
    """
    if not dialer_addresses:
        if not _is_loopback(place.host):
            message = (
                f"Asterisk {place} is on another machine: say from where the dialers reach it, "
                "--dialer-address ADDRESS"
            )
            raise SnippetValueError(message)
        return ("127.0.0.1/32", "::1/128")
    return tuple(_network(each) for each in dialer_addresses)


def required_modules() -> tuple[str, ...]:
    """Return the modules that an Asterisk must have loaded, without suffix."""
    return tuple(
        line.split()[0] for line in _text("modules.txt").splitlines() if line and line[0] != "#"
    )


def secret_file_of(username: str) -> str:
    """Return the name of the file that has a manager user's secret for Asterisk."""
    return f"manager-{username}{SECRET_SUFFIX}"


def secret_text(secret: str) -> str:
    """Return the file of a secret, as Asterisk reads it.

    Raises:
        SnippetValueError: Asterisk would read another secret than this.
    """
    if not _SECRET.fullmatch(secret):
        message = (
            "the secret of the manager interface needs 8 to 200 letters, digits or _.~+/=@%^*!- ; "
            "empty its file and `ownerline asterisk config` makes a new one"
        )
        raise SnippetValueError(message)
    return f"; {WRITTEN}\nsecret = {secret}\n"


def _audio(settings: Settings, place: Place) -> dict[str, object]:
    """Return what the dialplan and the music are filled in with."""
    shared = shared_path(settings, place.servers[0])
    return {
        "written": WRITTEN,
        "shared": shared,
        "hold": f"{shared}/hold",
        "sorry": f"{shared}/sorry",
        "inbound_wait_s": INBOUND_WAIT_S,
        "detections": load_detections(),
    }


def _browsers(settings: Settings, place: Place) -> dict[str, object]:
    """Return what the pool of browsers' phones is filled in with."""
    browsers = settings.asterisk.browsers
    return {
        "browsers": pool_of(browsers, place),
        "browsers_file": BROWSERS_FILE,
        "wss_listen": browsers.listen,
        "certificate": _checked("certificate", browsers.certificate, _PATH),
        "private_key": _checked("private key", browsers.private_key, _PATH),
        "sessions": 100 + 2 * browsers.phones,
    }


def _users(place: Place) -> tuple[ManagerUser, ...]:
    names = {_checked("username", each.username, _NAME): None for each in place.servers}
    if "general" in names:
        message = "the manager user cannot be called general: that is a section of manager.conf"
        raise SnippetValueError(message)
    return tuple(ManagerUser(username=name, secret_file=secret_file_of(name)) for name in names)


def _secrets(place: Place) -> dict[str, str]:
    secrets: dict[str, str] = {}
    for each in place.servers:
        if each.secret is None or not each.secret.get_secret_value():
            continue
        name, line = secret_file_of(each.username), secret_text(each.secret.get_secret_value())
        if secrets.setdefault(name, line) != line:
            message = f"the user {each.username} of {place} has two secrets in the settings"
            raise SnippetValueError(message)
    return secrets


def _trunks(place: Place) -> tuple[TrunkExample, ...]:
    return tuple(_examples(place))


def _examples(place: Place) -> Iterator[TrunkExample]:
    seen = set()
    for each in place.servers:
        dial = _checked("dial", each.dial, _DIAL)
        endpoint = endpoint_of(dial)
        if endpoint is not None and endpoint not in seen:
            seen.add(endpoint)
            yield TrunkExample(
                name=_checked("server name", each.name, _TITLE), dial=dial, endpoint=endpoint
            )


def endpoint_of(dial: str) -> str | None:
    """Return the SIP endpoint that a dial string goes out by; None: it is of another kind."""
    found = _ENDPOINT.match(dial)
    return found["name"] if found else None


def _bind_address(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "127.0.0.1" if host == "localhost" else "0.0.0.0"  # noqa: S104 - permit decides
    return str(address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _network(address: str) -> str:
    try:
        return str(ipaddress.ip_network(address, strict=False))
    except ValueError as err:
        message = f"{address!r} is no address or network of dialers; write one like 192.0.2.7"
        raise SnippetValueError(message) from err


def _checked(what: str, value: str, allowed: re.Pattern[str]) -> str:
    if allowed.fullmatch(value):
        return value
    message = (
        f"the {what} {value!r} cannot stand in a file of Asterisk: it must be like "
        f"{allowed.pattern}"
    )
    raise SnippetValueError(message)


def _stamped(text: str) -> str:
    """Return the text with a first line by which it is known again."""
    first, _, rest = text.partition("\n")
    return f"{first} {_stamp(rest)}\n{rest}"


def _stamp(rest: str) -> str:
    return hashlib.sha256(rest.encode()).hexdigest()[:12]


def _text(name: str) -> str:
    return files("dialer.bridges.asterisk").joinpath("conf", name).read_text(encoding="utf-8")


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML; values are checked
        keep_trailing_newline=True,
    )
    return environment.from_string(_text(name))
