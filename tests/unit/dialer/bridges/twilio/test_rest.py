"""What becomes of a request that does not get through, and what an operator reads of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException

from dialer.bridges.port import Closed
from dialer.bridges.twilio.rest import (
    Account,
    Rest,
    RestAwayError,
    RestBusyError,
    RestLostError,
    RestRefusedError,
)

NO_CLIENT: Any = None
_KEY: Any = None


def refusal(status: int, code: int | None = None) -> TwilioRestException:
    return TwilioRestException(status, "/Calls.json", "The number +8613800138000 is …", code)


def unreachable() -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(_KEY, OSError("refused"))


def saying(*answers: str | Exception) -> Callable[[], Awaitable[str]]:
    """Return a request that fares so, one try after the other."""
    left = list(answers)

    async def say() -> str:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return say


class Naps:
    """Stands in for the time between two tries."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def rest(naps: Naps) -> Rest:
    return Rest(NO_CLIENT, pauses_s=(1.0, 2.0), sleep=naps)


@pytest.mark.parametrize(
    "failure",
    [refusal(429, 20429), refusal(500), refusal(503), unreachable(), TimeoutError(), OSError()],
    ids=["429", "500", "503", "not reached", "time-out", "cut"],
)
async def test_what_may_be_said_twice_is_said_again(
    rest: Rest, naps: Naps, failure: Exception
) -> None:
    assert await rest.ask(saying(failure, failure, "done"), what="listing") == "done"
    assert naps.taken == [1.0, 2.0]


async def test_nothing_is_said_for_ever(rest: Rest) -> None:
    with pytest.raises(RestBusyError):
        await rest.ask(saying(*[refusal(429)] * 3), what="listing")


async def test_what_is_refused_is_not_said_again(rest: Rest, naps: Naps) -> None:
    with pytest.raises(RestRefusedError) as refused:
        await rest.ask(saying(refusal(404, 20404)), what="asking")
    assert refused.value.is_unknown
    assert naps.taken == []


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (refusal(400, 21211), RestRefusedError),
        (refusal(429, 20429), RestBusyError),
        (unreachable(), RestAwayError),
        (refusal(500), RestLostError),
        (refusal(502), RestLostError),
        (TimeoutError(), RestLostError),
        (aiohttp.ServerDisconnectedError(), RestLostError),
        (aiohttp.ClientOSError(104, "reset"), RestLostError),
        (ValueError("no JSON"), RestLostError),
    ],
    ids=lambda value: "" if isinstance(value, Exception) else str(value.__name__),
)
async def test_what_must_not_be_said_twice_is_said_once(
    rest: Rest, naps: Naps, failure: Exception, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await rest.once(saying(failure, "a second call"), what="creating")
    assert naps.taken == []


async def test_no_request_takes_longer_than_it_may() -> None:
    rest = Rest(NO_CLIENT, timeout_s=0.0)

    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RestLostError):
        await rest.once(never, what="creating")


@pytest.mark.parametrize(
    ("failure", "closed"),
    [
        (refusal(401, 20003), Closed.NOT_LET_IN),
        (refusal(403), Closed.NOT_LET_IN),
        (unreachable(), Closed.AWAY),
        (refusal(403, 21215), None),
        (refusal(400, 21211), None),
        (refusal(404), None),
    ],
    ids=["credentials", "forbidden", "away", "a country", "a number", "unknown"],
)
async def test_trouble_with_the_account_is_told_from_trouble_with_a_call(
    rest: Rest, failure: Exception, closed: Closed | None
) -> None:
    with pytest.raises((RestRefusedError, RestBusyError)):
        await rest.once(saying(failure), what="creating")
    assert rest.closed is closed
    assert (rest.trouble is None) == (closed is None)
    assert await rest.once(saying("done"), what="listing") == "done"
    assert (rest.closed, rest.trouble) == (None, None)


async def test_no_number_is_in_what_an_operator_reads(rest: Rest) -> None:
    with pytest.raises(RestRefusedError) as refused:
        await rest.once(saying(refusal(400, 21211)), what="creating call 7")
    assert "+86" not in str(refused.value)
    assert "21211" in str(refused.value)
    assert "creating call 7" in str(refused.value)


def test_no_password_is_in_a_repr() -> None:
    assert "secret" not in repr(Account(account_sid="AC1", username="SK1", password="secret"))
