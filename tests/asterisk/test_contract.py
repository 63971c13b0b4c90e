"""The contract of every bridge, on a real Asterisk with real phones."""

from collections.abc import AsyncIterator

import pytest

from tests.asterisk.contract_rig import AsteriskRig, asterisk_rig
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Phones
from tests.unit.dialer.bridges.contract import BridgeContract


class TestAsteriskBridge(BridgeContract):
    """Runs the contract."""

    @pytest.fixture
    async def rig(self, pair: Pair, phones: Phones, watcher: Manager) -> AsyncIterator[AsteriskRig]:
        async with asterisk_rig(pair, phones) as rig:
            yield rig
