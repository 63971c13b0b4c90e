"""What a network announces before any answer becomes the result of the call."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.clock import SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.bridges.asterisk.ami import Account
from dialer.bridges.asterisk.announcements import FOLDER, EarlyMedia
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.port import CallEnded, OutboundCall, TrunkLimits
from dialer.model import TelephonyResult
from scripts.speech.wav import Sound, wav_bytes
from tests.asterisk.kit.manager import Manager, Message
from tests.asterisk.kit.pair import DIAL, SECRET, TRUNK, Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import Samples
from tests.asterisk.voices import TEXTS, says, tune
from tests.unit.dialer.bridges.stand_ins import Ear, Script

EMPTY = PhoneNumber("+8613800138021")
OFF = PhoneNumber("+8613800138022")
TUNE = PhoneNumber("+8613800138023")
CLOCK = SystemClock()
IDS = IdSource(CLOCK, random.SystemRandom())


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trunk's folder of announcements, as an administrator fills it."""
    folder = tmp_path_factory.mktemp("announcements")
    for meaning, text in TEXTS.items():
        (folder / meaning).mkdir()
        (folder / meaning / "mandarin.wav").write_bytes(wav_bytes(says(text)))
    return folder


@contextlib.asynccontextmanager
async def bridge_that_listens(
    pair: Pair, recordings: Path, ear: Ear
) -> AsyncIterator[AsteriskBridge]:
    account = Account(
        host="127.0.0.1", port=pair.dialer.ports.ami, username="ownerline", secret=SECRET
    )
    server = ManagedServer(account, name=TRUNK, clock=CLOCK)
    trunk = Trunk(
        limits=TrunkLimits(name=TRUNK, channels=20, calls_per_second=50),
        server=server,
        dialect=Dialect.read(DIAL, region="CN"),
        caller_ids=CallerIds(),
        shared=str(pair.shared),
    )
    early = EarlyMedia({TRUNK: recordings}, shared=pair.shared)
    bridge = AsteriskBridge([trunk], [server], clock=CLOCK, others=[early])
    await bridge.start(ear, Script())
    try:
        yield bridge
    finally:
        await bridge.close()


def call_to(number: PhoneNumber, *, ring_timeout_s: float = 40.0) -> OutboundCall:
    return OutboundCall(
        attempt_id=IDS.new(),
        to=number,
        caller_id="075512345678",
        trunk=TRUNK,
        ring_timeout_s=ring_timeout_s,
        max_seconds=30.0,
        detect_machine=False,
        synthetic=False,
    )


async def end_of(ear: Ear, call: OutboundCall) -> CallEnded:
    async with asyncio.timeout(20.0):
        while not any(isinstance(each, CallEnded) for each in ear.of(call.attempt_id)):  # noqa: ASYNC110 - the ear of the contract tells nobody
            await asyncio.sleep(0.02)
    return ear.end(call.attempt_id)


async def gone(folder: Path) -> bool:
    async with asyncio.timeout(5.0):
        while left_in(folder):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
    return True


def heard_as(sound: Sound) -> Samples:
    return sound.samples.astype(np.float64)


def left_in(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


async def test_announcements_before_an_answer_end_calls_as_what_they_say_and_music_ends_none(
    pair: Pair, phones: Phones, recordings: Path
) -> None:
    ear = Ear()
    await phones.behave(
        EMPTY, Does.ANNOUNCED, says=phones.sound("empty", heard_as(says(TEXTS["empty_number"])))
    )
    await phones.behave(
        OFF, Does.ANNOUNCED, says=phones.sound("off", heard_as(says(TEXTS["switched_off"])))
    )
    await phones.behave(TUNE, Does.TUNE, says=phones.sound("tune", heard_as(tune(6.0))))
    async with bridge_that_listens(pair, recordings, ear) as bridge:
        calls = {number: call_to(number) for number in (EMPTY, OFF, TUNE)}
        for call in calls.values():
            await bridge.originate(call)
        ends = {number: await end_of(ear, call) for number, call in calls.items()}
        assert await gone(pair.shared / FOLDER)

    assert ends[EMPTY].result is TelephonyResult.INVALID_NUMBER
    assert ends[OFF].result is TelephonyResult.NO_ANSWER
    assert ends[TUNE].result is TelephonyResult.ANSWERED
    assert [phones.rings(number) for number in calls] == [1, 1, 1]


async def test_what_is_said_after_the_answer_is_not_listened_to(
    pair: Pair, phones: Phones, watcher: Manager, recordings: Path
) -> None:
    ear, told = Ear(), []
    watcher.listen(lambda event: told.append(_step(event)))
    await phones.behave(TUNE, Does.TUNE, says=phones.sound("short", heard_as(tune(1.2))))
    async with bridge_that_listens(pair, recordings, ear) as bridge:
        call = call_to(TUNE)
        await bridge.originate(call)
        await end_of(ear, call)
        assert await gone(pair.shared / FOLDER)

    steps = [step for step in told if step in {"Up", "MixMonitorStart", "MixMonitorStop", "AGI"}]
    assert steps[:4] == ["MixMonitorStart", "Up", "MixMonitorStop", "AGI"]


def _step(event: Message) -> str:
    """Return what an event is about: a state, an application of the dialplan, or its own name."""
    match event.get("Event"):
        case "Newstate":
            return event["ChannelStateDesc"]
        case "Newexten":
            return event["Application"]
        case name:
            return name or ""
