"""The documents that lead into rooms, and why phones are not in theirs."""

from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from customers.model import Language
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.results import CallStatus
from dialer.bridges.twilio.rooms import Part, RoomDocuments
from dialer.bridges.twilio.troubles import trouble_of

INSTALLATION = UUID("12345678-0000-7000-8000-000000000000")
ROOMS = RoomDocuments(
    addresses=Addresses(public_url="https://calls.example.com"), installation_id=INSTALLATION
)
EVENTS = "https://calls.example.com/webhooks/twilio/rooms/agent-7/events"


def _read(document: str) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - of our own making


def _conference(document: str) -> ET.Element:
    found = _read(document).find("Dial/Conference")
    assert found is not None
    return found


@pytest.mark.parametrize("part", [part for part in Part if part is not Part.OUTSIDE])
def test_whoever_comes_first_into_a_room_names_its_events_and_ends_it_for_nobody(
    part: Part,
) -> None:
    conference = _conference(ROOMS.phone("agent-7", part))
    assert conference.text == "ownerline-12345678-agent-7"
    assert conference.attrib["statusCallback"] == EVENTS
    assert conference.attrib["endConferenceOnExit"] == "false"
    assert conference.attrib["beep"] == "false"


def test_an_agent_waits_in_silence_and_an_owner_with_music() -> None:
    assert _conference(ROOMS.phone("agent-7", Part.SEAT)).attrib["waitUrl"] == ""
    assert "waitUrl" not in _conference(ROOMS.owner("agent-7", Language.ENGLISH)).attrib


def test_a_room_an_owner_cannot_enter_leaves_them_with_the_apology() -> None:
    verbs = [each.tag for each in _read(ROOMS.owner("agent-7", Language.MANDARIN))]
    assert verbs == ["Dial", "Say", "Hangup"]


def test_who_listens_is_muted_and_who_whispers_is_heard_by_the_agent_alone() -> None:
    listens = _conference(ROOMS.phone("agent-7", Part.LISTEN)).attrib
    whispers = _conference(ROOMS.phone("agent-7", Part.WHISPER, coached="CA1")).attrib
    joins = _conference(ROOMS.phone("agent-7", Part.JOIN)).attrib
    assert (listens["muted"], whispers["coach"]) == ("true", "CA1")
    assert not {"muted", "coach"} & joins.keys()


def test_any_one_key_takes_a_seat() -> None:
    document = _read(ROOMS.key_first(INSTALLATION, Language.ENGLISH))
    gather = document.find("Gather")
    assert gather is not None
    assert (gather.attrib["numDigits"], gather.attrib["finishOnKey"]) == ("1", "")
    assert [each.tag for each in document] == ["Gather", "Hangup"]


@pytest.mark.parametrize(
    ("status", "sip_code", "trouble"),
    [
        (CallStatus.BUSY, 486, PhoneTrouble.BUSY),
        (CallStatus.BUSY, 603, PhoneTrouble.REJECTED),
        (CallStatus.NO_ANSWER, 487, PhoneTrouble.NO_ANSWER),
        (CallStatus.NO_ANSWER, 480, PhoneTrouble.NO_ANSWER),
        (CallStatus.FAILED, 404, PhoneTrouble.UNREACHABLE),
        (CallStatus.FAILED, None, PhoneTrouble.UNREACHABLE),
        (CallStatus.CANCELED, None, PhoneTrouble.NO_ANSWER),
        (CallStatus.COMPLETED, 200, PhoneTrouble.NO_ANSWER),
    ],
)
def test_a_phone_that_took_no_seat_has_a_reason(
    status: CallStatus, sip_code: int | None, trouble: PhoneTrouble
) -> None:
    assert trouble_of(status, sip_code=sip_code) is trouble
