"""Browsers as phones on Asterisk: a pool of endpoints, and the password of each.

A password is an HMAC of one secret of ours over the endpoint's name: Asterisk has them in its file,
we make the one that is asked for, and a browser that knows its own knows nobody else's.
"""

import base64
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pydantic import SecretStr

from core.errors import OwnerlineError
from core.settings_model import AsteriskBrowsers
from dialer.agents.browsers import BrowserToken, PhoneKind
from dialer.bridges.asterisk.places import Place

LIFETIME = timedelta(hours=1)  # a page asks again before it signs in anew
# What an Asterisk needs for them beside the modules that every one of ours has.
MODULES = ("res_crypto", "res_http_websocket", "res_pjsip_transport_websocket", "res_srtp")

_DIGITS = 18  # bytes of an HMAC: 24 letters
_ENDPOINT = re.compile(r"PJSIP/(?P<name>web-[0-9]{2,3})")


class NoBrowserSecretError(OwnerlineError):
    """Browsers are to be phones, and there is no secret that their passwords are made of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserPhone:
    """An endpoint of the pool, by which one browser signs in."""

    name: str
    password: str = field(repr=False)


def pool_of(browsers: AsteriskBrowsers, place: Place) -> tuple[BrowserPhone, ...]:
    """Return the endpoints that an Asterisk has for browsers.

    Raises:
        NoBrowserSecretError: there are to be some, and no secret.
    """
    if browsers.server is not None and browsers.server not in {s.name for s in place.servers}:
        return ()
    return tuple(
        BrowserPhone(name=name, password=_password(browsers.secret, name))
        for name in names_of(browsers)
    )


def names_of(browsers: AsteriskBrowsers) -> Iterator[str]:
    """Return the pool's names: web-01, web-02 and so on."""
    for number in range(1, browsers.phones + 1):
        yield f"web-{number:02}"


class AsteriskTokens:
    """Hands a browser the password of the endpoint that is its own."""

    def __init__(self, browsers: AsteriskBrowsers, *, url: str) -> None:
        """Hand out passwords of this pool, which is reached at `url` (wss)."""
        self._browsers = browsers
        self._url = url
        self._names = frozenset(names_of(browsers))

    @property
    def kind(self) -> PhoneKind:
        """SIP over secure WebSocket."""
        return PhoneKind.SIP

    @property
    def origins(self) -> tuple[str, ...]:
        """The one place of the secure WebSocket."""
        return (f"wss://{urlsplit(self._url).netloc}",)

    def rung_as(self, endpoint: str | None) -> str | None:
        """Return the SIP user of an endpoint of the pool."""
        found = _ENDPOINT.fullmatch(endpoint or "")
        return found["name"] if found and found["name"] in self._names else None

    def issue(self, identity: str, *, now: datetime) -> BrowserToken:
        """Return the password of an endpoint of the pool, and where it signs in."""
        return BrowserToken(
            kind=PhoneKind.SIP,
            token=_password(self._browsers.secret, identity),
            identity=identity,
            url=self._url,
            expires_at=now + LIFETIME,
        )


def tokens_of(browsers: AsteriskBrowsers) -> AsteriskTokens | None:
    """Return who hands out passwords; None: the settings name no pool, or not where it is."""
    if not browsers.phones or browsers.url is None or browsers.secret is None:
        return None
    return AsteriskTokens(browsers, url=browsers.url)


def _password(secret: SecretStr | None, name: str) -> str:
    if secret is None or not secret.get_secret_value():
        message = (
            'browsers as phones need a secret: secret_file = "browsers.secret" under '
            "[asterisk.browsers], and `ownerline asterisk config` makes it"
        )
        raise NoBrowserSecretError(message)
    said = f"ownerline browser phone {name}".encode()
    made = hmac.digest(secret.get_secret_value().encode(), said, "sha256")
    return base64.urlsafe_b64encode(made[:_DIGITS]).decode()
