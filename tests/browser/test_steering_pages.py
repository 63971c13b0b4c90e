"""A supervisor steers a campaign, decides what was asked for, and looks up an owner's wishes."""

import sqlalchemy as sa
from playwright.async_api import expect

from api.model import ApiRole
from core.money import Money
from customers.account_tables import Charge
from customers.model import Language
from customers.waiver_tables import WaiverKind
from customers.waivers import ask_waiver
from tests.browser.conftest import BrowserAs
from tests.browser.kit.rig import Served

LEAD = ApiRole.SUPERVISOR


async def test_a_campaign_is_paused_and_set_and_put_back(
    served: Served, browser_as: BrowserAs
) -> None:
    async with browser_as(LEAD, Language.ENGLISH) as lead:
        page = lead.page
        await lead.go("/campaigns")
        await page.get_by_role("button", name="Pause Repair callbacks").click()
        await expect(page.get_by_role("button", name="Resume Repair callbacks")).to_be_visible()
        await lead.axe()
        await lead.fits()
        await lead.shot("campaigns")
        await page.get_by_role("button", name="Resume Repair callbacks").click()

        await page.get_by_role("link", name="Repair callbacks").click()
        await expect(page.get_by_label("Mon")).to_be_hidden()
        await page.get_by_label("Only these hours").check()
        await page.get_by_label("Mon").fill("07:00-09:00")
        await page.get_by_label("Why the change").fill("too early for most")
        lead.excuse("422")
        await page.get_by_role("button", name="Save the change").click()
        await expect(page.get_by_text("stay within")).to_be_visible()
        await expect(page.get_by_label("Mon")).to_be_focused()
        await lead.axe()
        await lead.shot("campaign-refused")
        await page.get_by_label("Mon").fill("09:00-11:00")
        await page.get_by_role("button", name="Save the change").click()
        await expect(page.get_by_text("Version 1")).to_be_visible()
        await lead.fits()
        await lead.shot("campaign")
        await page.get_by_role("button", name="Back to default").click()
        await expect(page.get_by_text("Version 2")).to_be_visible()


async def test_a_waiver_is_approved_and_an_opt_out_taken(
    served: Served, browser_as: BrowserAs
) -> None:
    async with served.runtime.sessions.begin() as session:
        charge = (
            await session.scalars(
                sa.select(Charge).where(Charge.liable_person_id.is_not(None)).limit(1)
            )
        ).one()
        charge.late_fee_minor = 8_000
        await session.flush()
        await ask_waiver(
            session,
            person_id=charge.liable_person_id or 0,
            charge_id=charge.charge_id,
            kind=WaiverKind.LATE_FEE,
            amount=Money(amount_minor=8_000, currency=charge.currency),
            because="住院两个月",
            asked_by="陈静",
            limit_minor=2_000,
            now=served.runtime.clock.now(),
        )
    async with browser_as(LEAD, Language.MANDARIN) as lead:
        page = lead.page
        await lead.go("/approvals")
        await lead.axe()
        await lead.fits()
        await lead.shot("approvals")
        await page.get_by_role("button", name="同意", exact=True).click()
        await expect(page.get_by_role("heading", name="没有要审批的")).to_be_visible()

        await lead.go("/wishes?q=13800138000")
        form = page.locator("form[action='/wishes/opt-outs']")
        await form.get_by_label("谁说的").fill("本人")
        await form.get_by_label("怎么说的").fill("电话里")
        await form.get_by_role("button", name="登记").click()
        await expect(page.get_by_role("cell", name="电话里")).to_be_visible()
        await lead.axe()
        await lead.fits()
        await lead.shot("wishes")
