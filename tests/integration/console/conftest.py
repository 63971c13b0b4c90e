"""Fixtures of the console's tests."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from customers.account_tables import Charge
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.guide_desk import debts_by_agents
from tests.integration.console.house import House
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers


@pytest.fixture
async def house(database: AsyncEngine) -> House:
    """An installation of the test's own with its console."""
    return House(office=await House.office_of(database))


@pytest.fixture
async def repairs(database: AsyncEngine) -> DeskFloor:
    """Li speaks with the owner of a finished repair."""
    floor = await DeskFloor.opened(database, campaigns=agents_campaigns(Dialling.PROGRESSIVE))
    await floor.repaired(await floor.owner(answers()))
    await floor.speaks()
    return floor


@pytest.fixture
async def debts(database: AsyncEngine) -> DeskFloor:
    """Li speaks with an owner who owes 100.00 and a late fee."""
    floor = await DeskFloor.opened(database, campaigns=debts_by_agents())
    charge_id = await floor.owes(await floor.owner(answers()))
    await floor.write(
        lambda session: session.execute(
            sa.update(Charge).where(Charge.charge_id == charge_id).values(late_fee_minor=854)
        )
    )
    await floor.speaks()
    return floor
