"""Calls whose creation goes wrong: none is rung twice, none is lost, and why is said."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from core.database import create_engine
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    Closed,
    FateKind,
    SubmissionUnknownError,
)
from dialer.model import TelephonyResult
from tests.twilio.contract_rig import TwilioRig, twilio_rig
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.faults import Disorder, Fault
from tests.unit.dialer.bridges.stand_ins import OTHER_PHONE, PHONE, Ear, Phone, Script

_WITHIN_S = 8.0
_LOOK_S = 0.02


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def rig(twilio: Emulator, ear: Ear, module_database_url: str) -> AsyncIterator[TwilioRig]:
    twilio.carrier.faults.late_s = 2.0
    engine = create_engine(module_database_url, name="test")
    async with twilio_rig(twilio, engine) as rig:
        await rig.bridge.start(ear, Script())
        yield rig
    await engine.dispose()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not await holds():  # noqa: ASYNC110 - the carrier and the bridge are looked at
            await asyncio.sleep(_LOOK_S)


async def settled(rig: TwilioRig, number: int = 1) -> FateKind:
    """Ask for a fate until it is known, as the dialer does."""
    told = [FateKind.UNKNOWN]

    async def is_known() -> bool:
        told.append((await rig.bridge.fate(rig.call(number).attempt_id)).kind)
        return told[-1] is not FateKind.UNKNOWN

    await until(is_known)
    return told[-1]


async def heard(ear: Ear, kind: type[CallEvent], rig: TwilioRig) -> None:
    async def is_told() -> bool:
        return kind in ear.kinds(rig.call(1).attempt_id)

    await until(is_told)


@pytest.mark.parametrize("fault", [Fault.BROKEN_AFTER, Fault.LOST, Fault.LATE])
async def test_a_call_whose_creation_was_not_answered_is_found_and_told_whole(
    twilio: Emulator, rig: TwilioRig, ear: Ear, fault: Fault
) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    twilio.carrier.faults.next_creating.append(fault)
    twilio.carrier.postman.disorder = Disorder(lost=1.0)
    placed = rig.call(1, ring_timeout_s=4.0)
    with pytest.raises(SubmissionUnknownError):
        await rig.bridge.originate(placed)
    assert await settled(rig) is FateKind.LIVE
    assert await rig.bridge.live() == (placed.attempt_id,)
    await twilio.carrier.until_idle()
    assert await settled(rig) is FateKind.ENDED
    assert ear.end(placed.attempt_id).result is TelephonyResult.NO_ANSWER
    assert len(twilio.carrier.rings) == len(twilio.created()) == 1


async def test_a_call_that_webhooks_told_of_was_created(
    twilio: Emulator, rig: TwilioRig, ear: Ear
) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    twilio.carrier.faults.next_creating.append(Fault.LATE)
    placed = rig.call(1)
    await rig.bridge.originate(placed)
    await rig.until_over()
    assert ear.kinds(placed.attempt_id) == [CallSubmitted, CallRinging, CallEnded]
    assert len(twilio.carrier.rings) == 1


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.CUT])
async def test_a_call_that_twilio_does_not_list_was_never_placed(
    twilio: Emulator, rig: TwilioRig, ear: Ear, fault: Fault
) -> None:
    twilio.carrier.faults.next_creating.append(fault)
    placed = rig.call(1)
    with pytest.raises(SubmissionUnknownError):
        await rig.bridge.originate(placed)
    first = await rig.bridge.fate(placed.attempt_id)
    assert first.kind is FateKind.UNKNOWN
    assert await settled(rig) is FateKind.NEVER_PLACED
    with pytest.raises(BridgeError):
        await rig.bridge.originate(placed)
    assert twilio.carrier.rings == []
    assert ear.events == []


async def test_an_earlier_call_to_the_same_phone_is_another(
    twilio: Emulator, rig: TwilioRig
) -> None:
    rig.phone(PHONE, Phone.BUSY)
    await rig.bridge.originate(rig.call(1))
    await rig.until_over()
    twilio.carrier.faults.next_creating.append(Fault.BROKEN)
    with pytest.raises(SubmissionUnknownError):
        await rig.bridge.originate(rig.call(2))
    assert await settled(rig, 2) is FateKind.NEVER_PLACED


async def test_too_many_requests_create_nothing_and_the_call_may_be_placed_later(
    twilio: Emulator, rig: TwilioRig
) -> None:
    twilio.carrier.faults.next_creating.append(Fault.TOO_MANY)
    with pytest.raises(BridgeError) as refused:
        await rig.bridge.originate(rig.call(1))
    assert refused.value.retryable
    assert (await rig.bridge.fate(rig.call(1).attempt_id)).kind is FateKind.NEVER_PLACED
    await rig.bridge.originate(rig.call(1))
    await rig.until_over()
    assert len(twilio.carrier.rings) == 1


async def test_a_call_that_is_hung_up_while_its_creation_is_unanswered_is_ended(
    twilio: Emulator, rig: TwilioRig, ear: Ear
) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    twilio.carrier.postman.disorder = Disorder(lost=1.0)
    twilio.carrier.faults.next_creating.append(Fault.LATE)
    placed = rig.call(1, ring_timeout_s=30.0)
    creating = asyncio.create_task(rig.bridge.originate(placed))

    async def is_up() -> bool:
        return bool(twilio.carrier.live())

    await until(is_up)
    await rig.bridge.hang_up(placed.attempt_id)
    with pytest.raises(SubmissionUnknownError):
        await creating
    await settled(rig)
    await twilio.carrier.until_idle()
    assert await settled(rig) is FateKind.ENDED
    assert ear.end(placed.attempt_id).result is TelephonyResult.CANCELLED


async def test_callbacks_that_never_come_lose_no_outcome(
    twilio: Emulator, rig: TwilioRig, ear: Ear
) -> None:
    twilio.carrier.postman.disorder = Disorder(lost=1.0)
    rig.phone(PHONE, Phone.PRESSES_ONE)
    placed = rig.call(1)
    await rig.bridge.originate(placed)
    await heard(ear, CallAnswered, rig)
    await twilio.carrier.until_idle()
    assert await rig.bridge.live() == ()
    assert await settled(rig) is FateKind.ENDED
    assert ear.end(placed.attempt_id).result is TelephonyResult.ANSWERED


async def test_a_call_of_another_dialer_is_told_from_where_it_stands(
    twilio: Emulator, rig: TwilioRig, ear: Ear
) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    placed = rig.call(1)
    await rig.bridge.originate(placed)
    await rig.until_ringing()
    await rig.bridge.close()
    heirs = Ear()
    await rig.bridge.start(heirs, Script())
    assert (await rig.bridge.fate(placed.attempt_id)).kind is FateKind.LIVE
    await twilio.carrier.until_idle()
    await heard(heirs, CallEnded, rig)
    assert ear.kinds(placed.attempt_id) == [CallSubmitted, CallRinging]
    assert heirs.kinds(placed.attempt_id) == [CallEnded]


async def test_a_bridge_whose_credentials_are_refused_is_closed_and_opens_again(
    twilio: Emulator, rig: TwilioRig
) -> None:
    keys, twilio.carrier.keys = twilio.carrier.keys, {}
    with pytest.raises(BridgeError) as refused:
        await rig.bridge.originate(rig.call(1))
    assert refused.value.retryable
    assert dict(rig.bridge.closed) == {"twilio": Closed.NOT_LET_IN}
    twilio.carrier.keys = keys
    await rig.bridge.originate(rig.call(1))
    assert dict(rig.bridge.closed) == {}
    await rig.until_over()


async def test_what_may_not_be_rung_is_refused_before_twilio_is_asked(
    twilio: Emulator, rig: TwilioRig
) -> None:
    plain = rig.call(1)
    wrong = [
        replace(plain, synthetic=True),
        replace(plain, to=replace(PHONE, e164="13800138000")),
        replace(plain, to=replace(PHONE, e164="+86110")),
        replace(plain, trunk="elsewhere"),
    ]
    for each in wrong:
        with pytest.raises(BridgeError) as refused:
            await rig.bridge.originate(each)
        assert not refused.value.retryable
        assert "138" not in str(refused.value)
    assert twilio.created() == []


async def test_stop_ends_calls_whose_creation_was_not_answered(
    twilio: Emulator, rig: TwilioRig
) -> None:
    twilio.carrier.postman.disorder = Disorder(lost=1.0)
    for number, phone in enumerate((PHONE, OTHER_PHONE)):
        rig.phone(phone, Phone.RINGS_OUT)
        twilio.carrier.faults.next_creating.append(Fault.LOST)
        with pytest.raises(SubmissionUnknownError):
            await rig.bridge.originate(rig.call(number, phone, ring_timeout_s=30.0))

    async def is_stopped() -> bool:  # while a creation may yet be answered, its creator hangs up
        await rig.bridge.stop_all()
        return not twilio.carrier.live()

    await until(is_stopped)
    await twilio.carrier.until_idle()
    assert await rig.bridge.live() == ()


async def test_a_dialer_that_slept_rings_nobody_whose_call_another_dialer_took_over(
    twilio: Emulator, rig: TwilioRig
) -> None:
    taken = rig.call(1)
    for _ in range(2):  # who takes calls over asks twice
        assert (await rig.bridge.fate(taken.attempt_id)).kind is FateKind.NEVER_PLACED
    with pytest.raises(BridgeError):
        await rig.bridge.originate(taken)
    assert (await rig.bridge.fate(taken.attempt_id)).kind is FateKind.NEVER_PLACED
    assert twilio.created() == []
