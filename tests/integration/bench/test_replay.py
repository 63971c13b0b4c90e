"""The benchmark of replays decides thousands of verdicts once more, and all come out the same."""

from bench import claims, replay
from bench.place import database


async def test_thousands_of_verdicts_come_out_as_they_were(server_url: str) -> None:
    with database(server_url) as url:
        claims.prepare(url, 3_000)
        found = await replay.measure(url, verdicts=2_500)

    assert found.verdicts >= 2_500
    assert found.different == 0
    assert found.bare_s > 0
    assert found.per_s > 0
