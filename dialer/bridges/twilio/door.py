"""The door of webhooks: only what Twilio signed for our account comes in, and fits what is asked.

The address that was signed is made of the public URL and of the path and query as they came, byte
for byte: what a proxy writes into headers, and the name by which it calls us, plays no part.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from core.errors import OwnerlineError
from dialer.bridges.twilio.hook import Hook, Visit

LARGEST_BYTES = 64 * 1024  # Twilio's own webhooks have about one
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
_ACCOUNT = "AccountSid"
# What is read wherever it comes; Twilio leaves it out, or empty, where there is none.
_MAY_COME: Mapping[str, str] = {
    "AnsweredBy": r"[a-z_]{0,40}",
    "CallDuration": r"[0-9]{0,9}",
    "ErrorCode": r"[0-9]{0,9}",
    "SipResponseCode": r"[0-9]{0,9}",
    "Timestamp": r"[\x20-\x7e]{0,64}",
}


class NotLetInError(OwnerlineError):
    """A webhook was refused at the door, and nothing was changed."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Knock:
    """A request as it came; `target` is its path and query, still quoted."""

    target: str
    query: str
    content_type: str
    body: bytes
    signature: str
    token: str
    path: Mapping[str, str]


class Fields:
    """The fields of a form with all their values, as `RequestValidator` reads them."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getall(self, name: str) -> list[str]:
        """Return every value of a field, in the order they came."""
        return self._values[name]

    def firsts(self) -> dict[str, str]:
        """Return the first value of each field."""
        return {name: values[0] for name, values in self._values.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """Lets requests in, or says why not."""

    public_url: str  # without a slash at its end
    account_sid: str
    token: str = field(repr=False)  # of the account: it signs

    def let_in(self, hook: Hook, knock: Knock, *, at: datetime) -> Visit:
        """Return what a request says to a hook.

        Raises:
            NotLetInError: it is no form (400, 415), not signed by Twilio for us (403), or not what
                the hook is told (422).
        """
        posted = _posted(hook, knock)
        if hook.is_signed and not self._is_signed(knock, posted):
            raise NotLetInError(HTTPStatus.FORBIDDEN, "the signature is not Twilio's for this URL")
        asked = posted if hook.method is HTTPMethod.POST else _fields(knock.query)
        if hook.is_signed and asked.firsts().get(_ACCOUNT) != self.account_sid:
            raise NotLetInError(HTTPStatus.FORBIDDEN, f"{_ACCOUNT} is another account's")
        _check_form(hook, asked)
        return Visit(path=knock.path, form=asked.firsts(), at=at, token=knock.token)

    def _is_signed(self, knock: Knock, posted: Fields) -> bool:
        validator = RequestValidator(self.token)
        return bool(validator.validate(self.public_url + knock.target, posted, knock.signature))


def _posted(hook: Hook, knock: Knock) -> Fields:
    if hook.method is not HTTPMethod.POST:
        return Fields(())
    kind = knock.content_type.partition(";")[0].strip().lower()
    if kind != _FORM:
        raise NotLetInError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"only {_FORM} is read here")
    try:
        text = knock.body.decode("ascii")
    except UnicodeDecodeError:
        raise NotLetInError(HTTPStatus.BAD_REQUEST, "the form is not quoted as forms are") from None
    return _fields(text)


def _fields(text: str) -> Fields:
    if not text:
        return Fields(())
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:  # a UnicodeDecodeError is one
        raise NotLetInError(HTTPStatus.BAD_REQUEST, "the form cannot be read") from None
    return Fields(pairs)


def _check_form(hook: Hook, asked: Fields) -> None:
    """Refuse a form that lacks a field of the hook's, has it twice, or in another form."""
    told = set(asked)
    may_come = {name: pattern for name, pattern in _MAY_COME.items() if name in told}
    for name, pattern in {**may_come, **hook.form}.items():
        values = asked.getall(name) if name in told else []
        if len(values) != 1 or re.fullmatch(pattern, values[0]) is None:
            message = f"{name} is missing, is there twice, or has another form"
            raise NotLetInError(HTTPStatus.UNPROCESSABLE_ENTITY, message)
