"""A campaign's pacing on the console and over the API: seen, tightened at once, loosened."""

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.model import ApiRole
from dialer.pacing.model import Limits
from dialer.pacing.pacer import Learned, Pacer
from dialer.predictive.replaying import glance_from_json
from dialer.predictive.runs import Made, Run, begin_run, keep
from tests.integration.console.house import House
from tests.integration.console.test_campaigns import REPAIR

LEAD = ApiRole.SUPERVISOR
RUN = UUID("019a0000-0000-7000-8000-000000000001")


@pytest.fixture
async def paced(house: House) -> House:
    """A house whose repairs are rung ahead of agents, with one decision on file."""
    now = house.office.deps.clock.now()
    async with house.office.deps.sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO community (name, time_zone, region, currency, packs)"
                " VALUES ('Garden', 'Asia/Shanghai', 'CN', 'CNY', '{CN}')"
            )
        )
        run = Run(
            run_id=RUN,
            campaign="repair",
            day=date(2026, 5, 20),
            began_at=now,
            day_ends_s=None,
            learned=Learned(),
        )
        await begin_run(session, run, dialer_id=None)
        glance = glance_from_json(
            {
                "now_s": 1.0,
                "hour": 10,
                "agents": 5,
                "idle": 2,
                "waiting": 0,
                "ringing": [],
                "talking": [],
                "wrapping": [],
                "live": 410,
                "abandoned": 12,
            }
        )
        limits = Limits(target=0.03, window_s=86_400.0)
        decision = Pacer().decide(glance, limits)
        made = Made(n=0, at=now, glance=glance, limits=limits, decision=decision)
        await keep(session, RUN, [made])
    async with house.browser(LEAD) as browser:
        sent = await browser.post("/campaigns/repair", data=REPAIR | {"pacing": "predictive"})
        assert sent.status_code == 303
    return house


async def test_a_supervisor_sees_the_budget_and_why_in_both_languages(paced: House) -> None:
    async with paced.browser(LEAD) as browser:
        english = (await browser.get("/campaigns/repair")).text
        assert "12 of 410 abandoned today, target 3.0%" in english
        assert "the packs&#39; ceiling is 3%" in english or "the packs' ceiling is 3%" in english
        assert "Calls are placed ahead of agents" in english
        wall = (await browser.get("/wall")).text
        assert "12 of 410 abandoned today" in wall
    async with paced.browser(LEAD, {"Accept-Language": "zh-CN"}) as browser:
        assert "正在提前拨号" in (await browser.get("/campaigns/repair")).text


async def test_a_supervisor_tightens_and_loosens_and_both_are_audited(paced: House) -> None:
    async with paced.browser(LEAD) as browser:
        tighten = {"target": "1.5", "why": "complaints today"}
        assert (await browser.post("/campaigns/repair/tighten", data=tighten)).status_code == 303
        shown = (await browser.get("/campaigns/repair")).text
        assert "complaints today" in shown
        assert "1.5%" in shown
        one_line = {"one_line": "on"}
        assert (await browser.post("/campaigns/repair/tighten", data=one_line)).status_code == 303
        assert "a supervisor asked for it" in (await browser.get("/campaigns/repair")).text
        for _ in range(2):  # a double click
            assert (await browser.post("/campaigns/repair/loosen", data={})).status_code == 303
    counted = "SELECT count(*) FROM audit_entry WHERE action = :action"
    assert await paced.office.one(counted, action="pacing_tightened") == 2
    assert await paced.office.one(counted, action="pacing_loosened") == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "lower target or ask"),
        ({"target": "3"}, "must be below"),
        ({"target": "0.01"}, "too low"),
        ({"target": "<script>"}, "Give a number"),
        ({"target": "一半"}, "Give a number"),
    ],
)
async def test_what_does_not_tighten_is_refused_and_says_the_mend(
    paced: House, form: dict[str, str], said: str
) -> None:
    async with paced.browser(LEAD) as browser:
        refused = await browser.post("/campaigns/repair/tighten", data=form)
    assert refused.status_code == 422
    assert said in refused.text
    assert 'value="<script>' not in refused.text
    assert await paced.office.one("SELECT count(*) FROM pacing_tightening") == 0


async def test_over_the_api_a_campaign_is_seen_tightened_and_loosened(paced: House) -> None:
    async with paced.office.client() as client:
        seen = (await client.get("/campaigns/repair/pacing")).json()
        assert seen["predictive"] is True
        assert seen["last"]["because"].endswith("12 of 410 abandoned today, target 3.0%")
        given = {"target": 0.02, "why": "a quiet day"}
        tightened = (await client.put("/campaigns/repair/pacing", json=given)).json()
        assert tightened["target"] == 0.02
        assert (await client.put("/campaigns/repair/pacing", json={"why": "x"})).status_code == 422
        loosened = (await client.delete("/campaigns/repair/pacing")).json()
        assert loosened["tightened"] is None
        assert (await client.get("/campaigns/overdue/pacing")).status_code == 422
        assert (await client.get("/campaigns/nobody/pacing")).status_code == 404
