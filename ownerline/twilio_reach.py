"""`ownerline doctor` from outside: does what Twilio would ask at the public URL reach us, signed?

It is asked from here, over the public address: proxy, certificate, redirects and signature are
tried as Twilio meets them. That Twilio's own network finds the way is more than that, and told by
its notifications alone.
"""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from twilio.request_validator import RequestValidator

from dialer.bridges.twilio.checking import mark_of
from ownerline.finding import Finding
from ownerline.twilio_settings import TwilioPlan

_SUBJECT = "twilio public URL"
_WITHIN_S = 15.0  # Twilio waits for as long
_SLOW_S = 1.0
# A proxy that puts an address in order, or takes one of two equal fields, breaks the signature.
_QUERY = "?turn=1&turn=a%20b"
_SERVED_BY = "`ownerline serve`, or `ownerline api` beside the dialers, with the same settings"
_MENDS = {
    HTTPStatus.FORBIDDEN: (
        "our own signature is refused (403): the web processes have another account_sid, "
        "auth_token or public_url than we, or a proxy changes path or query on the way; restart "
        "them after a change of settings, and let the proxy pass the address on as it came"
    ),
    HTTPStatus.NOT_FOUND: (
        "nothing is known there (404): the proxy leads elsewhere or takes off too much of the "
        f'path, or {_SERVED_BY}, was not started with bridge = "twilio"'
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the proxy refuses a small form (413); raise its limit",
}


async def examine_reach(plan: TwilioPlan, installation_id: UUID) -> AsyncIterator[Finding]:
    """Ask the web processes what Twilio would, signed and forged; each answer is a finding."""
    trouble = _closed_to_others(plan)
    if trouble is not None:
        yield _wrong(trouble)
        return
    url = f"{plan.addresses.check()}{_QUERY}"
    form = {"AccountSid": plan.account.account_sid}
    signature = RequestValidator(plan.token).compute_signature(url, form)
    try:
        async with httpx.AsyncClient(timeout=_WITHIN_S) as client:
            signed = await client.post(url, data=form, headers=_signed(signature))
            forged = await client.post(url, data=form, headers=_signed(_forged(signature)))
    except httpx.HTTPError as err:
        yield _wrong(_unreached(plan, err))
        return
    yield _of_signed(plan, signed, expected=mark_of(installation_id))
    if signed.status_code == HTTPStatus.OK and forged.status_code != HTTPStatus.FORBIDDEN:
        yield _wrong(
            f"a forged signature is answered with {forged.status_code}, not 403: something before "
            "us answers in our place; let the proxy pass /webhooks/twilio on untouched"
        )


def _signed(signature: str) -> dict[str, str]:
    return {"X-Twilio-Signature": signature}


def _forged(signature: str) -> str:
    """Return a signature of the same form that is none."""
    return signature[::-1] if signature[::-1] != signature else f"A{signature[1:]}"


def _closed_to_others(plan: TwilioPlan) -> str | None:
    """Return why nobody but this machine or house could come by that address; None: they may."""
    parts = urlsplit(plan.addresses.public_url)
    if urlsplit(plan.account.base_url).scheme == "http":  # an emulator, beside us
        return None
    host = parts.hostname or ""
    if host != "localhost" and not _is_inner(host):
        return None
    return (
        f"{host} is known to this machine or house alone: Twilio comes from the Internet; write "
        "the name by which it finds your proxy"
    )


def _is_inner(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _of_signed(plan: TwilioPlan, answer: httpx.Response, *, expected: str) -> Finding:
    public_url, status = plan.addresses.public_url, answer.status_code
    if answer.is_redirect:
        return _wrong(
            f"{public_url} redirects to {_bare(answer.headers.get('Location', ''))}: what Twilio "
            "signed is another address then; write the one it ends at as public_url"
        )
    if status != HTTPStatus.OK:
        told = _MENDS.get(HTTPStatus(status)) if status in set(HTTPStatus) else None
        mend = told or f"it answers {status}: start {_SERVED_BY}, and look at the proxy's log"
        return _wrong(f"{public_url}: {mend}")
    if answer.text != expected:
        found = answer.text if answer.text.startswith("ownerline ") else "something else"
        return _wrong(
            f"{public_url} leads to {found}, and we are {expected}: another installation, or "
            "another database, answers there"
        )
    took_s = answer.elapsed.total_seconds()
    slow = f", slowly: owners hear {took_s:.1f} s of silence a step" if took_s > _SLOW_S else ""
    return Finding(
        subject=_SUBJECT,
        found=f"{public_url} is ours, and knows Twilio's signature ({took_s * 1000:.0f} ms{slow})",
        sound=not slow,
    )


def _unreached(plan: TwilioPlan, err: httpx.HTTPError) -> str:
    public_url = plan.addresses.public_url
    for cause in _causes(err):
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or "TLS fails"
            return (
                f"{public_url}: its certificate is not one that Twilio takes ({why}); get one of "
                "a public authority, with the whole chain"
            )
        if isinstance(cause, socket.gaierror):
            host = urlsplit(public_url).hostname
            return f"{public_url}: {host} is no name that can be found; add it to your DNS"
    if isinstance(err, httpx.TimeoutException):
        return (
            f"{public_url} does not answer within {_WITHIN_S:.0f} s: firewall, proxy, or nobody "
            f"behind it; start {_SERVED_BY}"
        )
    return (
        f"{public_url} cannot be reached ({type(err).__name__}): start {_SERVED_BY}, and a proxy "
        "before it; from inside your house the way may be closed that is open from outside"
    )


def _causes(err: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = err
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _bare(location: str) -> str:
    return location.partition("?")[0] or "nowhere"


def _wrong(found: str) -> Finding:
    return Finding(subject=_SUBJECT, found=found, sound=False)
