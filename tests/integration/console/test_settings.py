"""Settings: who signs in, where agents belong, what holds in a community, what is only shown."""

import re
from typing import Any

import httpx
import pytest

from api.model import ApiRole
from customers.tables import Community
from tests.integration.console.house import House

PAGES = (
    "/settings/users",
    "/settings/agents",
    "/settings/communities",
    "/settings/packs",
    "/settings/deadlines",
    "/settings/lines",
    "/settings/speech",
    "/settings/installation",
    "/audit",
)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_of_the_settings_reads_in_both_languages(
    house: House, language: str
) -> None:
    async with house.browser(
        headers={"Accept": "text/html", "Accept-Language": language}
    ) as browser:
        for path in PAGES:
            page = await browser.get(path)
            assert page.status_code == 200, (path, page.text)
            assert f'href="{path}" aria-current="page"' in page.text
        for pack in ("CN", "UK", "US", "rehearsal"):
            page = await browser.get(f"/settings/packs?name={pack}")
            assert page.status_code == 200, page.text


async def test_a_supervisor_reads_the_settings_and_is_led_past_the_people(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        assert (await browser.get("/settings")).headers["Location"] == "/settings/agents"
        shown = await browser.get("/settings/communities")
    assert "/settings/users" not in shown.text
    assert "Add a community" not in shown.text


async def test_somebody_who_is_added_signs_in_with_the_password_that_is_shown_once(
    house: House,
) -> None:
    async with house.browser() as browser:
        given = {"name": "何莉", "role": "agent", "agent": "new", "team": "夜班"}
        made = await browser.post("/settings/users", data=given)
        assert made.status_code == 200
        password = _secret(made)
        again = await browser.post("/settings/users", data=given)
        assert again.status_code == 422
        assert "There is an agent" in again.text or "already" in again.text
        assert 'value="何莉"' in again.text
        listed = await browser.get("/settings/users?q=何")
        assert password not in listed.text
        assert "First password" in listed.text
    async with house.stranger() as browser:
        entered = await browser.post("/sign-in", data={"name": "何莉", "password": password})
        assert entered.headers["Location"] == "/"
    assert await house.office.one("SELECT team FROM agent WHERE name = '何莉'") == "夜班"


async def test_a_system_is_given_a_token(house: House) -> None:
    async with house.browser() as browser:
        made = await browser.post("/settings/users", data={"name": "crm", "role": "integrator"})
    async with house.office.stranger(Authorization=f"Bearer {_secret(made)}") as client:
        assert (await client.get("/communities")).status_code == 200


async def test_who_is_disabled_is_signed_out_and_let_in_again(house: House) -> None:
    way = await _way_to(house, "supervisor")
    async with house.browser() as admin, house.browser(ApiRole.SUPERVISOR) as browser:
        password = _secret(await admin.post(f"{way}/password"))
        assert (await browser.get("/settings")).headers["Location"].startswith("/sign-in")
        given = {"name": "supervisor", "password": password}
        async with house.stranger() as other:
            assert (await other.post("/sign-in", data=given)).status_code == 303
            assert "python-httpx" in (await admin.get(way)).text
            for _ in range(2):  # a double click
                done = await admin.post(f"{way}/disable")
                assert done.headers["Location"] == f"{way}?done=disabled"
            assert (await other.get("/password")).headers["Location"].startswith("/sign-in")
            refused = await other.post("/sign-in", data=given)
            assert (refused.status_code, "disabled" in refused.text) == (403, True)
            assert (await admin.post(f"{way}/enable")).status_code == 303
            assert (await other.post("/sign-in", data=given)).status_code == 303
    counted = "SELECT count(*) FROM audit_entry WHERE action = 'api_user_disabled'"
    assert await house.office.one(counted) == 1


async def test_nobody_disables_or_demotes_themselves(house: House) -> None:
    way = await _way_to(house, "admin")
    async with house.browser() as admin:
        for act in ("disable", "password"):
            assert (await admin.post(f"{way}/{act}")).status_code == 409
        assert (await admin.post(f"{way}/role", data={"role": "agent"})).status_code == 409
        shown = await admin.get(way)
    assert f"{way}/disable" not in shown.text


async def test_a_role_holds_at_once_and_one_browser_is_signed_out(house: House) -> None:
    way = await _way_to(house, "supervisor")
    async with house.browser() as admin, house.browser(ApiRole.SUPERVISOR) as browser:
        assert (await browser.get("/settings/agents")).status_code == 200
        await admin.post(f"{way}/role", data={"role": "agent", "agent": ""})
        assert (await browser.get("/settings/agents")).status_code == 403
        number = await house.office.one("SELECT max(console_session_id) FROM console_session")
        await admin.post(f"{way}/end-sessions", data={"console_session_id": number})
        assert (await browser.get("/settings/agents")).status_code == 303


async def test_an_agent_is_given_a_team_skills_and_a_phone(house: House) -> None:
    agent_id = await house.office.one("SELECT min(agent_id) FROM agent")
    way = f"/settings/agents/{agent_id}"
    given = {
        "team": "夜班",
        "skills": "催缴，英语, 英语",
        "languages": ["en"],
        "weight": "0.5",
        "endpoint": "PJSIP/101",
    }
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        for _ in range(2):
            saved = await browser.post(way, data=given)
            assert saved.headers["Location"] == f"{way}?done=saved"
        shown = await browser.get(way)
        assert 'value="催缴, 英语"' in shown.text
        wrong = await browser.post(way, data=given | {"endpoint": "13800138000", "team": "早班"})
        assert (wrong.status_code, "is no phone of ours" in wrong.text) == (422, True)
        assert 'value="早班"' in wrong.text
    row = "SELECT team || skills::text || languages::text || weight || endpoint FROM agent"
    assert await house.office.one(row) == "夜班{催缴,英语}{en}0.5PJSIP/101"
    placed = "SELECT count(*) FROM audit_entry WHERE action = 'agent_placed'"
    assert await house.office.one(placed) == 1


async def test_a_community_is_made_once_and_set(house: House) -> None:
    given = {
        "name": "翠湖花园",
        "time_zone": "Asia/Shanghai",
        "region": "CN",
        "currency": "CNY",
        "packs": ["CN"],
    }
    async with house.browser() as browser:
        made = await browser.post("/settings/communities", data=given)
        way = made.headers["Location"].partition("?")[0]
        again = await browser.post("/settings/communities", data=given | {"region": "GB"})
        assert again.headers["Location"] == f"{way}?done=community_known"
        mistakes: tuple[dict[str, Any], ...] = (
            {"time_zone": "Mars/Olympus"},
            {"region": "UK"},
            {"currency": "XXY"},
            {"packs": ["none"]},
            {"packs": []},
        )
        for wrong in mistakes:
            refused = await browser.post(way, data=given | wrong)
            assert (refused.status_code, "Not saved" in refused.text) == (422, True), wrong
        await browser.post(way, data=given | {"packs": ["CN", "rehearsal"]})
    assert await house.office.one("SELECT packs::text FROM community") == "{CN,rehearsal}"


async def test_long_lists_come_a_page_at_a_time(house: House) -> None:
    async with house.office.deps.sessions.begin() as session:
        session.add_all(
            Community(
                name=f"小区 {number:03}",
                time_zone="Asia/Shanghai",
                region="CN",
                currency="CNY",
                packs=["CN"],
            )
            for number in range(150)
        )
    async with house.browser() as browser:
        first = await browser.get("/settings/communities")
        assert ("小区 099" in first.text, "小区 100" in first.text) == (True, False)
        more = re.search(r'href="(/settings/communities\?[^"]*after[^"]*)"', first.text)
        assert more is not None
        second = await browser.get(more[1].replace("&amp;", "&"))
        assert ("小区 149" in second.text, "小区 099" in second.text) == (True, False)


async def _way_to(house: House, name: str) -> str:
    found = await house.office.one("SELECT api_user_id FROM api_user WHERE name = :n", n=name)
    return f"/settings/users/{found}"


def _secret(shown: httpx.Response) -> str:
    found = re.search(r'settings__secret"><code>([^<]+)</code>', shown.text)
    assert found is not None, shown.text
    return found[1]
