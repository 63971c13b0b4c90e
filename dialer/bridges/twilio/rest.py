"""What we ask of Twilio: the SDK's client, bounded in time and tries, its errors in our words.

Nothing that Twilio answers in prose is passed on: it may hold telephone numbers.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import structlog
from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from core.errors import OwnerlineError
from dialer.bridges.port import Closed

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Together with the last try about four time-outs and four seconds.
PAUSES_S: Sequence[float] = (0.25, 1.0, 2.5)
_SERVER_ERRORS = 500
_CONNECTS_WITHIN = 0.5  # of the time a request may take
_KEYS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_OF_WHAT_IS_ASKED = range(21000, 22000)  # error codes: not of who asks
_DOCS = "https://www.twilio.com/docs/errors"


class RestRefusedError(OwnerlineError):
    """Twilio refused a request for what it is; nothing was done, and asking again is no use."""

    def __init__(self, message: str, *, status: int, code: int | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code  # Twilio's own: 20003, 21211, …

    @property
    def is_unknown(self) -> bool:
        """Whether there is no such thing at Twilio."""
        return self.status == HTTPStatus.NOT_FOUND


class RestBusyError(OwnerlineError):
    """Twilio takes no request of ours now; nothing was done, and a later try may pass."""


class RestAwayError(RestBusyError):
    """Twilio could not be reached at all: nothing was sent."""


class RestLostError(OwnerlineError):
    """The answer to a request was lost: whether it was done nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whom we are at Twilio; a key of its own, or the account's token."""

    account_sid: str
    username: str
    password: str = field(repr=False)
    base_url: str = "https://api.twilio.com"
    timeout_s: float = 10.0


class Rest:
    """Asks Twilio's API; `trouble` says why it takes nothing of ours at this moment."""

    def __init__(
        self,
        client: Client,
        *,
        timeout_s: float = 10.0,
        pauses_s: Sequence[float] = PAUSES_S,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Wrap a client whose HTTP client is asynchronous."""
        self.client = client
        self.timeout_s = timeout_s
        self._pauses_s = tuple(pauses_s)
        self._sleep = sleep
        self._trouble: str | None = None
        self._closed: Closed | None = None

    @property
    def account_sid(self) -> str:
        """The account that is asked."""
        return str(self.client.account_sid)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be asked now, as the last request told; None: it can."""
        return self._trouble

    @property
    def closed(self) -> Closed | None:
        """What that trouble is to a dialer."""
        return self._closed

    async def ask(self, say: Callable[[], Awaitable[T]], *, what: str) -> T:
        """Say what may be said twice; it is, a few times, where it did not get through.

        Args:
            say: makes the request anew each time: `lambda: rest.client.calls(sid).fetch_async()`.
            what: the request in plain words, without anything of a person.

        Raises:
            RestRefusedError: refused for good.
            RestBusyError: refused for now (429), or not reached, each time.
            RestLostError: each time no answer came, or one of 5xx.
        """
        for tries, pause_s in enumerate(self._pauses_s, 1):
            try:
                return await self.once(say, what=what)
            except (RestBusyError, RestLostError) as err:
                log.info("twilio_asked_again", what=what, error=type(err).__name__, tries=tries)
            await self._sleep(pause_s)
        return await self.once(say, what=what)

    async def once(self, say: Callable[[], Awaitable[T]], *, what: str) -> T:
        """Say what must not be said twice, such as the creation of a call.

        Raises:
            RestRefusedError: certainly not done, for good.
            RestBusyError: certainly not done; a later try may pass.
            RestLostError: nobody knows; ask Twilio what became of it.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await say()
        except TwilioException as err:
            raise self._refusal(*_answer_of(err), what) from err
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            self._note(Closed.AWAY, f"Twilio cannot be reached: {type(err).__name__}")
            message = f"{what}: Twilio cannot be reached ({type(err).__name__}); see api_base_url"
            raise RestAwayError(message) from err
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as err:
            # Also where it had begun to answer: whatever was asked for may be done.
            message = f"{what}: Twilio's answer was lost ({type(err).__name__})"
            raise RestLostError(message) from err
        self._note(None, None)
        return answer

    def _refusal(
        self, status: int, code: int | None, what: str
    ) -> RestRefusedError | RestBusyError | RestLostError:
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return RestBusyError(f"{what}: Twilio takes no more requests at once (429)")
        if status >= _SERVER_ERRORS:
            return RestLostError(f"{what}: Twilio failed with HTTP {status}; it may be done")
        own = code if code is not None and code != status else None
        told = f"HTTP {status}" if own is None else f"error {own}, see {_DOCS}/{own}"
        if status in _KEYS and own not in _OF_WHAT_IS_ASKED:
            self._note(Closed.NOT_LET_IN, f"Twilio refuses our credentials ({told})")
            told += "; check account_sid and auth_token (or the key) under [twilio]"
        else:
            self._note(None, None)
        return RestRefusedError(f"{what}: Twilio refuses ({told})", status=status, code=own)

    def _note(self, closed: Closed | None, trouble: str | None) -> None:
        if closed is not self._closed:
            log.warning("twilio_standing_changed", trouble=trouble)
        self._closed, self._trouble = closed, trouble


def _answer_of(err: TwilioException) -> tuple[int, int | None]:
    """Return the HTTP status and Twilio's code of an error; lists have them in the answer."""
    if isinstance(err, TwilioRestException | TwilioServiceException):
        return err.status, err.code
    answer = next((each for each in err.args if isinstance(each, Response)), None)
    if answer is None:
        raise err
    try:
        code = json.loads(answer.text)["code"]
    except (ValueError, KeyError, TypeError):
        code = None
    return answer.status_code, code if isinstance(code, int) else None


@contextlib.asynccontextmanager
async def open_rest(account: Account) -> AsyncIterator[Rest]:
    """Hold a connection to Twilio's API for the block."""
    quiet = logging.getLogger(f"{__name__}.sdk")
    quiet.disabled = True  # it would log telephone numbers
    http = AsyncTwilioHttpClient(pool_connections=False, logger=quiet)
    # A connection that is not made is told from an answer that does not come.
    connects_in_s = account.timeout_s * _CONNECTS_WITHIN
    http.session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connects_in_s, connect=connects_in_s)
    )
    try:
        client = Client(
            account.username,
            account.password,
            account.account_sid,
            http_client=http,
            environment={"": ""},  # nothing of ours comes from TWILIO_… variables
        )
        client.api.base_url = account.base_url.rstrip("/")
        yield Rest(client, timeout_s=account.timeout_s)
    finally:
        await http.close()
