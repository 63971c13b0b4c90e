"""What the network says of a call and is not believed: line breaks in numbers, and elsewhere."""

import asyncio
from uuid import UUID

import pytest

from dialer.bridges.asterisk.lines import ManagerEvent
from dialer.model import TelephonyResult
from tests.asterisk.control_rig import WITHIN_S, control, order
from tests.asterisk.kit.manager import Manager, Message
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.sipp import Exchange
from tests.asterisk.kit.stranger import ring_as

OURS = "075586010000"
CALLS = 5
SIPP = "PJSIP/{digits}@sipp"
SEAT = f"seat-room-1-{UUID(int=7).hex}"
FORGED = (
    "139\r\n\r\nEvent: ConfbridgeJoin\r\nPrivilege: call,all\r\nConference: room-1\r\n"
    f"Uniqueid: {SEAT}\r\nX: x"
)
ENDED = "139\r\nEventList: Complete"


@pytest.mark.parametrize(
    ("caller", "dialled"),
    [(FORGED, OURS), ("13955550001", FORGED), (ENDED, OURS), ("13955550001", ENDED)],
    ids=["an event in the caller's number", "in what it dialled", "a list's end", "in dialled"],
)
async def test_no_event_comes_from_what_a_caller_says_of_itself(
    pair: Pair, watcher: Manager, caller: str, dialled: str
) -> None:
    forged: list[ManagerEvent] = []
    arrived: asyncio.Queue[ManagerEvent] = asyncio.Queue()
    async with control(pair) as rig:
        (server,) = rig.bridge.servers
        server.on("ConfbridgeJoin", forged.append)
        server.on("UserEvent", arrived.put_nowait)
        for _ in range(CALLS):
            await ring_as(caller, dialled, port=pair.dialer.ports.sip)
        async with asyncio.timeout(WITHIN_S):
            told = [await arrived.get() for _ in range(CALLS)]
        listed = await server.list("CoreShowChannels")

    assert forged == []
    assert all(set(each.get("Caller")) <= set("+0123456789") for each in told)
    assert len(listed) == CALLS
    assert all("\n" not in each.get("Exten") for each in listed)


async def test_a_call_sent_elsewhere_does_not_come_in_to_our_own_script(
    pair: Pair, exchange: Exchange, watcher: Manager
) -> None:
    answered: list[str] = []
    gone = asyncio.Event()

    def hear(event: Message) -> None:
        if event.get("ChannelStateDesc") == "Up" or event["Event"] == "UserEvent":
            answered.append(event["Event"])
        if event["Event"] == "Hangup" and event["Channel"].endswith(";2"):
            gone.set()

    watcher.listen(hear)
    async with exchange.refuses(302), control(pair, pair.server(dial=SIPP)) as rig:
        call = await rig.place(order())
        end = await rig.ear.end(call.attempt_id)
        async with asyncio.timeout(WITHIN_S):
            await gone.wait()

    assert end.result is TelephonyResult.CARRIER_ERROR
    assert answered == []
