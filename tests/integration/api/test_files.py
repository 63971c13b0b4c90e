"""The customer file over the API: pages are whole and steady, every look is on the audit."""

import hypothesis
import hypothesis.strategies as st

from api.model import ApiRole
from customers.tables import Unit
from tests.integration.api.office import Office
from tests.integration.api.town import build, debtor


@hypothesis.settings(
    max_examples=12, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(units=st.integers(0, 12), limit=st.integers(1, 5), meanwhile=st.integers(0, 3))
async def test_pages_hold_everything_once_whatever_is_added_meanwhile(
    office: Office, units: int, limit: int, meanwhile: int
) -> None:
    if not await office.one("SELECT count(*) FROM community"):
        await debtor(office)
    community_id = await office.one("SELECT community_id FROM community")
    for _ in range(units):
        await _unit(office, community_id)
    before = await office.one("SELECT array_agg(unit_id ORDER BY unit_id) FROM unit")
    seen: list[int] = []
    cursor: str | None = ""
    async with office.client() as client:
        while cursor is not None:
            page = (
                await client.get(
                    "/units", params={"limit": limit} | ({"cursor": cursor} if cursor else {})
                )
            ).json()
            assert len(page["items"]) <= limit
            seen += [item["unit_id"] for item in page["items"]]
            cursor = page["next"]
            if len(seen) < len(before):
                for _ in range(meanwhile):
                    await _unit(office, community_id)
                meanwhile = 0
    assert seen == sorted(set(seen))
    assert set(before) <= set(seen)


async def _unit(office: Office, community_id: int) -> None:
    number = await office.one("SELECT count(*) FROM unit")
    await office.add(Unit, community_id=community_id, label=f"9-{number}")


async def test_every_look_at_a_file_is_on_the_audit(office: Office) -> None:
    owner = await debtor(office)
    await build(office)
    person, unit = f"person:{owner.person_id}", f"unit:{owner.unit_id}"
    looks = {
        f"/persons/{owner.person_id}": ("looked_at", person),
        f"/persons/{owner.person_id}/timeline": ("looked_at", person),
        f"/persons/{owner.person_id}/notes": ("looked_at", person),
        f"/units/{owner.unit_id}": ("looked_at", unit),
        f"/units/{owner.unit_id}/timeline": ("looked_at", unit),
        "/persons?name=王": ("persons_listed", "persons"),
        "/opt-outs": ("opt_outs_listed", "opt_outs"),
        "/consents": ("consents_listed", "consents"),
        f"/verdicts?person_id={owner.person_id}": ("verdicts_listed", "verdicts"),
        "/attempts": ("attempts_listed", "attempts"),
        "/explain?of=3-2-1201": ("explained", person),
    }
    for address, (action, subject) in looks.items():
        async with office.client(ApiRole.SUPERVISOR) as client:
            answer = await client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        last = await office.one(
            "SELECT actor || ' ' || action || ' ' || subject FROM audit_entry"
            " ORDER BY audit_entry_id DESC LIMIT 1"
        )
        assert last == f"api:supervisor {action} {subject}", address


async def test_a_file_shows_who_somebody_is_but_not_what_they_prove_it_with(
    office: Office,
) -> None:
    owner = await debtor(office)
    async with office.client() as client:
        shown = (await client.get(f"/persons/{owner.person_id}")).json()
    assert shown["name"] == "王建国"
    assert shown["identity_known"] is True
    assert "2468" not in str(shown)
    assert [phone["e164"] for phone in shown["phones"]] == ["+8613800138000"]
    assert [tie["unit"] for tie in shown["occupancies"]] == ["3-2-1201"]


async def test_an_opt_out_and_a_callback_are_taken_and_shown(office: Office) -> None:
    owner = await debtor(office)
    async with office.client(ApiRole.INTEGRATOR) as client:
        call = {
            "person_id": owner.person_id,
            "unit_id": owner.unit_id,
            "call_at": "2026-05-21T15:00:00+08:00",
            "about": "overdue",
        }
        at_night = {**call, "call_at": "2026-05-21T23:30:00+08:00"}
        refused = await client.post("/callback-requests", json=at_night)
        assert refused.status_code == 422
        assert "law_hours; the next time they allow is 2026-05-22T" in refused.json()["detail"]
        asked = await client.post("/callback-requests", json=call)
        assert asked.status_code == 201, asked.text
        wish = {"person_id": owner.person_id, "said_by": "owner", "how": "letter"}
        first = await client.post("/opt-outs", json=wish)
        again = await client.post("/opt-outs", json=wish)
        assert (first.json()["changed"], again.json()["changed"]) == (True, False)
        never = await client.post("/callback-requests", json=call)
        assert (never.status_code, "opted_out" in never.json()["detail"]) == (422, True)
    await build(office)
    assert await office.one("SELECT state FROM due_call WHERE reason = 'promised'") == "waiting"


async def test_a_repair_done_again_after_a_finding_owes_its_callback(office: Office) -> None:
    await debtor(office)
    order = {
        "community": "翠湖花园",
        "unit": "3栋2单元1201",
        "reference": "WO-1",
        "category": "漏水",
        "reported_on": "2026-05-10",
        "completed_on": "2026-05-18",
    }
    async with office.client() as client:
        made = await client.post("/work-orders", json=order)
        assert made.status_code == 201, made.text
        address = f"/work-orders/{made.json()['id']}"
        await build(office)
        repair = "SELECT state || ' ' || cycle FROM due_call WHERE reason = 'repair'"
        assert await office.one(repair) == "waiting 1"
        await client.post(f"{address}/reopening", json={"finding": "still leaks"})
        assert await office.one(repair) == "withdrawn 1"
        stale = await client.post(f"{address}/completion", json={"completed_on": "2026-05-18"})
        assert stale.status_code == 422
        early = await client.post(f"{address}/completion", json={"completed_on": "2026-05-21"})
        assert early.status_code == 422
        done = await client.post(f"{address}/completion", json={"completed_on": "2026-05-19"})
        assert (done.status_code, done.json()["reopened_at"]) == (200, None)
    await build(office)
    assert await office.one(repair + " AND state = 'waiting'") == "waiting 2"
