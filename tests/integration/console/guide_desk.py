"""An agent's page with the script on it, as their browser has it, and the talks it is tried on."""

from typing import Any

import sqlalchemy as sa

from callback.campaign_model import HouseCampaigns
from callback.campaigns import Campaigns, Dialling, shipped_campaigns
from customers.model import CallMode
from dialer.agents.guide_tables import CallGuide
from tests.integration.console.desk_floor import DeskFloor, Tab
from tests.unit.api.forms import form_of, text_of


def debts_by_agents() -> Campaigns:
    """Return the shipped campaigns, with reminders spoken by agents."""
    shipped = shipped_campaigns()
    by_agents = {"mode": CallMode.AGENT, "dialling": Dialling.PROGRESSIVE}
    return Campaigns(
        HouseCampaigns.model_construct(
            version=shipped.version,
            source=shipped.source,
            overdue=shipped.overdue.model_copy(update=by_agents),
            repair=shipped.repair,
            survey=shipped.survey,
            promised=shipped.promised,
            uploaded=shipped.uploaded,
        )
    )


class Desk:
    """An agent's page during a call, as their browser has it."""

    def __init__(self, floor: DeskFloor, tab: Tab) -> None:
        self.floor, self.tab, self.page = floor, tab, ""

    async def look(self, path: str = "/desk/step") -> str:
        self.page = (await self.tab.get(path)).text
        return self.words

    @property
    def words(self) -> str:
        return text_of(self.page)

    async def press(self, choice: str, value: str = "") -> str:
        """Answer the step that is shown, by its own form."""
        sent = form_of(self.page, "step").press(choice, value=value)
        return await self.send("/desk/step", sent)

    async def send(self, path: str, sent: dict[str, str]) -> str:
        response = await self.tab.post(path, **sent)
        assert response.status_code in {200, 204}, response.text
        self.page = response.text or self.page
        return self.words

    async def back(self, to: int) -> str:
        counter = form_of(self.page, "step").fields["counter"]
        return await self.send("/desk/step/back", {"counter": counter, "to": str(to)})

    async def result(self, do: str, **fields: str) -> str:
        sent = {**form_of(self.page, "result").fields, **fields, "do": do}
        return await self.send("/desk/result", sent)

    async def hang_up(self) -> None:
        await self.tab.look()
        assert (await self.tab.post("/desk/hang-up")).status_code == 200
        await self.floor.work(0.2)
        assert await self.floor.states() == ["wrap_up"]


async def guide_of(floor: DeskFloor) -> Any:
    (row,) = await floor.rows(sa.select(CallGuide.__table__))
    return row
