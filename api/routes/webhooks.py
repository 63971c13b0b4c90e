"""Webhooks: where other systems hear of what happens; secrets are told once."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.fields import Given, PathId, Shown
from api.model import Right, needs
from api.routing import router as router_of
from api.work import Here
from core.announcements import Kind
from core.deliveries.service import (
    add_webhook,
    disable_webhook,
    send_failed_again,
    show_webhooks,
)

router = router_of("webhooks")


class WebhookShown(Shown):
    """An address and how it fares."""

    webhook_id: int
    url: str
    kinds: list[Kind]
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    delivered: int
    open: int
    failed: int
    last_status: str | None


class WebhookGiven(Given):
    """An address that wants to hear of some kinds of events."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,1990}$")] = Field(
        examples=["https://crm.example.com/ownerline"]
    )
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))


class WebhookMade(Shown):
    """The webhook, with the secret its deliveries are signed with: told this once."""

    webhook_id: int
    url: str
    kinds: list[Kind]
    secret: str = Field(repr=False)


class WebhookTurned(Shown):
    """Whether anything changed; false where it stood so already."""

    changed: bool


class SentAgain(Shown):
    """How many deliveries are tried anew."""

    deliveries: int


@router.get("/webhooks", openapi_extra=needs(Right.MANAGE_WEBHOOKS))
async def list_webhooks(work: Here) -> list[WebhookShown]:
    """Return the webhooks."""
    return [WebhookShown.model_validate(each) for each in await show_webhooks(work.session)]


@router.post("/webhooks", status_code=201, openapi_extra=needs(Right.MANAGE_WEBHOOKS))
async def register_webhook(work: Here, given: WebhookGiven) -> WebhookMade:
    """Let an address hear of events; what is sent there is signed with the secret."""
    made = await add_webhook(
        work.session,
        url=given.url,
        kinds=given.kinds,
        by=work.caller.actor,
        allowed_hosts=work.deps.webhook_hosts,
        now=work.now,
        may_be_loopback=False,
    )
    await work.note("webhook_added", f"webhook:{made.webhook_id}")
    return WebhookMade.model_validate(made)


@router.post("/webhooks/{webhook_id}/disable", openapi_extra=needs(Right.MANAGE_WEBHOOKS))
async def disable_a_webhook(work: Here, webhook_id: PathId) -> WebhookTurned:
    """Send nothing more there."""
    changed = await disable_webhook(work.session, webhook_id=webhook_id, now=work.now)
    await work.note("webhook_disabled", f"webhook:{webhook_id}")
    return WebhookTurned(changed=changed)


@router.post("/webhooks/{webhook_id}/retry", openapi_extra=needs(Right.MANAGE_WEBHOOKS))
async def retry_webhook(work: Here, webhook_id: PathId) -> SentAgain:
    """Enable a webhook and send what had failed again."""
    count = await send_failed_again(work.session, webhook_id=webhook_id, now=work.now)
    await work.note("webhook_retried", f"webhook:{webhook_id}", deliveries=count)
    return SentAgain(deliveries=count)
