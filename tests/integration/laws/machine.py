"""What every part of the state machine stands on: the world, and how its work is run."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from scripts.library import Library
from tests.integration.laws.world import World

T = TypeVar("T")

which = st.integers(0, 29)  # of so many as there are, counted round


class Machine(RuleBasedStateMachine):
    """Runs work on the world's database and clock, one after the other."""

    runner: ClassVar[asyncio.Runner]
    sessions: ClassVar[async_sessionmaker[AsyncSession]]
    library: ClassVar[Library]
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()  # due calls that were there
        self.steps: dict[int, int] = {}  # of the ladder, by charge

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something beside the clock."""
        return self.runner.run(work)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something that lives by the clock."""
        return self.do(self.world.clock.run(work))

    def write(self, work: Callable[[AsyncSession], Coroutine[Any, Any, Any]]) -> None:
        """Do a transaction."""

        async def transaction() -> None:
            async with self.sessions.begin() as session:
                await work(session)

        self.do(transaction())

    def read(self, work: Callable[[AsyncSession], Coroutine[Any, Any, T]]) -> T:
        """Read something."""

        async def transaction() -> T:
            async with self.sessions() as session:
                return await work(session)

        return self.do(transaction())


def one(of: Any, index: int) -> Any:
    """Return one of them, counted round."""
    return of[index % len(of)]
