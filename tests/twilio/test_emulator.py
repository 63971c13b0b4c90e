"""The emulated carrier itself, asked by Twilio's own SDK."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest.api.v2010.account.call.recording import RecordingInstance

from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import KEY_SECRET, KEY_SID, OUR_NUMBER
from tests.twilio.kit.faults import Disorder, Fault
from tests.twilio.kit.owners import (
    MACHINE,
    Owner,
    Reaction,
    Speaks,
    answers_with,
    nobody,
    presses,
)
from tests.twilio.sdk import PHONE, Line, placed
from tests.twilio.webhooks import Site

AGENT = "+8613800138009"
Status: Any = RecordingInstance.Status


async def test_a_call_is_queued_rung_answered_spoken_to_and_told_of(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/answer"] = (
        '<Gather action="/step" numDigits="1" timeout="5"><Say>Press 1.</Say></Gather>'
        "<Redirect>/silence</Redirect>"
    )
    hooks.documents["/step"] = "<Say>Thanks.</Say><Hangup/>"
    twilio.carrier.owners[PHONE] = presses("1")
    call = await placed(line, hooks)
    assert str(call.status) == "queued"
    await twilio.carrier.until_idle()
    assert [each["CallStatus"] for each in hooks.at("/status")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [each["Digits"] for each in hooks.at("/step")] == ["1"]
    assert all(each.is_signed for each in hooks.visits)
    ended = await line.calls(str(call.sid)).fetch_async()
    assert str(ended.status) == "completed"
    assert twilio.carrier.legs[str(call.sid)].heard == ["Press 1.", "Thanks."]


@pytest.mark.parametrize(
    ("reaction", "end"),
    [
        (Reaction.BUSY, ("busy", "486")),
        (Reaction.REJECTS, ("busy", "603")),
        (Reaction.RINGS_OUT, ("no-answer", "487")),
        (Reaction.SWITCHED_OFF, ("no-answer", "480")),
        (Reaction.DEAD, ("failed", "404")),
        (Reaction.CONGESTED, ("failed", "503")),
        (Reaction.FORBIDDEN, ("failed", "403")),
    ],
)
async def test_a_call_nobody_takes_ends_as_the_network_says(
    twilio: Emulator, line: Line, hooks: Site, reaction: Reaction, end: tuple[str, str]
) -> None:
    twilio.carrier.owners[PHONE] = nobody(reaction)
    await placed(line, hooks)
    await twilio.carrier.until_idle()
    told = hooks.at("/status")[-1]
    assert (told["CallStatus"], told["SipResponseCode"]) == end
    assert hooks.at("/answer") == []


async def test_calls_wait_their_turn_at_the_accounts_rate(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    twilio.carrier.calls_per_second = 20
    for n in range(3):
        await placed(line, hooks, to=f"{PHONE[:-1]}{n}")
    assert str((await line.calls.list_async())[0].status) == "queued"
    await twilio.carrier.until_idle()
    instants = [each.at for each in twilio.carrier.rings]
    assert instants[2] - instants[0] >= timedelta(seconds=0.09)


async def test_a_machine_is_told_before_the_first_word_or_beside_it(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/answer"] = "<Pause length='10'/>"
    twilio.carrier.owners[PHONE] = MACHINE
    await placed(line, hooks, machine_detection="Enable")
    await twilio.carrier.until_idle()
    await placed(
        line,
        hooks,
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=f"{hooks.url}/machine",
    )
    await twilio.carrier.until_idle()
    assert [each.get("AnsweredBy") for each in hooks.at("/answer")] == ["machine_start", None]
    assert [each["AnsweredBy"] for each in hooks.at("/machine")] == ["machine_start"]


async def test_a_call_is_hung_up_redirected_and_bounded_by_the_api(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/answer"] = "<Pause length='9999'/>"
    hooks.documents["/elsewhere"] = "<Say>Sorry.</Say>"
    twilio.carrier.owners[PHONE] = nobody(Reaction.RINGS_OUT)
    ringing = await placed(line, hooks)
    leg = twilio.carrier.legs[str(ringing.sid)]
    await twilio.carrier.until(leg, "ringing")
    await line.calls(leg.sid).update_async(status="completed")
    await twilio.carrier.until(leg, "canceled")
    twilio.carrier.owners[PHONE] = Owner()
    up = await placed(line, hooks)
    leg = twilio.carrier.legs[str(up.sid)]
    await twilio.carrier.until(leg, "in-progress")
    await line.calls(leg.sid).update_async(url=f"{hooks.url}/elsewhere")
    await twilio.carrier.until_idle()
    assert (leg.status, leg.heard) == ("completed", ["Sorry."])
    with pytest.raises(TwilioRestException) as refused:
        await line.calls(leg.sid).update_async(url=f"{hooks.url}/elsewhere")
    assert refused.value.code == 21220


async def test_a_webhook_that_fails_is_tried_again_and_then_its_fallback(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/again"] = "<Say>Again.</Say>"
    hooks.fails["/answer"] = [500, 500, 500]
    await placed(
        line, hooks, url=f"{hooks.url}/answer#rc=2&rp=all", fallback_url=f"{hooks.url}/again"
    )
    await twilio.carrier.until_idle()
    tokens = [each.token for each in hooks.visits if each.path == "/answer"]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert [each["ErrorCode"] for each in hooks.at("/again")] == ["11200"]
    assert next(iter(twilio.carrier.legs.values())).heard == ["Again."]


async def test_callbacks_come_twice_late_and_out_of_order(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    twilio.carrier.postman.disorder = Disorder(seed=4, late=0.7, late_s=0.2, twice=0.5)
    await placed(line, hooks)
    await twilio.carrier.until_idle()
    numbers = [int(each["SequenceNumber"]) for each in hooks.at("/status")]
    assert set(numbers) == {0, 1, 2, 3}
    assert len(numbers) > 4
    assert numbers != sorted(numbers)


@pytest.mark.parametrize(
    ("fault", "rings"),
    [
        (Fault.TOO_MANY, 0),
        (Fault.BROKEN, 0),
        (Fault.BROKEN_AFTER, 1),
        (Fault.LOST, 1),
        (Fault.LATE, 1),
        (Fault.CUT, 0),
    ],
)
async def test_a_request_may_fail_before_or_after_it_was_done(
    twilio: Emulator, line: Line, hooks: Site, fault: Fault, rings: int
) -> None:
    twilio.carrier.faults.next_creating.append(fault)
    twilio.carrier.faults.late_s = 0.05
    with pytest.raises((TwilioRestException, aiohttp.ClientError)):
        await placed(line, hooks)
    await twilio.carrier.until_idle()
    assert len(twilio.carrier.rings) == rings


async def test_calls_are_found_by_number_and_start_but_not_before_they_are_dialled(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    before = twilio.carrier.clock.now() - timedelta(seconds=5)
    twilio.carrier.calls_per_second = 5
    await placed(line, hooks, to=AGENT)
    call = await placed(line, hooks)
    waiting = await line.calls.list_async(to=PHONE, start_time_after=before)
    await twilio.carrier.until_idle()
    found = await line.calls.list_async(to=PHONE, start_time_after=before)
    assert waiting == []
    assert [each.sid for each in found] == [call.sid]


async def test_an_owner_and_an_agent_meet_in_a_conference_and_a_supervisor_coaches(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/answer"] = "<Dial action='/after'><Conference>room</Conference></Dial>"
    seat = await line.conferences("room").participants.create_async(
        from_=OUR_NUMBER,
        to=AGENT,
        label="agent",
        end_conference_on_exit=True,
        conference_status_callback=f"{hooks.url}/room",
        conference_status_callback_event=["start", "end", "join", "leave", "hold"],
    )
    agent = twilio.carrier.legs[str(seat.call_sid)]
    await twilio.carrier.until(agent, "in-progress")
    call = await placed(line, hooks)
    owner = twilio.carrier.legs[str(call.sid)]
    await twilio.carrier.until(owner, "in-progress")
    await twilio.carrier.rooms.until("room", members=2)
    rooms = await line.conferences.list_async(status="in-progress")
    people = line.conferences(str(rooms[0].sid)).participants
    assert {each.call_sid for each in await people.list_async()} == {agent.sid, owner.sid}
    held = await people(owner.sid).update_async(hold=True)
    assert held.hold
    coach = await people.create_async(
        from_=OUR_NUMBER, to="sip:boss@example.com", call_sid_to_coach=agent.sid, coaching=True
    )
    await twilio.carrier.until(twilio.carrier.legs[str(coach.call_sid)], "in-progress")
    await people(agent.sid).delete_async()
    await twilio.carrier.until_idle()
    said = [each["StatusCallbackEvent"] for each in hooks.at("/room")]
    assert said[:3] == ["participant-join", "participant-join", "conference-start"]
    assert said[-1] == "conference-end"
    assert "participant-hold" in said
    assert len(hooks.at("/after")) == 1


async def test_calls_are_recorded_paused_kept_and_deleted(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/answer"] = "<Pause length='50'/><Record action='/said' maxLength='30'/>"
    twilio.carrier.owners[PHONE] = answers_with(Speaks(seconds=3.0))
    call = await placed(line, hooks)
    leg = twilio.carrier.legs[str(call.sid)]
    await twilio.carrier.until(leg, "in-progress")
    tapes = line.calls(leg.sid).recordings
    tape = await tapes.create_async(
        recording_status_callback=f"{hooks.url}/tape", recording_channels="dual"
    )
    paused = await tapes("Twilio.CURRENT").update_async(
        status=Status.PAUSED, pause_behavior="silence"
    )
    await tapes(str(tape.sid)).update_async(status=Status.IN_PROGRESS)
    await twilio.carrier.until_idle()
    assert str(paused.status) == "paused"
    assert [each["RecordingStatus"] for each in hooks.at("/tape")] == ["completed"]
    assert [each["RecordingDuration"] for each in hooks.at("/said")] == ["3"]
    media = hooks.at("/tape")[0]["RecordingUrl"] + ".wav"
    auth = aiohttp.BasicAuth(KEY_SID, KEY_SECRET)
    async with aiohttp.ClientSession() as session:
        async with session.get(media, auth=auth) as got:
            assert (await got.read())[:4] == b"RIFF"
        assert await line.recordings(str(tape.sid)).delete_async()
        async with session.get(media, auth=auth) as gone:
            assert gone.status == 404
        async with session.get(media) as stranger:
            assert stranger.status == 401


async def test_who_rings_us_is_answered_by_the_numbers_document(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/in"] = "<Say>Good day.</Say>"
    numbers = await line.incoming_phone_numbers.list_async(phone_number=OUR_NUMBER)
    await line.incoming_phone_numbers(str(numbers[0].sid)).update_async(
        voice_url=f"{hooks.url}/in", status_callback=f"{hooks.url}/over"
    )
    leg = await twilio.carrier.ring_us(PHONE)
    await twilio.carrier.until_idle()
    assert leg.heard == ["Good day."]
    assert hooks.at("/in")[0]["CallStatus"] == "ringing"
    assert hooks.at("/over")[0]["CallStatus"] == "completed"
