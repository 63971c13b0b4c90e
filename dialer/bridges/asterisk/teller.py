"""Tells the sink what happened: in order within a call, side by side between calls."""

import asyncio
from collections import deque
from uuid import UUID

import structlog

from dialer.bridges.port import CallEvent, EventSink

log = structlog.get_logger(__name__)

_LEAVE_WITHIN_S = 5.0


class Teller:
    """One queue a call; an event the sink could not commit is logged, and asked about later."""

    def __init__(self) -> None:
        self._sink: EventSink | None = None
        self._queues: dict[UUID, deque[tuple[CallEvent, asyncio.Future[None]]]] = {}
        self._workers: dict[UUID, asyncio.Task[None]] = {}

    def open(self, sink: EventSink) -> None:
        """Tell this sink from now on."""
        self._sink = sink

    async def close(self) -> None:
        """Tell nothing more; what was heard before is seen to its end."""
        self._sink = None
        if self._workers:
            _, late = await asyncio.wait(self._workers.values(), timeout=_LEAVE_WITHIN_S)
            for task in late:
                task.cancel()

    def tell(self, event: CallEvent) -> "asyncio.Future[None]":
        """Queue an event; the future is done when the sink has dealt with it."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[None] = loop.create_future()
        if self._sink is None:
            told.set_result(None)
            return told
        self._queues.setdefault(event.attempt_id, deque()).append((event, told))
        if event.attempt_id not in self._workers:
            worker = loop.create_task(self._work(event.attempt_id, self._sink))
            self._workers[event.attempt_id] = worker
        return told

    async def _work(self, attempt_id: UUID, sink: EventSink) -> None:
        queue = self._queues[attempt_id]
        try:
            while queue:
                event, told = queue.popleft()
                try:
                    await _hear(sink, event)
                finally:
                    if not told.done():
                        told.set_result(None)
        finally:
            for _, told in queue:
                told.cancel()
            del self._queues[attempt_id], self._workers[attempt_id]


async def _hear(sink: EventSink, event: CallEvent) -> None:
    try:
        await sink.heard(event)
    except Exception:  # a call session's edge: as good as dropped, reconciliation asks for the fate
        name = type(event).__name__
        log.exception("event_lost", attempt_id=str(event.attempt_id), event_type=name)
