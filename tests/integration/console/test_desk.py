"""The agent's desk through a call: offer, dial, answer, screen pop, hang up, wrap-up."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers


@pytest.fixture
async def floor(database: AsyncEngine) -> DeskFloor:
    """Ten in the morning; agents see repairs before they ring, and Li is at work with a phone."""
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PREVIEW))
    await floor.repaired(await floor.owner(answers()))
    await floor.build()
    await floor.is_user(await floor.agent("Li", endpoint="PJSIP/101"))
    floor.talks_s = 600
    return floor


async def test_a_call_goes_from_its_offer_to_its_wrap_up_on_screen(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        await floor.work(0.1)
        assert tab.mark == "ready"
        await tab.post("/desk/next")
        assert tab.mark.startswith("offer-")
        assert "王小明" in tab.text
        assert "Ring Mr 王" in tab.text
        await tab.post("/desk/dial")
        await floor.work(0.6)
        page = await tab.look()
        assert tab.mark.startswith("call-")
        assert 'hx-get="/desk/step"' in page
        assert "On call" in page
        assert (await tab.post("/desk/hang-up")).status_code == 200
        await floor.work(0.1)
        page = await tab.look()
        assert tab.mark.startswith("wrap-")
        assert 'hx-get="/desk/result"' in page
