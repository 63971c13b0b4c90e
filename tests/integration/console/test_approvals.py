"""Waivers and extensions that wait for a superior: seen with their facts, decided once."""

from datetime import timedelta
from typing import Any

import pytest

from api.model import ApiRole
from core.money import Money
from customers.account_tables import Charge
from customers.model import Language, Role
from customers.service import request_extension
from customers.tables import Community, Occupancy, Person, Unit
from customers.waiver_tables import WaiverKind, WaiverState
from customers.waivers import Asked, ImpossibleWaiverError, ask_waiver
from tests.integration.api.office import TEN, TODAY
from tests.integration.console.house import House

LEAD = ApiRole.SUPERVISOR
EVIL = "<script>alert('x')</script>"


class Household:
    """Somebody who owes a property fee with a late fee."""

    def __init__(self, house: House, person_id: int, charge_id: int) -> None:
        self.house = house
        self.person_id = person_id
        self.charge_id = charge_id

    @classmethod
    async def of(cls, house: House, name: str = "王小明") -> "Household":
        office = house.office
        community_id = await office.add(
            Community,
            name="Garden",
            time_zone="Asia/Shanghai",
            region="CN",
            currency="CNY",
            packs=["CN"],
        )
        unit_id = await office.add(Unit, community_id=community_id, label="3-2-1201")
        person_id = await office.add(Person, name=name, language=Language.MANDARIN)
        await office.add(Occupancy, unit_id=unit_id, person_id=person_id, role=Role.OWNER)
        charge_id = await office.add(
            Charge,
            community_id=community_id,
            unit_id=unit_id,
            liable_person_id=person_id,
            reference="C-1",
            kind="property fee",
            amount_minor=100_000,
            late_fee_minor=8_000,
            currency="CNY",
            due_on=TODAY - timedelta(days=30),
        )
        return cls(house, person_id, charge_id)

    async def asks(
        self, minor: int = 8_000, kind: WaiverKind = WaiverKind.LATE_FEE, **more: Any
    ) -> Asked:
        async with self.house.office.deps.sessions.begin() as session:
            return await ask_waiver(
                session,
                person_id=self.person_id,
                charge_id=self.charge_id,
                kind=kind,
                amount=Money(amount_minor=minor, currency="CNY"),
                because=more.get("because", "was in hospital"),
                asked_by="陈静",
                limit_minor=more.get("limit_minor", 2_000),
                now=TEN,
            )

    async def late_fee(self) -> int:
        return int(await self.house.office.one("SELECT late_fee_minor FROM charge"))


async def test_within_the_limit_a_late_fee_is_waived_at_once_but_not_in_slices(
    house: House,
) -> None:
    home = await Household.of(house)
    assert (await home.asks(1_500)).state is WaiverState.APPROVED
    assert await home.late_fee() == 6_500
    assert (await home.asks(1_500)).state is WaiverState.REQUESTED
    assert await home.late_fee() == 6_500
    with pytest.raises(ImpossibleWaiverError, match="waits for a decision"):
        await home.asks(100)
    with pytest.raises(ImpossibleWaiverError, match="is there to forgive"):
        await home.asks(200_000, WaiverKind.ROUNDING)


async def test_a_waiver_is_shown_with_its_household_and_approved_once(house: House) -> None:
    home = await Household.of(house)
    asked = await home.asks()
    path = f"/approvals/waiver/{asked.waiver_id}"
    async with house.browser(LEAD) as browser:
        page = (await browser.get("/approvals")).text
        for fact in ("王小明", "3-2-1201", "80.00", "20.00", "was in hospital", "陈静", "1,000.00"):
            assert fact in page
        assert "1<span" in (await browser.get("/approvals/count")).text
        approved = await browser.post(path, data={"answer": "approve", "because": "loyal owner"})
        assert approved.headers["Location"] == "/approvals"
        assert await home.late_fee() == 0
        again = await browser.post(path, data={"answer": "refuse", "because": "second thoughts"})
        assert again.status_code == 409
        assert "console:supervisor decided this at" in again.text
        assert (await browser.get("/approvals/count")).text.strip() == ""
        assert "loyal owner" in (await browser.get("/approvals")).text
    assert await house.office.one("SELECT state FROM waiver") == "approved"
    detail = await house.office.one(
        "SELECT detail FROM audit_entry WHERE action = 'waiver_decided'"
    )
    assert detail == {"approved": True, "because": "loyal owner"}


async def test_a_refusal_needs_its_reason_and_changes_no_amount(house: House) -> None:
    home = await Household.of(house, name=EVIL)
    asked = await home.asks(because=EVIL)
    path = f"/approvals/waiver/{asked.waiver_id}"
    async with house.browser(LEAD) as browser:
        silent = await browser.post(path, data={"answer": "refuse", "because": "  "})
        assert silent.status_code == 422
        assert "Say why it is refused" in silent.text
        await browser.post(path, data={"answer": "refuse", "because": EVIL})
        page = (await browser.get("/approvals")).text
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert await home.late_fee() == 8_000
    assert await house.office.one("SELECT state FROM waiver") == "refused"


async def test_an_extension_is_decided_once_and_the_other_is_told_who_was_faster(
    house: House,
) -> None:
    home = await Household.of(house)
    async with house.office.deps.sessions.begin() as session:
        await request_extension(
            session,
            person_id=home.person_id,
            charge_ids=[home.charge_id],
            until=TODAY + timedelta(days=20),
            attempt_id=None,
            now=TEN,
        )
    extension_id = await house.office.one("SELECT extension_id FROM extension")
    path = f"/approvals/extension/{extension_id}"
    async with house.browser(LEAD) as lead, house.browser(ApiRole.ADMIN) as admin:
        assert "More time until 9 June 2026" in (await lead.get("/approvals")).text
        assert (await lead.post(path, data={"answer": "approve"})).status_code == 303
        late = await admin.post(path, data={"answer": "approve"})
    assert late.status_code == 409
    assert "console:supervisor" in late.text
    assert await house.office.one("SELECT state FROM extension") == "approved"
    open_tasks = "SELECT count(*) FROM agent_task WHERE kind = 'extension' AND done_at IS NULL"
    assert await house.office.one(open_tasks) == 0


@pytest.mark.parametrize("role", [ApiRole.AGENT, ApiRole.INTEGRATOR])
async def test_who_may_not_decide_is_refused(house: House, role: ApiRole) -> None:
    async with house.browser(role) as browser:
        assert (await browser.get("/approvals")).status_code == 403
        for matter in ("waiver", "extension"):
            answered = await browser.post(f"/approvals/{matter}/1", data={"answer": "approve"})
            assert answered.status_code == 403


async def test_what_is_not_on_file_is_not_decided(house: House) -> None:
    async with house.browser(LEAD) as browser:
        missing = await browser.post("/approvals/waiver/7", data={"answer": "approve"})
        assert missing.status_code == 404
        unclear = await browser.post("/approvals/waiver/7", data={"answer": "perhaps"})
        assert unclear.status_code == 422
        assert "Nothing waits for a decision" in (await browser.get("/approvals")).text


async def test_an_extension_of_several_charges_is_one_decision_that_lists_them_all(
    house: House,
) -> None:
    home = await Household.of(house)
    other = await house.office.add(
        Charge,
        community_id=await house.office.one("SELECT community_id FROM community"),
        unit_id=await house.office.one("SELECT unit_id FROM unit"),
        liable_person_id=home.person_id,
        reference="W-2",
        kind="water",
        amount_minor=4_321,
        currency="CNY",
        due_on=TODAY - timedelta(days=9),
    )
    async with house.office.deps.sessions.begin() as session:
        await request_extension(
            session,
            person_id=home.person_id,
            charge_ids=[home.charge_id, other],
            until=TODAY + timedelta(days=20),
            attempt_id=None,
            now=TEN,
        )
    extension_id = await house.office.one("SELECT min(extension_id) FROM extension")
    path = f"/approvals/extension/{extension_id}"
    async with house.browser(LEAD) as browser:
        page = (await browser.get("/approvals")).text
        assert page.count(f'action="{path}"') == page.count('action="/approvals/extension/') == 1
        for fact in ("C-1", "W-2", "43.21", "1,000.00", "Charge 2 of 2"):
            assert fact in page, fact
        assert "1<span" in (await browser.get("/approvals/count")).text
        assert (await browser.post(path, data={"answer": "approve"})).status_code == 303
        assert (await browser.post(path, data={"answer": "approve"})).status_code == 409
        file = (await browser.get(f"/files/{home.person_id}")).text
        assert file.count("Time until Tue 9 June: approved") == 2
    states = await house.office.one("SELECT array_agg(DISTINCT state) FROM extension")
    assert states == ["approved"]
    noted = await house.office.one(
        "SELECT count(*) FROM audit_entry WHERE action = 'extension_decided'"
    )
    assert noted == 2
