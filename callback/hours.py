"""Hours in which calls may be placed: local, half-open, exact on the days the clocks change."""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True, order=True)
class LocalPeriod:
    """A half-open piece of a local day; an end of 00:00 means the end of the day."""

    start: time
    end: time


WeekHours = tuple[tuple[LocalPeriod, ...], ...]  # Monday first, seven days
