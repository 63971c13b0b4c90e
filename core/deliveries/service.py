"""Use cases on webhooks: add, show, disable, try out, and send again what had failed."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.announcement_tables import Delivery, Webhook
from core.announcements import DELIVERIES_QUEUE, GIVE_UP_AFTER, SEND_DELIVERY, Kind
from core.deliveries.addresses import parse_address
from core.deliveries.signing import new_secret
from core.errors import OwnerlineError
from core.jobs import defer


class UnknownWebhookError(OwnerlineError):
    """No webhook has that id."""

    def __init__(self, webhook_id: int) -> None:
        super().__init__(f"there is no webhook {webhook_id}; see: ownerline webhook ls")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewWebhook:
    """A webhook just made; the secret is told this once."""

    webhook_id: int
    url: str
    kinds: tuple[str, ...]
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookShown:
    """A webhook and how it fares; `last_status` is of the newest delivery that was tried."""

    webhook_id: int
    url: str
    kinds: tuple[str, ...]
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    delivered: int
    open: int
    failed: int
    last_status: str | None

    def as_json(self) -> dict[str, object]:
        """Return it as the object that `webhook ls --json` prints."""
        return asdict(self)


async def add_webhook(
    session: AsyncSession,
    *,
    url: str,
    kinds: Collection[Kind],
    by: str,
    allowed_hosts: Collection[str],
    now: datetime,
    may_be_loopback: bool = True,
) -> NewWebhook:
    """Let an address hear of the kinds from now on.

    `may_be_loopback` says that whoever names it sits at this machine.

    Raises:
        WebhookAddressError: nothing is sent to such an address.
    """
    parse_address(url, allowed_hosts=allowed_hosts, may_be_loopback=may_be_loopback)
    secret = new_secret()
    wanted = sorted({kind.value for kind in kinds})
    webhook = Webhook(url=url, secret=secret, kinds=wanted, created_at=now, created_by=by)
    session.add(webhook)
    await session.flush()
    return NewWebhook(webhook_id=webhook.webhook_id, url=url, kinds=tuple(wanted), secret=secret)


_SHOWN = sa.text("""
    SELECT webhook.webhook_id, url, kinds, webhook.created_at, created_by, disabled_at,
           tally.delivered, tally.open, tally.failed, newest.last_status
    FROM webhook
    CROSS JOIN LATERAL (
        SELECT count(delivered_at) AS delivered, count(failed_at) AS failed,
               count(*) - count(delivered_at) - count(failed_at) AS open
        FROM delivery WHERE delivery.webhook_id = webhook.webhook_id
    ) AS tally
    LEFT JOIN LATERAL (
        SELECT last_status FROM delivery
        WHERE delivery.webhook_id = webhook.webhook_id AND tries > 0
        ORDER BY created_at DESC LIMIT 1
    ) AS newest ON true
    ORDER BY webhook.webhook_id
""")


async def show_webhooks(session: AsyncSession) -> list[WebhookShown]:
    """Return every webhook with its tally, the oldest first; secrets stay where they are."""
    return [
        WebhookShown(**{**row._asdict(), "kinds": tuple(row.kinds)})
        for row in await session.execute(_SHOWN)
    ]


async def disable_webhook(session: AsyncSession, *, webhook_id: int, now: datetime) -> bool:
    """Send nothing more there; False when that was so already.

    Raises:
        UnknownWebhookError: there is none.
    """
    webhook = await _webhook(session, webhook_id)
    if webhook.disabled_at is not None:
        return False
    webhook.disabled_at = now
    await session.flush()
    return True


async def send_failed_again(session: AsyncSession, *, webhook_id: int, now: datetime) -> int:
    """Open the webhook's failed deliveries anew and enable it; returns how many there were.

    Raises:
        UnknownWebhookError: there is none.
    """
    webhook = await _webhook(session, webhook_id)
    webhook.disabled_at = webhook.rests_until = None
    webhook.failures_in_a_row = 0
    await session.flush()
    reopened: Sequence[object] = (
        await session.scalars(
            sa.update(Delivery)
            .where(Delivery.webhook_id == webhook_id, Delivery.failed_at.is_not(None))
            .values(failed_at=None, tries=0, give_up_at=now + GIVE_UP_AFTER)
            .returning(Delivery.delivery_id)
        )
    ).all()
    for delivery_id in reopened:
        await defer(session, SEND_DELIVERY, queue=DELIVERIES_QUEUE, delivery_id=str(delivery_id))
    return len(reopened)


async def secret_of(session: AsyncSession, webhook_id: int) -> tuple[str, str]:
    """Return a webhook's URL and secret, for a try by hand.

    Raises:
        UnknownWebhookError: there is none.
    """
    webhook = await _webhook(session, webhook_id)
    return webhook.url, webhook.secret


async def _webhook(session: AsyncSession, webhook_id: int) -> Webhook:
    webhook = await session.get(Webhook, webhook_id, with_for_update=True)
    if webhook is None:
        raise UnknownWebhookError(webhook_id)
    return webhook
