"""Campaigns on the console: seen, paused, changed within their bounds, put back; all audited."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.model import ApiRole
from callback.campaigns import load_campaigns
from callback.uploaded_book import learn_campaigns
from tests.integration.console.house import House

LEAD = ApiRole.SUPERVISOR
REPAIR = {
    "pacing": "automatic",
    "hours_kind": "packs",
    "machine": "message",
    "max_attempts": "6",
    "priority": "70",
    "retry.no_answer.after": "240",
    "retry.no_answer.times": "4",
    "retry.no_answer.next": "on",
    "retry.otherwise.after": "240",
    "retry.otherwise.times": "2",
    "why": "fewer tries this week",
    "of_version": "0",
}


async def _community(house: House, packs: str = "{CN}") -> None:
    async with house.office.deps.sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO community (name, time_zone, region, currency, packs)"
                " VALUES ('Garden', 'Asia/Shanghai', 'CN', 'CNY', CAST(:packs AS text[]))"
            ),
            {"packs": packs},
        )


async def _post(
    house: House, path: str, data: Mapping[str, str], role: ApiRole = LEAD
) -> httpx.Response:
    async with house.browser(role) as browser:
        return await browser.post(path, data=dict(data))


async def _audited(house: House, action: str) -> Any:
    return await house.office.one(
        "SELECT detail FROM audit_entry WHERE action = :action ORDER BY audit_entry_id DESC",
        action=action,
    )


async def test_every_campaign_is_listed_with_its_state_in_both_languages(house: House) -> None:
    async with house.browser(LEAD) as browser:
        english = await browser.get("/campaigns")
        part = await browser.get("/campaigns/part", headers={"HX-Request": "true"})
    assert english.status_code == part.status_code == 200
    for words in ("Overdue reminders", "Repair callbacks", "Owner survey", "Nobody is due a call"):
        assert words in part.text
        assert words in english.text
    async with house.browser(LEAD, {"Accept-Language": "zh-CN"}) as browser:
        assert "报修回访" in (await browser.get("/campaigns")).text
        assert "再拨规则" in (await browser.get("/campaigns/repair")).text


async def test_a_paused_campaign_says_so_and_goes_on_again(house: House) -> None:
    paused = await _post(house, "/campaigns/repair/pause", {"back": "one"})
    assert paused.headers["Location"] == "/campaigns/repair"
    async with house.browser(LEAD) as browser:
        assert "Paused by console:supervisor" in (await browser.get("/campaigns/repair")).text
    assert await _audited(house, "campaign_paused") == {}
    await _post(house, "/campaigns/repair/resume", {})
    assert await house.office.one("SELECT count(*) FROM campaign_switch") == 0


async def test_a_change_is_kept_audited_with_before_and_after_and_reaches_another_book(
    house: House,
) -> None:
    await _community(house)
    changed = await _post(
        house, "/campaigns/repair", REPAIR | {"max_attempts": "3", "priority": "9"}
    )
    assert changed.status_code == 303, changed.text
    detail = await _audited(house, "campaign_changed")
    assert detail["changes"]["max_attempts"] == {"before": 6, "after": 3}
    assert detail["changes"]["priority"] == {"before": 70, "after": 9}
    assert detail["why"] == "fewer tries this week"
    # Lines that were left empty go by what holds otherwise.
    assert detail["changes"]["retry.busy"]["after"] is None

    elsewhere = load_campaigns(None)
    async with house.office.deps.sessions() as session:
        await learn_campaigns(session, ["repair"], elsewhere)
    assert (elsewhere.repair.max_attempts, elsewhere.repair.priority) == (3, 9)
    assert set(elsewhere.repair.retry) == {"no_answer"}
    async with house.browser(LEAD) as browser:
        page = await browser.get("/campaigns/repair")
    assert "fewer tries this week" in page.text
    assert "<del>6</del>" in page.text
    assert "<ins>3</ins>" in page.text


async def test_back_to_default_is_one_step_and_a_version_of_its_own(house: House) -> None:
    await _community(house)
    await _post(house, "/campaigns/repair", REPAIR | {"priority": "9"})
    back = await _post(house, "/campaigns/repair/default", {"of_version": "1"})
    assert back.status_code == 303
    async with house.browser(LEAD) as browser:
        page = (await browser.get("/campaigns/repair")).text
    assert "Version 2" in page
    assert "back to default" in page
    assert house.office.deps.desk.campaigns.repair == load_campaigns(None).repair


async def test_priorities_of_the_ladder_are_set_step_by_step(house: House) -> None:
    await _community(house)
    steps = {f"priority.{step}": "50" for step in (-3, 1, 7, 15, 30, 60, 90)}
    form = {name: value for name, value in REPAIR.items() if name != "priority"}
    changed = await _post(house, "/campaigns/overdue", form | steps | {"machine": "hang_up"})
    assert changed.status_code == 303, changed.text
    async with house.browser(LEAD) as browser:
        await browser.get("/campaigns/overdue")
    ladder = house.office.deps.desk.campaigns.overdue.ladder
    assert {rung.priority for rung in ladder} == {50}


@pytest.mark.parametrize(
    ("name", "changes", "mend"),
    [
        ("repair", {"hours_kind": "own", "hours.0": "07:00-09:00"}, "the packs allow 09:00-12:00"),
        ("repair", {"hours_kind": "own"}, "Nobody could ever be rung"),
        ("repair", {"hours_kind": "own", "hours.1": "nine to five"}, "Write it like 09:00-12:00"),
        ("repair", {"hours_kind": "own", "hours.1": "09:00-11:00 10:00-12:00"}, "overlap"),
        ("repair", {"max_attempts": "99"}, "from 1 to 20"),
        ("repair", {"priority": "-1"}, "from 0 to 100"),
        ("repair", {"retry.otherwise.after": ""}, "whole number from 1"),
        ("repair", {"retry.busy.after": "x", "retry.busy.times": "2"}, "whole number from 1"),
        ("repair", {"pacing": "parallel"}, "Choose one"),
        ("repair", {"why": " "}, "Say in a sentence why"),
        ("repair", {}, "nothing was changed"),
    ],
)
async def test_what_does_not_fit_keeps_what_was_typed_and_says_the_mend(
    house: House, name: str, changes: dict[str, str], mend: str
) -> None:
    await _community(house)
    if not changes:
        async with house.browser(LEAD) as browser:
            form = _fields((await browser.get(f"/campaigns/{name}")).text) | {"why": "again"}
    else:
        form = REPAIR | changes
    refused = await _post(house, f"/campaigns/{name}", form)
    assert refused.status_code == 422
    assert mend in refused.text
    assert f'value="{form["max_attempts"]}"' in refused.text
    assert await house.office.one("SELECT count(*) FROM campaign_change") == 0


def _fields(page: str) -> dict[str, str]:
    """Return what a browser would send of the campaign's form as it stands."""
    form = _Form()
    form.feed(page)
    return form.found


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type")
        if tag != "input" or name is None or name in {"csrf", "back", "language"}:
            return
        if kind not in {"radio", "checkbox"} or "checked" in given:
            self.found[name] = given.get("value") or ("on" if kind == "checkbox" else "")


async def test_a_debt_is_never_told_to_a_machine(house: House) -> None:
    await _community(house)
    async with house.browser(LEAD) as browser:
        form = _fields((await browser.get("/campaigns/overdue")).text)
    refused = await _post(house, "/campaigns/overdue", form | {"machine": "message", "why": "x"})
    assert refused.status_code == 422
    assert "A machine may hear no word of a debt" in refused.text


async def test_two_tabs_cannot_overwrite_each_other(house: House) -> None:
    await _community(house)
    await _post(house, "/campaigns/repair", REPAIR | {"priority": "9"})
    late = await _post(house, "/campaigns/repair", REPAIR | {"priority": "8"})
    assert late.status_code == 409
    assert "Somebody has changed it" in late.text
    assert 'value="8"' in late.text


async def test_a_reason_with_markup_stays_text(house: House) -> None:
    await _community(house)
    evil = "<script>alert(1)</script>"
    await _post(house, "/campaigns/repair", REPAIR | {"priority": "9", "why": evil})
    async with house.browser(LEAD) as browser:
        page = (await browser.get("/campaigns/repair")).text
    assert evil not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("role", [ApiRole.AGENT, ApiRole.INTEGRATOR])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/campaigns"),
        ("GET", "/campaigns/repair"),
        ("POST", "/campaigns/repair"),
        ("POST", "/campaigns/repair/default"),
        ("POST", "/campaigns/repair/pause"),
        ("GET", "/campaigns/live"),
    ],
)
async def test_who_does_not_steer_is_refused(
    house: House, role: ApiRole, method: str, path: str
) -> None:
    async with house.browser(role) as browser:
        assert (await browser.request(method, path)).status_code == 403


async def test_a_campaign_that_is_none_is_not_found(house: House) -> None:
    async with house.browser(LEAD) as browser:
        assert (await browser.get("/campaigns/nothing")).status_code == 404
        assert (await browser.get("/campaigns/list-77")).status_code == 404
