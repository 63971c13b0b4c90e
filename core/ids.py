"""Ids made by us before anything leaves: UUIDv7 from an injected clock and random source."""

import random
from uuid import UUID

from core.clock import Clock


class IdSource:
    """Makes time-ordered UUIDs (RFC 9562, section 5.7); equal clock and seed give equal ids."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng

    def new(self) -> UUID:
        """Return a UUIDv7 of the clock's present millisecond."""
        unix_ms = int(self._clock.now().timestamp() * 1000)
        value = (unix_ms & ((1 << 48) - 1)) << 80
        value |= 0x7 << 76
        value |= self._rng.getrandbits(12) << 64
        value |= 0b10 << 62
        value |= self._rng.getrandbits(62)
        return UUID(int=value)
