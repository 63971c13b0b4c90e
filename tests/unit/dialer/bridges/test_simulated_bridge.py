"""The simulated carrier's own ways: its rate, its book, its faults, payments and recordings."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from core.clock import VirtualClock
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallSubmitted,
    FateKind,
    RecordingReady,
    SubmissionUnknownError,
    TrunkLimits,
)
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.ledger import Ledger
from dialer.bridges.simulated.people import Behaviour, Reaction, Temper
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn
from tests.unit.dialer.bridges.rig import START, SimulatedRig
from tests.unit.dialer.bridges.stand_ins import OTHER_PHONE, PHONE, Ear, Phone, Script, call

ATTEMPT = call(1).attempt_id


class Broken:
    """A sink and host whose database has gone."""

    async def heard(self, event: CallEvent) -> None:
        raise ConnectionError

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        raise ConnectionError

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        raise ConnectionError

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        raise ConnectionError

    async def abandoned(self, attempt_id: UUID) -> Turn:
        raise ConnectionError

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        raise ConnectionError


@pytest.fixture
def rig() -> SimulatedRig:
    return SimulatedRig()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def script(rig: SimulatedRig, ear: Ear) -> Script:
    """Return the script of a bridge that has started."""
    script = Script()
    await rig.bridge.start(ear, script)
    return script


async def day(seed: int, *, calls: int = 2000, gap_s: float = 0.05) -> tuple[Ledger, Ear]:
    """Ring so many people, one after the other, and return the book and what was told."""
    clock = VirtualClock(START)
    carrier = SimulatedCarrier(
        clock,
        seed=seed,
        population=lambda e164: Behaviour(person=e164),
        trunks=[TrunkLimits(name="a", channels=calls, calls_per_second=20)],
    )
    bridge, ear = SimulatedBridge(carrier), Ear()
    await bridge.start(ear, Script(questions=3))

    async def ring_all() -> None:
        for n in range(calls):
            await bridge.originate(call(n, PhoneNumber(f"+8613800{n:06}")))
            await clock.sleep(gap_s)

    clock.spawn(ring_all())
    await clock.drive(START + timedelta(hours=2))
    return carrier.ledger, ear


async def test_equal_seeds_give_equal_books_and_equal_events() -> None:
    (first, first_ear), (second, second_ear) = await day(1, calls=300), await day(1, calls=300)
    assert first.jsonl() == second.jsonl()
    assert first_ear.events == second_ear.events
    assert (await day(2, calls=300))[0].jsonl() != first.jsonl()


async def test_another_pace_meets_the_same_people() -> None:
    (slow, _), (fast, _) = await day(1, calls=100, gap_s=10), await day(1, calls=100)
    same = [(c.result, c.hangup_cause) for c in slow.calls()]
    assert same == [(c.result, c.hangup_cause) for c in fast.calls()]
    assert [c.placed_at for c in slow.calls()] != [c.placed_at for c in fast.calls()]


async def test_two_thousand_calls_are_soon_over() -> None:
    began_s = time.process_time()
    ledger, ear = await day(1)
    assert time.process_time() - began_s < 5  # about one second on an idle machine
    assert not ledger.live()
    ends = Counter(event.attempt_id for event in ear.events if isinstance(event, CallEnded))
    assert len(ends) == ends.total() == 2000
    told = {e.attempt_id: e.result for e in ear.events if isinstance(e, CallEnded)}
    assert told == {call.call_id: call.result for call in ledger.calls()}


async def test_detection_errs_now_and_then_and_the_book_has_the_truth() -> None:
    ledger, _ = await day(1)
    humans = [c for c in ledger.calls() if c.answered_by is AnsweredBy.HUMAN]
    taken_for_machines = [c for c in humans if c.result is TelephonyResult.MACHINE]
    assert 0 < len(taken_for_machines) < 0.05 * len(humans)


# Limits.


@pytest.mark.parametrize(
    ("per_second", "instants_s", "taken"),
    [
        (5, [0.0] * 6, 5),
        (5, [n * 0.2 for n in range(20)], 20),
        (3, [n / 3 for n in range(20)], 20),
        (5, [n * 0.1 for n in range(40)], 24),
        (0.5, [0.0, 1.0, 2.0, 4.0], 3),
        (1, [0.0, 0.999, 1.0], 2),
    ],
    ids=["a burst", "evenly", "thirds", "twice too fast", "below one", "too early once"],
)
async def test_a_trunk_takes_its_calls_a_second_and_no_more(
    per_second: float, instants_s: Sequence[float], taken: int
) -> None:
    clock = VirtualClock(START)
    trunk = TrunkLimits(name="a", channels=100, calls_per_second=per_second)
    carrier = SimulatedCarrier(clock, seed=1, population={}, trunks=[trunk])
    refusals: list[BridgeError] = []
    for n, second in enumerate(instants_s):
        await clock.drive(START + timedelta(seconds=second))
        try:
            carrier.place(call(n, PhoneNumber(f"+8613800{n:06}")), max_seconds=60)
        except BridgeError as err:
            refusals.append(err)
    assert len(carrier.ledger.calls()) == taken
    assert carrier.refusals == Counter(rate=len(refusals))
    assert all(refusal.retryable for refusal in refusals)
    await clock.drive(START + timedelta(hours=1))


@pytest.mark.usefixtures("script")
async def test_a_phone_in_a_call_is_busy_to_the_next_one(rig: SimulatedRig, ear: Ear) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    for n in (1, 2):
        await rig.run(rig.bridge.originate(call(n)))
    await rig.until_over()
    assert ear.end(call(2).attempt_id).result is TelephonyResult.BUSY
    assert ear.end(ATTEMPT).result is TelephonyResult.NO_ANSWER


@pytest.mark.usefixtures("script")
async def test_the_bridges_own_limit_holds_for_every_call(rig: SimulatedRig, ear: Ear) -> None:
    rig.phone(PHONE, Phone.LISTENS)
    bridge = SimulatedBridge(rig.carrier, max_seconds=7)
    await bridge.start(ear, Script(questions=100))
    await rig.run(bridge.originate(call(1, max_seconds=300)))
    await rig.until_over()
    assert ear.end(ATTEMPT).seconds == 7


# Faults.


@pytest.mark.parametrize(
    ("faults", "fate"),
    [
        (Faults(lose_answers=1), FateKind.ENDED),
        (Faults(lose_submissions=1), FateKind.NEVER_PLACED),
    ],
    ids=["taken and not told", "never arrived"],
)
@pytest.mark.usefixtures("script")
async def test_the_fate_of_a_lost_submission_is_known_to_the_carrier(
    rig: SimulatedRig, ear: Ear, faults: Faults, fate: FateKind
) -> None:
    rig.phone(PHONE, Phone.BUSY)
    rig.carrier.faults = faults
    with pytest.raises(SubmissionUnknownError):
        await rig.run(rig.bridge.originate(call(1)))
    await rig.until_over()
    found = await rig.bridge.fate(ATTEMPT)
    assert found.kind is fate
    assert bool(ear.of(ATTEMPT)) == (fate is FateKind.ENDED)


@pytest.mark.usefixtures("script")
async def test_a_carrier_that_refuses_everything_may_be_tried_later(
    rig: SimulatedRig, ear: Ear
) -> None:
    rig.carrier.faults.refuse_all = True
    with pytest.raises(BridgeError) as refused:
        await rig.run(rig.bridge.originate(call(1)))
    assert refused.value.retryable
    assert not rig.carrier.ledger.calls()
    assert not ear.events


@pytest.mark.usefixtures("script")
async def test_a_dropped_event_is_made_good_by_the_fate(rig: SimulatedRig, ear: Ear) -> None:
    rig.phone(PHONE, Phone.BUSY)
    rig.carrier.faults.drop_events = 2
    await rig.run(rig.bridge.originate(call(1)))
    await rig.until_over()
    assert ear.events == []
    fate = await rig.bridge.fate(ATTEMPT)
    assert fate.ended is not None
    assert fate.ended.result is TelephonyResult.BUSY


async def test_a_carrier_may_not_know_at_first(rig: SimulatedRig) -> None:
    rig.carrier.faults.deaf_fates = 2
    fates = [(await rig.bridge.fate(ATTEMPT)).kind for _ in range(3)]
    assert fates == [FateKind.UNKNOWN, FateKind.UNKNOWN, FateKind.NEVER_PLACED]


@pytest.mark.usefixtures("script")
async def test_a_carrier_that_dies_cuts_its_calls_and_comes_back_with_its_book(
    rig: SimulatedRig, ear: Ear
) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    await rig.run(rig.bridge.originate(call(1)))
    await rig.until_ringing()
    rig.carrier.go_down()
    with pytest.raises(BridgeError):
        await rig.run(rig.bridge.originate(call(2, OTHER_PHONE)))
    assert (await rig.bridge.fate(ATTEMPT)).kind is FateKind.UNKNOWN
    await rig.until_over()
    assert CallEnded not in ear.kinds(ATTEMPT)
    rig.carrier.come_back()
    fate = await rig.bridge.fate(ATTEMPT)
    assert fate.ended is not None
    assert (fate.ended.result, fate.ended.hangup_cause) == (TelephonyResult.CARRIER_ERROR, 38)
    await rig.run(rig.bridge.originate(call(2, OTHER_PHONE)))
    await rig.until_over()
    assert ear.end(call(2).attempt_id).result is TelephonyResult.INVALID_NUMBER


async def test_a_call_outlives_no_failure_of_its_listener(rig: SimulatedRig) -> None:
    rig.phone(PHONE, Phone.PRESSES_ONE)
    broken = Broken()
    await rig.bridge.start(broken, broken)
    await rig.run(rig.bridge.originate(call(1)))
    await rig.until_over()
    fate = await rig.bridge.fate(ATTEMPT)
    assert fate.ended is not None
    assert fate.ended.result is TelephonyResult.ANSWERED
    assert rig.carrier.live() == ()


@pytest.mark.usefixtures("script")
async def test_people_hang_up_on_a_bridge_that_closed_in_mid_talk(
    rig: SimulatedRig, ear: Ear
) -> None:
    rig.phones[PHONE.e164] = Behaviour(
        reaction=Reaction.ANSWER, temper=Temper.SILENT, detected_as=AnsweredBy.HUMAN
    )
    await rig.run(rig.bridge.originate(call(1)))
    while CallAnswered not in ear.kinds(ATTEMPT):
        await rig.clock.drive(rig.now() + timedelta(seconds=1))
    await rig.run(rig.bridge.close())
    await rig.until_over()
    ended = rig.carrier.ledger.calls()[0]
    assert ended.result is TelephonyResult.ANSWERED
    assert ended.talk_seconds < 60
    again = Ear()
    await rig.bridge.start(again, Script())
    await rig.run(rig.bridge.originate(call(2)))
    await rig.until_over()
    assert again.kinds(call(2).attempt_id)[0] is CallSubmitted


# What a talk leaves behind.


async def test_a_payment_is_made_while_the_person_is_on_the_line(
    rig: SimulatedRig, ear: Ear, script: Script
) -> None:
    paid: list[tuple[str, datetime]] = []

    async def pay(person: str, at: datetime) -> None:
        paid.append((person, at))

    rig.carrier.on_payment = pay
    rig.phones[PHONE.e164] = Behaviour(
        person="p-1",
        reaction=Reaction.ANSWER,
        temper=Temper.SILENT,
        detected_as=AnsweredBy.HUMAN,
        pays_after_turns=2,
    )
    script.questions = 3
    await rig.run(rig.bridge.originate(call(1)))
    await rig.until_over()
    answered_at, ended_at = ear.of(ATTEMPT)[2].at, ear.end(ATTEMPT).at
    assert [person for person, _ in paid] == ["p-1"]
    assert answered_at < paid[0][1] < ended_at


async def test_what_is_recorded_is_told_before_the_script_hears_of_it(
    rig: SimulatedRig, ear: Ear
) -> None:
    class Records(Script):
        async def open(
            self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
        ) -> Turn:
            await super().open(attempt_id, answered_by, key=key)
            return Turn(
                step="remark",
                language=Language.ENGLISH,
                say=("Please speak after the tone.",),
                ask=Ask(kind=AskKind.RECORD, max_seconds=30),
            )

        async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
            assert isinstance(ear.events[-1], RecordingReady)
            await super().reply(attempt_id, reply, key=key)
            return self.last

    script = Records()
    await rig.bridge.start(ear, script)
    rig.phones[PHONE.e164] = Behaviour(
        reaction=Reaction.ANSWER, temper=Temper.COOPERATIVE, detected_as=AnsweredBy.HUMAN
    )
    await rig.run(rig.bridge.originate(call(1)))
    await rig.until_over()
    (recording,) = [event for event in ear.events if isinstance(event, RecordingReady)]
    (reply,) = script.replies[ATTEMPT]
    assert reply.kind is ReplyKind.RECORDING
    assert (reply.value, reply.seconds) == (recording.name, recording.seconds)
    assert str(ATTEMPT) in recording.location
