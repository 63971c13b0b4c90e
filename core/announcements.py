"""Telling other systems what has happened: written in the transaction of the fact, sent by a job.

An announcement names things by their ids and says what became of them. Names, numbers and amounts
stay here; who may see them asks the API for the id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from core.deliveries.kinds import Kind

__all__ = ["DELIVERIES_QUEUE", "GIVE_UP_AFTER", "SEND_DELIVERY", "Kind", "announce"]

# The name under which workers know the sending, and the queue it waits on.
SEND_DELIVERY = "deliveries.send"
DELIVERIES_QUEUE = "deliveries"
# A receiver that was away over night and the morning has missed nothing.
GIVE_UP_AFTER = timedelta(hours=24)


# One statement: a delivery and its job for each webhook that wants the kind, mostly for none.
_ANNOUNCE = sa.text("""
    WITH made AS (
        INSERT INTO delivery (webhook_id, kind, payload, created_at, give_up_at)
        SELECT webhook_id, :kind, :payload, :now, :give_up_at
        FROM webhook
        WHERE disabled_at IS NULL AND :kind = ANY (kinds)
        ORDER BY webhook_id
        RETURNING delivery_id
    )
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT :queue, :task, jsonb_build_object('delivery_id', delivery_id) FROM made
""").bindparams(
    sa.bindparam("kind", type_=sa.Text),
    sa.bindparam("payload", type_=JSONB),
    sa.bindparam("now", type_=sa.DateTime(timezone=True)),
    sa.bindparam("give_up_at", type_=sa.DateTime(timezone=True)),
    sa.bindparam("queue", DELIVERIES_QUEUE),
    sa.bindparam("task", SEND_DELIVERY),
)


async def announce(
    session: AsyncSession, kind: Kind, payload: Mapping[str, Any], *, now: datetime
) -> None:
    """Tell every webhook that wants this kind once the caller's transaction has committed.

    Args:
        session: its transaction holds the fact; a rollback takes the announcement away.
        kind: what has happened.
        payload: ids and outcome, as JSON has them; nothing a person could be known by.
        now: when it happened.
    """
    await session.execute(
        _ANNOUNCE,
        {
            "kind": kind.value,
            "payload": dict(payload),
            "now": now,
            "give_up_at": now + GIVE_UP_AFTER,
        },
    )
