"""A dialer's view of its fleet, and what follows from it: whose channels, at what pace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dialer.bridges.port import TrunkLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetRules:
    """How leases run, and how dialling returns after an outage; all in real seconds."""

    lease_s: float = 5.0
    beat_s: float = 1.0
    grace_s: float = 2.0  # so much longer a lost dialer's calls are left to it
    pause_s: float = 300.0  # nobody dialled on the bridge for longer: an outage
    unreachable_s: float = 60.0  # the database could not be reached for longer: an outage
    return_from: float = 0.1  # share of the full rate at which dialling returns
    return_over_s: float = 600.0  # and how long it takes to grow to the whole
    clock_factor: float = 1.0  # seconds of the engine's clock in a real one

    def pace(self, since_return_s: float | None) -> float:
        """Return the share of the full rate so long after a return; None: there was no outage."""
        if since_return_s is None or since_return_s >= self.return_over_s:
            return 1.0
        grown = max(0.0, since_return_s) / self.return_over_s
        return self.return_from + (1.0 - self.return_from) * grown


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A dialer as its lease has it."""

    dialer_id: UUID
    lease_until: datetime
    alive: bool  # its lease runs
    lost: bool  # its lease ran out, and the time it was given to come back
    left: bool  # it left a moment ago
    live: Mapping[str, int]  # calls up by trunk, at its last beat


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetView:
    """How a dialer stands in its fleet; the lowest rank joined first.

    Whose lease ran out counts until its calls are taken over: its channels are still in use.
    """

    rank: int
    size: int
    somebody_went: bool  # calls are up, perhaps, that nobody carries
    somebody_silent: bool  # and more of them, perhaps, before long
    shares_rate: bool  # others take places in the rate too, or did a moment ago
    pace: float
    channels: Mapping[str, int]  # how many calls this dialer may have up on each trunk


def view_of(
    dialer_id: UUID,
    members: Sequence[Member],
    trunks: Sequence[TrunkLimits],
    *,
    pace: float,
) -> FleetView:
    """Return the view of one member; `members` in the order they joined."""
    counted = [each for each in members if not each.left]
    rank = next((n for n, each in enumerate(counted) if each.dialer_id == dialer_id), 0)
    return FleetView(
        rank=rank,
        size=len(counted),
        somebody_went=any(each.lost or each.left for each in members),
        somebody_silent=any(not each.alive and not each.left for each in members),
        shares_rate=len(members) > 1,
        pace=pace,
        channels={trunk.name: _left_for(rank, counted, trunk) for trunk in trunks},
    )


def share(channels: int, rank: int, size: int) -> int:
    """Return a member's part of a trunk's channels; the remainder goes to low ranks."""
    part, more = divmod(channels, size)
    return part + (1 if rank < more else 0)


def _left_for(rank: int, members: Sequence[Member], trunk: TrunkLimits) -> int:
    """Return what is left of a trunk once each other has its part, or what it has up if more.

    Who was alone, or took calls over, may have more up than its part until they end.
    """
    size = len(members)
    others = sum(
        max(each.live.get(trunk.name, 0), share(trunk.channels, n, size))
        for n, each in enumerate(members)
        if n != rank
    )
    return max(0, min(share(trunk.channels, rank, size), trunk.channels - others))
