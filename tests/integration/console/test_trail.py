"""Whoever is shown a person leaves a line on the audit, on small pages too."""

from api.model import ApiRole
from tests.integration.api.town import debtor
from tests.integration.console.house import House

_LOOKS = "SELECT count(*) FROM audit_entry WHERE action = 'looked_at' AND subject = :subject"


async def test_names_cannot_be_read_one_by_one_without_a_trace(house: House) -> None:
    owner = await debtor(house.office)
    subject = f"person:{owner.person_id}"
    async with house.browser(ApiRole.AGENT) as browser:
        shown = await browser.get(f"/desk/call?person_id={owner.person_id}")
        assert shown.status_code == 200
        assert await house.office.one(_LOOKS, subject=subject) == 1
        await browser.get("/desk/call?person_id=999999999")
    assert await house.office.one(_LOOKS, subject="person:999999999") == 0
