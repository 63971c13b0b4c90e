"""The benchmark of claims counts whole claims, and the fetches beside them."""

from collections.abc import Iterator

import psycopg
import pytest

from bench import claims
from bench.crew import Shift
from bench.place import database

CALLS = 350


@pytest.fixture(scope="module")
def queue(server_url: str) -> Iterator[str]:
    """A database in which both queues are filled."""
    with database(server_url) as url:
        claims.prepare(url, CALLS)
        yield url


def test_both_sides_get_work_done_in_processes_of_their_own(queue: str) -> None:
    (found,) = claims.measure(queue, waiting=CALLS, workers=(1,), seconds=0.2, batch=20)

    assert (found.workers, found.waiting) == (1, CALLS)
    assert found.claims >= 0
    assert found.fetches > 0
    with psycopg.connect(queue) as connection:
        live = connection.execute("SELECT count(*) FROM attempt WHERE state <> 'ended'").fetchone()
        rung = connection.execute("SELECT count(*) FROM verdict WHERE rule = 'allowed'").fetchone()
    assert live == (0,)
    assert rung is not None
    assert rung[0] >= 3 * 20


async def test_a_dialer_claims_all_that_waits_and_then_says_so(server_url: str) -> None:
    with database(server_url) as url:
        claims.prepare(url, 30)
        shift = Shift(url=url, workers=1, first_number=0, crew=1, seconds=1)
        async with claims.claiming(shift, batch=20) as (step,):
            got = [await step() for _ in range(4)]
    assert [each for each in got if each] == [20, 10]
    assert got[-1] is None
