"""Calls over Twilio are recorded as their turns and agents want it, whichever process asks."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from customers.model import Language, RecordingConsent
from dialer.bridges.port import BridgeError
from dialer.bridges.recorded_words import RECORDED_WORDS
from dialer.bridges.twilio.hook import Visit
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import Tape
from recordings.model import RecordingState
from tests.integration.jobs.house import NOW
from tests.integration.jobs.test_recordings import ATTEMPT, INBOUND
from tests.twilio.emptied import emptied
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.faults import Disorder, Fault
from tests.twilio.tape_rig import ROOM, TapeRig, tape_rig

CONFERENCE_SID = "CF" + "3" * 32
SID = "RE" + "4" * 32


@pytest.fixture
async def rig(twilio: Emulator, module_database_url: str, tmp_path: Path) -> AsyncIterator[TapeRig]:
    """A recorder, and a carrier that records."""
    async with (
        emptied(module_database_url) as engine,
        tape_rig(twilio, engine, tmp_path) as rig,
    ):
        yield rig


async def test_a_recorded_turn_begins_one_and_it_is_stored_and_deleted_at_twilio(
    rig: TapeRig,
) -> None:
    await rig.rings()
    await rig.says(recorded=True)
    await rig.says(recorded=True)
    (tape,) = rig.taped()
    assert (tape.channels, tape.status) == (2, "in-progress")
    (row,) = await rig.rows()
    assert (row.state, row.attempt_id, row.name, row.consent) == (
        RecordingState.OWED,
        ATTEMPT,
        "call",
        RecordingConsent.ANNOUNCE,
    )
    assert row.location == f"twilio:{tape.sid}"
    assert row.told_at is None

    await rig.hang_up()
    (row,) = await rig.rows()
    assert row.told_at is not None
    row = await rig.place.collect(row.recording_id)
    assert (row.state, row.channels, row.seconds) == (RecordingState.STORED, 2, 1.0)
    assert tape.is_deleted


async def test_a_turn_that_is_not_recorded_is_silence_before_its_document_goes_out(
    rig: TapeRig,
) -> None:
    await rig.rings()
    await rig.says(recorded=True)
    (tape,) = rig.taped()
    await rig.recorder.follow(await rig.call(), recorded=False)
    assert tape.status == "paused"
    await rig.says(recorded=True)
    assert (tape.status, len(rig.taped())) == ("in-progress", 1)


async def test_nothing_is_recorded_of_turns_that_are_not_to_be(rig: TapeRig) -> None:
    await rig.rings()
    await rig.says(recorded=False)
    assert (rig.taped(), await rig.rows()) == ([], [])


async def test_two_processes_begin_one_recording(rig: TapeRig) -> None:
    call = await rig.rings()
    others = [rig.another() for _ in range(3)]
    await asyncio.gather(*(each.follow(call, recorded=True) for each in others))
    await asyncio.gather(*(each.settled() for each in others))
    assert len(rig.taped()) == 1
    assert len(await rig.rows()) == 1


async def test_a_private_turn_that_comes_while_another_process_begins_is_silence(
    rig: TapeRig,
) -> None:
    call = await rig.rings()
    other = rig.another()
    await rig.recorder.follow(call, recorded=True)  # Twilio is asked beside
    await other.follow(call, recorded=False)
    await asyncio.gather(rig.recorder.settled(), other.settled())
    assert [tape.status for tape in rig.taped()] in (["paused"], [])


@pytest.mark.parametrize("fault", [Fault.BROKEN_AFTER, Fault.LOST])
async def test_a_beginning_whose_answer_is_lost_is_looked_for_and_not_said_again(
    rig: TapeRig, fault: Fault
) -> None:
    await rig.rings()
    rig.twilio.carrier.faults.next_asking.append(fault)
    await rig.says(recorded=True)
    (tape,) = rig.taped()
    (row,) = await rig.until_rows(1)
    assert row.location == f"twilio:{tape.sid}"


async def test_one_that_twilio_did_not_begin_is_owed_and_so_told_as_missing(rig: TapeRig) -> None:
    call = await rig.rings()
    rig.twilio.carrier.faults.next_asking.append(Fault.BROKEN)
    await rig.says(recorded=True)
    assert rig.taped() == []
    (row,) = await rig.rows()
    assert row.location == f"twilio:{call.sid}"
    await rig.place.ends()
    row = await rig.place.collect(row.recording_id)
    assert (row.state, "did not begin" in row.missing_why) == (RecordingState.MISSING, True)


async def test_one_whose_beginner_was_killed_is_owed_by_what_twilio_tells(rig: TapeRig) -> None:
    call = await rig.rings()
    assert call.sid is not None
    await rig.rest.client.calls(call.sid).recordings.create_async(
        recording_status_callback=rig.addresses.recording(ATTEMPT, "call"),
        recording_status_callback_event=["in-progress", "completed"],
        recording_channels="dual",
    )
    (row,) = await rig.until_rows(1)
    (tape,) = rig.taped()
    assert row.location == f"twilio:{tape.sid}"

    async def is_silent() -> bool:
        return tape.status == "paused"

    await rig.until(is_silent)  # no turn wants it


async def test_who_was_killed_before_asking_twilio_is_followed_by_the_next_turn(
    rig: TapeRig,
) -> None:
    call = await rig.rings()
    now = SystemClock().now()
    long_ago = now - timedelta(minutes=1)
    await rig.tapes.follow_turn(ATTEMPT, recorded=True, at=long_ago)
    assert await rig.tapes.claim_beginning(ATTEMPT, at=long_ago)
    assert not await rig.tapes.claim_beginning(ATTEMPT, at=long_ago)
    others = [rig.another() for _ in range(2)]
    await asyncio.gather(*(each.follow(call, recorded=True) for each in others))
    await asyncio.gather(*(each.settled() for each in others))
    assert [tape.status for tape in rig.taped()] == ["in-progress"]


async def test_callbacks_that_come_twice_and_in_any_order_leave_one_recording(
    rig: TapeRig,
) -> None:
    rig.twilio.carrier.postman.disorder = Disorder(seed=3, twice=1.0, late=1.0, late_s=0.05)
    await rig.rings()
    await rig.says(recorded=True)
    await rig.hang_up()
    (row,) = await rig.rows()
    assert row.told_at is not None
    assert (await rig.place.collect(row.recording_id)).state is RecordingState.STORED


async def test_a_call_that_is_over_is_not_recorded_and_nothing_is_owed(rig: TapeRig) -> None:
    call = await rig.rings()
    await rig.hang_up()
    await rig.recorder.follow(call, recorded=True)
    await rig.recorder.settled()
    assert (rig.taped(), await rig.rows()) == ([], [])


async def test_one_that_is_absent_is_missing_at_once(rig: TapeRig) -> None:
    rig.twilio.carrier.tapes.next_are_absent = True
    await rig.rings()
    await rig.says(recorded=True)
    await rig.hang_up()
    (row,) = await rig.rows()
    row = await rig.place.collect(row.recording_id)
    assert (row.state, "absent" in row.missing_why) == (RecordingState.MISSING, True)


# Agents.


async def test_an_agents_pause_lasts_whatever_turns_want(rig: TapeRig) -> None:
    await rig.rings()
    await rig.says(recorded=True)
    (tape,) = rig.taped()
    await rig.recorder.pause(ATTEMPT)
    assert tape.status == "paused"
    await rig.says(recorded=True)
    assert tape.status == "paused"
    await rig.another().resume(ATTEMPT)
    assert tape.status == "in-progress"


async def test_where_the_law_asks_for_no_more_it_begins_as_they_meet(rig: TapeRig) -> None:
    await rig.rings(RecordingConsent.ONE_PARTY)
    await rig.recorder.met(ATTEMPT, CONFERENCE_SID)
    await rig.recorder.settled()
    assert [tape.status for tape in rig.taped()] == ["in-progress"]


async def test_what_was_paused_before_they_met_begins_with_the_resume(rig: TapeRig) -> None:
    await rig.rings(RecordingConsent.ONE_PARTY)
    await rig.recorder.pause(ATTEMPT)
    await rig.recorder.met(ATTEMPT, CONFERENCE_SID)
    await rig.recorder.settled()
    assert rig.taped() == []
    await rig.recorder.resume(ATTEMPT)
    assert [tape.status for tape in rig.taped()] == ["in-progress"]


async def test_they_hear_the_announcement_once_and_are_recorded_after_it(rig: TapeRig) -> None:
    await rig.rings(RecordingConsent.ANNOUNCE)
    for recorder in (rig.recorder, rig.another()):
        await recorder.met(ATTEMPT, CONFERENCE_SID)
        await recorder.settled()
    asked = [each.asked for each in rig.twilio.api.kept if "/Conferences/" in each.asked.path]
    assert [each.form["AnnounceUrl"] for each in asked] == [[rig.addresses.announcement(ATTEMPT)]]
    assert rig.taped() == []

    said = await answered(rig, "announcement")
    assert "This call is recorded" in said
    assert rig.addresses.announced(ATTEMPT) in said
    assert rig.taped() == []
    assert "Say" not in await answered(rig, "announced")
    assert [tape.status for tape in rig.taped()] == ["in-progress"]


async def test_an_owner_and_an_agent_in_one_room_hear_it_and_are_recorded(rig: TapeRig) -> None:
    agent = await rig.sits_down()
    call = await rig.rings(RecordingConsent.ANNOUNCE, room=ROOM)
    owner = rig.twilio.carrier.legs[call.sid or ""]

    async def is_recorded() -> bool:
        return [tape.leg for tape in rig.taped()] == [owner]

    await rig.until(is_recorded)
    assert [each.heard for each in (agent, owner)] == [[RECORDED_WORDS[Language.ENGLISH]]] * 2
    (row,) = await rig.until_rows(1)
    assert row.consent is RecordingConsent.ANNOUNCE


async def test_nobody_is_recorded_who_was_not_told(rig: TapeRig) -> None:
    await rig.rings(RecordingConsent.ANNOUNCE)
    await answered(rig, "announced")  # nobody had sent for an announcement
    assert rig.taped() == []


@pytest.mark.parametrize("consent", [RecordingConsent.ASK, RecordingConsent.NEVER])
async def test_who_must_be_asked_is_not_recorded_by_meeting(
    rig: TapeRig, consent: RecordingConsent
) -> None:
    await rig.rings(consent)
    await rig.recorder.met(ATTEMPT, CONFERENCE_SID)
    await rig.recorder.settled()
    assert rig.taped() == []
    if consent is RecordingConsent.ASK:
        await rig.recorder.resume(ATTEMPT)  # the agent has asked
        assert len(rig.taped()) == 1
    else:
        with pytest.raises(BridgeError, match="rule packs forbid"):
            await rig.recorder.resume(ATTEMPT)


async def test_a_pause_that_twilio_does_not_take_is_told(rig: TapeRig) -> None:
    await rig.rings()
    await rig.says(recorded=True)
    rig.twilio.carrier.faults.next_asking.extend([Fault.BROKEN] * 3)
    with pytest.raises(BridgeError, match="is not paused"):
        await rig.recorder.pause(ATTEMPT)
    await rig.recorder.pause(ATTEMPT)
    assert [tape.status for tape in rig.taped()] == ["paused"]


# Free answers.


async def test_an_answer_is_on_file_before_the_script_hears_of_it(rig: TapeRig) -> None:
    call = await rig.rings()
    await rig.recorder.answered(call, name="recording-4", sid=SID, seconds=3.0)
    (row,) = await rig.rows()
    assert (row.name, row.kind, row.location) == ("recording-4", "answer", f"twilio:{SID}")
    await rig.recorder.over(Tape(call_id=ATTEMPT, sid=SID, name="recording-4"), seconds=3.0)
    assert len(await rig.rows()) == 1


async def test_an_answer_whose_step_was_lost_is_kept_by_its_callback(rig: TapeRig) -> None:
    await rig.rings()
    await rig.recorder.over(Tape(call_id=ATTEMPT, sid=SID, name="recording-4"), seconds=3.0)
    assert [row.name for row in await rig.rows()] == ["recording-4"]


async def test_what_is_thrown_away_is_deleted_and_not_owed_when_it_is_told(rig: TapeRig) -> None:
    call = await rig.rings()
    leg = rig.twilio.carrier.legs[call.sid or ""]
    callback = rig.addresses.recording(ATTEMPT, "recording-2")
    tape = rig.twilio.carrier.tapes.start(leg, source="RecordVerb", callback=callback)
    await rig.recorder.throw_away(call, name="recording-2", sid=tape.sid)
    await rig.recorder.settled()
    assert not rig.are_deleted()  # Twilio still makes it
    await rig.hang_up()
    assert rig.are_deleted()
    assert await rig.rows() == []


async def test_a_callers_word_goes_to_the_desk(rig: TapeRig) -> None:
    await rig.book.came_in(
        INBOUND,
        sid="CA" + "7" * 32,
        trunk="twilio",
        e164=None,
        shown="+12025550100",
        at=NOW,
        ends_by=NOW,
    )
    call = await rig.book.call(INBOUND)
    assert call is not None
    await rig.recorder.answered(call, name="recording-2", sid=SID, seconds=4.0)
    assert rig.words.kept == [(INBOUND, "recording-2", 4.0)]


async def test_whoever_asks_for_what_at_once_the_end_is_as_the_last_wish(rig: TapeRig) -> None:
    chance = random.Random(11)
    call = await rig.rings()
    recorders = [rig.recorder, rig.another(), rig.another()]
    rig.twilio.carrier.faults.of_asking = {Fault.TOO_MANY: 0.05, Fault.LOST: 0.05}

    async def does(recorder: Recorder) -> None:
        with contextlib.suppress(BridgeError):  # told to the agent, who asks again
            match chance.randrange(4):
                case 0:
                    await recorder.pause(ATTEMPT)
                case 1:
                    await recorder.resume(ATTEMPT)
                case kind:
                    await recorder.follow(call, recorded=kind == 2)

    for _ in range(15):
        await asyncio.gather(*(does(each) for each in chance.choices(recorders, k=3)))
    await asyncio.gather(*(each.settled() for each in recorders))
    await rig.twilio.carrier.postman.until_idle()
    await asyncio.gather(*(each.settled() for each in recorders))
    rig.twilio.carrier.faults.of_asking = {}
    standing = await rig.tapes.standing(ATTEMPT)
    assert standing is not None
    assert [tape.status == "in-progress" for tape in rig.taped()] == [standing.is_to_sound]
    assert [row.location for row in await rig.rows() if "twilio:RE" in row.location] == [
        f"twilio:{tape.sid}" for tape in rig.taped()
    ]


# What is refused.


@pytest.mark.parametrize(
    ("name", "said", "status"),
    [
        ("call", {"CallSid": "CA" + "9" * 32}, 409),
        ("..%2Fcall", {}, 404),
        ("recording-99999", {}, 404),
        ("call", {"RecordingDuration": "-1"}, 422),
        ("call", {"RecordingDuration": "1e9"}, 422),
        ("call", {"RecordingDuration": ""}, 422),
    ],
    ids=["another call", "a path", "no such turn", "below zero", "no number", "nothing"],
)
async def test_what_twilio_would_not_say_changes_nothing(
    rig: TapeRig, name: str, said: dict[str, str], status: int
) -> None:
    call = await rig.rings()
    form = {
        "CallSid": call.sid or "",
        "RecordingSid": SID,
        "RecordingStatus": "completed",
        "RecordingDuration": "3",
    }
    (hook, *_) = rig.hooks.hooks()
    path = {"call_id": str(ATTEMPT), "name": name}
    answer = await hook.answer(Visit(path=path, form=form | said, at=NOW))
    assert (answer.status, await rig.rows()) == (status, [])


async def answered(rig: TapeRig, name: str) -> str:
    """Let a conference ask for its document, and have all that follows done."""
    hook = next(each for each in rig.hooks.hooks() if each.path.endswith(f"/{name}"))
    answer = await hook.answer(Visit(path={"call_id": str(ATTEMPT)}, form={}, at=NOW))
    await rig.recorder.settled()
    return answer.body.decode()
