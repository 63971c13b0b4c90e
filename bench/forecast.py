"""Does a demo day lie where it was foretold? A day is played, the next rehearsed, then played.

    python -m bench forecast [--seeds N] [--first N] [--owners N]

Each seed is a company of its own. What is printed: how many of the days lay inside the rehearsal's
95 % interval, for calls placed and for people who answered.
"""

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.clock import VirtualClock
from core.log import configure_logging
from core.settings import LogLevel, load_settings
from dialer.whatif.answer import Question, answer, frozen_day
from dialer.whatif.model import Lines
from dialer.whatif.result import Spread
from ownerline.demo.home import DemoHome
from ownerline.demo.rehearsal import ZONE, Plan, alone, rehearse, trunk_for
from ownerline.runtime import open_runtime
from ownerline.whatif import freeze_basis

_SHARE = 0.9  # of the seeds, for each figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Foretold:
    """One figure of one seed: where it was expected, and what it came to."""

    expected: Spread
    came_to: int

    @property
    def inside(self) -> bool:
        """Whether the day lay in the interval."""
        return self.expected.low <= self.came_to <= self.expected.high


async def foretell(seed: int, owners: int, home: Path) -> dict[str, Foretold]:
    """Play a company's first day, rehearse its second, play it, and return both."""
    settings = load_settings().alone_in(home)
    first = await rehearse(settings, Plan(owners=owners, seed=seed))
    day = first.last_day + timedelta(days=1)
    midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)
    trunk = trunk_for(owners)
    lines = Lines(channels=trunk.channels, calls_per_second=trunk.calls_per_second)
    kept = alone(settings, DemoHome.below(settings.home))
    question = Question(day=day)
    async with open_runtime(kept, clock=VirtualClock(midnight)) as runtime:
        basis = freeze_basis(kept, lines=lines)
        frozen = await frozen_day(runtime.sessions, basis, question, now=midnight)
    found = answer(frozen, question, processes=1).forecast.figures
    second = await rehearse(settings, Plan(keep=True))
    return {
        "attempts": Foretold(
            expected=found["attempts"], came_to=sum(each.attempts for each in second.hours)
        ),
        "contacts": Foretold(
            expected=found["contacts"], came_to=sum(each.answered for each in second.hours)
        ),
    }


def main(words: list[str]) -> int:
    """Run the seeds; 1 when too few days lay inside."""
    parser = argparse.ArgumentParser(prog="python -m bench forecast", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, metavar="N")
    parser.add_argument("--first", type=int, default=1, metavar="N")
    parser.add_argument("--owners", type=int, default=300, metavar="N")
    asked = parser.parse_args(words)
    configure_logging(LogLevel.ERROR)
    inside = {"attempts": 0, "contacts": 0}
    for nth in range(asked.seeds):
        seed = asked.first + nth
        with tempfile.TemporaryDirectory(prefix="ownerline-forecast-") as folder:
            found = asyncio.run(foretell(seed, asked.owners, Path(folder)))
        parts = []
        for name, each in found.items():
            inside[name] += each.inside
            expected = f"{each.expected.low:g} to {each.expected.high:g}"
            parts.append(f"{name} {expected}, came to {each.came_to}{'' if each.inside else ' !'}")
        told = ", ".join(f"{name} {count} of {nth + 1}" for name, count in inside.items())
        print(f"seed {seed}: {'; '.join(parts)}   inside so far: {told}", flush=True)
    return 0 if all(count >= _SHARE * asked.seeds for count in inside.values()) else 1
