"""The benchmark of the pacer in the dialer plays a part of a shift."""

from bench.pacing_day import World, fill, play


async def test_a_team_is_paced_on_the_virtual_clock_and_talks(empty_database_url: str) -> None:
    world = World(agents=4, minutes=4.0, talk_mean_s=40.0, wrap_mean_s=10.0, answering=0.5)
    fill(empty_database_url, world)

    found = await play(empty_database_url, world)

    assert found.live > 4
    assert found.abandoned <= 1
    assert found.placed >= found.live
    assert 0.3 < found.utilisation < 1.0
