"""A payment posted stops a waiting reminder in its own transaction."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from api.model import ApiRole
from callback.rebuild import defer_builds, rebuild_soon
from callback.tables import DueCall
from core.database import libpq_url
from core.live import LiveFeed, News, Topic
from customers.account_tables import Charge
from tests.integration.api.office import Office
from tests.integration.api.town import build, debtor

_STATE = "SELECT state || ' ' || COALESCE(settled_because, '') FROM due_call"


async def test_once_a_payment_is_answered_its_reminder_is_off_the_list(office: Office) -> None:
    owner = await debtor(office)
    await build(office)
    assert await office.one(_STATE) == "waiting "
    async with office.client() as client:
        answer = await client.post(
            "/payments", json={"charge_id": owner.charge_id, "amount": "100.00", "reference": "R-1"}
        )
    assert answer.status_code == 201, answer.text
    assert answer.json()["charge"]["open"] == "0.00"
    assert await office.one(_STATE) == "withdrawn paid"


async def test_a_part_payment_leaves_the_reminder_with_what_is_still_open(office: Office) -> None:
    owner = await debtor(office)
    await build(office)
    async with office.client() as client:
        answer = await client.post(
            "/payments", json={"charge_id": owner.charge_id, "amount": "40.00"}
        )
    assert answer.json()["charge"]["open"] == "60.00"
    assert await office.one(_STATE) == "waiting "


async def test_a_correction_of_more_than_was_paid_is_refused_with_both_amounts(
    office: Office,
) -> None:
    owner = await debtor(office)
    async with office.client() as client:
        await client.post("/payments", json={"charge_id": owner.charge_id, "amount": "40.00"})
        answer = await client.post(
            "/payments", json={"charge_id": owner.charge_id, "amount": "-40.01"}
        )
    assert answer.status_code == 422
    assert "40.01" in answer.json()["detail"]
    assert "40.00" in answer.json()["detail"]


async def test_the_reminder_goes_with_the_payment_or_not_at_all(office: Office) -> None:
    """Nobody sees the money without the withdrawal: both are there at one commit."""
    owner = await debtor(office)
    await build(office)
    seen: set[tuple[int, str]] = set()
    done = asyncio.Event()

    async def watch() -> None:
        query = (
            sa.select(Charge.paid_minor, DueCall.state)
            .join(DueCall, DueCall.person_id == Charge.liable_person_id)
            .where(Charge.charge_id == owner.charge_id)
        )
        while not done.is_set():
            async with office.deps.sessions() as session:
                row = (await session.execute(query)).one()
                seen.add((row.paid_minor, row.state.value))

    async with office.client() as client, asyncio.TaskGroup() as both:
        both.create_task(watch())
        await client.post("/payments", json={"charge_id": owner.charge_id, "amount": "100"})
        done.set()
    assert seen <= {(0, "waiting"), (10_000, "withdrawn")}


async def test_a_payment_waits_for_a_claim_in_flight_and_leaves_what_it_took(
    office: Office,
) -> None:
    owner = await debtor(office)
    await build(office)
    async with office.client() as client, office.deps.sessions() as claim:
        await claim.execute(sa.select(DueCall).with_for_update())
        payment = asyncio.create_task(
            client.post("/payments", json={"charge_id": owner.charge_id, "amount": "100"})
        )
        while not await office.one(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ):
            assert not payment.done()
        await claim.execute(sa.update(DueCall).values(state="claimed"))
        await claim.commit()
        assert (await payment).status_code == 201
    assert await office.one(_STATE) == "claimed "


async def test_dialers_hear_of_the_account_so_that_what_rings_is_cut(
    office: Office, database_url: str
) -> None:
    owner = await debtor(office)
    feed, heard = LiveFeed(libpq_url(database_url)), asyncio.Queue[News]()
    feed.subscribe(heard.put_nowait)
    await feed.start()
    async with office.client() as client:
        await client.post("/payments", json={"charge_id": owner.charge_id, "amount": "100"})
    news = await asyncio.wait_for(heard.get(), 10)
    await feed.close()
    assert news == News(topic=Topic.ACCOUNT, key=str(owner.person_id))


async def test_a_receipt_counts_once_and_bulk_posts_tell_of_each_item(office: Office) -> None:
    owner = await debtor(office)
    await build(office)
    one = {"charge_id": owner.charge_id, "amount": "40.00", "reference": "R-1"}
    items = [
        {"reference": "B-1", "amount": "40.00", "received_on": "2026-05-19", "payment_reference": r}
        for r in ("R-1", "R-2")
    ] + [{"reference": "B-9", "amount": "1.00", "received_on": "2026-05-19"}]
    async with office.client() as client:
        assert (await client.post("/payments", json=one)).status_code == 201
        again = await client.post("/payments", json=one)
        assert (again.status_code, again.json()["counted"]) == (200, False)
        bulk = (await client.post("/bulk/payments", json={"items": items})).json()
        assert [item["state"] for item in bulk["items"]] == ["unchanged", "accepted", "rejected"]
        assert bulk["items"][2]["problems"][0]["problem"] == "unknown_charge"
        assert await office.one(_STATE) == "waiting "
        rest = items[1] | {"amount": "20.00", "payment_reference": "R-3"}
        await client.post("/bulk/payments", json={"items": [rest]})
    assert await office.one(_STATE) == "withdrawn paid"


async def test_a_promise_and_a_charge_written_down_take_reminders_off_too(office: Office) -> None:
    owner = await debtor(office)
    await build(office)
    async with office.client() as client:
        promise = {
            "person_id": owner.person_id,
            "charge_ids": [owner.charge_id],
            "amount": "100.00",
            "promised_on": "2026-05-25",
        }
        assert (await client.post("/promises", json=promise)).status_code == 201
    assert await office.one(_STATE) == "withdrawn promise_open"


async def test_a_payment_that_cannot_be_is_refused_and_changes_nothing(office: Office) -> None:
    owner = await debtor(office)
    async with office.client() as client:
        for amount in ("0", "-0.01", "1.005"):
            answer = await client.post(
                "/payments", json={"charge_id": owner.charge_id, "amount": amount}
            )
            assert answer.status_code == 422, amount
        missing = await client.post("/payments", json={"charge_id": 77, "amount": "1"})
        assert missing.status_code == 404
    assert await office.one("SELECT count(*) FROM payment") == 0


async def test_what_comes_over_the_api_is_on_the_list_a_moment_later(office: Office) -> None:
    person = {"community": "湖畔", "unit": "1-1-101", "name": "王芳", "phones": ["13800138001"]}
    charge = {
        "community": "湖畔",
        "unit": "1-1-101",
        "reference": "B-1",
        "kind": "物业费",
        "amount": "10.00",
        "due_on": "2026-04-01",
    }
    posts = {"/persons": person, "/bulk/persons": {"items": [person | {"unit": "1-1-102"}]}}
    posts |= {"/charges": charge, "/bulk/charges": {"items": [charge | {"reference": "B-2"}]}}
    async with office.client(ApiRole.INTEGRATOR) as client:
        for address, given in posts.items():
            answer = await client.post(address, json=given)
            assert answer.status_code < 300, answer.text
            async with office.deps.sessions.begin() as session:
                done = sa.text(
                    "DELETE FROM procrastinate_jobs WHERE queue_name = 'lists' RETURNING id"
                )
                built = await session.scalars(done)
                assert len(built.all()) == 1, address


async def test_a_refused_extension_brings_its_reminder_to_the_list_again(office: Office) -> None:
    owner = await debtor(office)
    await build(office)
    given = {"person_id": owner.person_id, "charge_ids": [owner.charge_id], "until": "2026-05-30"}
    async with office.client() as client:
        asked = await client.post("/extensions", json=given)
        assert asked.status_code == 201, asked.text
        (extension,) = (await client.get("/extensions")).json()["items"]
        address = f"/extensions/{extension['extension_id']}/decision"
        async with office.deps.sessions.begin() as session:
            await session.execute(sa.text("DELETE FROM procrastinate_jobs"))
        decided = await client.post(address, json={"approved": False})
        assert (decided.status_code, decided.json()["state"]) == (200, "refused")
        again = await client.post(address, json={"approved": True})
        assert again.status_code == 409
    assert await office.one("SELECT task_name FROM procrastinate_jobs") == "lists.build"


async def test_a_build_that_failed_and_waits_lets_a_new_fact_pass(office: Office) -> None:
    owner = await debtor(office)
    later = office.clock.now() + timedelta(minutes=30)
    async with office.deps.sessions.begin() as session:
        await defer_builds(session, [owner.community_id], at=later, tries=4)
        await rebuild_soon(session, [owner.community_id], now=office.clock.now())
    soonest = await office.one("SELECT min(scheduled_at) FROM procrastinate_jobs")
    assert soonest < later
