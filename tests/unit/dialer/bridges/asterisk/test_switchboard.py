"""A call's events of a manager interface, in every order in which they may come."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import permutations
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.errors import OwnerlineError
from dialer.bridges.asterisk.call import Call
from dialer.bridges.asterisk.lines import Asked, ManagerEvent, Server
from dialer.bridges.asterisk.switchboard import Switchboard
from dialer.bridges.port import CallAnswered, CallEnded, CallEvent, CallRinging, CallSubmitted
from dialer.model import AnsweredBy, TelephonyResult
from tests.unit.dialer.bridges.stand_ins import Ear

pytestmark = pytest.mark.unit

CALL_ID = UUID("01a20237-ea33-7678-9c91-6e3140007557")
ACTION_ID = "of-the-originate"
MADE = {"Newchannel": {"ChannelStateDesc": "Down"}}
RINGS = {"Newstate": {"ChannelStateDesc": "Ringing"}}
UP = {"Newstate": {"ChannelStateDesc": "Up"}}
REQUEST = {"HangupRequest": {"Cause": "17"}}
BUSY = {"Hangup": {"Cause": "17", "TechCause": "486"}}
CLEARED = {"Hangup": {"Cause": "16"}}
FAILED = {"OriginateResponse": {"Response": "Failure", "Reason": "0", "ActionID": ACTION_ID}}


class Told:
    """A server that says what a test lets it say."""

    name = "a"
    place = "here:1"
    is_up = True

    def __init__(self) -> None:
        self._hearers: list[tuple[str, Callable[[ManagerEvent], None]]] = []
        self.meets: list[Callable[[], Awaitable[None]]] = []
        self.acted: list[tuple[str, Mapping[str, str]]] = []
        self.let: set[str] = set()
        self.in_turn: list[tuple[str, str]] = []

    async def act(
        self,
        action: str,
        headers: Mapping[str, str] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        within_s: float = 5.0,
    ) -> Mapping[str, str]:
        self.acted.append((action, headers or {}))
        return {"Response": "Success"}

    def has_let(self, action: str) -> bool:
        return action in self.let

    async def act_in_turn(self, first: Asked, then: Asked, *, within_s: float = 5.0) -> None:
        self.in_turn.append((first.action, then.action))

    async def list(
        self, action: str, headers: Mapping[str, str] | None = None
    ) -> list[ManagerEvent]:
        return []

    def on(self, name: str, hear: Callable[[ManagerEvent], None]) -> None:
        self._hearers.append((name, hear))

    def on_connected(self, meet: Callable[[], Awaitable[None]]) -> None:
        self.meets.append(meet)

    def say(self, event: Mapping[str, Mapping[str, str]], channel: str = str(CALL_ID)) -> None:
        for name, headers in event.items():
            for heard, hear in self._hearers:
                if heard == name:
                    hear(ManagerEvent(name=name, headers={"Uniqueid": channel, **headers}))


class Board:
    """A switchboard with one call on it."""

    def __init__(self) -> None:
        self.server, self.ear = Told(), Ear()
        self.switchboard = Switchboard(SystemClock())
        self.switchboard.watch(self.server)
        self.switchboard.teller.open(self.ear)
        self.call = Call(
            attempt_id=CALL_ID,
            server=self.server,
            trunk="a",
            placed_at=SystemClock().now(),
            order=None,
            action_id=ACTION_ID,
            decided=asyncio.get_running_loop().create_future(),
        )
        self.switchboard.add(self.call)

    async def settled(self) -> list[type]:
        await asyncio.sleep(0)
        await self.switchboard.teller.close()
        return [type(event) for event in self.ear.events]


async def test_a_failure_before_or_after_the_hang_up_changes_nothing() -> None:
    for order in permutations([REQUEST, BUSY, FAILED]):
        if order.index(REQUEST) > order.index(BUSY):
            continue
        board = Board()
        board.server.say(MADE)
        for event in order:
            board.server.say(event)
        assert await board.settled() == [CallSubmitted, CallEnded]
        assert board.ear.end(CALL_ID).result is TelephonyResult.BUSY


async def test_an_answer_nobody_met_comes_before_the_end() -> None:
    board = Board()
    for event in (MADE, RINGS, UP, CLEARED):
        board.server.say(event)
    assert await board.settled() == [CallSubmitted, CallRinging, CallAnswered, CallEnded]


async def test_an_answer_is_met_before_its_event_has_come() -> None:
    board = Board()
    for event in (MADE, RINGS):
        board.server.say(event)
    await board.switchboard.met(CALL_ID, AnsweredBy.MACHINE)
    for event in (UP, CLEARED):
        board.server.say(event)
    assert await board.settled() == [CallSubmitted, CallRinging, CallAnswered, CallEnded]
    assert board.ear.end(CALL_ID).result is TelephonyResult.MACHINE


async def test_a_failure_without_a_channel_is_a_refusal_and_no_event() -> None:
    board = Board()
    board.server.say(FAILED, channel=str(CALL_ID))
    assert board.call.decided.result() is False
    assert await board.settled() == []


async def test_anothers_failure_with_the_same_channel_leaves_the_call_alone() -> None:
    board = Board()
    board.server.say(MADE)
    board.server.say({"OriginateResponse": {"Response": "Failure", "ActionID": "anothers"}})
    assert await board.settled() == [CallSubmitted]
    assert CALL_ID in board.switchboard.calls


async def test_a_channel_of_the_same_id_on_another_server_is_another_call() -> None:
    board, other = Board(), Told()
    other.place = "there:1"
    board.switchboard.watch(other)
    board.server.say(MADE)
    other.say(CLEARED)
    assert await board.settled() == [CallSubmitted]


async def test_a_call_not_listed_has_ended_at_once_or_the_second_time() -> None:
    for twice, looks in ((False, 1), (True, 2)):
        board = Board()
        board.server.say(MADE)
        for _ in range(looks):
            assert CALL_ID in board.switchboard.calls
            board.switchboard.compare(board.server, {}, made=board.switchboard.made(), twice=twice)
        assert await board.settled() == [CallSubmitted, CallEnded]
        assert board.ear.end(CALL_ID).result is TelephonyResult.LOST


async def test_a_call_that_was_sent_and_has_no_channel_yet_is_not_missed() -> None:
    board = Board()
    for _ in range(3):
        board.switchboard.compare(board.server, {}, made=board.switchboard.made(), twice=False)
    assert CALL_ID in board.switchboard.calls
    assert await board.settled() == []


async def test_a_call_that_came_to_be_while_a_list_was_read_has_not_ended() -> None:
    board = Board()
    made = board.switchboard.made()  # then the list is asked for
    board.server.say(MADE)
    board.switchboard.compare(board.server, {}, made=made, twice=False)
    assert CALL_ID in board.switchboard.calls
    assert await board.settled() == [CallSubmitted]


async def test_a_list_brings_a_call_up_to_date() -> None:
    board = Board()
    listed = {
        str(CALL_ID): ManagerEvent(name="CoreShowChannel", headers={"ChannelStateDesc": "Ringing"})
    }
    board.switchboard.compare(board.server, listed, made=(), twice=False)
    assert await board.settled() == [CallSubmitted, CallRinging]


async def test_a_sink_that_fails_stops_no_later_event() -> None:
    class Failing(Ear):
        async def heard(self, event: CallEvent) -> None:
            if isinstance(event, CallSubmitted):
                message = "the sink's own error"
                raise OwnerlineError(message)
            await super().heard(event)

    board = Board()
    board.ear = Failing()
    board.switchboard.teller.open(board.ear)
    for event in (MADE, RINGS, CLEARED):
        board.server.say(event)
    assert await board.settled() == [CallRinging, CallEnded]


async def test_early_media_is_told_once_and_not_of_a_phone_that_rings() -> None:
    for before, heard in ((MADE, [CALL_ID]), (RINGS, [])):
        board = Board()
        told: list[UUID] = []

        def hear(attempt_id: UUID, _: Server, told: list[UUID] = told) -> None:
            told.append(attempt_id)

        board.switchboard.on_progress(hear)
        board.server.say(MADE)
        board.server.say(before)
        for _ in range(2):
            board.server.say({"DialState": {"DialStatus": "PROGRESS"}})
        assert told == heard
        await board.settled()
