"""Complaints over the API: taken, stepped through, on the audit and on the lists."""

from typing import Any

import httpx

from api.model import ApiRole
from tests.integration.api.office import Office
from tests.integration.api.town import debtor

GIVEN = {"category": "service", "channel": "hotline", "words": "楼道没人打扫"}


async def post(client: httpx.AsyncClient, path: str, status: int, **given: object) -> Any:
    answer = await client.post(path, json=given)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_complaint_goes_its_way_over_the_api(office: Office) -> None:
    owner = await debtor(office)
    who = {"person_id": owner.person_id, "unit_id": owner.unit_id}
    async with office.client(ApiRole.AGENT) as client:
        taken = await post(
            client, "/complaints", 201, **GIVEN, **who, call_at="2026-05-21T10:00:00+08:00"
        )
        assert taken["reply_by"] == "2026-05-23T02:00:00Z"
        assert taken["accountable"] == "agent"
        again = await post(client, "/complaints", 200, **GIVEN, **who)
        assert again["complaint_id"] == taken["complaint_id"]
        path = f"/complaints/{taken['complaint_id']}"
        told = await post(client, f"{path}/steps", 409, step="closed", words="已打扫")
        assert told["type"].endswith("complaint-state")
        await post(client, f"{path}/steps", 200, step="replied", words="今天就去")
        closed = await post(client, f"{path}/steps", 200, step="closed", words="已打扫")
        assert closed["done"] == "已打扫"
        opened = await post(client, f"{path}/steps", 200, step="dissatisfied", words="又脏了")
        assert (opened["cycle"], opened["closed_at"]) == (2, None)
        listed = (await client.get(f"/complaints?person_id={owner.person_id}")).json()["items"]
        assert [each["cycle"] for each in listed] == [2]
        assert (await client.get(path)).json() == listed[0]
        await post(client, "/complaints", 404, **GIVEN, person_id=99_999)
        await post(client, "/complaints", 404, **GIVEN, **who, agent_id=99_999)
    noted = await office.one(
        "SELECT count(*) FROM audit_entry WHERE action LIKE 'complaint%' AND actor = 'api:agent'"
    )
    assert noted == 6  # two takings, three steps, a list


async def test_a_program_that_feeds_data_reads_no_complaints(office: Office) -> None:
    async with office.client(ApiRole.INTEGRATOR) as client:
        assert (await client.get("/complaints")).status_code == 403
