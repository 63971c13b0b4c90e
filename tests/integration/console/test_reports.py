"""The reports as pages and files: findings, tables, who may take what away."""

import csv
import io
import json
from datetime import timedelta
from html import unescape

import pytest

from api.console.reports import REPORTS
from api.model import ApiRole
from customers.model import WrapUpCode
from dialer.model import TelephonyResult
from tests.integration.api.office import TEN
from tests.integration.console.house import HTML, House
from tests.integration.figures.town import Place

XSS = '=<script>alert("1")</script>'
CHINESE = {**HTML, "Accept-Language": "zh-CN"}


@pytest.fixture
async def town(house: House) -> House:
    """A house with forty-one calls this morning, one of them of somebody with a wicked name."""
    async with house.office.deps.sessions.begin() as session:
        place = await Place.found(session, name=XSS, zone="Asia/Shanghai")
        for nth in range(40):
            answered = nth % 4 == 0
            await place.call(
                TEN - timedelta(minutes=nth % 55),
                TelephonyResult.ANSWERED if answered else TelephonyResult.NO_ANSWER,
                code=WrapUpCode.DISSATISFIED if answered else None,
                outcome={"reason": XSS} if answered else None,
                name=XSS,
            )
        await place.call(TEN - timedelta(hours=1), TelephonyResult.ABANDONED, name=XSS)
        await place.due(TEN - timedelta(hours=1), state="expired", settled_at=TEN)
    return house


async def test_an_empty_house_says_that_there_is_nothing(house: House) -> None:
    for headers, words in (
        (HTML, "No call was placed in these days"),
        (CHINESE, "这段时间没有打过电话"),
    ):
        async with house.browser(ApiRole.SUPERVISOR, headers) as browser:
            for path in ("/reports", *(f"/reports/{name}" for name in (*REPORTS, "record"))):
                page = await browser.get(path)
                assert page.status_code == 200, (path, page.text)
                assert ">0%" not in page.text
            assert words in (await browser.get("/reports")).text


async def test_every_report_is_a_page_a_workbook_and_a_csv(town: House) -> None:
    for headers in (HTML, CHINESE):
        async with town.browser(ApiRole.SUPERVISOR, headers) as browser:
            overview = await browser.get("/reports")
            assert overview.status_code == 200
            for name in (*REPORTS, "record"):
                page = await browser.get(f"/reports/{name}")
                assert page.status_code == 200, (name, page.text)
                assert "<script>alert" not in page.text
                for kind in ("csv", "xlsx"):
                    file = await browser.get(f"/reports/{name}/{kind}")
                    assert file.status_code == 200, (name, kind, file.text)
                    assert file.headers["Content-Disposition"].startswith("attachment")
    exported = await town.office.one(
        "SELECT count(*) FROM audit_entry WHERE action = 'exported' AND actor LIKE '%supervisor%'"
    )
    assert exported == 2 * 2 * (len(REPORTS) + 1)


async def test_findings_say_their_counts_and_the_record_leaves_guarded(town: House) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        answers = (await browser.get("/reports/answers?preset=today")).text
        causes = unescape((await browser.get("/reports/dissatisfied")).text)
        deadlines = (await browser.get("/reports/deadlines")).text
        abandoned = (await browser.get("/reports/abandonment")).text
        held = (await browser.get("/reports/dissatisfied")).text.partition('data-chart="')[2]
        record = await browser.get("/reports/record")
        file = await browser.get("/reports/record/csv?from=2026-05-20&to=2026-05-21")
    assert "11 of 41 calls were answered by a person (26.8%)" in answers
    assert "Dissatisfied: 10; causes: 1" in causes
    assert "Only 10, fewer than 30" in causes
    assert "Deadlines below target: 1 of 1" in deadlines
    assert "0 of 1 met (0%)" in deadlines
    assert "9.1% abandoned, over the ceiling of 3% so often: 1" in abandoned
    assert "1 of 11 people who answered met no agent" in abandoned
    chart = json.loads(unescape(held.partition('"')[0]))  # a chart carries its figures as data
    assert (chart["labels"], chart["series"][0]["values"]) == ([XSS], [10])
    assert "Calls: 41" in record.text
    head, *rows = csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline=""))
    assert len(rows) == 41
    first = dict(zip(head, rows[0], strict=True))
    assert first["Contact"] == f"'{XSS}"  # guarded
    assert first["Phone"].startswith("+44")  # left alone
    detail = await town.office.one(
        "SELECT detail FROM audit_entry WHERE action = 'exported' AND subject = 'report:record'"
    )
    assert (detail["rows"], detail["format"], detail["since"]) == (41, "csv", "2026-05-20")


QUERIES = (
    "from=2026-05-20&to=2026-05-20",
    "from=2026-05-20",
    "from=yesterday&to=today",
    "from=2020-01-01&to=2026-01-01",
    "from=9999-12-31&to=2026-05-20",
)


async def test_days_that_cannot_be_are_said_and_kept_as_typed(house: House) -> None:
    async with house.browser(ApiRole.SUPERVISOR) as browser:
        for query in QUERIES:
            for path in ("/reports", "/reports/answers", "/reports/answers/csv"):
                refused = await browser.get(f"{path}?{query}")
                assert refused.status_code == 422
                assert "at most 366 days apart" in refused.text
                assert query.split("&", maxsplit=1)[0].split("=")[1] in refused.text
        for path in ("/reports/nothing", "/reports/nothing/csv", "/reports?community=77"):
            assert (await browser.get(path)).status_code == 404
    for role in (ApiRole.AGENT, ApiRole.INTEGRATOR):
        async with house.browser(role) as browser:
            for path in ("/reports", "/reports/agents", "/reports/record/csv"):
                assert (await browser.get(path)).status_code == 403
