"""A call is in the book before it rings, and one that is hung up before that rings nobody."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.phone import PhoneNumber
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.lines import Asked, ManagerRefusedError, ManagerTornError
from dialer.bridges.asterisk.placing import Placing
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.port import BridgeError, OutboundCall, TrunkLimits
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


class Denying(Told):
    """A server that makes every call's channel, and whose database writes nothing any more."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__()
        self.let.add("DBPut")
        self._board = board

    async def act_in_turn(self, first: Asked, then: Asked, *, within_s: float = 5.0) -> None:
        await super().act_in_turn(first, then, within_s=within_s)
        self._board.calls[CALL.attempt_id].decide(made=True)
        message = "Failed to put entry"
        raise ManagerTornError(message)


class Refusing(Told):
    """A server that lets nobody write into its database."""

    async def act(
        self,
        action: str,
        headers: Mapping[str, str] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        within_s: float = 5.0,
    ) -> Mapping[str, str]:
        await super().act(action, headers, variables=variables, within_s=within_s)
        message = "Permission denied"
        raise ManagerRefusedError(message)


def _placing(board: Switchboard, server: Told) -> Placing:
    trunk = Trunk(
        limits=TrunkLimits(name="a", channels=1, calls_per_second=1.0),
        server=server,
        dialect=Dialect.read("PJSIP/{digits}@trunk", region="CN"),
        caller_ids=CallerIds(),
    )
    return Placing({"a": trunk}, board, SystemClock(), talks=None)


async def test_a_call_that_may_not_be_in_the_book_is_not_placed() -> None:
    board = Switchboard(SystemClock())
    server = Refusing()
    with pytest.raises(BridgeError, match="not in the book") as refused:
        await _placing(board, server).place(CALL, max_seconds=60.0)
    assert refused.value.retryable
    assert (server.in_turn, dict(board.calls)) == ([], {})


async def test_a_call_placed_without_its_entry_is_seen_to_as_any_other() -> None:
    board = Switchboard(SystemClock())
    server = Denying(board)
    await _placing(board, server).place(CALL, max_seconds=60.0)
    assert server.in_turn == [("DBPut", "Originate")]
    assert list(board.calls) == [CALL.attempt_id]


async def test_a_call_stopped_while_it_is_written_down_is_not_placed() -> None:
    ear = Ear()
    board = Switchboard(SystemClock())
    board.teller.open(ear)
    server = Stopped(board)

    await _placing(board, server).place(CALL, max_seconds=60.0)
    await board.close()

    assert [action for action, _ in server.acted] == ["Hangup", "DBPut"]
    assert ear.end(CALL.attempt_id).result is TelephonyResult.CANCELLED
