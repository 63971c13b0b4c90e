"""Callbacks late, twice, out of order and lost: what the engine hears is in order, and once."""

from collections.abc import AsyncIterator

import pytest

from core.database import create_engine
from dialer.bridges.port import CallAnswered, CallEnded, CallRinging, CallSubmitted, FateKind
from dialer.model import TelephonyResult
from tests.twilio.contract_rig import TwilioRig, twilio_rig
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.faults import Disorder
from tests.unit.dialer.bridges.stand_ins import OTHER_PHONE, PHONE, Ear, Phone, Script

_LIFE = (CallSubmitted, CallRinging, CallAnswered, CallEnded)


@pytest.fixture
async def rig(twilio: Emulator, module_database_url: str) -> AsyncIterator[TwilioRig]:
    engine = create_engine(module_database_url, name="test")
    async with twilio_rig(twilio, engine) as rig:
        yield rig
    await engine.dispose()


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_of_callbacks_the_engine_hears_a_life(
    twilio: Emulator, rig: TwilioRig, seed: int
) -> None:
    ear, script = Ear(), Script()
    twilio.carrier.postman.disorder = Disorder(seed=seed, late=0.8, late_s=0.4, twice=0.6)
    await rig.bridge.start(ear, script)
    rig.phone(PHONE, Phone.PRESSES_ONE)
    rig.phone(OTHER_PHONE, Phone.BUSY)
    for n, number in enumerate((PHONE, OTHER_PHONE)):
        await rig.bridge.originate(rig.call(n, number))
    await rig.until_over()
    talked, busy = (ear.kinds(rig.call(n).attempt_id) for n in range(2))
    assert [kind for kind in _LIFE if kind in talked] == talked
    assert {CallSubmitted, CallAnswered, CallEnded} <= set(talked)
    assert busy == [CallSubmitted, CallEnded]
    assert ear.end(rig.call(0).attempt_id).result is TelephonyResult.ANSWERED
    assert ear.end(rig.call(1).attempt_id).result is TelephonyResult.BUSY
    instants = [event.at for event in ear.of(rig.call(0).attempt_id)]
    assert instants == sorted(instants)


@pytest.mark.parametrize(
    ("behaves", "result"),
    [
        (Phone.PRESSES_ONE, TelephonyResult.ANSWERED),
        (Phone.MACHINE, TelephonyResult.MACHINE),
        (Phone.BUSY, TelephonyResult.BUSY),
        (Phone.RINGS_OUT, TelephonyResult.NO_ANSWER),
    ],
)
async def test_a_call_of_which_no_callback_comes_is_known_by_asking(
    twilio: Emulator, rig: TwilioRig, behaves: Phone, result: TelephonyResult
) -> None:
    ear, script = Ear(), Script()
    twilio.carrier.postman.disorder = Disorder(lost=1.0)
    await rig.bridge.start(ear, script)
    rig.phone(PHONE, behaves)
    call = rig.call(0)
    await rig.bridge.originate(call)
    await twilio.carrier.until_idle()
    fate = await rig.bridge.fate(call.attempt_id)
    assert fate.kind is FateKind.ENDED
    assert fate.ended is not None
    assert fate.ended.result is result
    assert ear.end(call.attempt_id).result is result
