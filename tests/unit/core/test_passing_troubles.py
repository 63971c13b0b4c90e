"""Which failures of the database pass, so that the same transaction is tried again."""

import psycopg
import pytest
import sqlalchemy as sa

from core.database import may_pass_later

PASSES = [
    psycopg.OperationalError("the connection is gone"),
    psycopg.errors.AdminShutdown(),
    psycopg.errors.CannotConnectNow(),
    psycopg.errors.ConnectionFailure(),
    psycopg.errors.TooManyConnections(),
    psycopg.errors.DiskFull(),
    psycopg.errors.OutOfMemory(),
    psycopg.errors.IoError(),
    psycopg.errors.LockNotAvailable(),
    psycopg.errors.DeadlockDetected(),
]
STAYS = [
    psycopg.errors.UniqueViolation(),
    psycopg.errors.UndefinedTable(),
    psycopg.errors.InvalidPassword(),
    ValueError(),
]


@pytest.mark.parametrize("err", PASSES, ids=lambda err: type(err).__name__)
def test_a_server_that_is_away_or_lacks_something_may_take_it_later(err: BaseException) -> None:
    assert may_pass_later(err)
    assert may_pass_later(sa.exc.DBAPIError("SELECT", {}, err))


def test_a_pool_that_is_taken_is_free_later() -> None:
    assert may_pass_later(sa.exc.TimeoutError())


@pytest.mark.parametrize("err", STAYS, ids=lambda err: type(err).__name__)
def test_what_is_wrong_stays_wrong(err: BaseException) -> None:
    assert not may_pass_later(err)
