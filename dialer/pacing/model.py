"""What a pacer is told, the limits it keeps, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import OwnerlineError


class Kind(StrEnum):
    """What has happened to a call or an agent since the pacer was last asked."""

    LIVE = "live"  # a person answered; seconds since the call was placed
    MACHINE = "machine"  # seconds since the call was placed
    FAILED = "failed"  # busy, invalid or no answer; seconds since the call was placed
    ABANDONED = "abandoned"  # a person found no agent; seconds waited
    TALK = "talk"  # a talk has ended; its seconds
    WRAP = "wrap"  # a wrap-up has ended; its seconds
    JUNK = "junk"  # an agent had a machine on the line; seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened, and how long it took."""

    kind: Kind
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """A campaign at one instant, as its dialer sees it.

    `live` and `abandoned` are the day's exact totals: they survive a pacer that is started anew.
    """

    now_s: float  # monotonic over days: seconds since an epoch of the caller's choice
    hour: int  # of the campaign's local day; what is learned is kept by it
    agents: int  # signed in to the campaign and not on a break
    idle: int
    waiting: int  # people who have answered and have no agent yet
    ringing: Sequence[float]  # seconds since each was placed, in any order
    talking: Sequence[float]  # seconds since each talk began
    wrapping: Sequence[float]  # seconds since each wrap-up began
    live: int  # people who answered today, abandoned ones among them
    abandoned: int
    happened: Sequence[Happening] = ()
    placed: int | None = None  # of the calls decided last, if fewer were; None: all of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the pack, the trunks and the supervisor allow; may change between two decisions."""

    target: float  # abandoned ÷ answered live, above 0 and below 1; never above the pack's ceiling
    window_s: float  # the pack counts over it
    agent_within_s: float = 2.0  # an owner who waits longer is abandoned
    predictive: bool = True  # False: the pack or the supervisor wants one line an idle agent
    progressive_below: int = 3  # agents: a smaller team has one line an idle agent
    channels: int | None = None  # lines of the trunks, all that is up counted; None: no limit
    calls_per_second: float | None = None  # None: no limit

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        if not 0 < self.target < 1:
            raise LimitError(name="target", value=self.target, wanted="above 0 and below 1")
        if self.window_s <= 0:
            raise LimitError(name="window_s", value=self.window_s, wanted="above 0")
        if self.channels is not None and self.channels < 0:
            raise LimitError(name="channels", value=self.channels, wanted="0 or more")
        if self.calls_per_second is not None and self.calls_per_second <= 0:
            raise LimitError(
                name="calls_per_second", value=self.calls_per_second, wanted="above 0, or none"
            )


class LimitError(OwnerlineError):
    """A limit of pacing cannot be what it is set to."""

    def __init__(self, *, name: str, value: float, wanted: str) -> None:
        super().__init__(f"pacing: {name} is {value:g}; it must be {wanted}")


class TotalsError(OwnerlineError):
    """The day's totals were told lower than before: they belong to another day or campaign."""

    def __init__(self, *, live: int, abandoned: int, before: tuple[int, int]) -> None:
        super().__init__(
            f"pacing: {abandoned} abandoned of {live} answered were told after {before[1]} of "
            f"{before[0]}; a day's totals only grow: start a pacer anew for each day"
        )


class Bound(StrEnum):
    """What kept the pacer from placing one call more."""

    ODDS = "odds"  # the next owner would too likely meet nobody
    SPENT = "spent"  # the day may abandon nobody more: one line an idle agent
    SURELY_ABOVE = "surely_above"  # likewise, and the rate is above the target, chance apart
    PROGRESSIVE = "progressive"  # one line an idle agent is wanted
    SMALL_TEAM = "small_team"  # likewise, for so few agents
    CHANNELS = "channels"
    RATE = "rate"
    MOST = "most"  # lines an agent


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """How many calls to place now, and the figures behind it."""

    dial: int
    bound: Bound
    odds: float | None  # that one call more meets nobody when answered; None: nobody asked
    limit: float | None  # the worst odds allowed now
    chance: float  # that a call placed now reaches a person
    free_soon: float  # agents expected to become free by the answer, the idle ones apart
    due: float  # answers expected of the lines that ring
    idle: int
    ringing: int
    live: int  # of the day
    abandoned: int
    target: float
