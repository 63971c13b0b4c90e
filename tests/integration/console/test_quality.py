"""Quality sampling on screen: drawn once, scored beside the call, read by whom it is about."""

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from api.model import ApiRole
from api.tables import ApiUser
from customers.model import WrapUpCode
from recordings.quality_model import shipped_quality
from tests.integration.api.office import TEN
from tests.integration.console.house import HTML, House
from tests.integration.figures.town import Place

XSS = '"><script>alert(1)</script>'
CHINESE = {**HTML, "Accept-Language": "zh-CN"}
YES = {f"answer_{each.key}": "yes" for each in shipped_quality().sheet.criteria}


NO_FORMS: list[dict[str, str]] = [
    {"answer_truth": "perhaps"},
    {"answer_unknown": "yes"},
    {"revision": "-1"},
    {"revision": "9" * 30},
    {"revision": "²"},
]


@pytest.fixture
async def town(house: House) -> House:
    """A house whose agent spoke with four owners this morning."""
    async with house.office.deps.sessions.begin() as session:
        place = await Place.found(session, name=XSS, zone="Asia/Shanghai")
        agent_id = await session.scalar(
            sa.select(ApiUser.agent_id).where(ApiUser.role == ApiRole.AGENT)
        )
        for nth in range(4):
            await place.call(
                TEN - timedelta(minutes=5 + nth),
                agent_id=agent_id,
                code=WrapUpCode.DISSATISFIED,
                outcome={"reason": XSS},
                name=XSS,
            )
    return house


async def _drawn(browser: httpx.AsyncClient) -> list[str]:
    """Draw this month by hand and return the addresses of its sheets."""
    answer = await browser.post("/quality/draw", data={"month": "2026-05"})
    assert answer.headers["Location"] == "/quality?month=2026-05"
    page = (await browser.get("/quality")).text
    found = ["/quality/" + each.partition('"')[0] for each in page.split('href="/quality/')[1:]]
    return [each for each in found if "scores." not in each]


async def test_before_anything_is_drawn_the_page_says_so(house: House) -> None:
    for headers, words in ((HTML, "No sample has been drawn yet"), (CHINESE, "还没有抽过样")):
        async with house.browser(ApiRole.SUPERVISOR, headers) as browser:
            page = await browser.get("/quality")
            assert page.status_code == 200
            assert words in page.text
            nothing = await browser.post("/quality/draw", data={"month": "2026-05"})
            assert nothing.status_code == 409
            for path in ("/quality/77", "/quality/samples/77/again", "/quality?month=2026-01"):
                assert (await browser.get(path)).status_code == 404
    assert await house.office.one("SELECT count(*) FROM quality_sample") == 0


async def test_a_months_sample_is_drawn_once_and_told_in_both_languages(town: House) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        sheets = await _drawn(browser)
        assert len(sheets) == 3
        for month in ("2026-05", "2026-06", "2020-01"):
            answer = await browser.post("/quality/draw", data={"month": month})
            assert answer.status_code == 409
        for data in NO_FORMS:
            assert (await browser.post(f"{sheets[0]}/save", data=data)).status_code == 422
        nul = {"comment": "a\x00b", "revision": "0"}
        assert (await browser.post(f"{sheets[0]}/save", data=nul)).status_code == 200
    sample_id = await town.office.one("SELECT sample_id FROM quality_sample")
    for headers, words in ((HTML, "The same calls"), (CHINESE, "同样的通话")):
        async with town.browser(ApiRole.SUPERVISOR, headers) as browser:
            check = await browser.get(f"/quality/samples/{sample_id}/again")
            assert words in check.text
            for path in ("/quality", *sheets):
                page = await browser.get(path)
                assert page.status_code == 200, page.text
                assert "<script>alert" not in page.text
                assert "&lt;script&gt;alert" in page.text
    assert await town.office.one("SELECT population FROM quality_sample") == 4


async def test_a_sheet_is_kept_finished_and_corrected(town: House) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        first, second, _ = await _drawn(browser)
        part = {"HX-Request": "true"}
        kept = await browser.post(
            f"{first}/save",
            data={"answer_truth": "yes", "revision": "0", "editor": "one"},
            headers=part,
        )
        assert 'id="revision" value="1"' in kept.text
        stale = await browser.post(f"{first}/save", data={"revision": "0"}, headers=part)
        assert stale.status_code == 409
        assert stale.headers["HX-Retarget"] == "#notice"
        half = await browser.post(f"{first}/finish", data={"answer_truth": "yes", "revision": "1"})
        assert half.status_code == 422
        assert "checked" in (await browser.get(first)).text  # what was filled in is kept
        done = await browser.post(
            f"{first}/finish",
            # One save was still on its way when the page was sent.
            data={**YES, "answer_closing": "no", "revision": "0", "editor": "one", "comment": XSS},
        )
        assert done.headers["Location"] == second
        shown = (await browser.get(first)).text
        assert "90 of 100" in shown
        assert "<script>alert" not in shown
        twice = await browser.post(f"{first}/finish", data={**YES, "revision": "2"})
        assert twice.status_code == 409
        silent = await browser.post(f"{first}/correct", data={**YES, "revision": "2", "why": " "})
        assert silent.status_code == 422
        corrected = await browser.post(
            f"{first}/correct", data={**YES, "revision": "2", "why": "heard it twice"}
        )
        assert corrected.headers["Location"] == first
        shown = (await browser.get(first)).text
        assert "100 of 100" in shown
        assert "it was 90 before. heard it twice" in shown
        assert "1 of 3 calls scored" in (await browser.get("/quality")).text
    actions = await town.office.one(
        "SELECT array_agg(DISTINCT action ORDER BY action) FROM audit_entry"
        " WHERE action LIKE 'quality%' OR subject LIKE 'quality:%'"
    )
    assert actions == ["looked_at", "quality_corrected", "quality_drawn", "quality_scored"]


async def test_an_agent_reads_their_own_finished_scores_and_no_others(town: House) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as leader:
        first, second, _ = await _drawn(leader)
        await leader.post(f"{second}/save", data={"answer_truth": "no", "revision": "0"})
        await leader.post(f"{first}/finish", data={**YES, "revision": "0", "comment": "Good"})
    async with town.browser(ApiRole.AGENT) as agent:
        page = await agent.get("/quality/mine")
        assert "1 calls scored" in page.text
        assert "Good" in page.text
        for path in ("/quality", first):
            assert (await agent.get(path)).status_code == 403
        assert (await agent.post(f"{first}/finish", data=YES)).status_code == 403
    async with town.browser(ApiRole.ADMIN) as admin:
        assert "None of your calls" in (await admin.get("/quality/mine")).text
    async with town.office.deps.sessions.begin() as session:
        await session.execute(
            sa.text("""
                UPDATE api_user SET agent_id = (SELECT agent_id FROM quality_item LIMIT 1)
                WHERE role = 'supervisor'
            """)
        )
    async with town.browser(ApiRole.SUPERVISOR) as browser:  # nobody scores their own calls
        refused = await browser.post(f"{second}/finish", data={**YES, "revision": "1"})
    assert refused.status_code == 403


async def test_scores_are_taken_away_and_what_was_often_missed_stands_beside_them(
    town: House,
) -> None:
    async with town.browser(ApiRole.SUPERVISOR) as browser:
        first, second, _ = await _drawn(browser)
        page = (await browser.get("/quality?month=2026-05")).text
        assert "Most often not met" not in page
        for path, changed in (
            (first, {"answer_closing": "no"}),
            (second, {"answer_closing": "partly", "answer_reason": "partly"}),
        ):
            finished = await browser.post(
                f"{path}/finish", data={**YES, **changed, "revision": "0", "comment": "=1+1"}
            )
            assert finished.status_code == 303, finished.text
        page = (await browser.get("/quality?month=2026-05")).text
        assert page.index("Repeated what was agreed") < page.index("Said in one sentence")
        assert "2 of 2, 1 of them not at all" in page
        for path in ("/quality/scores.csv", "/quality/scores.csv?month=2020-01"):
            assert (await browser.get(path)).status_code == 404
        sent = await browser.get("/quality/scores.csv?month=2026-05")
        lines = sent.content.decode("utf-8-sig").splitlines()
        assert len(lines) == 4
        assert "Repeated what was agreed" in lines[0]
        assert sum("'=1+1" in line for line in lines) == 2
        book = await browser.get("/quality/scores.xlsx?month=2026-05")
        assert book.content[:2] == b"PK"
    taken = await town.office.one(
        "SELECT count(*) FROM audit_entry WHERE action = 'exported' AND subject = 'quality:2026-05'"
    )
    assert taken == 2
