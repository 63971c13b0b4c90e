"""Recordings of real calls: who said what is in whose channel, and what nobody may keep is not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import VirtualClock
from customers.model import RecordingConsent
from dialer.bridges.asterisk.audio_places import files_at
from dialer.bridges.port import BridgeError, CallInRoom, RecordingReady, RecordingStarted
from dialer.recording import note_recording
from ownerline.jobs.recordings import GIVE_UP_AFTER, collect_recording
from recordings.model import RecordingState
from recordings.service import recording_of
from scripts.model import Transfer, Turn
from tests.asterisk.control_rig import CLOCK, IDS, PHONE, order
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import DESK_HZ, likeness, read_wav, tone
from tests.asterisk.recording_rig import (
    ANNOUNCEMENT,
    ROOM,
    RecordingRig,
    longest_silence_s,
    question,
    recording_rig,
    voice,
)
from tests.integration.jobs.house import house

pytestmark = pytest.mark.asterisk

OWNER, QUESTION = voice(21, 0.8), voice(22, 0.8)
BEFORE, SECRET, AFTER = voice(25, 0.8), voice(23, 1.2), voice(24, 0.8)
# The line carries 8 bits a sample, compressed; what is not there at all is like it by chance only.
THERE, NOT_THERE = 0.9, 0.35


@pytest.fixture
async def rig(pair: Pair, watcher: Manager) -> AsyncIterator[RecordingRig]:
    async with recording_rig(pair) as rig:
        yield rig


async def _owner_speaks(phones: Phones) -> None:
    phones.sound("owner-voice", OWNER)
    await phones.behave(PHONE, Does.SAYS, says="owner-voice")


async def test_each_side_of_a_talk_is_in_its_own_channel(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    await _owner_speaks(phones)
    rig.says("A question.", QUESTION)
    await rig.start(question("A question.", recorded=True, patience_s=1.0))
    call = order(recording=RecordingConsent.ONE_PARTY)
    await rig.bridge.originate(call)
    owner, us = await rig.sides(call, tmp_path)
    assert likeness(OWNER, owner) > THERE
    assert likeness(QUESTION, us) > THERE
    assert likeness(OWNER, us) < NOT_THERE
    assert likeness(QUESTION, owner) < NOT_THERE
    assert len(owner) == len(us)
    begun, whole = rig.recorded(call)
    assert isinstance(begun, RecordingStarted)
    assert isinstance(whole, RecordingReady)
    assert (begun.location, begun.consent) == (whole.location, RecordingConsent.ONE_PARTY)
    assert whole.name == begun.name == "call"


async def test_nothing_is_recorded_before_it_may_be_and_a_pause_is_silence_of_its_own_length(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    await _owner_speaks(phones)
    sounds = {"We record.": BEFORE, "A question.": QUESTION, "Digits?": SECRET, "And?": AFTER}
    for sentence, samples in sounds.items():
        rig.says(sentence, samples)
    await rig.start(
        question("We record.", recorded=False, patience_s=0.1),
        question("A question.", recorded=True, patience_s=0.1),
        question("Digits?", recorded=False),  # 1.2 seconds, and half a second of patience
        question("And?", recorded=True, patience_s=0.1),
    )
    call = order()
    await rig.bridge.originate(call)
    owner, us = await rig.sides(call, tmp_path)
    for said in (QUESTION, AFTER):
        assert likeness(said, us) > THERE
    for unsaid in (BEFORE, SECRET):
        assert likeness(unsaid, us) < NOT_THERE
    for side in (owner, us):
        assert 1.6 < longest_silence_s(side) < 2.3


async def test_a_talk_that_may_not_be_recorded_leaves_no_file(
    rig: RecordingRig, phones: Phones
) -> None:
    before = set(rig.shared.rglob("*.wav"))
    await rig.start(question("A question.", recorded=False))
    call = order()
    await rig.bridge.originate(call)
    await rig.ear.end(call.attempt_id)
    assert rig.recorded(call) == []
    assert {path.parent.name for path in set(rig.shared.rglob("*.wav")) - before} <= {
        rig.shared.name
    }


async def test_an_owner_who_hangs_up_leaves_a_whole_recording(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    await _owner_speaks(phones)
    await rig.start(question("A question.", recorded=True, patience_s=20))
    call = order()
    await rig.bridge.originate(call)
    await rig.ear.until(RecordingStarted, call.attempt_id)
    await asyncio.sleep(1.2)  # what the owner says meanwhile
    await phones.hang_up(PHONE)
    owner, _ = await rig.sides(call, tmp_path)
    assert likeness(OWNER, owner) > THERE


async def test_an_agents_call_is_announced_to_both_and_then_recorded(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    words = voice(31, 1.2)
    rig.says(ANNOUNCEMENT, words)
    for number in (PHONE, "agent-1"):
        await phones.behave(number, Does.SILENT)
        await phones.tape(number)
    await rig.start()
    await rig.seat("agent-1")
    call = order(room=ROOM, recording=RecordingConsent.ANNOUNCE)
    await rig.bridge.originate(call)
    await rig.ear.until(RecordingStarted, call.attempt_id)
    phones.sound("owner-voice", OWNER)
    await phones.say_out(PHONE, "owner-voice")
    await rig.bridge.hang_up(call.attempt_id)
    owner, us = await rig.sides(call, tmp_path)
    await rig.unseat()
    assert likeness(OWNER, owner) > THERE
    assert likeness(words, us) < NOT_THERE
    for number in (PHONE, "agent-1"):
        heard = await phones.heard(number)
        parts = [likeness(part, heard) for part in np.split(words, 4)]
        assert sorted(parts)[1] > THERE, parts  # a busy room may slip by a frame, once


async def test_an_agent_pauses_and_resumes(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    await _owner_speaks(phones)
    await rig.start()
    await rig.seat("agent-1")
    call = order(room=ROOM, recording=RecordingConsent.ONE_PARTY)
    await rig.bridge.originate(call)
    await rig.ear.until(RecordingStarted, call.attempt_id)
    await asyncio.sleep(1)
    await rig.rooms.pause_recording(call.attempt_id)
    await asyncio.sleep(1.5)
    await rig.rooms.resume_recording(call.attempt_id)
    await asyncio.sleep(0.8)
    await rig.bridge.hang_up(call.attempt_id)
    owner, us = await rig.sides(call, tmp_path)
    await rig.unseat()
    for side in (owner, us):
        assert 1.4 < longest_silence_s(side) < 1.9
    assert likeness(OWNER, owner[: len(owner) // 2]) > THERE
    assert likeness(tone(DESK_HZ, 0.5), us[len(us) // 2 :]) > THERE


async def test_a_pause_during_the_announcement_holds_when_it_is_over(
    rig: RecordingRig, phones: Phones
) -> None:
    rig.says(ANNOUNCEMENT, voice(31, 0.8))
    await _owner_speaks(phones)
    await rig.start()
    await rig.seat("agent-1")
    call = order(room=ROOM, recording=RecordingConsent.ANNOUNCE)
    await rig.bridge.originate(call)
    await rig.ear.until(CallInRoom, call.attempt_id)
    await rig.rooms.pause_recording(call.attempt_id)
    await asyncio.sleep(2.5)  # it is over by then
    assert RecordingStarted not in rig.ear.kinds(call.attempt_id)
    await rig.rooms.resume_recording(call.attempt_id)
    await rig.ear.until(RecordingStarted, call.attempt_id)
    await rig.bridge.hang_up(call.attempt_id)
    await rig.ear.end(call.attempt_id)
    await rig.unseat()


async def test_where_an_owner_must_be_asked_the_agent_begins_the_recording(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    await _owner_speaks(phones)
    await rig.start()
    await rig.seat("agent-1")
    call = order(room=ROOM, recording=RecordingConsent.ASK)
    await rig.bridge.originate(call)
    await rig.ear.until(CallInRoom, call.attempt_id)
    await asyncio.sleep(0.5)
    assert rig.recorded(call) == []
    await rig.rooms.resume_recording(call.attempt_id)
    await asyncio.sleep(1.2)
    await rig.bridge.hang_up(call.attempt_id)
    owner, _ = await rig.sides(call, tmp_path)
    await rig.unseat()
    assert likeness(OWNER, owner) > THERE


async def test_where_recording_is_forbidden_no_agent_can_begin_it(
    rig: RecordingRig, phones: Phones
) -> None:
    await rig.start()
    await rig.seat("agent-1")
    call = order(room=ROOM, recording=RecordingConsent.NEVER)
    await rig.bridge.originate(call)
    await rig.ear.until(CallInRoom, call.attempt_id)
    with pytest.raises(BridgeError, match="forbid"):
        await rig.rooms.resume_recording(call.attempt_id)
    await rig.rooms.pause_recording(call.attempt_id)  # nothing is recorded: nothing to pause
    await rig.bridge.hang_up(call.attempt_id)
    await rig.ear.end(call.attempt_id)
    await rig.unseat()
    assert rig.recorded(call) == []


async def test_a_talk_that_was_recorded_is_recorded_on_with_the_agent(
    rig: RecordingRig, phones: Phones, tmp_path: Path
) -> None:
    rig.says("A question.", QUESTION)
    rig.host.room = ROOM
    through = Turn(
        step="through",
        language=question("", recorded=True).language,
        say=(),
        transfer=Transfer(queue="service"),
        recorded=True,
    )
    await rig.start(question("A question.", recorded=True), through)
    await rig.seat("agent-1")
    call = order(recording=RecordingConsent.ANNOUNCE)  # the script has announced it
    await rig.bridge.originate(call)
    await rig.ear.until(CallInRoom, call.attempt_id)
    await asyncio.sleep(1)
    await rig.bridge.hang_up(call.attempt_id)
    _, us = await rig.sides(call, tmp_path)
    await rig.unseat()
    assert likeness(QUESTION, us) > THERE
    assert likeness(tone(DESK_HZ, 0.5), us) > THERE
    assert len(rig.recorded(call)) == 2


async def test_a_recorder_that_has_just_started_pauses_what_runs(
    pair: Pair, phones: Phones, watcher: Manager, tmp_path: Path
) -> None:
    """A call that another dialer carried: its recording goes on, paused and resumed by us."""
    await _owner_speaks(phones)
    async with recording_rig(pair) as first:
        await first.start(question("A question.", recorded=True, patience_s=30))
        call = order()
        await first.bridge.originate(call)
        begun = await first.ear.until(RecordingStarted, call.attempt_id)
        await first.recorder.close()
        async with recording_rig(pair) as second:
            await second.start()
            await second.bridge.fate(call.attempt_id)  # takes it over
            await second.recorder.pause(call.attempt_id)
            await asyncio.sleep(1)
            await second.recorder.resume(call.attempt_id)
            await asyncio.sleep(0.5)
            await second.bridge.hang_up(call.attempt_id)
            await second.ear.end(call.attempt_id)
    assert second.recorded(call) == []  # the sweep finds the file where it was said to be
    assert all(path.stat().st_size > 0 for path in files_at(begun.location, shared=first.shared))


_CALLS = sa.text("""
    WITH person AS (
        INSERT INTO person (name, language) VALUES ('a', 'zh-CN') RETURNING person_id
    ), phone AS (
        INSERT INTO phone (person_id, e164, position) SELECT person_id, :e164, 1
        FROM person RETURNING phone_id, person_id
    )
    INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                         state, started_at, ended_at, telephony_result)
    SELECT attempt_id, person_id, phone_id, :e164, 'asterisk', 'a', 'automatic', 'x', 'ended',
           :now, :now, 'answered'
    FROM phone, unnest(CAST(:attempts AS uuid[])) AS attempt_id
""")


@pytest.mark.integration
async def test_a_recording_comes_into_the_store_with_its_call_and_one_that_does_not_is_told(
    rig: RecordingRig, pair: Pair, phones: Phones, database: AsyncEngine, tmp_path: Path
) -> None:
    runtime = replace(house(database, tmp_path), settings=pair.settings(home=tmp_path), clock=CLOCK)
    kept, lost = order(recording=RecordingConsent.ANNOUNCE), order()
    attempts = [str(each.attempt_id) for each in (kept, lost)]
    async with runtime.sessions.begin() as session:
        given = {"e164": PHONE.e164, "now": CLOCK.now(), "attempts": attempts}
        await session.execute(_CALLS, given)
    rig.says("A question.", QUESTION)
    ids = {}
    for call in (kept, lost):
        rig.host.turns = [question("A question.", recorded=True)]
        if call is kept:
            await rig.start(*rig.host.turns)
        await rig.bridge.originate(call)
        await rig.whole(call)
        for event in rig.recorded(call):
            async with runtime.sessions.begin() as session:
                ids[call.attempt_id] = await note_recording(session, event, recording_id=IDS.new())
    await asyncio.to_thread(_lose, rig.recorded(lost)[0].location, rig.shared)

    await collect_recording(runtime, recording_id=str(ids[kept.attempt_id]))
    later = replace(runtime, clock=VirtualClock(CLOCK.now() + GIVE_UP_AFTER + timedelta(seconds=1)))
    await collect_recording(later, recording_id=str(ids[lost.attempt_id]))
    async with runtime.sessions() as session:
        stored = await recording_of(session, ids[kept.attempt_id])
        missing = await recording_of(session, ids[lost.attempt_id])
    assert (stored.state, stored.channels, stored.attempt_id) == (
        RecordingState.STORED,
        2,
        kept.attempt_id,
    )
    assert stored.consent is RecordingConsent.ANNOUNCE
    assert likeness(QUESTION, read_wav(tmp_path / "recordings" / stored.file)[:, 1]) > THERE
    assert missing.state is RecordingState.MISSING
    assert "is not in the shared folder" in missing.missing_why


def _lose(location: str, shared: Path) -> None:
    for path in files_at(location, shared=shared):
        path.unlink()
