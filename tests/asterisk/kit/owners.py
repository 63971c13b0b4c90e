"""Owners who answer a script: each hears a turn to its end and does what somebody told them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

from core.phone import PhoneNumber
from dialer.bridges.port import ScriptHost
from dialer.model import AnsweredBy
from scripts.model import Reply, Turn

_MOMENT_S = 0.15  # an owner's, after the last word

Act = Callable[[Turn], Awaitable[None]]


@dataclass(kw_only=True)
class Owners:
    """A script host between the bridge and a script: what it says makes somebody act.

    Nobody waits for silence longer than `patience_s`, whatever the script grants.
    """

    host: ScriptHost
    seconds_of: Callable[[Turn], float]  # how long it takes to say a turn
    patience_s: float
    acts: dict[UUID, Act] = field(default_factory=dict)
    _acting: set[asyncio.Task[None]] = field(default_factory=set)

    def let(self, attempt_id: UUID, act: Act) -> None:
        """Let somebody act on every turn of a call that asks something."""
        self.acts[attempt_id] = act

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Return the first turn."""
        return self._said(attempt_id, await self.host.open(attempt_id, answered_by, key=key))

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take a reply and return the next turn."""
        return self._said(attempt_id, await self.host.reply(attempt_id, reply, key=key))

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Return what is probably said first."""
        return await self.host.prepare(attempt_id)

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Return what is said when nobody is there."""
        return await self.host.abandoned(attempt_id)

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        """Return an agent's room, if one is free."""
        return await self.host.put_through(attempt_id, queue)

    async def rest(self) -> None:
        """Wait until nobody acts any more; what went wrong with somebody is raised here.

        Raises:
            PhoneSilentError: a phone did not do as it was told.
        """
        for ended in await asyncio.gather(*self._acting, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    def _said(self, attempt_id: UUID, turn: Turn) -> Turn:
        if turn.ask is None:
            return turn
        act = self.acts.get(attempt_id)
        if act is not None:
            task = asyncio.get_running_loop().create_task(self._act(act, turn))
            self._acting.add(task)
        return replace(turn, ask=replace(turn.ask, timeout_s=self.patience_s))

    async def _act(self, act: Act, turn: Turn) -> None:
        await asyncio.sleep(self.seconds_of(turn) + _MOMENT_S)
        await act(turn)


def digits(number: PhoneNumber) -> str:
    """Return a number as the trunk to the phones dials it."""
    return number.e164.removeprefix("+")
