"""The contract of every bridge, over Twilio's API and webhooks."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.twilio.contract_rig import TwilioRig, twilio_rig
from tests.twilio.kit.api import Emulator
from tests.unit.dialer.bridges.contract import BridgeContract


class TestTwilioBridge(BridgeContract):
    """Runs the contract."""

    @pytest.fixture
    async def rig(self, twilio: Emulator, database: AsyncEngine) -> AsyncIterator[TwilioRig]:
        async with twilio_rig(twilio, database) as rig:
            yield rig
        assert twilio.carrier.complaints == []
