"""One try of one delivery over HTTP: signed, short, and never led elsewhere."""

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from core.deliveries.addresses import WebhookAddressError, parse_address, resolve
from core.deliveries.signing import signed_headers

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_WHOLE_TRY_S = 20.0  # whoever answers a byte at a time holds a worker no longer
_LARGEST_BODY = 64 * 1024
_LONGEST_REST = timedelta(hours=1)
_GONE = 410


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is sent; the id stays the same over every try."""

    message_id: str
    kind: str
    happened_at: datetime
    payload: Mapping[str, Any]

    def body(self) -> bytes:
        """Return the bytes that are sent and signed."""
        told = {
            "type": self.kind,
            "timestamp": self.happened_at.astimezone(UTC).isoformat(),
            "data": self.payload,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a try; `status` is the HTTP status, or a word for what came instead."""

    status: str
    taken: bool = False
    again: bool = True  # a later try may be taken
    gone: bool = False  # the receiver wants nothing more
    rest: timedelta | None = None  # how long the receiver asked us to wait


async def send(
    message: Message, *, url: str, secret: str, allowed_hosts: Collection[str], now: datetime
) -> Answer:
    """Send a message and return what became of it; a try that fails is an answer too."""
    body = message.body()
    if len(body) > _LARGEST_BODY:
        return Answer(status="too large", again=False)
    headers = signed_headers(secret=secret, message_id=message.message_id, at=now, body=body)
    try:
        async with asyncio.timeout(_WHOLE_TRY_S):
            return await _post(body, headers, url=url, allowed_hosts=allowed_hosts)
    except TimeoutError:
        return Answer(status="timeout")


async def _post(
    body: bytes, headers: Mapping[str, str], *, url: str, allowed_hosts: Collection[str]
) -> Answer:
    try:
        address = parse_address(url, allowed_hosts=allowed_hosts)
        ip = await resolve(address)
    except WebhookAddressError:
        return Answer(status="address refused")
    literal = f"[{ip}]" if ":" in ip else ip
    try:
        async with (
            # No proxy of the environment: it would connect to another address than the one seen.
            httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                f"{address.scheme}://{literal}:{address.port}{address.target}",
                content=body,
                headers={
                    "host": address.authority,
                    "content-type": "application/json",
                    "user-agent": "ownerline",
                    **headers,
                },
                extensions={"sni_hostname": address.host},
            ) as response,
        ):
            return _answer(response)  # its body is not read
    except httpx.TimeoutException:
        return Answer(status="timeout")
    except httpx.HTTPError as err:
        return Answer(status=type(err).__name__)


def _answer(response: httpx.Response) -> Answer:
    status = str(response.status_code)
    if response.is_success:
        return Answer(status=status, taken=True)
    if response.is_redirect:
        return Answer(status=f"{status} redirect refused")
    if response.status_code == _GONE:
        return Answer(status=status, again=False, gone=True)
    return Answer(status=status, rest=_rest(response.headers.get("retry-after", "")))


def _rest(retry_after: str) -> timedelta | None:
    """Return how long a receiver asked us to wait; only seconds are understood."""
    if not retry_after.isdecimal():
        return None
    return min(timedelta(seconds=int(retry_after[:6])), _LONGEST_REST)
