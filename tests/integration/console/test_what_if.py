"""The page that rehearses a day: its form, one at a time, how it ends, what it shows."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from api.model import ApiRole
from dialer.bridges.port import TrunkLimits
from dialer.whatif.keeping import begin_rehearsal, end_rehearsal
from dialer.whatif.result import differences, forecast_of
from dialer.whatif.tables import Rehearsal, RehearsalState
from tests.integration.api.office import TEN
from tests.integration.console.house import HTML, House
from tests.unit.dialer.whatif.days import day, due, played

CHINESE = {**HTML, "Accept-Language": "zh-CN"}
XSS = '"><script>alert(1)</script>'


@pytest.fixture
def told(house: House) -> House:
    """A house that knows its trunks."""
    deps = house.office.app.state.deps
    trunk = TrunkLimits(name="simulated", channels=30, calls_per_second=5.0)
    house.office.app.state.deps = replace(deps, trunks=(trunk,))
    return house


def _answer() -> dict[str, object]:
    of = day([due(each) for each in range(20)])
    days = [played(of, nth) for nth in range(3)]
    found = forecast_of(of, days).as_json()
    named = {
        "due_call_id": None,
        "community": XSS,
        "unit": "1-1-1",
        "reason": "overdue",
        "campaign": "overdue",
        "due_by": "2026-12-18T00:00:00+08:00",
        "probability": 1.0,
        "cause": "caps",
        "rule": None,
    }
    found["deadlines"]["named"] = [named]
    found["deadlines"]["causes"] = {"caps": 1.0}
    other = {name: each.as_json() for name, each in differences(days, days).items()}
    return {
        "date": "2026-12-17",
        "replications": 3,
        "notes": ["no_history", "stopped"],
        "history": {"days": 0, "attempts": 0},
        **found,
        "compare": {"setting": ["agents=3"], "other": found, "difference": other},
    }


async def test_what_means_nothing_is_said_beside_its_field_and_nothing_begins(told: House) -> None:
    async with told.browser(ApiRole.SUPERVISOR) as browser:
        for typed, words in (
            ({"day": "yesterday"}, "Choose today or a day within a year"),
            ({"day": "2001-01-01"}, "Choose today or a day within a year"),
            ({"day": "2026-12-01", "agents": "0"}, "Write 1 to 2000"),
            ({"day": "2026-12-01", "agents": XSS}, "Write 1 to 2000"),
            ({"day": "2026-12-01", "key": "hours", "value": "9-12"}, "Write them as 09:00-12:00"),
        ):
            page = await browser.post("/what-if", data=typed)
            assert page.status_code == 422, typed
            assert words in page.text
            assert XSS not in page.text
    async with told.office.deps.sessions() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Rehearsal)) == 0


async def test_a_day_on_which_nothing_is_due_is_told_so(told: House) -> None:
    async with told.browser(ApiRole.SUPERVISOR) as browser:
        begun = await browser.post("/what-if", data={"day": "2026-11-30"})
        assert begun.status_code == 303
        page = await browser.get(begun.headers["Location"])
        for _ in range(500):
            if "Nothing is due on that day" in page.text:
                break
            page = await browser.get(begun.headers["Location"])
        assert "Nothing is due on that day" in page.text


async def test_one_runs_at_a_time_and_may_be_stopped(told: House) -> None:
    async with told.office.deps.sessions.begin() as session:
        asked = {"typed": {"day": "2026-11-30"}, "day": "2026-11-30"}
        nth = await begin_rehearsal(session, asked=asked, by="test", now=TEN)
    async with told.browser(ApiRole.SUPERVISOR) as browser:
        second = await browser.post("/what-if", data={"day": "2026-11-30"})
        assert second.status_code == 422
        assert "Another rehearsal is under way" in second.text
        running = await browser.get(f"/what-if/{nth}")
        assert "Reading what is due" in running.text
        assert (await browser.post(f"/what-if/{nth}/stop")).status_code == 303
        assert (await browser.get("/what-if/999999")).status_code == 404
    async with told.office.deps.sessions() as session:
        assert await session.scalar(sa.select(Rehearsal.stop_asked)) is True


async def test_what_a_rehearsal_says_is_shown_in_both_languages(told: House) -> None:
    typed = {"day": "2026-12-17", "key": "agents", "campaign": "overdue", "value": XSS}
    async with told.office.deps.sessions.begin() as session:
        nth = await begin_rehearsal(
            session, asked={"typed": typed, "day": "2026-12-17"}, by="test", now=TEN
        )
        await end_rehearsal(
            session,
            nth,
            RehearsalState.DONE,
            played=3,
            answer=json.loads(json.dumps(_answer())),
        )
    for headers, words in (
        (HTML, ("people will be spoken with", "attempt caps, a silence or a gap", "no history")),
        (CHINESE, ("预计与", "次数上限、静默期或间隔", "没有呼叫记录")),
    ):
        async with told.browser(ApiRole.SUPERVISOR, headers) as browser:
            page = await browser.get(f"/what-if/{nth}")
            assert page.status_code == 200, page.text
            assert all(word in page.text for word in words)
            assert XSS not in page.text
            assert (await browser.get(f"/what-if?again={nth}")).status_code == 200
    async with told.browser(ApiRole.AGENT) as browser:
        assert (await browser.get(f"/what-if/{nth}")).status_code == 403
