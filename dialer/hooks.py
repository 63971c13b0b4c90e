"""Where other parts of the dialer join the engine: more sources of calls, followers of attempts."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from dialer import states
from dialer.bridges.port import TrunkLimits
from dialer.claim import ClaimReport
from dialer.control import Switches


class CallSource(Protocol):
    """Claims calls besides the automatic queue, say those that agents dial."""

    @property
    def is_asked_without_lines(self) -> bool:
        """Whether it wants to look also while no trunk has a line free."""
        ...

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        """Claim at most one call a token; the engine commits, then rings them."""
        ...

    def next_at(self, now: datetime) -> datetime | None:
        """Return when to ask again though nobody nudges; None: nothing can come from here now."""
        ...


class Meeting(StrEnum):
    """What becomes of who answered a call that was placed ahead of agents."""

    OF_SCRIPT = "of_script"  # it is none of those: the script speaks
    MET = "met"  # an agent is reserved, and waits to be put through
    WAITS = "waits"  # nobody is free at this moment
    OVER = "over"  # it has ended, or was told that nobody is there


class Transfers(Protocol):
    """Puts talks through to agents, in the transactions of the talk."""

    async def meet(self, session: AsyncSession, attempt_id: UUID, *, now: datetime) -> Meeting:
        """Reserve a free agent for who answered a call that was placed ahead of agents."""
        ...

    async def is_somebody_free(self, session: AsyncSession, attempt_id: UUID) -> bool:
        """Say whether an agent could take the call of a talk now."""
        ...

    async def put_through(
        self, session: AsyncSession, attempt_id: UUID, queue: str, *, now: datetime
    ) -> str | None:
        """Let a free agent have the call; returns the agent's room, None: nobody is free."""
        ...


class AttemptFollower(Protocol):
    """Goes along with attempts, in the transaction that commits each new state."""

    async def followed(
        self, session: AsyncSession, attempt_id: UUID, state: states.Attempt
    ) -> None:
        """Change what depends on the state, say where the agent of the call stands."""
        ...
