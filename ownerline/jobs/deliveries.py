"""The job that sends one delivery, and defers its own next try."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.announcement_tables import Delivery, Webhook
from core.announcements import DELIVERIES_QUEUE, SEND_DELIVERY
from core.columns import AnyRow, table_of
from core.deliveries.sending import Answer, Message, send
from core.jobs import defer
from ownerline.runtime import Runtime

log = structlog.get_logger(__name__)

# Eleven tries over about a day.
PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=8),
)
# An address that does not answer rests longer and longer, so that what waits for it does not keep
# the workers from the others.
_FIRST_REST, _LONGEST_REST = timedelta(seconds=5), timedelta(minutes=10)

_DELIVERY, _WEBHOOK = table_of(Delivery), table_of(Webhook)
_READ = (
    sa.select(_DELIVERY, _WEBHOOK.c.url, _WEBHOOK.c.secret)
    .add_columns(_WEBHOOK.c.disabled_at, _WEBHOOK.c.rests_until, _WEBHOOK.c.failures_in_a_row)
    .join_from(_DELIVERY, _WEBHOOK)
)


async def send_delivery(runtime: Runtime, *, delivery_id: str) -> None:
    """Try a delivery once; afterwards it is delivered, failed for good, or deferred anew."""
    now = runtime.clock.now()
    async with runtime.sessions.begin() as session:
        row = await _open_delivery(session, UUID(delivery_id), now=now)
    if row is None:
        return
    answer = await send(
        Message(
            message_id=delivery_id,
            kind=row.kind,
            happened_at=row.created_at,
            payload=row.payload,
        ),
        url=row.url,
        secret=row.secret,
        allowed_hosts=runtime.settings.webhook_hosts,
        now=now,
    )
    async with runtime.sessions.begin() as session:
        await _note(session, row, answer, now=runtime.clock.now())


async def _open_delivery(
    session: AsyncSession, delivery_id: UUID, *, now: datetime
) -> AnyRow | None:
    """Return the delivery if it shall be tried now; while its address rests it is put off."""
    rows = await session.execute(_READ.where(_DELIVERY.c.delivery_id == delivery_id))
    row = rows.one_or_none()
    if row is None or row.delivered_at is not None or row.failed_at is not None:
        return None
    if row.disabled_at is not None:
        await _write(session, row, last_status="webhook disabled", failed_at=now)
        return None
    if row.rests_until is not None and row.rests_until > now:
        if row.give_up_at < now:
            await _write(session, row, failed_at=now)
        else:
            await _defer(session, row, at=row.rests_until)
        return None
    return row


async def _note(session: AsyncSession, row: AnyRow, answer: Answer, *, now: datetime) -> None:
    tries = row.tries + 1
    late = row.give_up_at < now or tries > len(PAUSES)
    over = not answer.taken and (late or not answer.again)
    await _write(
        session,
        row,
        tries=tries,
        last_status=answer.status,
        delivered_at=now if answer.taken else None,
        failed_at=now if over else None,
    )
    rest = timedelta(0) if answer.taken else _rest(row, answer)
    await _note_address(session, row, answer, rests_until=now + rest, now=now)
    if not answer.taken and not over:
        await _defer(session, row, at=now + max(PAUSES[tries - 1], rest))
    log.info(
        "delivery_taken" if answer.taken else "delivery_failed" if over else "delivery_refused",
        delivery_id=str(row.delivery_id),
        webhook_id=row.webhook_id,
        kind=row.kind,
        status=answer.status,
        tries=tries,
    )


def _rest(row: AnyRow, answer: Answer) -> timedelta:
    doubled: timedelta = min(_FIRST_REST * 2 ** min(row.failures_in_a_row, 10), _LONGEST_REST)
    return max(doubled, answer.rest or doubled)


async def _note_address(
    session: AsyncSession, row: AnyRow, answer: Answer, *, rests_until: datetime, now: datetime
) -> None:
    address = sa.update(_WEBHOOK).where(_WEBHOOK.c.webhook_id == row.webhook_id)
    if not answer.taken:
        await session.execute(
            address.values(
                rests_until=rests_until,
                failures_in_a_row=_WEBHOOK.c.failures_in_a_row + 1,
                disabled_at=now if answer.gone else _WEBHOOK.c.disabled_at,
            )
        )
    elif row.failures_in_a_row:  # else many deliveries at once would wait for this one row
        await session.execute(address.values(rests_until=None, failures_in_a_row=0))


async def _write(session: AsyncSession, row: AnyRow, **values: object) -> None:
    """Write what became of a delivery, unless another try of it was taken meanwhile."""
    await session.execute(
        sa.update(_DELIVERY)
        .where(_DELIVERY.c.delivery_id == row.delivery_id, _DELIVERY.c.delivered_at.is_(None))
        .values(**values)
    )


async def _defer(session: AsyncSession, row: AnyRow, *, at: datetime) -> None:
    await defer(
        session,
        SEND_DELIVERY,
        queue=DELIVERIES_QUEUE,
        schedule_at=at,
        delivery_id=str(row.delivery_id),
    )
