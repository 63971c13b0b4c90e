"""The port for calls that come in: who rings, and what they are given to hear."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.phone import PhoneNumber
from scripts.model import Reply, Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundCall:
    """A call that has come in; its id is ours, made by the bridge that tells of it.

    `channel` is the carrier's own name of it: the same call told twice, or by two dialers, has the
    same one.
    """

    call_id: UUID
    at: datetime
    channel: str
    caller: PhoneNumber | None  # None: withheld, or no number that can be rung
    dialled: str  # the number they rang, as the trunk gives it
    trunk: str


class InboundDesk(Protocol):
    """Who sees to calls that come in; a call is seen to once, however many dialers hear of it."""

    async def take(self, call: InboundCall) -> bool:
        """Put the call on file; False when somebody else has it already."""
        ...

    async def open(self, call_id: UUID, *, key: str | None = None) -> Turn:
        """Return the first turn.

        Asked with the `key` of the turn that was returned last, it returns that turn again: for a
        bridge whose process may end between the two.
        """
        ...

    async def reply(self, call_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take the caller's reply and return the next turn; `key` as in `open`."""
        ...

    async def put_through(self, call_id: UUID, queue: str) -> str | None:
        """Reserve an agent, the caller's own first; returns the agent's room.

        None: nobody is there; `open` is then what the caller hears next, which is a way to be rung
        back.
        """
        ...

    async def recorded(self, call_id: UUID, name: str, location: str, seconds: float) -> None:
        """Note what the caller said for us."""
        ...

    async def ended(self, channel: str, at: datetime) -> None:
        """The line of a channel is gone, whoever took its call; who was not served is owed one.

        Told by every dialer that hears of it; a channel nobody took, or told of before, changes
        nothing.
        """
        ...

    async def compare(self, trunk: str, up: Collection[str], at: datetime) -> None:
        """End the calls on file of a trunk whose channels are no longer up: their end went unheard.

        `at` is when `up` was asked; later calls are left alone.
        """
        ...

    async def missed(self, call: InboundCall) -> None:
        """A call came and went while nobody was there to take it."""
        ...
