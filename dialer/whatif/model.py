"""What a rehearsal of a day to come is made of: what is due, who is there, what may be used.

All instants are seconds after the frozen day's opening, so that nothing here needs a calendar.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.errors import OwnerlineError

Window = tuple[float, float]  # half-open, seconds after the opening

BUCKET_S = 1800  # chances and orders hold for so long
NEVER = math.inf


class WhatIfError(OwnerlineError):
    """A day cannot be rehearsed as it was asked for; `word` is what a page says it by."""

    word = "setting"


class DayOverError(WhatIfError):
    """The day is over."""

    word = "over"


class NothingDueError(WhatIfError):
    """No call is due on the day."""

    word = "nothing_due"


class TooMuchDueError(WhatIfError):
    """More calls are due than can be rehearsed."""

    word = "too_much"


class Manner(StrEnum):
    """How a lane's calls come about."""

    AUTOMATIC = "automatic"
    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    PREDICTIVE = "predictive"


class Cause(StrEnum):
    """What kept a due call from being settled by its deadline."""

    HOURS = "hours"  # no allowed hour before it
    CAPS = "caps"  # attempt caps, silences and gaps used up the day
    RULE = "rule"  # another rule refuses it: consent, a wish, a dispute, no usable phone
    PAUSED = "paused"  # somebody paused its campaign
    AGENTS = "agents"  # no agent had time
    TRUNKS = "trunks"  # no line, or no place in the rate
    UNREACHED = "unreached"  # it was tried, and nobody was spoken to


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What the rules say of one due call on the day.

    `room` counts the calls its person may still get; `hushed` says that a talk about something
    else silences it for the rest of the day. `rule` is what binds outside the windows.
    """

    windows: tuple[Window, ...]
    rule: str | None
    room: int
    gap_s: float
    hushed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Follow:
    """What follows one word of a call under a campaign's retry table."""

    final: bool
    after_s: float
    times: int
    phone_dies: bool
    talked: bool = False  # the matter was spoken of: the rules' silences begin


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One campaign's calls of one manner and language."""

    campaign: str
    manner: Manner
    language: str
    team: str | None
    skills: tuple[str, ...]
    max_attempts: int
    follow: Mapping[str, Follow]
    otherwise: Follow
    target: float  # abandoned ÷ answered live, of predictive lanes

    def follows(self, word: str) -> Follow:
        """Return what follows a word."""
        return self.follow.get(word, self.otherwise)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """One due call; `person`, `place` and `lane` are positions in their lists."""

    due_call_id: int | None  # None: it will be made that day, and has no id yet
    person: int
    place: int
    lane: int
    reason: str
    unit: str
    due_s: float
    priority: int
    appointment: bool
    attempts: int
    words: Mapping[str, int]  # how often it came to each word before
    phones: int
    mates: tuple[int, ...]  # other due calls of the person that one call may serve with it
    held: Held


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """An agent: the lanes whose calls they take, and days of theirs on file as hours at work."""

    lanes: frozenset[int]
    days: tuple[tuple[Window, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """What the trunks carry together."""

    channels: int
    calls_per_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A community, and the local hour of each bucket of the day there."""

    community_id: int
    name: str
    hours: tuple[int, ...]
    weekend: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """Everything that is frozen of a day."""

    day: date
    opens: datetime
    closes: datetime
    time_zone: str
    places: Sequence[Place]
    lanes: Sequence[Lane]
    due: Sequence[Due]
    seats: Sequence[Seat]
    lines: Lines
    begins_s: float = 0.0  # of today only what is left
    notes: tuple[str, ...] = ()  # words of what was supposed: see `dialer.whatif.words`

    @property
    def length_s(self) -> float:
        """How long the day lasts from its opening."""
        return (self.closes - self.opens).total_seconds()
