"""A supervisor looks back at an instant, and steps on from it."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from api.model import ApiRole
from customers.tables import AuditEntry
from dialer.replay.tables import ClaimRecord
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.house import House
from tests.integration.dialer.day import TEN

_HEAD = re.compile(r"<h1[^>]*>([^<]*)</h1>")
_LINK = re.compile(r'href="(/replay\?[^"]*)"[^>]*>Next look')


async def test_an_instant_shows_who_was_chosen_and_where_agents_stood(repairs: DeskFloor) -> None:
    floor = repairs
    async with floor.sessions() as session:
        looked_at = await session.scalar(sa.select(sa.func.min(ClaimRecord.at)))
    assert looked_at is not None
    local = looked_at + timedelta(hours=8)
    async with floor.house.browser(ApiRole.SUPERVISOR) as browser:
        page = await browser.get(f"/replay?day={local:%Y-%m-%d}&at={local:%H:%M}:59")
        assert page.status_code == 200, page.text
        for words in (
            "Not armed",
            "Repair callbacks",
            "Li</a>",
            "1 looked at, 0 refused, 1 placed",
            "Chosen",
            "/files/persons/",
        ):
            assert words in page.text, words
        before = await browser.get(f"/replay?day={local:%Y-%m-%d}&at=00:00")
        step = _LINK.search(before.text)
        assert step is not None
        stepped = await browser.get(step[1].replace("&amp;", "&"))
        assert "1 looked at, 0 refused, 1 placed" in stepped.text
        assert _LINK.search(stepped.text) is None
    async with floor.sessions() as session:
        looks = await session.scalars(
            sa.select(AuditEntry.subject).where(AuditEntry.action == "looked_back")
        )
        assert len(looks.all()) == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("", "Nothing is known of this instant"),
        ("day=2026-05-19&at=10:42", "at 10:42:00"),
        ("day=2026-05-19&at=10:42:31", "at 10:42:31"),
        ("day=2026-02-31&at=09:00", "There is no such day"),
        ("day=2026-05-19&at=25:00", "There is no such time"),
        ("day=2026-05-19&at=%3Cscript%3E", "There is no such time"),
        ("day=2099-01-01&at=09:00", "has not come"),
        ("day=1970-01-01&at=00:00:00", "at 00:00:00"),
        ("day=2026-05-19&at=09:00%2B05:00", "at 09:00:00"),
    ],
)
async def test_whatever_is_asked_is_answered_in_words(house: House, asked: str, words: str) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        page = await browser.get(f"/replay?{asked}")
    assert page.status_code == 200, page.text
    assert words in page.text
    assert _HEAD.search(page.text) is not None


async def test_without_anything_asked_it_is_now(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        page = await browser.get("/replay")
    head = _HEAD.search(page.text)
    assert head is not None
    assert f"{TEN + timedelta(hours=8):%H:%M}" in head[1]
