"""What every bridge must do, as one suite: a bridge's own test module inherits `BridgeContract`.

The rig of a bridge says how its phones behave; the contract knows only the port.
"""

from dataclasses import replace

import pytest

from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallRinging,
    CallSubmitted,
    FateKind,
)
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import Reply, ReplyKind, Transfer, Turn
from tests.unit.dialer.bridges.stand_ins import OTHER_PHONE, PHONE, Ear, Phone, Rig, Script


class BridgeContract:
    """The suite; a subclass gives a `rig` fixture whose bridge has a trunk `a` of two channels."""

    @pytest.fixture
    def ear(self) -> Ear:
        return Ear()

    @pytest.fixture
    def script(self) -> Script:
        return Script()

    @pytest.fixture(autouse=True)
    async def started(self, rig: Rig, ear: Ear, script: Script) -> None:
        await rig.run(rig.bridge.start(ear, script))

    async def test_an_answered_call_tells_its_life_in_order(
        self, rig: Rig, ear: Ear, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.PRESSES_ONE)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert ear.kinds(placed.attempt_id) == [
            CallSubmitted,
            CallRinging,
            CallAnswered,
            CallEnded,
        ]
        instants = [event.at for event in ear.of(placed.attempt_id)]
        assert instants == sorted(instants)
        assert all(at.tzinfo is not None for at in instants)
        assert script.opened == {placed.attempt_id: AnsweredBy.HUMAN}
        assert script.replies[placed.attempt_id] == [Reply(kind=ReplyKind.KEYS, value="1")]
        end = ear.end(placed.attempt_id)
        assert (end.result, end.hangup_cause) == (TelephonyResult.ANSWERED, 16)
        assert end.seconds > 0

    @pytest.mark.parametrize(
        ("behaves", "result", "causes"),
        [
            (Phone.PRESSES_ONE, TelephonyResult.ANSWERED, {16}),
            (Phone.LISTENS, TelephonyResult.ANSWERED, {16}),
            (Phone.HANGS_UP, TelephonyResult.ANSWERED, {16}),
            (Phone.MACHINE, TelephonyResult.MACHINE, {16}),
            (Phone.BUSY, TelephonyResult.BUSY, {17}),
            (Phone.REJECTS, TelephonyResult.REJECTED, {21}),
            (Phone.RINGS_OUT, TelephonyResult.NO_ANSWER, {18, 19}),
            (Phone.SWITCHED_OFF, TelephonyResult.NO_ANSWER, {18, 20}),
            (Phone.DEAD, TelephonyResult.INVALID_NUMBER, {1, 28}),
            (Phone.CONGESTED, TelephonyResult.CONGESTION, {34, 38, 42}),
        ],
        ids=lambda value: str(value) if isinstance(value, Phone) else "",
    )
    async def test_every_behaviour_of_a_phone_has_its_telephony_result(
        self, rig: Rig, ear: Ear, behaves: Phone, result: TelephonyResult, causes: set[int]
    ) -> None:
        rig.phone(PHONE, behaves)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        end = ear.end(placed.attempt_id)
        assert end.result is result
        assert end.hangup_cause in causes
        assert end == ear.of(placed.attempt_id)[-1]
        answered = CallAnswered in ear.kinds(placed.attempt_id)
        assert answered == (result in {TelephonyResult.ANSWERED, TelephonyResult.MACHINE})
        assert (end.seconds > 0) == answered

    async def test_who_says_nothing_is_heard_as_silence(self, rig: Rig, script: Script) -> None:
        rig.phone(PHONE, Phone.LISTENS)
        script.questions = 2
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        heard = [reply.kind for reply in script.replies[placed.attempt_id]]
        assert heard == [ReplyKind.SILENCE, ReplyKind.SILENCE]

    async def test_who_hangs_up_is_the_last_the_script_hears(
        self, rig: Rig, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.HANGS_UP)
        script.questions = 5
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert [reply.kind for reply in script.replies[placed.attempt_id]] == [ReplyKind.HUNG_UP]

    async def test_without_detection_nobody_is_called_a_machine(
        self, rig: Rig, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.MACHINE)
        placed = rig.call(1, detect_machine=False)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert script.opened == {placed.attempt_id: AnsweredBy.UNSURE}

    async def test_a_transfer_ends_the_script(self, rig: Rig, ear: Ear, script: Script) -> None:
        rig.phone(PHONE, Phone.PRESSES_ONE)
        script.last = Turn(
            step="agent",
            language=Language.ENGLISH,
            say=("I am putting you through.",),
            transfer=Transfer(queue="collections"),
        )
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert ear.end(placed.attempt_id).result is TelephonyResult.ANSWERED
        assert len(script.replies[placed.attempt_id]) == 1

    async def test_a_phone_rings_no_longer_than_the_call_says(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1, ring_timeout_s=rig.ring_s)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        events = {type(event): event.at for event in ear.of(placed.attempt_id)}
        rang_s = (events[CallEnded] - events[CallRinging]).total_seconds()
        assert rang_s == pytest.approx(rig.ring_s, abs=1.0)
        assert ear.end(placed.attempt_id).result is TelephonyResult.NO_ANSWER

    async def test_a_ringing_call_that_is_hung_up_is_cancelled(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        await rig.run(rig.bridge.hang_up(placed.attempt_id))
        await rig.until_over()
        assert ear.end(placed.attempt_id).result is TelephonyResult.CANCELLED

    async def test_hanging_up_twice_or_too_late_or_nothing_changes_nothing(
        self, rig: Rig, ear: Ear
    ) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        for _ in range(2):
            await rig.run(rig.bridge.hang_up(placed.attempt_id))
        await rig.until_over()
        before = ear.end(placed.attempt_id)
        await rig.run(rig.bridge.hang_up(placed.attempt_id))
        await rig.run(rig.bridge.hang_up(rig.call(2).attempt_id))
        await rig.until_over()
        assert ear.end(placed.attempt_id) == before

    async def test_no_call_lasts_longer_than_it_may(
        self, rig: Rig, ear: Ear, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.LISTENS)
        script.questions = 1_000
        placed = rig.call(1, max_seconds=rig.longest_s)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        end = ear.end(placed.attempt_id)
        assert end.result is TelephonyResult.ANSWERED
        assert end.seconds == pytest.approx(rig.longest_s, abs=1.0)
        assert script.replies[placed.attempt_id][-1].kind is ReplyKind.HUNG_UP

    async def test_the_fate_of_a_call_follows_its_life(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        never = await rig.run(rig.bridge.fate(placed.attempt_id))
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        live = await rig.run(rig.bridge.fate(placed.attempt_id))
        assert await rig.run(rig.bridge.live()) == (placed.attempt_id,)
        await rig.until_over()
        ended = await rig.run(rig.bridge.fate(placed.attempt_id))
        assert (never.kind, live.kind, ended.kind) == (
            FateKind.NEVER_PLACED,
            FateKind.LIVE,
            FateKind.ENDED,
        )
        assert never.ended is None
        assert live.ended is None
        assert ended.ended is not None
        assert ended.ended.result is ear.end(placed.attempt_id).result
        assert await rig.run(rig.bridge.live()) == ()

    async def test_an_attempt_is_never_rung_twice(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        rig.phone(OTHER_PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        with pytest.raises(BridgeError) as live:
            await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        with pytest.raises(BridgeError) as over:
            await rig.run(rig.bridge.originate(replace(placed, to=OTHER_PHONE)))
        assert not live.value.retryable
        assert not over.value.retryable
        assert ear.kinds(placed.attempt_id).count(CallSubmitted) == 1

    async def test_a_trunk_takes_no_more_calls_than_it_has_channels(
        self, rig: Rig, ear: Ear
    ) -> None:
        numbers = [PhoneNumber(f"+861380013800{n}") for n in range(3)]
        for number in numbers:
            rig.phone(number, Phone.RINGS_OUT)
        for n, number in enumerate(numbers[:2]):
            await rig.run(rig.bridge.originate(rig.call(n, number)))
        with pytest.raises(BridgeError) as refused:
            await rig.run(rig.bridge.originate(rig.call(2, numbers[2])))
        assert refused.value.retryable
        await rig.until_over()
        assert ear.of(rig.call(2).attempt_id) == []
        await rig.run(rig.bridge.originate(rig.call(2, numbers[2])))
        await rig.until_over()
        assert ear.end(rig.call(2).attempt_id).result is TelephonyResult.NO_ANSWER

    async def test_an_unknown_trunk_is_refused_for_good(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.PRESSES_ONE)
        with pytest.raises(BridgeError) as refused:
            await rig.run(rig.bridge.originate(rig.call(1, trunk="elsewhere")))
        assert not refused.value.retryable
        await rig.until_over()
        assert ear.events == []

    async def test_stop_ends_every_call(self, rig: Rig, ear: Ear) -> None:
        for n, number in enumerate((PHONE, OTHER_PHONE)):
            rig.phone(number, Phone.RINGS_OUT)
            await rig.run(rig.bridge.originate(rig.call(n, number)))
        await rig.until_ringing()
        stopped_at = rig.now()
        await rig.run(rig.bridge.stop_all())
        await rig.until_over()
        for n in range(2):
            end = ear.end(rig.call(n).attempt_id)
            assert end.result is TelephonyResult.CANCELLED
            assert (end.at - stopped_at).total_seconds() < 1.0

    async def test_a_closed_bridge_tells_nothing_and_leaves_its_calls_alone(
        self, rig: Rig, ear: Ear
    ) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        told = len(ear.events)
        await rig.run(rig.bridge.close())
        assert await rig.run(rig.bridge.live()) == (placed.attempt_id,)
        await rig.until_over()
        assert len(ear.events) == told

    async def test_what_a_bridge_cannot_do_it_refuses(self, rig: Rig) -> None:
        if not rig.bridge.capabilities.rooms:
            with pytest.raises(BridgeError):
                await rig.run(rig.bridge.move_to_room(rig.call(1).attempt_id, "agent-1"))
        if not rig.bridge.capabilities.monitor:
            with pytest.raises(BridgeError):
                await rig.run(rig.bridge.monitor("agent-1", "1001", "listen"))
