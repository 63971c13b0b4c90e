"""The benchmark of the console shows every event on its desk and on every wall."""

from pathlib import Path

from bench.console import bare, floor, load
from bench.place import database

AGENTS, WALLS, EVENTS = 4, 2, 8
PER_S = 2.0  # two seconds from one event of an agent to the next, which would cover it up


def test_every_event_is_seen_by_its_agent_and_by_all_who_watch(
    server_url: str, tmp_path: Path
) -> None:
    with database(server_url) as url:
        cast = floor.prepare(url, waiting=40, agents=AGENTS, supervisors=WALLS)
        ours = load.measure(url, cast, home=tmp_path, rates=[(PER_S, EVENTS)])
    (found,) = ours.rounds
    assert (ours.noted.failed, ours.noted.why_failed) == (0, set())
    assert (found.events, found.desks.missed, found.walls.missed) == (EVENTS, 0, 0)
    assert (len(found.desks.took_s), len(found.walls.took_s)) == (EVENTS, EVENTS * WALLS)
    assert len(found.pops.took_s) == EVENTS // 4
    assert ours.end_mb > ours.alone_mb > 0


def test_the_bare_alternative_tells_the_same_browsers(server_url: str) -> None:
    with database(server_url) as url:
        cast = floor.prepare(url, waiting=40, agents=AGENTS, supervisors=WALLS)
        sizes = bare.Sizes(parts=3_000, wall=7_000)
        found = load.measure_bare(url, cast, sizes=sizes, rates=[(PER_S, EVENTS)])
    assert found.noted.failed == 0
    assert found.rounds[0].desks.missed == 0
    assert found.noted.mean_parts == 3_000
