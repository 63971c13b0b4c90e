"""A call that is hung up before Asterisk was asked for it rings nobody."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.phone import PhoneNumber
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.placing import Placing
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.port import OutboundCall, TrunkLimits
from dialer.model import TelephonyResult
from tests.unit.dialer.bridges.asterisk.test_switchboard import Told
from tests.unit.dialer.bridges.stand_ins import Ear

pytestmark = pytest.mark.unit

CALL = OutboundCall(
    attempt_id=UUID("01a20237-ea33-7678-9c91-6e3140007557"),
    to=PhoneNumber("+8613800138001"),
    caller_id="",
    trunk="a",
    ring_timeout_s=30.0,
    max_seconds=60.0,
    detect_machine=False,
    synthetic=False,
)


class Stopped(Told):
    """A server on which all is stopped while a call is written into its book."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__()
        self._board = board

    async def act(
        self,
        action: str,
        headers: Mapping[str, str] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        within_s: float = 5.0,
    ) -> Mapping[str, str]:
        if action == "DBPut":
            await self._board.hang_up(CALL.attempt_id)
        return await super().act(action, headers, variables=variables, within_s=within_s)


async def test_a_call_stopped_while_it_is_written_down_is_not_placed() -> None:
    clock, ear = SystemClock(), Ear()
    board = Switchboard(clock)
    board.teller.open(ear)
    server = Stopped(board)
    trunk = Trunk(
        limits=TrunkLimits(name="a", channels=1, calls_per_second=1.0),
        server=server,
        dialect=Dialect.read("PJSIP/{digits}@trunk", region="CN"),
        caller_ids=CallerIds(),
    )

    await Placing({"a": trunk}, board, clock, talks=None).place(CALL, max_seconds=60.0)
    await board.close()

    assert [action for action, _ in server.acted] == ["Hangup", "DBPut"]
    assert ear.end(CALL.attempt_id).result is TelephonyResult.CANCELLED
