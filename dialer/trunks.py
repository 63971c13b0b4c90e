"""Trunk capacity: how many calls may be placed now, on which trunks, and when the next one may."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from dialer.bridges.port import Closed, TrunkLimits

# How long a trunk rests after it refused a call; doubled at each refusal in a row.
SHORTEST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=2)


class TrunkGate:
    """Channels in use and calls per second of every trunk of one bridge.

    Never more than the rate in any second: a trunk of 5 a second lets 5 through at once and the
    next one a second later; a trunk below one a second spaces its calls by 1/rate. A trunk that
    refuses calls rests, longer each time, until it takes one.
    """

    def __init__(self, trunks: Iterable[TrunkLimits]) -> None:
        self._trunks = tuple(trunks)
        self._channels = {trunk.name: trunk.channels for trunk in self._trunks}
        self._pace = 1.0
        self._closed: Mapping[str, Closed] = {}
        self._live: dict[UUID, str] = {}
        self._rests: dict[str, timedelta] = {}
        self._rests_until: dict[str, datetime] = {}
        self._taken: dict[str, deque[datetime]] = {
            trunk.name: deque(maxlen=_burst(trunk.calls_per_second)) for trunk in self._trunks
        }

    def limit(self, channels: Mapping[str, int], *, pace: float) -> None:
        """Let only so many calls up on each trunk, at this share of its rate (above 0, at most 1).

        Calls above a lower limit go on; nothing is placed until they are fewer.
        """
        self._channels = {
            trunk.name: min(trunk.channels, channels.get(trunk.name, 0)) for trunk in self._trunks
        }
        self._pace = pace

    @property
    def channels(self) -> int:
        """How many calls may be up on all trunks together."""
        return sum(self._channels.values())

    @property
    def pace(self) -> float:
        """The share of the full rate that is dialled at."""
        return self._pace

    def load(self) -> dict[str, int]:
        """Return how many calls are up on each trunk that carries any."""
        return dict(Counter(self._live.values()))

    def tokens(self, now: datetime, limit: int) -> list[TrunkLimits]:
        """Return a trunk for each call that may be placed now, the least loaded first.

        Nothing is used up until `take`.
        """
        load = Counter(self._live.values())
        room = {
            trunk.name: min(
                self._channels[trunk.name] - load[trunk.name], self._rate_room(trunk, now)
            )
            for trunk in self._trunks
            if self._takes_calls(trunk, now)
        }
        given: list[TrunkLimits] = []
        while len(given) < limit:
            open_now = [trunk for trunk in self._trunks if room.get(trunk.name, 0) > 0]
            if not open_now:
                break
            trunk = min(open_now, key=lambda each: load[each.name] / self._channels[each.name])
            room[trunk.name] -= 1
            load[trunk.name] += 1
            given.append(trunk)
        return given

    def take(self, trunk: TrunkLimits, attempt_id: UUID, now: datetime) -> None:
        """Use a channel and a place in the rate for a call."""
        self._live[attempt_id] = trunk.name
        self._taken[trunk.name].append(now)

    def refused(self, trunk: TrunkLimits, now: datetime) -> timedelta:
        """Let a trunk that refused a call rest; returns for how long."""
        resting_until = self._rests_until.get(trunk.name, now)
        if resting_until > now:  # one refusal of a batch is enough
            return resting_until - now
        rest = min(self._rests.get(trunk.name, SHORTEST_REST / 2) * 2, LONGEST_REST)
        self._rests[trunk.name] = rest
        self._rests_until[trunk.name] = now + rest
        return rest

    def close(self, trunks: Mapping[str, Closed]) -> None:
        """Place nothing on these trunks, and on all others again."""
        self._closed = trunks

    def resting(self, now: datetime) -> Closed | None:
        """Return why no trunk would take a call now; None: one would.

        Of several reasons the one that holds for all is told, else that they take none.
        """
        if not self._trunks or any(self._takes_calls(each, now) for each in self._trunks):
            return None
        whys = {self._closed.get(each.name, Closed.AWAY) for each in self._trunks}
        return whys.pop() if len(whys) == 1 else Closed.AWAY

    def _takes_calls(self, trunk: TrunkLimits, now: datetime) -> bool:
        return trunk.name not in self._closed and self._rests_until.get(trunk.name, now) <= now

    def accepted(self, trunk: TrunkLimits) -> None:
        """Note that a trunk took a call: its next rest is the shortest again."""
        self._rests.pop(trunk.name, None)

    def adopt(self, attempt_id: UUID, trunk: str) -> None:
        """Count a call that was up before this process."""
        self._live[attempt_id] = trunk

    def release(self, attempt_id: UUID) -> None:
        """Free the channel of an ended call."""
        self._live.pop(attempt_id, None)

    def next_at(self, now: datetime) -> datetime | None:
        """Return when the rate lets the next call through; None while every channel is busy."""
        load = Counter(self._live.values())
        free = [
            max(self._rate_free_at(trunk, now), self._rests_until.get(trunk.name, now))
            for trunk in self._trunks
            if load[trunk.name] < self._channels[trunk.name]
        ]
        return min(free, default=None)

    @property
    def live(self) -> frozenset[UUID]:
        """The calls that hold a channel."""
        return frozenset(self._live)

    def _rate_free_at(self, trunk: TrunkLimits, now: datetime) -> datetime:
        if self._rate_room(trunk, now) > 0:
            return now
        # The place that must be old enough is the one a whole burst ago.
        burst, window = self._span(trunk)
        return self._taken[trunk.name][-burst] + window

    def _rate_room(self, trunk: TrunkLimits, now: datetime) -> int:
        burst, window = self._span(trunk)
        return burst - sum(1 for at in self._taken[trunk.name] if at > now - window)

    def _span(self, trunk: TrunkLimits) -> tuple[int, timedelta]:
        """Return how many calls fit into which time."""
        rate = trunk.calls_per_second * self._pace
        return _burst(rate), timedelta(seconds=_burst(rate) / rate)


def _burst(rate: float) -> int:
    return max(1, int(rate))
