"""Database URLs as people write them."""

import pytest

from core.database import DatabaseUrlError, driver_url, libpq_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:pw@db.example/own",
        "postgres://me:pw@db.example/own",
        "postgresql+psycopg://me:pw@db.example/own",
    ],
)
def test_every_spelling_of_a_postgresql_url_is_read(url: str) -> None:
    assert driver_url(url).drivername == "postgresql+psycopg"
    assert libpq_url(url) == "postgresql://me:pw@db.example/own"


def test_what_libpq_understands_is_handed_on() -> None:
    url = "postgresql://me:pw@db.example:5433/own?sslmode=verify-full"
    assert libpq_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:pw@db/own",
        "sqlite:///own.db",
        "host=db dbname=own",
        "postgresql://db:pw/x",
        "",
    ],
)
def test_anything_else_is_refused_and_no_password_told(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="write postgresql://") as refused:
        driver_url(url)
    assert "pw" not in str(refused.value)
