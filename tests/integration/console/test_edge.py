"""The edge of every page: who may come in, whose forms count, what a failure looks like."""

import pytest

from api.console.sign_in import FREE_TRIES, give_password
from api.model import ApiRole
from tests.integration.api.office import TEN
from tests.integration.console.house import House


async def test_a_stranger_is_led_to_the_door_and_back(house: House) -> None:
    async with house.stranger() as browser:
        led = await browser.get("/?a=1")
        assert led.status_code == 303
        assert led.headers["Location"] == "/sign-in?next=%2F%3Fa%3D1"
        door = await browser.get(led.headers["Location"])
    assert door.status_code == 200
    assert "Sign in" in door.text


async def test_the_first_password_opens_the_way_to_a_new_one_only(house: House) -> None:
    async with house.office.deps.sessions.begin() as session:
        password = await give_password(session, name="supervisor", now=TEN)
    async with house.stranger() as browser:
        entered = await browser.post("/sign-in", data={"name": "supervisor", "password": password})
        assert entered.status_code == 303
        led = await browser.get("/")
        assert led.headers["Location"] == "/password"
        form = await browser.get("/password")
        csrf = form.text.partition('name="csrf" value="')[2].partition('"')[0]
        new = "four words of mine"
        given = {"csrf": csrf, "old": password, "new": new, "again": new}
        assert (await browser.post("/password", data=given)).headers["Location"] == "/"
        assert (await browser.get("/")).headers["Location"] == "/wall"


async def test_wrong_passwords_lock_a_name_for_longer_and_longer(house: House) -> None:
    async with house.office.deps.sessions.begin() as session:
        password = await give_password(session, name="admin", now=TEN)
    async with house.stranger() as browser:
        wrong = [
            await browser.post("/sign-in", data={"name": "admin", "password": "wrong"})
            for _ in range(FREE_TRIES)
        ]
        assert "Try again in 5 min" in wrong[-1].text
        right = await browser.post("/sign-in", data={"name": "admin", "password": password})
        assert right.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": "another's"},
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_form_of_another_site_changes_nothing(
    house: House, headers: dict[str, str]
) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        refused = await browser.post("/sign-out", headers=headers)
        assert refused.status_code == 403
        assert (await browser.get("/password")).status_code == 200


async def test_pages_hold_no_inline_code_and_forbid_it(house: House) -> None:
    async with house.browser() as browser:
        page = await browser.get("/password")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


async def test_what_is_not_there_is_said_as_a_page(house: House) -> None:
    async with house.browser() as browser:
        missing = await browser.get("/nowhere")
    assert missing.status_code == 404
    assert "<!doctype html>" in missing.text
