"""What a webhook is, wherever it is answered: who asks what, and what they get.

A part of the bridge gives the hooks it answers; the web application has them under
`/webhooks/twilio`, where signature, size and type of a request are checked before one is called.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPMethod, HTTPStatus

PREFIX = "/webhooks/twilio"
TWIML = "application/xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A request that was let in; `token` is the same for every try of one request."""

    path: Mapping[str, str]
    form: Mapping[str, str]
    at: datetime
    token: str = ""  # I-Twilio-Idempotency-Token


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What is sent back; without a body it is 204 unless the status says otherwise."""

    body: bytes = b""
    media_type: str = TWIML
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """An address under the prefix and who answers it.

    `form` names the fields a request must have, each with the form of its value (a regular
    expression, matched whole); others of Twilio's may come and are passed on.
    """

    path: str  # in the web framework's words: /calls/{call_id}/steps/{turn_no}
    answer: Callable[[Visit], Awaitable[Answer]]
    method: HTTPMethod = HTTPMethod.POST
    form: Mapping[str, str] = field(default_factory=dict)
    is_signed: bool = True  # False: the address itself is the secret, or says nothing


Hooks = Sequence[Hook]

NOTHING = Answer(status=HTTPStatus.NO_CONTENT)
CALL_SID = r"CA[0-9a-f]{32}"
CONFERENCE_SID = r"CF[0-9a-f]{32}"
RECORDING_SID = r"RE[0-9a-f]{32}"


def twiml(document: str) -> Answer:
    """Return a document of TwiML."""
    return Answer(body=document.encode())


def refused(status: HTTPStatus, why: str) -> Answer:
    """Return a refusal in plain words, which Twilio keeps for whoever debugs it."""
    return Answer(body=why.encode(), media_type="text/plain; charset=utf-8", status=status)
