"""The simulated bridge keeps the contract of every bridge."""

import pytest

from tests.unit.dialer.bridges.contract import BridgeContract
from tests.unit.dialer.bridges.rig import SimulatedRig


class TestSimulatedBridge(BridgeContract):
    """Runs the contract."""

    @pytest.fixture
    def rig(self) -> SimulatedRig:
        return SimulatedRig()
