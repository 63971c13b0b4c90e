"""What [twilio] says, read as one: whom we are there, where Twilio reaches us, what may be spent.

Every refusal says how to mend it; no secret is in one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from core.errors import OwnerlineError
from core.settings_model import Settings, TwilioSettings
from customers.model import Language
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.rest import Account
from dialer.bridges.twilio.spending import Ceiling, Tally

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_OWN_HOST = ".twilio.com"  # other carriers that speak the API name accounts as they like
_WEB = frozenset({"http", "https"})


class TwilioSettingsError(OwnerlineError):
    """The settings of [twilio] do not name an account that could ring anybody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TwilioPlan:
    """The settings of [twilio], checked; numbers shown are E.164."""

    account: Account
    token: str = field(repr=False)  # signs what Twilio asks of us
    addresses: Addresses
    from_number: str
    caller_ids: Mapping[str, str]  # by community
    destinations: tuple[str, ...]  # empty: what the verdict allows
    ceiling: Ceiling | None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number of ours, each once, the usual one first."""
        return tuple(dict.fromkeys((self.from_number, *self.caller_ids.values())))


def plan_of(settings: Settings) -> TwilioPlan:
    """Return what the settings of [twilio] mean.

    Raises:
        TwilioSettingsError: one is missing or cannot be, with the mend.
    """
    twilio = settings.twilio
    if twilio.account_sid is None:
        _refuse("account_sid is missing; copy it from Twilio's console: it begins with AC")
    token = _secret(
        twilio.auth_token,
        key="auth_token",
        mend="auth_token is missing: it signs what Twilio asks of us, with an API key, too; put "
        'the account\'s auth token into a file and name it: auth_token_file = "twilio.token"',
    )
    base_url = _web_url(twilio.api_base_url, key="api_base_url", example="https://api.twilio.com")
    _check_voices(twilio)
    return TwilioPlan(
        account=_account(twilio, twilio.account_sid, token=token, base_url=base_url),
        token=token,
        addresses=Addresses(public_url=_public_url(settings, base_url=base_url)),
        from_number=_from_number(twilio),
        caller_ids={
            community: _e164(number, key=f"caller_ids: that of {community}")
            for community, number in twilio.caller_ids.items()
        },
        destinations=settings.reach,
        ceiling=ceiling_of(settings),
    )


def _account(twilio: TwilioSettings, sid: str, *, token: str, base_url: str) -> Account:
    username, password = sid, token
    key = twilio.api_key_sid
    if key is not None:
        username, password = (
            key,
            _secret(
                twilio.api_key_secret,
                key="api_key_secret",
                mend="api_key_sid is set and its secret is not; name the file that holds it in "
                "api_key_secret_file, or take api_key_sid out",
            ),
        )
    elif twilio.api_key_secret is not None:
        _refuse("api_key_secret is set and api_key_sid is not; it begins with SK")
    if (urlsplit(base_url).hostname or "").endswith(_OWN_HOST):
        _check_sid(sid, "AC", key="account_sid")
        _check_sid(key, "SK", key="api_key_sid")
    return Account(
        account_sid=sid,
        username=username,
        password=password,
        base_url=base_url,
        timeout_s=twilio.api_timeout_s,
    )


def _check_sid(sid: str | None, kind: str, *, key: str) -> None:
    if sid is not None and re.fullmatch(rf"{kind}[0-9a-f]{{32}}", sid) is None:
        _refuse(
            f"{key} is {sid[:4]}… with {len(sid)} signs; Twilio's has {kind} and 32 of 0-9 and "
            "a-f: copy it from the console"
        )


def _secret(secret: SecretStr | None, *, key: str, mend: str) -> str:
    value = "" if secret is None else secret.get_secret_value()
    if not value:
        _refuse(mend)
    if re.search(r"\s", value):
        _refuse(f"{key} has blanks or line breaks in it; its file holds the secret alone")
    return value


def _from_number(twilio: TwilioSettings) -> str:
    if not twilio.from_number:
        _refuse('from_number is missing: the number owners see; from_number = "+1…"')
    return _e164(twilio.from_number, key="from_number")


def _e164(number: str, *, key: str) -> str:
    if _E164.fullmatch(number) is None:
        _refuse(f"{key} is {number!r}, and Twilio wants + and country code; write +86…")
    return number


def _public_url(settings: Settings, *, base_url: str) -> str:
    if not settings.public_url:
        _refuse(
            "public_url is missing: Twilio asks there what to say; set "
            'public_url = "https://calls.example.com" beside [twilio], not in it'
        )
    url = _web_url(settings.public_url, key="public_url", example="https://calls.example.com")
    if urlsplit(url).scheme != "https" and urlsplit(base_url).scheme == "https":
        _refuse(
            f"public_url is {url}, and what owners say and press would come in the clear; "
            "put a proxy with a certificate before us and write https://"
        )
    return url


def _web_url(value: str, *, key: str, example: str) -> str:
    """Return an address that others' paths are put behind, without a slash at its end."""
    parts = _parts(value)
    if parts is None:
        _refuse(f"{key} is {value!r}, which is no address; write {example}")
    if parts.query or parts.fragment or parts.username is not None or "?" in value:
        _refuse(f"{key} must end with its path, without user, ? or #; write {example}")
    return value.rstrip("/")


def _parts(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole and parts.scheme in _WEB and value == value.strip() else None


def _refuse(message: str) -> NoReturn:
    sentence = f"[twilio] {message} (docs/twilio.md)"
    raise TwilioSettingsError(sentence)


def _check_voices(twilio: TwilioSettings) -> None:
    known = [each.value for each in Language]
    for language in twilio.voices:
        if language not in known:
            _refuse(f"voices names {language!r}, which nobody speaks here; {' or '.join(known)}")


def ceiling_of(settings: Settings) -> Ceiling | None:
    """Return what may be spent in a day of the installation's own zone; None: whatever it costs.

    Raises:
        TwilioSettingsError: no call could be placed below it.
    """
    twilio = settings.twilio
    if twilio.ceiling_a_day is None:
        return None
    if twilio.ceiling_a_day < twilio.price_a_minute:
        _refuse(
            f"ceiling_a_day is {twilio.ceiling_a_day}, below price_a_minute "
            f"({twilio.price_a_minute}): no call could be placed; raise it or take it out"
        )
    return Ceiling(a_day=twilio.ceiling_a_day, tally=tally_of(settings))


def tally_of(settings: Settings) -> Tally:
    """Return how a day's spending is counted, with a ceiling or without one."""
    return Tally(
        price_a_minute=settings.twilio.price_a_minute,
        line_price_a_minute=settings.twilio.line_price_a_minute,
        zone=ZoneInfo(settings.time_zone),
    )
