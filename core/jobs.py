"""Deferring background work: a job is written in the transaction of the fact that caused it.

The rows are procrastinate's, whose workers do them (docs/decisions/0011). They are written by a
statement of ours and not by its own call, because that one cannot leave a job that waits already
alone without breaking the transaction it joins.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

# On a queue of its own waits what a worker does one at a time, and what must not wait behind it.
DEFAULT_QUEUE = "default"

_INSERT = sa.text("""
    INSERT INTO procrastinate_jobs
        (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
    VALUES (:queue, :task, :lock, :queueing_lock, :arguments, :schedule_at)
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
    RETURNING id
""").bindparams(sa.bindparam("arguments", type_=JSONB))

# A worker skips a job whose row is held: it begins only after the caller has committed, and so
# sees the caller's fact. No row: it has begun meanwhile, and the fact needs a job of its own.
_HOLD_WAITING = sa.text("""
    SELECT id FROM procrastinate_jobs
    WHERE queueing_lock = :queueing_lock AND status = 'todo'
    FOR SHARE
""")


async def defer(
    session: AsyncSession,
    task: str,
    *,
    queue: str = DEFAULT_QUEUE,
    lock: str | None = None,
    queueing_lock: str | None = None,
    schedule_at: datetime | None = None,
    **arguments: Any,
) -> bool:
    """Write a job that some worker does once the caller's transaction has committed.

    With a queueing lock this is best the last word of a transaction: another one that names the
    same lock waits until it ends.

    Args:
        session: its transaction holds the job; a rollback takes it away.
        task: the name under which `ownerline.jobs` knows the work.
        queue: which workers take it.
        lock: jobs of one lock are done one after the other.
        queueing_lock: at most one job of this lock waits; another one is not written.
        schedule_at: not before this instant; aware. None: at once.
        **arguments: of the task, as JSON has them.

    Returns:
        False when a job of the queueing lock waits already; it begins after this transaction.
    """
    job = {
        "queue": queue,
        "task": task,
        "lock": lock,
        "queueing_lock": queueing_lock,
        "arguments": arguments,
        "schedule_at": schedule_at,
    }
    while True:
        if await session.scalar(_INSERT, job) is not None:
            return True
        if await session.scalar(_HOLD_WAITING, {"queueing_lock": queueing_lock}) is not None:
            return False
