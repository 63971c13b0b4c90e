"""Tokens that let a session in: one call, once, for a while, from this process alone.

The server listens where anybody near may connect. A token is made for each call and reaches the
dialplan as a channel variable; its key is of the process and never leaves it.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from core.clock import Clock

_KEY_BYTES = 32
_TOKEN = re.compile(r"(?P<until>[0-9]{1,12})\.(?P<mac>[0-9a-f]{64})", re.ASCII)


class Signer:
    """Makes tokens and takes each once."""

    def __init__(self, clock: Clock, *, key: bytes | None = None) -> None:
        """Make a signer; the key is a new one unless given."""
        self._clock = clock
        self._key = secrets.token_bytes(_KEY_BYTES) if key is None else key
        self._taken: dict[UUID, datetime] = {}  # until when each would be good

    def token(self, call_id: UUID, *, lives_s: float) -> str:
        """Return a call's token; it is good for so many seconds."""
        until = self._clock.now() + timedelta(seconds=lives_s)
        stamp = str(int(until.timestamp()) + 1)
        return f"{stamp}.{self._mac(call_id, stamp)}"

    def take(self, call_id: str, token: str) -> UUID | None:
        """Return the call that a token lets in; None: it lets nobody in, or has done so before."""
        found = _TOKEN.fullmatch(token)
        try:
            call = UUID(call_id)
        except ValueError:
            return None
        if found is None or not hmac.compare_digest(found["mac"], self._mac(call, found["until"])):
            return None
        now = self._clock.now()
        if now.timestamp() >= int(found["until"]) or call in self._taken:
            return None
        self._forget(now)
        self._taken[call] = now + timedelta(seconds=int(found["until"]) - now.timestamp())
        return call

    def _mac(self, call_id: UUID, until: str) -> str:
        said = f"{call_id}|{until}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()

    def _forget(self, now: datetime) -> None:
        """Drop what could not be taken again anyhow; in order of taking, so near enough."""
        while self._taken and (first := next(iter(self._taken))) is not None:
            if self._taken[first] > now:
                return
            del self._taken[first]
