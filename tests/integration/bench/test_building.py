"""The benchmark of list building measures what it says."""

from bench.building import measure
from bench.world import Size


async def test_the_bare_sql_makes_the_same_due_calls(empty_database_url: str) -> None:
    size = Size(owners=400, charges=1200, work_orders=400)

    found = await measure(empty_database_url, size, rounds=1)

    assert found.due_calls > 50
    assert found.different == 0
    assert found.ratio > 0
