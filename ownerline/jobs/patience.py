"""How often and how soon a job is tried again."""

import asyncio
from datetime import timedelta

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job

_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(hours=1)


class Patience(BaseRetryStrategy):
    """Tries a failed job again after pauses that double, so many times; `tries` 0 means never.

    A job that was cut short because its worker was told to end goes back to the others at once.
    """

    def __init__(self, *, tries: int) -> None:
        self.tries = tries

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when the job is tried again; None when it has failed for good."""
        if isinstance(exception, asyncio.CancelledError | JobAborted):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts >= self.tries:
            return None
        pause = min(_FIRST_PAUSE * 2**job.attempts, _LONGEST_PAUSE)
        return RetryDecision(retry_in={"seconds": int(pause.total_seconds())})
