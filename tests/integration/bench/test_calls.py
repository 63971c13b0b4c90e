"""The benchmark of calls dials a part of a virtual day."""

from bench.calls import prepare, virtual_day


async def test_calls_are_placed_on_the_virtual_clock(empty_database_url: str) -> None:
    prepare(empty_database_url, 20)

    placed, seconds = await virtual_day(empty_database_url, minutes=1.0)

    assert placed == 20
    assert seconds > 0
