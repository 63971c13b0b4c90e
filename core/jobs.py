"""Deferring background work: a job is written in the transaction of the fact that caused it."""

from datetime import datetime
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.ext.asyncio import AsyncSession

# Knows how to write jobs; its own connector is never opened, the session's connection is used.
_WRITER = App(connector=PsycopgConnector())


async def defer(
    session: AsyncSession,
    task: str,
    *,
    queue: str = "default",
    lock: str | None = None,
    queueing_lock: str | None = None,
    schedule_at: datetime | None = None,
    **arguments: Any,
) -> bool:
    """Write a job that some worker does once the caller's transaction has committed.

    Args:
        session: its transaction holds the job; a rollback takes it away.
        task: the name under which `ownerline.jobs` knows the work.
        queue: which workers take it.
        lock: jobs of one lock are done one after the other.
        queueing_lock: at most one job of this lock waits; another one is not written.
        schedule_at: not before this instant; aware. None: at once.
        **arguments: of the task, as JSON has them.

    Returns:
        False when a job of the queueing lock waits already.
    """
    raw = await (await session.connection()).get_raw_connection()
    deferrer = _WRITER.configure_task(
        task,
        queue=queue,
        lock=lock,
        queueing_lock=queueing_lock,
        schedule_at=schedule_at,
        connection=raw.driver_connection,
    )
    if queueing_lock is None:
        await deferrer.defer_async(**arguments)
        return True
    try:
        async with session.begin_nested():
            await deferrer.defer_async(**arguments)
    except AlreadyEnqueued:
        return False
    return True
