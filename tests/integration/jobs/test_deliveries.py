"""What happens is told to other systems: signed, at least once, for a day, and nowhere else."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.announcement_tables import Delivery, Webhook
from core.announcements import Kind, announce
from core.columns import AnyRow
from core.deliveries.service import (
    NewWebhook,
    add_webhook,
    disable_webhook,
    send_failed_again,
    show_webhooks,
)
from ownerline.jobs.deliveries import PAUSES, send_delivery
from ownerline.runtime import Runtime
from tests.integration.jobs.house import NOW, house
from tests.integration.jobs.receiver import receiver, status

OK = status("204 No Content")
BROKEN = status("500 Internal Server Error")


@pytest.fixture
def runtime(database: AsyncEngine, tmp_path: Path) -> Runtime:
    return house(database, tmp_path)


async def _add(runtime: Runtime, url: str, *kinds: Kind) -> NewWebhook:
    async with runtime.sessions.begin() as session:
        return await add_webhook(
            session, url=url, kinds=kinds, by="test", allowed_hosts=(), now=NOW
        )


async def _announce(runtime: Runtime, kind: Kind = Kind.OPTED_OUT) -> None:
    async with runtime.sessions.begin() as session:
        await announce(session, kind, {"person_ids": [7]}, now=NOW)


async def _deliveries(runtime: Runtime) -> list[AnyRow]:
    async with runtime.sessions() as session:
        return list(await session.execute(sa.select(*Delivery.__table__.c)))


async def _jobs(runtime: Runtime) -> list[AnyRow]:
    async with runtime.sessions() as session:
        return list(
            await session.execute(
                sa.text("SELECT args, scheduled_at FROM procrastinate_jobs ORDER BY id")
            )
        )


async def _send_all(runtime: Runtime) -> None:
    """Try every open delivery once, as their jobs would."""
    for row in await _deliveries(runtime):
        await send_delivery(runtime, delivery_id=str(row.delivery_id))


async def _pass(runtime: Runtime, time: timedelta) -> None:
    await runtime.clock.drive(runtime.clock.now() + time)  # type: ignore[attr-defined]


async def test_only_who_wants_a_kind_is_told_and_each_by_a_job_of_its_own(
    runtime: Runtime,
) -> None:
    await _add(runtime, "https://one.example/", Kind.OPTED_OUT, Kind.PROMISE_MADE)
    await _add(runtime, "https://two.example/", Kind.OPTED_OUT)
    await _add(runtime, "https://three.example/", Kind.PROMISE_MADE)
    off = await _add(runtime, "https://four.example/", Kind.OPTED_OUT)
    async with runtime.sessions.begin() as session:
        assert await disable_webhook(session, webhook_id=off.webhook_id, now=NOW)
    await _announce(runtime)
    found = await _deliveries(runtime)
    assert sorted(row.webhook_id for row in found) == [1, 2]
    assert {job.args["delivery_id"] for job in await _jobs(runtime)} == {
        str(row.delivery_id) for row in found
    }


async def test_a_fact_that_was_rolled_back_is_not_told(runtime: Runtime) -> None:
    await _add(runtime, "https://one.example/", Kind.OPTED_OUT)
    async with runtime.sessions() as session:
        await announce(session, Kind.OPTED_OUT, {}, now=NOW)
        await session.rollback()
    assert await _deliveries(runtime) == []
    assert await _jobs(runtime) == []


async def test_a_receiver_can_verify_what_came(runtime: Runtime) -> None:
    async with receiver(OK) as hook:
        made = await _add(runtime, hook.url, Kind.OPTED_OUT)
        await _announce(runtime)
        await _send_all(runtime)
    [(headers, body)] = hook.came
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert json.loads(body) == {
        "type": "opted_out",
        "timestamp": NOW.isoformat(),
        "data": {"person_ids": [7]},
    }
    [row] = await _deliveries(runtime)
    assert headers["webhook-id"] == str(row.delivery_id)
    assert (row.delivered_at, row.tries, row.last_status) == (NOW, 1, "204")


async def test_a_receiver_that_breaks_down_hears_it_again_under_the_same_id(
    runtime: Runtime,
) -> None:
    async with receiver(BROKEN, BROKEN, OK) as hook:
        await _add(runtime, hook.url, Kind.OPTED_OUT)
        await _announce(runtime)
        for pause in (timedelta(0), *PAUSES[:2]):
            await _pass(runtime, pause)
            await _send_all(runtime)
        await _send_all(runtime)  # a job done twice sends nothing twice
    assert len(hook.came) == 3
    assert len({headers["webhook-id"] for headers, _ in hook.came}) == 1
    assert len({headers["webhook-signature"] for headers, _ in hook.came}) == 3
    [row] = await _deliveries(runtime)
    assert (row.tries, row.last_status, row.failed_at) == (3, "204", None)
    assert row.delivered_at is not None


async def test_a_redirect_is_followed_nowhere(runtime: Runtime) -> None:
    async with receiver(OK) as elsewhere:
        moved = status("307 Temporary Redirect", f"location: {elsewhere.url}")
        async with receiver(moved) as hook:
            await _add(runtime, hook.url, Kind.OPTED_OUT)
            await _announce(runtime)
            await _send_all(runtime)
    assert elsewhere.came == []
    [row] = await _deliveries(runtime)
    assert row.last_status == "307 redirect refused"
    assert row.delivered_at is None


async def test_nobody_listening_is_a_try_that_failed_and_is_made_again(runtime: Runtime) -> None:
    async with receiver(OK) as hook:
        url = hook.url
    await _add(runtime, url, Kind.OPTED_OUT)
    await _announce(runtime)
    await _send_all(runtime)
    [row] = await _deliveries(runtime)
    assert (row.tries, row.last_status) == (1, "ConnectError")
    assert (await _jobs(runtime))[-1].scheduled_at == NOW + PAUSES[0]


async def test_while_an_address_rests_its_other_deliveries_wait_untried(runtime: Runtime) -> None:
    async with receiver(BROKEN) as hook:
        await _add(runtime, hook.url, Kind.OPTED_OUT)
        await _announce(runtime)
        await _announce(runtime)
        await _send_all(runtime)
    assert len(hook.came) == 1
    assert sorted(row.tries for row in await _deliveries(runtime)) == [0, 1]


async def test_a_receiver_that_asks_for_a_pause_gets_it(runtime: Runtime) -> None:
    async with receiver(status("429 Too Many Requests", "retry-after: 900")) as hook:
        await _add(runtime, hook.url, Kind.OPTED_OUT)
        await _announce(runtime)
        await _send_all(runtime)
    assert (await _jobs(runtime))[-1].scheduled_at == NOW + timedelta(minutes=15)


async def test_after_a_day_it_has_failed_is_shown_and_can_be_sent_again(runtime: Runtime) -> None:
    async with receiver(BROKEN) as hook:
        made = await _add(runtime, hook.url, Kind.OPTED_OUT)
        await _announce(runtime)
        for _ in range(len(PAUSES) + 1):
            await _send_all(runtime)
            await _pass(runtime, timedelta(hours=2.3))
        tries = len(hook.came)
        await _send_all(runtime)
        assert len(hook.came) == tries
        async with runtime.sessions.begin() as session:
            [shown] = await show_webhooks(session)
            assert (shown.failed, shown.open, shown.last_status) == (1, 0, "500")
            hook.answers[:] = [OK]
            now = runtime.clock.now()
            assert await send_failed_again(session, webhook_id=made.webhook_id, now=now) == 1
        await _send_all(runtime)
    [row] = await _deliveries(runtime)
    assert (row.last_status, row.created_at) == ("204", NOW)


async def test_a_receiver_that_has_gone_for_good_is_disabled(runtime: Runtime) -> None:
    async with receiver(status("410 Gone")) as hook:
        await _add(runtime, hook.url, Kind.OPTED_OUT)
        await _announce(runtime)
        await _send_all(runtime)
    async with runtime.sessions() as session:
        assert await session.scalar(sa.select(Webhook.disabled_at)) == NOW
    [row] = await _deliveries(runtime)
    assert row.failed_at == NOW


async def test_nothing_shows_a_secret_again(runtime: Runtime) -> None:
    made = await _add(runtime, "https://one.example/", Kind.OPTED_OUT)
    async with runtime.sessions() as session:
        shown = await show_webhooks(session)
    assert made.secret not in str(shown)
