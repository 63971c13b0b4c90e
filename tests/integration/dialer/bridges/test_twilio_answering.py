"""Talks over webhooks: each step in any process, counted once, and nothing after the end."""

import random
from datetime import timedelta
from http import HTTPStatus

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dialer.bridges.twilio.book import Told
from dialer.bridges.twilio.talking import MOST_AGAINS
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import AskKind, Reply, ReplyKind
from tests.integration.dialer.bridges.web_rig import (
    CALL_ID,
    NOON,
    OTHER_SID,
    SID,
    TRANSFER,
    WebRig,
    asks,
)

pytestmark = pytest.mark.integration

RECORDING = "RE" + "d" * 32
ONE = Reply(kind=ReplyKind.KEYS, value="1")


@pytest.fixture
async def rig(database: AsyncEngine) -> WebRig:
    rig = WebRig(database, asks("First?"), asks("Second?"))
    await rig.placed()
    return rig


# The talk.


async def test_a_talk_goes_from_document_to_document(rig: WebRig) -> None:
    first = await rig.answer(AnsweredBy="human")
    assert "First?" in first.text
    assert rig.addresses.step(CALL_ID, 1) in first.text
    assert "Second?" in (await rig.step(1, Digits="1")).text
    last = await rig.step(2, Digits="2")
    assert "Goodbye." in last.text
    assert "<Hangup" in last.text

    call = await rig.call()
    assert (call.sid, call.answered_at, call.answered_by) == (SID, NOON, AnsweredBy.HUMAN)
    assert call.turn_no == 3
    assert not call.is_asking
    assert [each.value for each in rig.host.replies] == ["1", "2"]


async def test_a_machine_hears_what_machines_are_told(rig: WebRig) -> None:
    await rig.answer(AnsweredBy="machine_end_beep")
    assert rig.host.opened == [AnsweredBy.MACHINE]
    assert (await rig.call()).answered_by is AnsweredBy.MACHINE


async def test_a_caller_of_ours_talks_with_the_desk(database: AsyncEngine) -> None:
    rig = WebRig(database, asks("Which?"), TRANSFER, asks("Ring you back?"))
    await rig.book.came_in(
        CALL_ID,
        sid=SID,
        trunk="twilio",
        e164=None,
        shown="+12025550123",
        at=NOON,
        ends_by=NOON + timedelta(hours=1),
    )
    assert "Which?" in (await rig.answer()).text
    assert "One moment." in (await rig.step(1, Digits="1")).text
    assert "Ring you back?" in (await rig.step(2)).text


async def test_a_call_nobody_knows_hears_an_apology_and_ends(database: AsyncEngine) -> None:
    rig = WebRig(database)
    for got in (await rig.answer(), await rig.step(1), await rig.again("x")):
        assert got.status_code == HTTPStatus.OK
        assert "<Hangup" in got.text
    assert (await rig.status("completed")).status_code == HTTPStatus.NOT_FOUND


async def test_a_call_that_we_have_hung_up_says_nothing_of_its_reason(rig: WebRig) -> None:
    await rig.book.cut(CALL_ID)
    got = await rig.answer()
    assert "<Hangup" in got.text
    assert "First?" not in got.text
    assert rig.host.opened == []


async def test_a_free_answer_is_on_file_before_the_script_hears_of_it(
    database: AsyncEngine,
) -> None:
    rig = WebRig(database, asks("Speak.", AskKind.RECORD), asks("Speak.", AskKind.RECORD))
    await rig.placed()
    await rig.answer()
    await rig.step(1, RecordingSid=RECORDING, RecordingDuration="4")
    await rig.step(2, RecordingSid=RECORDING, RecordingDuration="0")
    assert rig.recordings.answered_ == [("recording-1", RECORDING, 4.0)]
    assert rig.recordings.thrown == [RECORDING]
    kept = Reply(kind=ReplyKind.RECORDING, value="recording-1", seconds=4.0)
    assert rig.host.replies[0] == kept
    assert rig.recordings.followed == [False, False, False]


async def test_the_pound_of_a_full_entry_is_no_answer_to_the_next_question(
    database: AsyncEngine,
) -> None:
    rig = WebRig(database, asks("Digits?", AskKind.DIGITS, max_digits=2), asks("Sure?"))
    await rig.placed()
    await rig.answer()
    await rig.step(1, Digits="12")
    again = await rig.step(2, Digits="", FinishedOnKey="#", token="i-pound")
    assert "Sure?" in again.text
    assert (await rig.step(2, FinishedOnKey="#", token="i-pound")).text == again.text
    assert "Goodbye." in (await rig.step(2, Digits="1")).text
    assert [each.value for each in rig.host.replies] == ["12", "1"]


async def test_what_no_telephone_presses_is_refused_and_answers_nothing(rig: WebRig) -> None:
    await rig.answer()
    before = await rig.call()
    got = await rig.step(1, Digits="1; DROP TABLE")
    assert got.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert await rig.call() == before
    assert rig.host.replies == []


# Again: retries, kills, replays.


async def test_twilios_own_retry_gets_the_same_document_and_counts_once(rig: WebRig) -> None:
    first = await rig.answer(token="i-a")
    assert (await rig.answer(token="i-a")).text == first.text
    second = await rig.step(1, token="i-b", Digits="1")
    kept = await rig.call()
    assert (await rig.step(1, token="i-b", Digits="1")).text == second.text
    assert await rig.call() == kept
    assert rig.host.replies == [ONE]


async def test_a_process_killed_within_a_step_loses_and_doubles_nothing(rig: WebRig) -> None:
    rig.book.dies = True
    lost = await rig.answer(token="i-a")
    assert lost.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "First?" in (await rig.answer(token="i-a")).text

    rig.book.dies = True
    await rig.step(1, token="i-b", Digits="1")
    assert "Second?" in (await rig.step(1, token="i-b", Digits="1")).text
    assert rig.host.opened == [AnsweredBy.UNSURE]
    assert rig.host.replies == [ONE]


async def test_the_fallback_takes_the_step_that_was_not_taken(rig: WebRig) -> None:
    rig.book.dies = True
    await rig.answer()
    assert "First?" in (await rig.again(rig.addresses.answer(CALL_ID))).text
    rig.book.dies = True
    await rig.step(1, Digits="1")
    assert "Second?" in (await rig.again(rig.addresses.step(CALL_ID, 1), Digits="1")).text
    assert rig.host.replies == [ONE]


async def test_the_fallback_says_a_document_again_whose_answer_was_lost(rig: WebRig) -> None:
    await rig.answer()
    second = await rig.step(1, Digits="1")
    again = await rig.again(rig.addresses.step(CALL_ID, 1), Digits="1")
    assert again.text == second.text
    assert rig.host.replies == [ONE]


async def test_a_document_that_fails_for_ever_ends_with_an_apology(rig: WebRig) -> None:
    first = await rig.answer()
    failed = rig.addresses.answer(CALL_ID)
    for _ in range(MOST_AGAINS):
        assert (await rig.again(failed)).text == first.text
    assert "First?" not in (last := await rig.again(failed)).text
    assert "<Hangup" in last.text


async def test_what_fails_at_the_fallback_too_is_an_apology(rig: WebRig) -> None:
    rig.book.dies = True
    got = await rig.again(rig.addresses.answer(CALL_ID))
    assert got.status_code == HTTPStatus.OK
    assert "<Hangup" in got.text


@pytest.mark.parametrize(
    "replayed",
    [
        pytest.param("answer", id="the first document"),
        pytest.param("steps/1", id="a step that was taken"),
        pytest.param("steps/3", id="a step to come"),
    ],
)
async def test_a_replay_is_refused_and_changes_nothing(rig: WebRig, replayed: str) -> None:
    await rig.answer()
    await rig.step(1, Digits="1")
    before = await rig.call()
    got = await rig.ask(rig.addresses.at(f"/calls/{CALL_ID}/{replayed}"), Digits="2")
    assert got.status_code == HTTPStatus.GONE
    assert await rig.call() == before
    assert rig.host.replies == [ONE]


async def test_a_call_that_is_over_says_nothing_more(rig: WebRig) -> None:
    await rig.answer()
    await rig.status("completed", CallDuration="9")
    over = await rig.call()
    assert (await rig.step(1, Digits="1")).status_code == HTTPStatus.GONE
    assert (await rig.again("x")).status_code == HTTPStatus.GONE
    assert (await rig.answer()).status_code == HTTPStatus.GONE
    assert await rig.call() == over
    assert rig.host.replies == []


async def test_a_call_that_comes_up_after_it_was_given_up_is_apologised_to(rig: WebRig) -> None:
    assert await rig.book.give_up(CALL_ID, at=NOON)
    got = await rig.answer()
    assert "<Hangup" in got.text
    call = await rig.call()
    assert (call.sid, call.answered_at, call.document) == (SID, None, None)
    assert rig.host.opened == []


async def test_what_they_said_last_counts_though_the_end_was_told_first(
    database: AsyncEngine,
) -> None:
    rig = WebRig(database, asks("Speak.", AskKind.RECORD))
    await rig.placed()
    await rig.answer()
    await rig.status("completed", CallDuration="9")
    said = {"RecordingSid": RECORDING, "RecordingDuration": "4", "Digits": "hangup"}
    assert (await rig.step(1, **said)).status_code == HTTPStatus.OK
    assert rig.recordings.answered_ == [("recording-1", RECORDING, 4.0)]
    await rig.clock.drive(NOON + timedelta(minutes=2))
    assert (await rig.step(2, **said)).status_code == HTTPStatus.GONE


async def test_a_turn_that_no_talk_has_is_refused(rig: WebRig) -> None:
    await rig.answer()
    for turn_no in ("9" * 5000, "01", "x"):
        address = f"{rig.addresses.at(f'/calls/{CALL_ID}')}/steps/{turn_no}"
        assert (await rig.ask(address, Digits="1")).status_code == HTTPStatus.GONE
    assert rig.host.replies == []


async def test_another_calls_name_at_our_address_is_apologised_to(rig: WebRig) -> None:
    await rig.answer()
    before = await rig.call()
    got = await rig.step(1, CallSid=OTHER_SID, Digits="1")
    assert "<Hangup" in got.text
    assert (await rig.status("completed", CallSid=OTHER_SID)).status_code == HTTPStatus.CONFLICT
    assert await rig.call() == before
    assert rig.host.replies == []


# Progress.


PROGRESS: tuple[tuple[str, int, dict[str, str]], ...] = (
    ("initiated", 0, {}),
    ("ringing", 3, {}),
    ("in-progress", 9, {}),
    ("completed", 40, {"CallDuration": "31"}),
)


@pytest.mark.parametrize("seed", range(6))
async def test_progress_told_twice_late_and_in_disorder_comes_to_the_same(
    rig: WebRig, seed: int
) -> None:
    await rig.clock.drive(NOON + timedelta(minutes=1))
    told = [*PROGRESS, *PROGRESS]
    random.Random(seed).shuffle(told)
    for status, after_s, more in told:
        at = NOON + timedelta(seconds=after_s)
        stamp = at.strftime("%a, %d %b %Y %H:%M:%S +0000")
        assert (await rig.status(status, Timestamp=stamp, **more)).status_code == 204
    call = await rig.call()
    assert call.ended is not None
    assert (call.ended.result, call.ended.seconds) == (TelephonyResult.ANSWERED, 31.0)
    assert call.ended.at == NOON + timedelta(seconds=40)


async def test_a_status_long_after_the_end_is_a_replay(rig: WebRig) -> None:
    await rig.status("busy")
    await rig.clock.drive(NOON + timedelta(minutes=9))
    assert (await rig.status("ringing")).status_code == HTTPStatus.NO_CONTENT
    await rig.clock.drive(NOON + timedelta(minutes=11))
    before = await rig.call()
    assert (await rig.status("completed")).status_code == HTTPStatus.GONE
    assert await rig.call() == before


async def test_a_machine_found_beside_the_talk_hears_its_message_instead(rig: WebRig) -> None:
    await rig.answer()
    address = rig.addresses.machine(CALL_ID)
    found = {"AnsweredBy": "machine_start"}
    assert (await rig.ask(address, token="i-m", **found)).status_code == HTTPStatus.NO_CONTENT
    assert rig.leader.led == [(SID, rig.addresses.again(CALL_ID))]
    assert "Second?" in (await rig.again("")).text  # the second thing this host says
    assert (await rig.step(1, Digits="1")).status_code == HTTPStatus.GONE
    await rig.ask(address, **found)
    assert len(rig.leader.led) == 1
    assert rig.host.opened == [AnsweredBy.UNSURE, AnsweredBy.MACHINE]


async def test_a_person_found_beside_the_talk_is_talked_to(rig: WebRig) -> None:
    await rig.answer()
    await rig.ask(rig.addresses.machine(CALL_ID), AnsweredBy="human")
    assert (await rig.call()).answered_by is AnsweredBy.HUMAN
    assert rig.leader.led == []


# Agents.


async def test_who_answers_an_agents_call_comes_into_their_room(database: AsyncEngine) -> None:
    rig = WebRig(database)
    await rig.placed(room="agent-1")
    rig.seats.from_["agent-1"] = NOON + timedelta(seconds=1)
    got = await rig.answer(AnsweredBy="human")
    assert "agent-1</Conference>" in got.text
    assert (await rig.call()).room == "agent-1"
    assert rig.clock.now() <= NOON + timedelta(seconds=1.5)


async def test_who_finds_no_agent_in_time_is_abandoned(database: AsyncEngine) -> None:
    rig = WebRig(database)
    await rig.placed(room="agent-1", room_within_s=2.0)
    got = await rig.answer(AnsweredBy="human")
    assert "Nobody is free." in got.text
    call = await rig.call()
    assert call.is_abandoned
    assert rig.clock.now() <= NOON + timedelta(seconds=2.5)


async def test_the_wait_for_an_agent_counts_from_the_answer(database: AsyncEngine) -> None:
    rig = WebRig(database)
    await rig.placed(room="agent-1", room_within_s=2.0)
    await rig.book.told(CALL_ID, Told(answered_at=NOON - timedelta(seconds=5)))
    await rig.answer(AnsweredBy="human")
    assert rig.clock.now() == NOON


@pytest.mark.parametrize("room", ["agent-1", None])
async def test_who_is_put_through_comes_into_a_room_or_hears_the_end(
    database: AsyncEngine, room: str | None
) -> None:
    rig = WebRig(database, TRANSFER)
    rig.host.room = room
    await rig.placed()
    assert "One moment." in (await rig.answer()).text
    got = await rig.step(1)
    assert ("<Conference" in got.text) == (room is not None)
    assert (await rig.call()).room == room
