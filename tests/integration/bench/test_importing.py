"""The benchmark of imports measures in processes of their own."""

from pathlib import Path

from bench.importing import measure
from bench.place import database


def test_a_workbook_and_a_tenth_of_it_are_imported_and_read(
    server_url: str, template: str, tmp_path: Path
) -> None:
    with database(server_url, template) as one, database(server_url, template) as other:
        found = measure(one, other, tmp_path, rows=200)

    assert (found.small.rows, found.large.rows, found.bare.rows) == (20, 200, 200)
    assert found.large.peak_mb > 0
    assert found.ratio > 0
