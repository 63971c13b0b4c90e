"""The edge of every page: who may come in, whose forms count, what a failure looks like."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.console.sign_in import FREE_TRIES, give_password
from api.deps import ApiLimits
from api.model import ApiRole
from api.users import disable_user, somebody_can_sign_in
from tests.integration.api.office import TEN, Office
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
        {"Origin": "null"},
        {"Origin": "http://["},
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


@pytest.mark.parametrize("address", ["/static/x/tokens.css", "/static/x/none", "/none", "/%00"])
async def test_whatever_is_answered_can_neither_run_nor_be_framed(
    house: House, address: str
) -> None:
    async with house.stranger(headers={"Accept": "*/*"}) as browser:
        answers = [await browser.request(verb, address) for verb in ("GET", "POST", "DELETE")]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.status_code < 500


async def test_what_is_not_there_is_said_as_a_page(house: House) -> None:
    async with house.browser() as browser:
        missing = await browser.get("/nowhere")
    assert missing.status_code == 404
    assert "<!doctype html>" in missing.text


async def test_the_door_says_how_many_tries_are_left_and_tells_nobody_which_names_there_are(
    house: House,
) -> None:
    async with house.stranger() as browser:
        for name in ("admin", "nobody-of-ours"):
            said = [
                re.sub(r"\s+", " ", (await _try(browser, name)).text.partition('id="trouble"')[2])
                for _ in range(FREE_TRIES + 1)
            ]
            assert [re.findall(r"Tries left: (\d)", each)[:1] for each in said] == [
                *([str(FREE_TRIES - wrong)] for wrong in range(1, FREE_TRIES)),
                [],
                [],
            ]
            assert all("Try again in 5 min" in each for each in said[-2:])


async def test_a_locked_name_opens_after_its_time_and_the_next_lock_is_longer(
    house: House,
) -> None:
    async with house.office.deps.sessions.begin() as session:
        password = await give_password(session, name="admin", now=TEN)
    async with house.stranger() as browser:
        for _ in range(FREE_TRIES):
            await _try(browser, "admin")
        await house.office.clock.drive(house.office.clock.now() + timedelta(minutes=6))
        again = await _try(browser, "admin")
        assert "Try again in 10 min" in again.text
        await house.office.clock.drive(house.office.clock.now() + timedelta(minutes=11))
        entered = await _try(browser, "admin", password)
        assert entered.status_code == 303


async def test_an_address_that_is_refused_too_often_is_heard_no_more(
    database: AsyncEngine,
) -> None:
    limits = ApiLimits(refusals_per_minute=3)
    house = House(office=await Office.open(database, limits=limits))
    async with house.stranger() as browser:
        tried = [(await _try(browser, f"name-{number}")).status_code for number in range(5)]
    assert tried == [403, 403, 403, 429, 429]


async def test_signing_in_at_two_tabs_ends_the_first_session(house: House) -> None:
    async with house.office.deps.sessions.begin() as session:
        password = await give_password(session, name="admin", now=TEN)
    async with house.stranger() as browser:
        for _ in range(2):  # both tabs showed the door before
            assert (await _try(browser, "admin", password)).status_code == 303
    live = "SELECT count(*) FROM console_session WHERE ended_at IS NULL"
    assert await house.office.one(live) == 1


async def test_an_admin_with_a_password_is_who_lets_others_in(house: House) -> None:
    async with house.office.deps.sessions.begin() as session:
        assert not await somebody_can_sign_in(session)
        await give_password(session, name="supervisor", now=TEN)
        assert not await somebody_can_sign_in(session)
        await give_password(session, name="admin", now=TEN)
        assert await somebody_can_sign_in(session)
        await disable_user(session, name="admin", now=TEN)
        assert not await somebody_can_sign_in(session)


@pytest.mark.parametrize("name", ["a\x00b", "x" * 201, "", "' OR 1=1 --"])
async def test_odd_names_are_nobodys(house: House, name: str) -> None:
    async with house.stranger() as browser:
        assert (await _try(browser, name)).status_code in {403, 422}


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Calls may be placed today"), ("zh-CN", "今天可呼")]
)
async def test_the_door_says_when_owners_may_be_called(
    house: House, language: str, words: str
) -> None:
    async with house.stranger(headers={"Accept-Language": language}) as browser:
        door = await browser.get("/sign-in")
    assert f"{words} 09:00–12:00" in door.text
    assert door.text.count("<rect") > 150


async def _try(browser: httpx.AsyncClient, name: str, password: str = "wrong") -> httpx.Response:  # noqa: S107 - that it is wrong is the point
    return await browser.post("/sign-in", data={"name": name, "password": password})
