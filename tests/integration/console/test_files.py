"""Customer files in the console: found, read, written; each look on the audit, all text is text."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.model import ApiRole
from callback.building import build_lists
from core.columns import table_of
from customers.account_tables import Charge, Promise
from customers.model import CallMode, Language, PromiseState, Reason, Role
from customers.tables import DoNotCall, Note, Occupancy, Person
from dialer.model import AttemptState, TelephonyResult
from dialer.tables import Attempt
from recordings.model import RecordingKind, RecordingState
from recordings.tables import Recording
from tests.integration.api.office import TEN
from tests.integration.api.town import Debtor, debtor
from tests.integration.console.house import House

XSS = "<script>alert(1)</script>"
CHINESE = {"Accept": "text/html", "Accept-Language": "zh"}


class Town(House):
    """A house and an owner who owes a charge."""

    owner: Debtor

    async def audited(self) -> list[str]:
        lines: str | None = await self.office.one(
            "SELECT string_agg(action || ' ' || subject, ';' ORDER BY audit_entry_id)"
            " FROM audit_entry"
        )
        return lines.split(";") if lines else []

    async def text(
        self,
        path: str,
        *,
        role: ApiRole = ApiRole.SUPERVISOR,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        async with self.browser(role) as browser:
            answer = await browser.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def write(self, statement: Any) -> None:
        async with self.office.deps.sessions.begin() as session:
            await session.execute(statement)


@pytest.fixture
async def town(database: AsyncEngine) -> Town:
    house = Town(office=await House.office_of(database))
    house.owner = await debtor(house.office, amount_minor=113_856, days=15)
    return house


async def test_a_household_shows_what_is_on_file_and_the_look_is_one_line(town: Town) -> None:
    person_id, office = town.owner.person_id, town.office
    await office.add(
        Promise,
        person_id=person_id,
        amount_minor=15_000,
        currency="CNY",
        promised_on=date(2026, 5, 1),
        made_at=TEN - timedelta(days=30),
        state=PromiseState.BROKEN,
        settled_at=TEN - timedelta(days=18),
    )
    await office.add(
        DoNotCall, person_id=person_id, reason=Reason.SURVEY, since=TEN, said_by="owner", how="desk"
    )
    other = await office.add(Person, name="李桂芬", language=Language.MANDARIN, synthetic=True)
    await office.add(Occupancy, unit_id=town.owner.unit_id, person_id=other, role=Role.OTHER)
    text = await town.text(f"/files/{person_id}")
    for said in (
        "王建国",
        "3-2-1201",
        "1,138.56",
        "15 days overdue",
        "kept 0 of 1",
        "broken",
        "+86138****8000",
        "李桂芬",
        "No calls about A survey",
        "property fee due: 1,138.56",
    ):
        assert said.casefold() in text.casefold(), said
    assert "+8613800138000" not in text
    assert await town.audited() == [f"looked_at person:{person_id}"]
    assert "欠费" in await town.text(f"/files/{person_id}", headers=CHINESE)


async def test_the_box_finds_as_one_types_and_leads_to_the_file(town: Town) -> None:
    part = await town.text("/files?q=wjg", headers={"HX-Request": "true"})
    assert f'href="/files/{town.owner.person_id}"' in part
    assert "<html" not in part
    whole = await town.text("/files?q=3-2-1201")
    assert f'href="/files/{town.owner.person_id}"' in whole
    assert 'value="3-2-1201"' in whole
    assert "Type to begin" in await town.text("/files")
    assert "Nobody found for" in await town.text(f"/files?q={XSS}")
    assert (await town.audited()).count("files_searched files") == 3


async def test_names_and_notes_that_are_code_stay_text(town: Town) -> None:
    person_id = town.owner.person_id
    await town.write(
        sa.update(table_of(Person)).values(name=XSS, honorific='"><img src=x>', note=XSS)
    )
    await town.office.add(Note, person_id=person_id, at=TEN, written_by=XSS, text=XSS)
    await town.write(sa.update(table_of(Charge)).values(kind=XSS, reference="{amount}" + XSS))
    for path in (f"/files/{person_id}", "/files?q=script", "/files?q=3-2", "/recordings"):
        text = await town.text(path)
        assert XSS not in text, path
        assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in await town.text(f"/files/{person_id}")


async def test_a_unit_leads_to_its_one_holder_or_shows_all_there_were(town: Town) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        led = await browser.get(f"/units/{town.owner.unit_id}")
        assert led.headers["Location"] == f"/files/{town.owner.person_id}"
        tenant = await town.office.add(Person, name="Tenant Li", language=Language.ENGLISH)
        await town.office.add(
            Occupancy, unit_id=town.owner.unit_id, person_id=tenant, role=Role.TENANT
        )
        both = await browser.get(f"/units/{town.owner.unit_id}")
        assert "Tenant Li" in both.text
        assert "王建国" in both.text
        for missing in ("/units/999", "/files/999"):
            assert (await browser.get(missing)).status_code == 404
        assert (await browser.get("/files/0")).status_code == 422
        old = await browser.get(f"/files/persons/{town.owner.person_id}")
        assert old.headers["Location"] == f"/files/{town.owner.person_id}"


async def test_why_somebody_was_or_was_not_called_is_said_in_sentences(town: Town) -> None:
    person_id = town.owner.person_id
    path = f"/files/{person_id}"
    before = await town.text(path)
    assert "not on a list yet" in before
    async with town.office.deps.sessions.begin() as session:
        await build_lists(session, now=TEN)
    await town.write(
        sa.text("""
            INSERT INTO verdict (due_call_id, person_id, at, e164, decision, rule, layer, pack,
                                 pack_version, until, facts)
            SELECT due_call_id, person_id, CAST(:at AS timestamptz), '+8613800138000', 'defer',
                   'law_hours', 'law', 'CN', '2026.1', CAST(:until AS timestamptz), '{}'
            FROM due_call
        """).bindparams(at=TEN - timedelta(hours=1), until=TEN)
    )
    after = await town.text(path)
    assert "Put off" in after
    assert "<code>law_hours</code>" in after
    assert "pack CN" in after
    assert "until Wed 20 May 10:00" in after
    part = await town.text(f"{path}/why?day=2026-05-20", headers={"HX-Request": "true"})
    assert "Put off" in part
    assert "<html" not in part
    assert "Put off" not in await town.text(f"{path}/why?day=2026-05-18")
    assert f"explained person:{person_id}" in await town.audited()
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        assert (await browser.get(f"{path}/why?day=tomorrow")).status_code == 422


async def test_a_note_is_put_on_file_and_an_empty_one_is_not(town: Town) -> None:
    path = f"/files/{town.owner.person_id}"
    async with town.browser(ApiRole.AGENT) as browser:
        empty = await browser.post(f"{path}/notes", data={"text": " \n"})
        assert empty.status_code == 422
        assert "The note is empty" in empty.text
        written = await browser.post(f"{path}/notes", data={"text": "rings\x00 after six"})
        assert written.headers["Location"] == path
        assert "rings after six" in (await browser.get(path)).text
        missing = await browser.post("/files/999/notes", data={"text": "a"})
        assert missing.status_code == 404
    assert f"note_written person:{town.owner.person_id}" in await town.audited()


async def test_a_number_is_read_however_written_and_a_wrong_one_is_given_up(town: Town) -> None:
    path = f"/files/{town.owner.person_id}"
    async with town.browser(ApiRole.AGENT) as browser:
        unread = await browser.post(f"{path}/phones", data={"number": "12"})
        assert unread.status_code == 422
        assert 'value="12"' in unread.text
        await browser.post(f"{path}/phones", data={"number": "139 1111 2222"})
        assert "+86139****2222" in (await browser.get(path)).text
        given_up = await browser.post(f"{path}/phones/{town.owner.phone_id}/death")
        assert given_up.headers["Location"] == path
        assert "wrong number" in (await browser.get(path)).text
        others = await browser.post(f"/files/999/phones/{town.owner.phone_id}/death")
        assert others.status_code == 404


async def test_a_new_owner_follows_without_the_old_ones_debt(town: Town) -> None:
    owner = town.owner
    path = f"/files/{owner.person_id}"
    given = {
        "unit_id": str(owner.unit_id),
        "role": "owner",
        "since": "2026-05-20",
        "name": "单雄信",
        "phones": "13911112222",
    }
    async with town.browser(ApiRole.ADMIN) as browser:
        undated = await browser.post(f"{path}/holders", data=given | {"since": "soon"})
        assert undated.status_code == 422
        assert 'value="单雄信"' in undated.text
        followed = await browser.post(f"{path}/holders", data=given)
        assert followed.status_code == 303
        new = await browser.get(followed.headers["Location"])
        assert "单雄信" in new.text
        assert "Nothing is owed" in new.text
        old = await browser.get(path)
        assert "not there now" in old.text
        assert "1,138.56" in old.text
        again = await browser.post(
            f"{followed.headers['Location']}/holders", data=given | {"name": "仇英"}
        )
        assert again.status_code == 422
        assert "must come after it" in again.text
    ties = await town.office.one(
        "SELECT string_agg(concat(valid_from, '/', valid_until), ' ' ORDER BY occupancy_id)"
        " FROM occupancy"
    )
    assert ties == "/2026-05-20 2026-05-20/"
    assert f"holder_changed unit:{owner.unit_id}" in await town.audited()


async def test_somebody_leaves_without_a_follower(town: Town) -> None:
    owner = town.owner
    path = f"/files/{owner.person_id}/holders"
    given = {"unit_id": str(owner.unit_id), "role": "owner", "since": "2026-01-01", "name": ""}
    async with town.browser(ApiRole.ADMIN) as browser:
        assert (await browser.post(path, data=given | {"role": "tenant"})).status_code == 404
        assert (await browser.post(path, data=given | {"unit_id": "999"})).status_code == 404
        assert (await browser.post(path, data=given)).status_code == 303
        assert (await browser.post(path, data=given)).status_code == 404
    assert await town.office.one("SELECT valid_until FROM occupancy") == date(2026, 1, 1)
    assert await town.office.one("SELECT count(*) FROM charge WHERE liable_person_id > 0") == 0


async def test_a_call_stands_in_the_file_and_only_who_may_hears_it(town: Town) -> None:
    person_id = town.owner.person_id
    attempt_id = await town.office.add(
        Attempt,
        attempt_id="00000000-0000-0000-0000-000000000001",
        person_id=person_id,
        phone_id=town.owner.phone_id,
        e164="+8613800138000",
        bridge="simulated",
        trunk="a",
        mode=CallMode.AUTOMATIC,
        campaign="overdue",
        state=AttemptState.ENDED,
        started_at=TEN,
        answered_at=TEN,
        ended_at=TEN + timedelta(seconds=92),
        telephony_result=TelephonyResult.ANSWERED,
    )
    await town.office.add(
        Recording,
        recording_id="00000000-0000-0000-0000-000000000002",
        attempt_id=attempt_id,
        person_id=person_id,
        name="call",
        kind=RecordingKind.CALL,
        location="x",
        state=RecordingState.STORED,
        started_at=TEN,
        file="2026/05/20/x.wav",
        sha256=bytes(32),
        size_bytes=100,
        seconds=92.0,
        channels=2,
        rate=8000,
        stored_at=TEN,
        keep_until=TEN,
    )
    heard = await town.text(f"/files/{person_id}")
    assert "Overdue charges, recorded voice, 01:32" in heard
    assert 'hx-get="/recordings/00000000-0000-0000-0000-000000000002/player"' in heard
    agents = await town.text(f"/files/{person_id}", role=ApiRole.AGENT)
    assert 'hx-get="/recordings' not in agents
    assert "Only the agent of the call and supervisors may hear it" in agents
    assert f"/desk/call?person_id={person_id}" in agents
    assert "/desk/call" not in heard


async def test_a_file_of_somebody_without_a_unit_or_number_is_shown_too(town: Town) -> None:
    alone = await town.office.add(
        Person,
        name="赵云",
        language=Language.MANDARIN,
        deceased_at=TEN,
        community_id=town.owner.community_id,
        rest_hours=[{"from": "12:00", "until": "14:00"}],
    )
    nowhere = await town.office.add(Person, name="无处", language=Language.MANDARIN)
    text = await town.text(f"/files/{alone}")
    assert "Death noted on 20 May 2026" in text
    assert "12:00–14:00" in text
    assert "No usable number" in text
    assert "no unit" in await town.text(f"/files/{nowhere}")


async def test_who_may_not_open_files_or_write_on_them_is_refused(town: Town) -> None:
    path = f"/files/{town.owner.person_id}"
    async with town.browser(ApiRole.INTEGRATOR) as browser:
        for page in (path, "/files", f"{path}/why", f"/units/{town.owner.unit_id}", "/recordings"):
            assert (await browser.get(page)).status_code == 403, page
    async with town.browser(ApiRole.AGENT) as browser:
        given = {"unit_id": str(town.owner.unit_id), "role": "owner", "since": "2026-05-20"}
        assert (await browser.post(f"{path}/holders", data=given)).status_code == 403
        assert "/holders" not in (await browser.get(path)).text
    assert (
        await town.office.one("SELECT count(*) FROM occupancy WHERE valid_until > '1970-1-1'") == 0
    )
