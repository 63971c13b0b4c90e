"""Calls that came in over the API: who rang, what became of it, and never without a trace."""

from uuid import UUID

from api.model import ApiRole
from dialer.inbound.model import InboundResult
from dialer.inbound.tables import InboundRow
from tests.integration.api.office import TEN, Office
from tests.integration.api.town import debtor

MISSED, UP = UUID(int=1), UUID(int=2)


async def test_calls_that_came_in_are_listed_shown_and_on_the_owners_timeline(
    office: Office,
) -> None:
    owner = await debtor(office)
    common = {"bridge": "asterisk", "trunk": "a", "dialled": "075586010000", "at": TEN}
    ended = {"ended_at": TEN, "seconds": 0.0, "result": InboundResult.MISSED}
    known = {"person_id": owner.person_id, "e164": "+8613800138000"}
    await office.add(InboundRow, call_id=MISSED, channel="a/1", **common, **ended, **known)
    await office.add(InboundRow, call_id=UP, channel="a/2", **common)

    async with office.client(ApiRole.AGENT) as client:
        listed = (await client.get("/inbound-calls")).json()["items"]
        missed = (await client.get("/inbound-calls?result=missed")).json()["items"]
        shown = (await client.get(f"/inbound-calls/{MISSED}")).json()
        line = (await client.get(f"/persons/{owner.person_id}/timeline")).json()

    assert [each["call_id"] for each in listed] == [str(UP), str(MISSED)]
    assert [each["result"] for each in listed] == [None, "missed"]
    assert missed == [shown]
    assert "inbound_call" in {each["what"] for each in line["events"]}
    looks = "SELECT count(*) FROM audit_entry WHERE action IN ('inbound_calls_listed', 'looked_at')"
    assert await office.one(looks) >= 3  # two lists and a look, besides the file's own
