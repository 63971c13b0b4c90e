"""Commands on webhooks: which other systems hear of what, and how that fares."""

from typing import Annotated

import typer

from core.deliveries.kinds import Kind
from ownerline.cli.app import EXIT_FAILED, app, print_json, run, say, settings_here

webhook = typer.Typer(
    help="Other systems that are told of what happens: add, ls, test, disable, retry.",
    no_args_is_help=True,
)
app.add_typer(webhook, name="webhook")

WebhookId = Annotated[int, typer.Argument(help="Its number in `ownerline webhook ls`.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@webhook.command()
def add(
    url: Annotated[str, typer.Argument(help="https://HOST/PATH")],
    *,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="What it wants to hear of; again for more. Else all.")
    ] = None,
    json: Json = False,
) -> None:
    """Let an address hear of what happens; its secret is shown this once."""
    from core.deliveries.service import NewWebhook, add_webhook
    from customers.service import audit
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()

    async def work() -> NewWebhook:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            now = runtime.clock.now()
            made = await add_webhook(
                session,
                url=url,
                kinds=kind or list(Kind),
                by=operator(),
                allowed_hosts=settings.webhook_hosts,
                now=now,
            )
            subject = f"webhook:{made.webhook_id}"
            await audit(session, now=now, actor=operator(), action="webhook_added", subject=subject)
            return made

    made = run(work())
    if json:
        print_json(
            {"webhook_id": made.webhook_id, "url": made.url, "kinds": list(made.kinds)}
            | {"secret": made.secret}
        )
        return
    say(f"webhook {made.webhook_id} hears of {', '.join(made.kinds)}")
    say(f"its secret, shown this once: {made.secret}")


@webhook.command(name="ls")
def show(*, json: Json = False) -> None:
    """Show every webhook, and what was delivered, is open and has failed."""
    from core.deliveries.service import WebhookShown, show_webhooks
    from ownerline.runtime import open_runtime

    settings = settings_here()

    async def work() -> list[WebhookShown]:
        async with open_runtime(settings) as runtime, runtime.sessions() as session:
            return await show_webhooks(session)

    found = run(work())
    if json:
        print_json({"webhooks": [each.as_json() for each in found]})
        return
    for each in found:
        state = "" if each.disabled_at is None else ", disabled"
        say(f"{each.webhook_id}  {each.url}{state}: {', '.join(each.kinds)}")
        say(
            f"   {each.delivered} delivered, {each.open} open, {each.failed} failed"
            + ("" if each.last_status is None else f"; the last answer was {each.last_status}")
        )


@webhook.command()
def disable(webhook_id: WebhookId) -> None:
    """Send nothing more there."""
    from core.deliveries.service import disable_webhook
    from customers.service import audit
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()

    async def work() -> bool:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            now, by = runtime.clock.now(), operator()
            subject = f"webhook:{webhook_id}"
            await audit(session, now=now, actor=by, action="webhook_disabled", subject=subject)
            return await disable_webhook(session, webhook_id=webhook_id, now=now)

    changed = run(work())
    say(f"webhook {webhook_id} " + ("hears of nothing more" if changed else "was disabled already"))


@webhook.command()
def retry(webhook_id: WebhookId) -> None:
    """Enable it, and send again what had failed."""
    from core.deliveries.service import send_failed_again
    from customers.service import audit
    from ownerline.runtime import open_runtime, operator

    settings = settings_here()

    async def work() -> int:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            now, by = runtime.clock.now(), operator()
            subject = f"webhook:{webhook_id}"
            await audit(session, now=now, actor=by, action="webhook_retried", subject=subject)
            return await send_failed_again(session, webhook_id=webhook_id, now=now)

    say(f"{run(work())} deliveries are sent again")


@webhook.command()
def test(webhook_id: WebhookId) -> None:
    """Send a message of the kind `test` there at once and say what came back."""
    from core.deliveries.sending import Answer, Message, send
    from core.deliveries.service import secret_of
    from ownerline.runtime import open_runtime

    settings = settings_here()

    async def work() -> Answer:
        async with open_runtime(settings) as runtime:
            async with runtime.sessions() as session:
                url, secret = await secret_of(session, webhook_id)
            now = runtime.clock.now()
            message = Message(
                message_id=str(runtime.ids.new()), kind="test", happened_at=now, payload={}
            )
            return await send(
                message, url=url, secret=secret, allowed_hosts=settings.webhook_hosts, now=now
            )

    answer = run(work())
    say(
        f"webhook {webhook_id} answered {answer.status}: "
        + ("taken" if answer.taken else "not taken")
    )
    if not answer.taken:
        raise typer.Exit(EXIT_FAILED)
