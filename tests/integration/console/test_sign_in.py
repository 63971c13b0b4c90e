"""Guesses at the door: counted one by one, they lock out nobody but who guesses."""

import asyncio

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.console import passwords
from api.console import sign_in as door
from api.console.sign_in import FREE_TRIES, give_password
from tests.integration.api.office import TEN
from tests.integration.console.house import House


async def test_who_guesses_elsewhere_does_not_lock_a_user_out_of_their_own_browser(
    house: House,
) -> None:
    password = await _password(house)
    async with house.stranger() as own, house.stranger() as elsewhere:
        assert (await _try(own, password)).status_code == 303
        assert own.cookies.get(door.BROWSER_COOKIE)
        for _ in range(FREE_TRIES):
            await _try(elsewhere)
        assert (await _try(elsewhere, password)).status_code == 403
        own.cookies.delete("ownerline_session")
        assert (await _try(own, password)).status_code == 303
        own.cookies.delete("ownerline_session")
        assert "Try again in 5 min" in [await _try(own) for _ in range(FREE_TRIES)][-1].text
        assert (await _try(own, password)).status_code == 403, "it has tries of its own, no more"


async def test_a_made_up_browser_is_a_stranger(house: House) -> None:
    await _password(house)
    for cookie in ("x", "x" * 400, "\u00e9"):
        header = f"{door.BROWSER_COOKIE}={cookie}".encode()
        async with house.stranger() as browser:
            answer = await browser.post(
                "/sign-in", data={"name": "admin", "password": "wrong"}, headers={b"Cookie": header}
            )
            assert answer.status_code == 403


async def test_many_guesses_at_once_are_no_more_than_one_by_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _password(house)
    looked_at: list[str] = []
    is_right = passwords.is_right

    async def watched(password: str, kept: str | None) -> bool:
        looked_at.append(password)
        return await is_right(password, kept)

    monkeypatch.setattr(door, "is_right", watched)
    async with house.stranger() as browser:
        await asyncio.gather(*(_try(browser, f"guess {number}") for number in range(10)))
    assert len(looked_at) == FREE_TRIES


async def test_of_very_many_at_once_some_come_again_and_no_connection_is_held_meanwhile(
    house: House, database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = await _password(house)
    full, gate, held = asyncio.Event(), asyncio.Event(), []
    is_right = passwords.is_right
    inside = 0

    async def slow(password: str, kept: str | None) -> bool:
        nonlocal inside
        inside += 1
        if inside == door.MOST_AT_ONCE:
            full.set()
        await gate.wait()
        return await is_right(password, kept)

    monkeypatch.setattr(door, "is_right", slow)
    async with house.stranger() as browser:
        names = [f"nobody {number}" for number in range(door.MOST_AT_ONCE)]
        waiting = [asyncio.create_task(_try(browser, name=name)) for name in names]
        await full.wait()
        held.append(database.pool.checkedout())  # type: ignore[attr-defined]
        assert (await _try(browser, password)).status_code == 429
        gate.set()
        await asyncio.gather(*waiting)
        assert (await _try(browser, password)).status_code == 303
    assert held == [0]


async def _password(house: House) -> str:
    async with house.office.deps.sessions.begin() as session:
        return await give_password(session, name="admin", now=TEN)


async def _try(
    browser: httpx.AsyncClient,
    password: str = "wrong",  # noqa: S107 - that it is wrong is the point
    *,
    name: str = "admin",
) -> httpx.Response:
    return await browser.post("/sign-in", data={"name": name, "password": password})
