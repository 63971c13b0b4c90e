"""The report of chances foretold as a page and as files."""

import csv
import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from api.model import ApiRole
from dialer.model import TelephonyResult
from dialer.tables import Attempt
from tests.integration.api.office import TEN
from tests.integration.console.house import HTML, House
from tests.integration.figures.town import Place

CHINESE = {**HTML, "Accept-Language": "zh-CN"}
ANSWERED, NO_ANSWER = TelephonyResult.ANSWERED, TelephonyResult.NO_ANSWER


@pytest.fixture
async def town(house: House) -> House:
    """A house whose calls this morning were foretold well at 30 %, far too surely at 80 %."""
    async with house.office.deps.sessions.begin() as session:
        place = await Place.found(session, zone="Asia/Shanghai")
        for nth in range(80):
            foretold, came = (0.32, nth % 6 < 2) if nth < 40 else (0.85, nth % 4 == 0)
            at = TEN - timedelta(minutes=nth % 50)
            attempt_id = await place.call(at, ANSWERED if came else NO_ANSWER)
            change = sa.update(Attempt).where(Attempt.attempt_id == attempt_id)
            await session.execute(change.values(foretold=foretold))
    return house


async def test_the_page_says_where_chances_hold_in_both_languages(town: House) -> None:
    for headers, words, counted in (
        (HTML, "Chances foretold hold in 1 of 2 tenths", "80 calls, 58.5% foretold"),
        (CHINESE, "预计接听率，2 档里 1 档准", "80 次呼叫，预计平均 58.5%"),
    ):
        async with town.browser(ApiRole.SUPERVISOR, headers) as browser:
            page = (await browser.get("/reports/foretold?preset=today")).text
        assert words in page
        assert counted in page
        assert page.count('class="c-bar"') == 2
        assert 'class="whisker"' in page


async def test_the_file_holds_tenths_and_all_together(town: House) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        file = await browser.get("/reports/foretold/csv?from=2026-05-20&to=2026-05-21")
    head, *rows = csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline=""))
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert [each["Chance foretold"] for each in found] == ["30–40%", "80–90%", "All"]
    assert [each["Calls"] for each in found] == ["40", "40", "80"]
    assert [each["Answered"] for each in found] == ["14", "10", "24"]
    assert float(found[0]["Brier score"]) == pytest.approx(
        (14 * 0.68**2 + 26 * 0.32**2) / 40, abs=1e-4
    )
