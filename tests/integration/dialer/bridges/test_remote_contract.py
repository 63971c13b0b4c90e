"""The bridge to a carrier behind a socket keeps the contract of every bridge."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.dialer.bridges.remote_rig import RemoteRig, remote_rig
from tests.unit.dialer.bridges.contract import BridgeContract


class TestRemoteSimulatedBridge(BridgeContract):
    """Runs the contract."""

    @pytest.fixture
    async def rig(self) -> AsyncIterator[RemoteRig]:
        async with remote_rig() as rig:
            yield rig
