"""How the emulated carrier asks webhooks: signed, with a token a request, tried again as told."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from tests.twilio.kit.faults import Disorder

TWIML_TYPES = ("application/xml", "text/xml", "text/html")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a webhook answered; status None: nothing came."""

    status: int | None
    media_type: str = ""
    body: bytes = b""
    was_met: bool = True  # False: nobody listens

    @property
    def is_fine(self) -> bool:
        """Whether Twilio would go on."""
        return self.status is not None and self.status < 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A webhook request that was sent, and how it went."""

    url: str
    params: Mapping[str, str]
    token: str
    reply: Reply


@dataclass(kw_only=True)
class Postman:
    """Sends webhook requests.

    `doors` says where a public origin is really reached, as a proxy before several web processes
    does: by turns, and at the next where nobody listens.
    """

    auth_token: str
    patience_s: float = 15.0  # twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    doors: dict[str, Sequence[str]] = field(default_factory=dict)
    disorder: Disorder = field(default_factory=Disorder)
    sent: list[Sent] = field(default_factory=list)
    _turns: Counter[str] = field(default_factory=Counter)
    _session: aiohttp.ClientSession | None = None
    _under_way: set[asyncio.Task[Any]] = field(default_factory=set)
    _last: dict[str, asyncio.Task[Any]] = field(default_factory=dict)

    async def start(self) -> None:
        """Open connections as they are needed from now on."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self.patience_s),
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
        )

    async def close(self) -> None:
        """Drop what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def until_idle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def tell(self, url: str, params: Mapping[str, str], *, of: str) -> None:
        """Send a callback whose answer says nothing, as the disorder has it; `of`: a call."""
        for delay_s in self.disorder.delays():
            before = self._last.get(of) if self.disorder.keeps_order else None
            self._last[of] = self._begin(self._tell(url, params, delay_s=delay_s, before=before))

    async def ask(self, url: str, params: Mapping[str, str], *, method: str = "POST") -> Reply:
        """Send a request and return its answer; it is sent to the end if the asker goes away."""
        return await asyncio.shield(self._begin(self._ask(url, params, method=method)))

    def _begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _tell(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        delay_s: float,
        before: asyncio.Task[Any] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        await asyncio.sleep(delay_s)
        await self._ask(url, params, method="POST")

    async def _ask(self, url: str, params: Mapping[str, str], *, method: str) -> Reply:
        bare, _, fragment = url.partition("#")
        tries, policy = _overrides(fragment)
        token = f"i-{secrets.token_hex(16)}"
        reply = Reply(status=None)
        for _ in range(1 + tries):
            reply = await self._try(bare, params, method=method, token=token)
            self.sent.append(Sent(url=bare, params=params, token=token, reply=reply))
            if not _is_tried_again(reply, policy):
                break
        return reply

    async def _try(self, url: str, params: Mapping[str, str], *, method: str, token: str) -> Reply:
        assert self._session is not None, "the postman was started"
        if method == "GET" and params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        signed = {} if method == "GET" else dict(params)
        headers = {
            "X-Twilio-Signature": RequestValidator(self.auth_token).compute_signature(url, signed),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        for really in self._doors_of(url):
            try:
                async with self._session.request(
                    method,
                    URL(really, encoded=True),
                    data=signed or None,
                    headers=headers,
                    allow_redirects=False,
                ) as response:
                    return Reply(
                        status=response.status,
                        media_type=response.content_type,
                        body=await response.read(),
                    )
            except aiohttp.ClientConnectorError:
                continue
            except (aiohttp.ClientError, TimeoutError):
                return Reply(status=None)
        return Reply(status=None, was_met=False)

    def _doors_of(self, url: str) -> list[str]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        doors = self.doors.get(origin, [origin])
        first = self._turns[origin]
        self._turns[origin] += 1
        turned = [doors[(first + n) % len(doors)] for n in range(len(doors))]
        rest = urlunsplit(("", "", parts.path, parts.query, ""))
        return [f"{door}{rest}" for door in turned]


def _overrides(fragment: str) -> tuple[int, frozenset[str]]:
    """Return how often and after what a request is tried again: one more, if nobody listens."""
    told = parse_qs(fragment)
    # The defaults: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    policy = frozenset(told.get("rp", ["ct"])[0].split(","))
    return int(told.get("rc", ["1"])[0]), policy


def _is_tried_again(reply: Reply, policy: frozenset[str]) -> bool:
    if reply.is_fine:
        return False
    if reply.status is None:
        return bool(policy & {"rt" if reply.was_met else "ct", "all"})
    kind = "5xx" if reply.status >= 500 else "4xx"
    return bool(policy & {kind, "all"})
