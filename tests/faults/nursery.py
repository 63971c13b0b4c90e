"""Child processes that start warm, are killed for real, and never outlive who wants them."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_WARM = ("tests.faults.warm",)
_LEAVE_S = 10.0


class Nursery:
    """Forks children off a process that has imported everything.

    Each child holds one end of a leash; when this process has gone, however it went, they go too.
    """

    def __init__(self, logs: Path) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(_WARM))
        self._logs = logs
        self._leash, self._held = self._context.Pipe(duplex=False)
        self._children: list[BaseProcess] = []

    def start(self, name: str, work: Callable[..., None], *arguments: Any) -> BaseProcess:
        """Start a child; its output goes to a log of its name."""
        child = self._context.Process(
            target=_live,
            args=(self._leash, self._logs / f"{name}.log", work, arguments),
            name=name,
        )
        child.start()
        self._children = [each for each in self._children if each.is_alive()] + [child]
        return child

    def pipe(self) -> tuple[Connection, Connection]:
        """Return a pipe on which a child may say something: what is read, what it writes to."""
        return self._context.Pipe(duplex=False)

    def close(self) -> None:
        """Ask every child to end, and kill those that do not."""
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.join(_LEAVE_S)
            if child.is_alive():
                child.kill()
                child.join()
        self._held.close()
        self._leash.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _live(
    leash: Connection, log: Path, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    with log.open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    work(*arguments)


def _end_with(leash: Connection) -> None:
    try:
        leash.recv()
    except EOFError:
        os._exit(1)  # the one that held the leash has gone
