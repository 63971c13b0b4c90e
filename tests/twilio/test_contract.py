"""The contract of every bridge, over Twilio's API and webhooks."""

from collections.abc import AsyncIterator

import pytest

from core.database import create_engine
from tests.twilio.contract_rig import TwilioRig, twilio_rig
from tests.twilio.kit.api import Emulator
from tests.unit.dialer.bridges.contract import BridgeContract


class TestTwilioBridge(BridgeContract):
    """Runs the contract."""

    @pytest.fixture
    async def rig(self, twilio: Emulator, module_database_url: str) -> AsyncIterator[TwilioRig]:
        engine = create_engine(module_database_url, name="test")
        async with twilio_rig(twilio, engine) as rig:
            yield rig
        await engine.dispose()
        assert twilio.carrier.complaints == []
