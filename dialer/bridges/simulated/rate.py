"""How many calls a second the simulated carrier takes on a trunk."""

from datetime import datetime

from dialer.bridges.port import TrunkLimits

_ROUNDING = 1e-6


class TrunkRate:
    """Calls per second of a trunk: a bucket of one second's calls, filled evenly."""

    def __init__(self, trunk: TrunkLimits, now: datetime) -> None:
        self.trunk = trunk
        self._size = max(1.0, trunk.calls_per_second)
        self._left = self._size
        self._at = now

    def allows(self, now: datetime) -> bool:
        """Say whether another call may be placed now."""
        elapsed_s = (now - self._at).total_seconds()
        self._left = min(self._size, self._left + elapsed_s * self.trunk.calls_per_second)
        self._at = now
        return self._left >= 1.0 - _ROUNDING

    def take(self) -> None:
        """Use up one call."""
        self._left -= 1.0
