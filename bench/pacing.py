"""The pacer before an independent judge, beside the judge's own policies, on the same days.

    python -m bench pacing --judge PATH [--days N] [--agents 5 10 …] [--worlds p30 …]
                           [--against none|vici|all] [--kept FILE] [--write docs/pacing.md]

A day is one seed; seeds run from 1. Days already in FILE are not run again.
"""

import argparse
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = "bench.judged:make"
TARGET = 0.03
SIZES = (5, 10, 20, 50, 100, 200)

WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "p30": ("answer chance 0.3", {"p": 0.3}),
    "p50": ("answer chance 0.5", {"p": 0.5}),
    "varying": ("varying hours, break, list switched", {"varying": True}),
    "talk60": ("talk 60 s", {"talk_mean": 60.0}),
    "talk300": ("talk 300 s", {"talk_mean": 300.0}),
    "ring": ("ring timeout 45 s, patience 4 s", {"ring_timeout": 45.0, "patience": 4.0}),
    "machines": ("machines 0.3", {"machine": 0.3}),
    "few": ("answer chance 0.1", {"p": 0.1}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A policy of the judge's and how it is set."""

    policy: str
    given: tuple[tuple[str, float], ...] = ()

    @property
    def name(self) -> str:
        """How it is told and kept."""
        return " ".join((self.policy, *(f"{key}={value:g}" for key, value in self.given)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What the judge says of one day."""

    world: str
    agents: int
    setting: str
    seed: int
    utilisation: float
    abandoned: int
    live: int
    decision_us: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Days of one setting together."""

    seeds: tuple[int, ...]
    utilisation: float
    abandonment: float  # pooled
    worst: float  # of a day


ORACLE = "quantile_truth"  # knows the true distributions, not the draws
_ORACLE_KNOB = 0.038  # the first tried; the next ones come from what it abandons
_ORACLE_STEP = 0.8  # abandonment grows so, by the power of the knob, as measured
_ORACLE_AIM = 0.0296
VICI = [
    Setting(policy="vici_hard", given=(("knob", knob), ("max_level", most)))
    for knob, most in product((-1.0, 0.0), (1.15, 1.3, 1.45, 3.0))
]


class Kept:
    """Days that were run, a JSON object a line."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.days: dict[tuple[str, int, str, int], Day] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._put(Day(**json.loads(line)))

    def add(self, day: Day) -> None:
        """Keep one."""
        self._put(day)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(day)) + "\n")

    def of(self, world: str, agents: int, setting: str) -> dict[int, Day]:
        """Return the days of a setting by seed."""
        return {
            day.seed: day
            for day in self.days.values()
            if (day.world, day.agents, day.setting) == (world, agents, setting)
        }

    def _put(self, day: Day) -> None:
        self.days[day.world, day.agents, day.setting, day.seed] = day


def pooled(days: Iterable[Day]) -> Figures:
    """Return their figures together; at least one."""
    listed = sorted(days, key=lambda day: day.seed)
    return Figures(
        seeds=tuple(day.seed for day in listed),
        utilisation=sum(day.utilisation for day in listed) / len(listed),
        abandonment=sum(day.abandoned for day in listed) / sum(day.live for day in listed),
        worst=max(day.abandoned / max(day.live, 1) for day in listed),
    )


def best(kept: Kept, *, world: str, agents: int, policy: str) -> tuple[str, Figures] | None:
    """Return the busiest setting whose pooled abandonment is within the target, if one was run.

    Only settings that were run on the most days are compared.
    """
    names = {
        day.setting
        for day in kept.days.values()
        if (day.world, day.agents) == (world, agents) and day.setting.startswith(policy)
    }
    found = [(name, pooled(kept.of(world, agents, name).values())) for name in sorted(names)]
    most = max((len(each[1].seeds) for each in found), default=0)
    lawful = [
        each for each in found if len(each[1].seeds) == most and each[1].abandonment <= TARGET
    ]
    return max(lawful, key=lambda each: each[1].utilisation, default=None)


def fit_oracle(
    judge: ModuleType, kept: Kept, *, world: str, agents: int, days: int, tries: int
) -> None:
    """Run the oracle at knobs that come close to the target from below."""
    knob = _ORACLE_KNOB * (agents / 5) ** -0.12
    for at in range(tries + 2):
        setting = Setting(policy=ORACLE, given=(("knob", round(knob, 4)),))
        for seed in range(1, days + 1):
            run(judge, kept, world=world, agents=agents, setting=setting, seed=seed)
        found = pooled(kept.of(world, agents, setting.name).values()).abandonment
        if TARGET * 0.985 <= found <= TARGET:
            return
        if at + 1 >= tries and best(kept, world=world, agents=agents, policy=ORACLE) is not None:
            return
        knob *= min(2.0, max(0.5, _ORACLE_AIM / max(found, 0.001))) ** _ORACLE_STEP


def run(
    judge: ModuleType, kept: Kept, *, world: str, agents: int, setting: Setting, seed: int
) -> None:
    """Run one day, unless it was."""
    if seed in kept.of(world, agents, setting.name):
        return
    said = judge.judge(setting.policy, agents, seed, dict(setting.given), **WORLDS[world][1])
    kept.add(
        Day(
            world=world,
            agents=agents,
            setting=setting.name,
            seed=seed,
            utilisation=said["utilisation"],
            abandoned=said["abandoned"],
            live=said["live"],
            decision_us=said["policy_us"],
        )
    )


def rows(kept: Kept, sizes: Sequence[int], worlds: Sequence[str]) -> Iterator[str]:
    """Yield the table as Markdown: only what was run, and on how many days it rests."""
    yield (
        "| world | agents | days | abandoned, pooled | worst day | utilisation | "
        "of the oracle (days) | over VICIdial-like (days) |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for world, agents in product(worlds, sizes):
        days = kept.of(world, agents, OURS)
        if not days:
            continue
        ours = pooled(days.values())
        cells = [WORLDS[world][0], str(agents), _seeds(ours.seeds)]
        cells += [f"{100 * ours.abandonment:.2f} %", f"{100 * ours.worst:.2f} %"]
        cells += [f"{100 * ours.utilisation:.1f} %"]
        cells.append(
            _beside(kept, days, best(kept, world=world, agents=agents, policy=ORACLE), percent=True)
        )
        cells.append(
            _beside(
                kept, days, best(kept, world=world, agents=agents, policy="vici"), percent=False
            )
        )
        yield "| " + " | ".join(cells) + " |"


def _beside(
    kept: Kept, days: dict[int, Day], other: tuple[str, Figures] | None, *, percent: bool
) -> str:
    """Return our utilisation by another's on its days, how many, and what it abandoned."""
    if other is None:
        return "—"
    both = [days[seed] for seed in other[1].seeds if seed in days]
    if len(both) < len(other[1].seeds):
        return "—"
    ratio = pooled(both).utilisation / other[1].utilisation
    shown = f"{100 * ratio:.1f} %" if percent else f"{ratio:.2f}"
    return f"{shown} ({len(both)}, at {100 * other[1].abandonment:.2f} %)"


def _seeds(seeds: Sequence[int]) -> str:
    """Return how many, and which."""
    return (
        f"{len(seeds)} (seeds {seeds[0]}-{seeds[-1]})" if len(seeds) > 1 else f"1 (seed {seeds[0]})"
    )


def main(given: Sequence[str]) -> int:
    """Run what is asked and print the table; 1 when a cell of ours is above the target."""
    parser = argparse.ArgumentParser(
        prog="python -m bench pacing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--judge", type=Path, required=True, help="the judge's program")
    parser.add_argument("--days", type=int, default=3, help="of our pacer, a cell")
    parser.add_argument("--others-days", type=int, default=1, help="of each other setting, a cell")
    parser.add_argument("--agents", type=int, nargs="+", default=SIZES)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--against", choices=("none", "vici", "all"), default="all")
    parser.add_argument("--tries", type=int, default=4, help="knobs of the oracle, a cell")
    parser.add_argument("--kept", type=Path, help="days already run, and where more are put")
    parser.add_argument("--write", type=Path, help="a page whose table is replaced")
    asked = parser.parse_args(given)
    judge, kept = judge_of(asked.judge), Kept(asked.kept)
    for world, agents in product(asked.worlds, asked.agents):
        for seed in range(1, asked.days + 1):
            run(judge, kept, world=world, agents=agents, setting=Setting(policy=OURS), seed=seed)
        if asked.against != "none":
            for vici, seed in product(VICI, range(1, asked.others_days + 1)):
                run(judge, kept, world=world, agents=agents, setting=vici, seed=seed)
        if asked.against == "all":
            days = asked.others_days
            fit_oracle(judge, kept, world=world, agents=agents, days=days, tries=asked.tries)
    table = "\n".join(rows(kept, asked.agents, asked.worlds))
    print(table, flush=True)
    if asked.write is not None:
        _put_table(asked.write, table)
    return 0 if _held(kept, asked.agents, asked.worlds) else 1


def _held(kept: Kept, sizes: Sequence[int], worlds: Sequence[str]) -> bool:
    ran = [kept.of(world, agents, OURS) for world, agents in product(worlds, sizes)]
    return all(pooled(days.values()).abandonment <= TARGET for days in ran if days)


_BEGIN, _END = "<!-- table: python -m bench pacing --write -->", "<!-- end of table -->"


def _put_table(page: Path, table: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}", encoding="utf-8")


def judge_of(path: Path) -> ModuleType:
    """Import the judge from its file."""
    spec = importlib.util.spec_from_file_location("pacing_judge", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is no Python program")
    module = importlib.util.module_from_spec(spec)
    sys.modules["pacing_judge"] = module
    spec.loader.exec_module(module)
    return module
