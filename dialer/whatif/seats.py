"""The seats of a rehearsed day: when each agent is at work, and whose calls they take."""

from collections.abc import Sequence
from dataclasses import replace

from callback.campaigns import Campaign
from dialer.agents.desk import takes
from dialer.whatif.measuring import OnRoster
from dialer.whatif.model import Day, Lane, Manner, Seat, WhatIfError, Window

# Hours at work of agents without a day on file: the house's own calling hours.
_SHIPPED_SHIFT: tuple[Window, ...] = ((9 * 3600.0, 12 * 3600.0), (14 * 3600.0, 19.5 * 3600.0))


def seats_of(
    roster: Sequence[OnRoster], lanes: Sequence[tuple[Lane, Campaign]], *, since_s: float
) -> tuple[Seat, ...]:
    """Return the roster's seats; who has no day on file works like a colleague, else as shipped."""
    colleague = next((each.days for each in roster if each.days), (_SHIPPED_SHIFT,))
    return tuple(
        Seat(
            lanes=frozenset(
                nth
                for nth, (lane, campaign) in enumerate(lanes)
                if lane.manner is not Manner.AUTOMATIC
                and (not each.row.languages or lane.language in each.row.languages)
                and takes(each.row, campaign)
            ),
            days=tuple(_from(shift, since_s) for shift in each.days or colleague),
        )
        for each in roster
    )


def _from(shift: tuple[Window, ...], since_s: float) -> tuple[Window, ...]:
    """Return what is left of a shift."""
    return tuple((max(start, since_s), end) for start, end in shift if end > since_s)


def with_agents(day: Day, agents: int, *, since_s: float = 0.0) -> Day:
    """Return the day with so many agents: the roster's, then more like them in turn."""
    if agents < 1:
        message = f"{agents} agents: at least one is needed; leave it away for the roster's"
        raise WhatIfError(message)
    known = day.seats
    if not known:
        everything = frozenset(
            nth for nth, lane in enumerate(day.lanes) if lane.manner is not Manner.AUTOMATIC
        )
        known = (Seat(lanes=everything, days=(_from(_SHIPPED_SHIFT, since_s),)),)
    return replace(day, seats=tuple(known[nth % len(known)] for nth in range(agents)))
