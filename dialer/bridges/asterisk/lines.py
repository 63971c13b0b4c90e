"""What the parts of the Asterisk bridge ask of one another."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from core.errors import OwnerlineError
from dialer.bridges.port import OutboundCall, RecordingReady, RecordingStarted
from dialer.model import AnsweredBy, TelephonyResult


class ManagerGoneError(OwnerlineError):
    """The manager connection broke: whether the action was done is unknown."""


class ManagerDownError(ManagerGoneError):
    """The manager connection is down: the action was not sent."""


class ManagerRefusedError(OwnerlineError):
    """Asterisk refused an action and did nothing."""


class ManagerTornError(OwnerlineError):
    """Asterisk refused what was to come first, and did the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagerEvent:
    """One event of the manager interface; `name` is its kind, say Hangup."""

    name: str
    headers: Mapping[str, str]

    def get(self, header: str) -> str:
        """Return a header's value; empty when the event has none."""
        return self.headers.get(header, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One action as it is sent: its headers, and the variables of the channel it makes."""

    action: str
    headers: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)


class Server(Protocol):
    """One Asterisk, connected or trying to be."""

    name: str  # the trunk's name
    place: str  # host:port of its manager interface

    @property
    def is_up(self) -> bool:
        """Say whether actions are answered now."""
        ...

    async def act(
        self,
        action: str,
        headers: Mapping[str, str] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        within_s: float = 5.0,
    ) -> Mapping[str, str]:
        """Send an action and return the headers of its response.

        Raises:
            UnsafeValueError: a value could say more to Asterisk than it means; nothing was sent.
            ManagerGoneError: the connection went down before the response; ManagerDownError, one
                of them: it is down, and nothing was sent.
            ManagerRefusedError: Asterisk said no.
        """
        ...

    def has_let(self, action: str) -> bool:
        """Say whether Asterisk has done such an action on this connection: the rights are there."""
        ...

    async def act_in_turn(self, first: Asked, then: Asked, *, within_s: float = 5.0) -> None:
        """Send two actions in one piece; Asterisk does the one, and then the other, on one thread.

        It waits for both answers. Send so only what Asterisk `has_let` before.

        Raises:
            UnsafeValueError, ManagerGoneError: as in `act`.
            ManagerRefusedError: Asterisk said no to the second.
            ManagerTornError: it said no to the first, and not to the second.
        """
        ...

    async def list(
        self, action: str, headers: Mapping[str, str] | None = None
    ) -> list[ManagerEvent]:
        """Send an action that answers with a list, and return its entries; errors as `act`."""
        ...

    def on(self, name: str, hear: Callable[[ManagerEvent], None]) -> None:
        """Call this for every event of a kind, in their order; it must return at once."""
        ...

    def on_connected(self, meet: Callable[[], Awaitable[None]]) -> None:
        """Call this after each login: nothing that happened before is told again."""
        ...


class Lines(Protocol):
    """The calls of this dialer as the bridge knows them: what a talk or a room needs to ask."""

    def call(self, attempt_id: UUID) -> OutboundCall | None:
        """Return the call as it was ordered, also by another process; None: it is not known."""
        ...

    def server(self, attempt_id: UUID) -> Server | None:
        """Return the server that carries the call, None when no call of that id is up."""
        ...

    def answered_s(self, attempt_id: UUID) -> float:
        """Return how many seconds ago the phone was picked up."""
        ...

    async def met(self, attempt_id: UUID, answered_by: AnsweredBy) -> None:
        """Tell the sink who answered; only once a call."""
        ...

    async def in_room(self, attempt_id: UUID, room: str) -> None:
        """Tell the sink that the owner has come into a room."""
        ...

    async def recorded(self, event: RecordingStarted | RecordingReady) -> None:
        """Tell the sink of a recording."""
        ...

    def abandon(self, attempt_id: UUID) -> None:
        """Let the call, whose line is about to go, end as `abandoned`."""
        ...

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call with Q.850 cause 16; one that is gone changes nothing.

        Raises:
            BridgeError: its server cannot be told.
        """
        ...

    async def end_as(self, attempt_id: UUID, result: TelephonyResult) -> None:
        """Hang up a call that nobody has picked up; it ends with this result, not as cancelled.

        For what the network says in early media: a call that was answered meanwhile is left alone.
        """
        ...

    def end_after(self, attempt_id: UUID, talked: "asyncio.Future[None]") -> None:
        """Tell the end of a call when this is done, or a little later at most.

        What an owner pressed last is being kept; a call that has ended is closed to it.
        """
        ...

    def on_ringing(self, hear: Callable[[UUID], None]) -> None:
        """Call this when a phone begins to ring; it must return at once."""
        ...

    def on_progress(self, hear: Callable[[UUID, "Server"], None]) -> None:
        """Call this when the network begins to speak on a call that does not ring (SIP 183)."""
        ...

    def on_over(self, hear: Callable[[UUID], None]) -> None:
        """Call this when the line of a call of ours has gone; it must return at once."""
        ...
