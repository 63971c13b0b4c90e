"""The audit as a page: found by who, what, of what and when, a page at a time."""

import re
from datetime import timedelta

from customers.tables import AuditEntry
from tests.integration.api.office import TEN
from tests.integration.console.house import House


async def _write(house: House, count: int, **given: object) -> None:
    async with house.office.deps.sessions.begin() as session:
        session.add_all(
            AuditEntry(
                **{
                    "at": TEN - timedelta(minutes=number),
                    "actor": "console:陈静",
                    "action": "looked_at",
                    "subject": f"person:{number}",
                    "detail": {"why": f"n{number}"},
                }
                | given
            )
            for number in reversed(range(count))
        )


async def test_the_audit_is_found_by_who_what_of_what_and_when(house: House) -> None:
    await _write(house, 3)
    await _write(house, 1, actor="api:crm", action="records_posted", subject="charges")
    await _write(house, 1, at=TEN - timedelta(days=2), subject="unit:7", action="odd_action")
    async with house.browser() as browser:
        for asked, has, has_not in (
            ("actor=crm", "records posted</th>", "person:1<"),
            ("action=looked_at", "person:1<", "odd_action</th>"),
            ("subject=unit%3A", "unit:7<", "person:1<"),
            ("day=2026-05-18", "odd_action</th>", "person:1<"),
            ("day=2026-05-20", "person:1<", "unit:7<"),
            ("actor=%25", "Nothing was found", "person:1<"),
        ):
            page = await browser.get(f"/audit?{asked}")
            assert page.status_code == 200, page.text
            table = page.text.partition("<table")[2] or page.text
            assert (has in table, has_not in table) == (True, False), asked
        assert "no such day" in (await browser.get("/audit?day=2026-02-31")).text
    looks = "SELECT count(*) FROM audit_entry WHERE action = 'audit_listed'"
    assert await house.office.one(looks) == 7


async def test_the_audit_comes_a_page_at_a_time_and_no_entry_twice(house: House) -> None:
    await _write(house, 250)
    seen: list[str] = []
    async with house.browser() as browser:
        address: str | None = "/audit?actor=陈静"
        while address is not None:
            page = await browser.get(address)
            seen += re.findall(r"<code>why</code> (n\d+)", page.text)
            older = re.search(r'href="(/audit\?[^"]*before=\d+)"', page.text)
            address = None if older is None else older[1].replace("&amp;", "&")
    assert seen == [f"n{number}" for number in range(250)]
