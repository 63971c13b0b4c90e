"""What PostgreSQL says last becomes a sentence for the operator."""

from pathlib import Path

import pytest

from core.postgres.cluster import failure_of
from core.postgres.errors import DiskFullError, EmbeddedServerError, PortTakenError
from core.postgres.layout import Layout

_LAYOUT = Layout.of(Path("/srv/home"))


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        pytest.param(
            'initdb: error: could not write to file "pg_wal/0": No space left on device',
            DiskFullError,
            "the disk that holds /srv/home is full",
            id="disk full",
        ),
        pytest.param(
            "could not bind IPv4 address: Address already in use\nFATAL:  no sockets",
            PortTakenError,
            "port taken",
            id="port taken",
        ),
        pytest.param(
            "one\n\ntwo\nthree\nfour\nFATAL:  five",
            EmbeddedServerError,
            "/srv/home/postgres does not start: two / three / four / FATAL:  five",
            id="anything else, by its last lines",
        ),
    ],
)
def test_the_last_words_of_postgresql_are_explained(
    said: str, kind: type[EmbeddedServerError], told: str
) -> None:
    failure = failure_of(said, _LAYOUT)
    assert type(failure) is kind
    assert told in str(failure)
