"""How hard a fault run is: its company, its clock, its kills, all drawn from one seed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ZONE = "Asia/Shanghai"
# A Wednesday inside the quarter's survey window: calling hours without a rest until 20:00.
START = datetime(2026, 12, 16, 14, 0, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One fault run; seconds are real ones unless they are called the day's."""

    seed: int
    owners: int
    factor: float  # so many of the day's seconds pass in a real one
    dialers: int = 2
    dialer_kills: int
    server_kills: int
    killing_s: float  # the kills fall in so long a time
    emptying_s: float  # and the queue must be empty so much later at most
    channels: int  # of the trunk: what bounds the calls, for a sped-up rate bounds nothing
    payers: int  # persons who pay while the killing goes on
    carrier_faults: int  # answers, submissions and events that the carrier loses meanwhile
    letters: int  # persons who write that they want no more calls


def full(seed: int) -> Plan:
    """Return the run of `make faults`: 200 dialers and 20 servers killed within eight minutes."""
    return Plan(
        seed=seed,
        owners=3_000,
        factor=40.0,
        dialer_kills=200,
        server_kills=20,
        killing_s=460.0,
        emptying_s=150.0,
        channels=16,
        carrier_faults=40,
        payers=150,
        letters=40,
    )


def short(seed: int) -> Plan:
    """Return the run that is part of `make test`."""
    return Plan(
        seed=seed,
        owners=160,
        factor=40.0,
        dialer_kills=8,
        server_kills=2,
        killing_s=14.0,
        emptying_s=20.0,
        channels=10,
        carrier_faults=4,
        payers=10,
        letters=4,
    )
