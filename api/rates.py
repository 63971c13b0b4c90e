"""How often one caller may ask, counted in memory on each process."""

from http import HTTPStatus

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.problems import ProblemError

_AGAIN_S = 5  # by then a part of the minute has slid past


class Rates:
    """Counts requests by token, and refusals by address; several processes count each their own."""

    def __init__(self, *, requests_per_minute: int, refusals_per_minute: int) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests_per_minute, namespace="token")
        self._refusals = RateLimitItemPerMinute(refusals_per_minute, namespace="address")

    async def count_request(self, api_user_id: int) -> None:
        """Count one request of a token.

        Raises:
            ProblemError: there were too many within a minute.
        """
        await self._count(self._requests, str(api_user_id))

    async def count_refusal(self, address: str) -> None:
        """Count one request without a valid token.

        Raises:
            ProblemError: there were too many within a minute.
        """
        await self._count(self._refusals, address)

    async def check_refusals(self, address: str) -> None:
        """Refuse an address that was refused too often, before it costs anything.

        Raises:
            ProblemError: there were too many within a minute.
        """
        if not await self._counter.test(self._refusals, address):
            raise _too_many(self._refusals)

    async def _count(self, item: RateLimitItemPerMinute, who: str) -> None:
        if await self._counter.hit(item, who):
            return
        raise _too_many(item)


def _too_many(item: RateLimitItemPerMinute) -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"more than {item.amount} requests a minute; try again in {_AGAIN_S} seconds",
        headers={"Retry-After": str(_AGAIN_S)},
    )
