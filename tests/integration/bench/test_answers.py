"""The benchmark of answers: ours beats plain means where owners differ, and loses nothing else."""

from dataclasses import replace

from bench.answers.on_file import CALLS, measure
from bench.answers.worlds import TARGET_NO_LOSS, WORLDS, World, scores
from bench.place import database


def test_where_owners_differ_ours_is_nearer_to_the_oracle_than_any_mean() -> None:
    found = scores(World(name="owners differ", own=1.0), owners=2_000, communities=4, seed=5)
    assert found.oracle < found.ours < 0.95 * min(found.hour, found.place)


def test_where_only_the_hour_matters_nothing_is_lost() -> None:
    world = replace(WORLDS[0], calls=30.0)
    found = scores(world, owners=1_500, communities=4, seed=5)
    assert found.ours < TARGET_NO_LOSS * min(found.hour, found.place)


def test_learning_from_attempts_on_file_is_timed_beside_the_bare_aggregate(server_url: str) -> None:
    with database(server_url) as url:
        found = measure(url, owners=40)
    assert found.attempts == 40 * CALLS
    assert found.bare_s > 0
    assert found.ratio > 0
