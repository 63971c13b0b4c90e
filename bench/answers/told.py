"""Print the benchmarks of the chance of an answer."""

import tempfile
from pathlib import Path

from bench.answers import on_file, worlds
from bench.dialing import only_warnings
from bench.place import database


def bench(on: str, *, quick: bool) -> bool:
    """Chances of an answer beside plain means in towns of known truth; learning, and the demo."""
    only_warnings()
    owners, known = (2_000, 500) if quick else (20_000, 100_000)
    held = _towns(owners)
    held = _learning(on, known) and held
    owners, days = (60, 2) if quick else (600, 7)
    _demo(owners, days)
    return held


def _towns(owners: int) -> bool:
    print(f"\nanswers: Brier scores in towns of {owners:,} owners, lower is better", flush=True)
    print(f"  {'':<34}{'ours':>9}{'hour':>9}{'place':>9}{'oracle':>9}   ours over the better mean")
    held = True
    for world in worlds.WORLDS:
        found = worlds.scores(world, owners=owners, communities=20, seed=1)
        four = "".join(
            f"{score:>9.4f}" for score in (found.ours, found.hour, found.place, found.oracle)
        )
        most = 1.0 if world.owners_differ else worlds.TARGET_NO_LOSS
        ratio = found.ours / min(found.hour, found.place)
        missed = "" if ratio <= most else ", MISSED"
        print(
            f"  {world.name:<34}{four}   {ratio:.4f}, target: at most {most:g}{missed}", flush=True
        )
        held = held and not missed
    return held


def _learning(on: str, owners: int) -> bool:
    calls = owners * on_file.CALLS
    print(f"\nanswers: learning from {calls:,} attempts at {owners:,} owners on file", flush=True)
    with database(on) as url:
        found = on_file.measure(url, owners=owners)
    print(f"  bare aggregate by hour, s         {found.bare_s:>12.2f}")
    print(f"  first night, s                    {found.first_s:>12.2f}   reads all phones' kinds")
    print(f"  any other night, s                {found.seconds:>12.2f}")
    held = True
    for what, figure, most in (
        ("ratio", found.ratio, on_file.TARGET_RATIO),
        ("more memory, MB", found.more_mb, on_file.TARGET_MB),
    ):
        missed = "" if figure <= most else ", MISSED"
        print(f"  {what:<34}{figure:>12.2f}   target: at most {most:g}{missed}", flush=True)
        held = held and not missed
    return held


def _demo(owners: int, days: int) -> None:
    print(f"\nanswers: the demo's {owners} owners over {days} days, from the second on", flush=True)
    with tempfile.TemporaryDirectory(prefix="ownerline-bench-") as home:
        found = on_file.demo(Path(home), owners=owners, days=days)
    for each in found:
        tenth = "all" if each.tenth is None else f"{10 * each.tenth} to {10 * each.tenth + 10} %"
        low, high = each.bounds
        came = f"{each.answered:,} of {each.calls:,} came ({each.answered / each.calls:.1%}"
        print(
            f"  {tenth:<12}{each.foretold:>7.1%} foretold, {came}, 95 %: {low:.1%} to {high:.1%})"
        )
        if each.tenth is None and each.brier_hour is not None and each.brier_place is not None:
            print(
                f"  Brier score {each.brier:.4f}, of the hour's mean {each.brier_hour:.4f}, "
                f"of the community's hour {each.brier_place:.4f}",
                flush=True,
            )
