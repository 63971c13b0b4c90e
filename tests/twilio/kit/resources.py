"""What the API of the emulated carrier does, resource by resource."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.twilio.kit import pages
from tests.twilio.kit.carrier import Carrier
from tests.twilio.kit.description import Asked
from tests.twilio.kit.legs import Leg
from tests.twilio.kit.rooms import Conference, Member
from tests.twilio.kit.tapes import Tape

_PAGE_SIZE = 50
_CREATED, _NO_CONTENT, _BAD, _NOT_FOUND = 201, 204, 400, 404
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


class ApiError(Exception):
    """A refusal, with Twilio's code (twilio.com/docs/api/errors)."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What is answered."""

    body: Any = None
    status: int = 200


Do = Callable[[Carrier, Asked, Mapping[str, str]], Page]


def create_call(carrier: Carrier, asked: Asked, _: Mapping[str, str]) -> Page:
    """Take an order for a call."""
    _check_ends(carrier, asked)
    if not any(name in asked.form for name in ("Url", "Twiml", "ApplicationSid")):
        raise ApiError(_BAD, 21205, "Url parameter is required.")
    return Page(status=_CREATED, body=pages.call(carrier.place(asked.form)))


def list_calls(carrier: Carrier, asked: Asked, _: Mapping[str, str]) -> Page:
    """List calls, the newest first; those that were not dialled yet have no time of start."""
    legs: Iterable[Leg] = reversed(carrier.legs.values())
    for name, wanted in (("To", "to"), ("From", "from_"), ("Status", "status")):
        if name in asked.query:
            value = asked.query[name][0]
            legs = [each for each in legs if getattr(each, wanted) == value]
    if "StartTime>" in asked.query:
        since = _instant(asked.query["StartTime>"][0])
        legs = [each for each in legs if each.started_at and each.started_at >= since]
    if "StartTime<" in asked.query:
        until = _instant(asked.query["StartTime<"][0])
        legs = [each for each in legs if each.started_at and each.started_at <= until]
    if "StartTime" in asked.query:
        day = _instant(asked.query["StartTime"][0]).date()
        legs = [each for each in legs if each.started_at and each.started_at.date() == day]
    return listed(asked, "calls", [pages.call(each) for each in legs])


def fetch_call(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Return a call."""
    return Page(body=pages.call(_leg(carrier, path["Sid"])))


def change_call(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """End a call, or have it go on elsewhere."""
    leg = _leg(carrier, path["Sid"])
    status = asked.form.get("Status", [""])[0]
    is_up = leg.status == "in-progress"
    if status == "canceled" and is_up:
        raise ApiError(_BAD, 21220, "Invalid call state: call is in-progress.")
    if status and not leg.is_over:
        leg.hang_up(by_us=True)
    if "Url" in asked.form or "Twiml" in asked.form:
        if not is_up:
            raise ApiError(_BAD, 21220, "Call is not in-progress. Cannot redirect.")
        by_url = "Url" in asked.form
        target = asked.form["Url" if by_url else "Twiml"][0]
        leg.redirected.put_nowait((target, asked.form.get("Method", ["POST"])[0] if by_url else ""))
    return Page(body=pages.call(leg))


def create_recording(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """Begin to record a call."""
    leg = _leg(carrier, path["CallSid"])
    if leg.status != "in-progress":
        raise ApiError(_BAD, 21220, "Requested resource is not eligible for recording")
    tape = carrier.tapes.start(
        leg,
        source="StartCallRecordingAPI",
        callback=asked.form.get("RecordingStatusCallback", [""])[0],
        channels=2 if asked.form.get("RecordingChannels") == ["dual"] else 1,
        events=asked.form.get("RecordingStatusCallbackEvent", ["completed"]),
    )
    return Page(status=_CREATED, body=pages.recording(tape, of_call=True))


def change_recording(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """Pause, go on with, or stop a recording."""
    leg = _leg(carrier, path["CallSid"])
    running = carrier.tapes.running(leg)
    if path["Sid"] == "Twilio.CURRENT":
        tape = next(iter(running), None)
    else:
        tape = next((each for each in running if each.sid == path["Sid"]), None)
    if tape is None:
        raise ApiError(_BAD, 21220, "Unable to update record. Recording is not running.")
    match asked.form["Status"][0]:
        case "stopped":
            carrier.tapes.stop(tape)
        case "paused":
            tape.status = "paused"
            tape.was_paused += 1
        case "in-progress":
            tape.status = "in-progress"
        case other:
            raise ApiError(_BAD, 20001, f"Status {other}")
    return Page(body=pages.recording(tape, of_call=True))


def list_recordings(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """List recordings, of a call or of the account."""
    sid = path.get("CallSid") or asked.query.get("CallSid", [""])[0]
    tapes = [
        each
        for each in reversed(carrier.tapes.all.values())
        if not each.is_deleted and sid in {"", each.leg.sid}
    ]
    of_call = "CallSid" in path
    return listed(asked, "recordings", [pages.recording(each, of_call=of_call) for each in tapes])


def fetch_recording(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Return a recording."""
    return Page(body=pages.recording(_tape(carrier, path["Sid"]), of_call="CallSid" in path))


def delete_recording(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Delete a recording for good."""
    tape = _tape(carrier, path["Sid"])
    if tape.is_running:
        raise ApiError(409, 20409, "The recording is still being made.")
    tape.is_deleted = True
    return Page(status=_NO_CONTENT)


def list_conferences(carrier: Carrier, asked: Asked, _: Mapping[str, str]) -> Page:
    """List conferences, the newest first."""
    rooms: Iterable[Conference] = reversed(carrier.rooms.all)
    if "FriendlyName" in asked.query:
        rooms = [each for each in rooms if each.name == asked.query["FriendlyName"][0]]
    if "Status" in asked.query:
        rooms = [each for each in rooms if each.status == asked.query["Status"][0]]
    told = [pages.conference(each, account_sid=carrier.account_sid) for each in rooms]
    return listed(asked, "conferences", told)


def fetch_conference(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Return a conference."""
    room = _room(carrier, path["Sid"])
    return Page(body=pages.conference(room, account_sid=carrier.account_sid))


def change_conference(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """End a conference, or speak to everybody in it."""
    room = _room(carrier, path["Sid"])
    if "AnnounceUrl" in asked.form:
        if room.status != "in-progress":
            raise ApiError(_BAD, 20001, "The conference is not in progress.")
        carrier.rooms.announce(room, asked.form["AnnounceUrl"][0])
    if asked.form.get("Status") == ["completed"]:
        carrier.rooms.end(room, why="conference-ended-via-api")
    return Page(body=pages.conference(room, account_sid=carrier.account_sid))


def create_participant(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """Ring somebody into a conference."""
    _check_ends(carrier, asked)
    name = path["ConferenceSid"]
    if name.startswith("CF") and (known := carrier.rooms.named(name)) is not None:
        name = known.name
    leg = carrier.place(asked.form, conference=name)
    room = _room(carrier, name)
    return Page(
        status=_CREATED,
        body=pages.participant(leg, room, None, account_sid=carrier.account_sid),
    )


def list_participants(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """List who is in a conference."""
    room = _room(carrier, path["ConferenceSid"])
    told = [
        pages.participant(each.leg, room, each, account_sid=carrier.account_sid)
        for each in room.members.values()
    ]
    return listed(asked, "participants", told)


def fetch_participant(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Return who is in a conference."""
    room, member = _member(carrier, path)
    return Page(body=pages.participant(member.leg, room, member, account_sid=carrier.account_sid))


def change_participant(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """Mute, hold or coach."""
    room, member = _member(carrier, path)
    coached = asked.form.get("CallSidToCoach", [None])[0]
    if coached is not None and coached not in room.members:
        raise ApiError(_BAD, 16025, "The call to coach is not in the conference.")
    carrier.rooms.change(room, member, asked.form)
    return Page(body=pages.participant(member.leg, room, member, account_sid=carrier.account_sid))


def remove_participant(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Take somebody out of a conference."""
    room, member = _member(carrier, path)
    carrier.rooms.remove(room, member.leg.sid)
    return Page(status=_NO_CONTENT)


def _check_ends(carrier: Carrier, asked: Asked) -> None:
    if carrier.account_status != "active":
        raise ApiError(403, 20005, "Account is not active")
    shown, to = asked.form["From"][0], asked.form["To"][0]
    if to[0] == "+" and _NUMBER.fullmatch(to) is None:
        raise ApiError(_BAD, 21211, f"Invalid 'To' Phone Number: {to}")
    ours = {each.e164 for each in carrier.numbers} | set(carrier.verified)
    if shown[0] == "+" and shown not in ours:
        raise ApiError(_BAD, 21210, f"'From' phone number not verified: {shown}")
    if carrier.account_type == "Trial" and to[0] == "+" and to not in carrier.verified:
        raise ApiError(_BAD, 21219, "'To' phone number not verified")


def _leg(carrier: Carrier, sid: str) -> Leg:
    if (leg := carrier.legs.get(sid)) is None:
        raise ApiError(_NOT_FOUND, 20404, f"no call {sid}")
    return leg


def _tape(carrier: Carrier, sid: str) -> Tape:
    tape = carrier.tapes.all.get(sid)
    if tape is None or tape.is_deleted:
        raise ApiError(_NOT_FOUND, 20404, f"no recording {sid}")
    return tape


def _room(carrier: Carrier, name: str) -> Conference:
    found = carrier.rooms.named(name)
    if found is None:
        found = next((each for each in reversed(carrier.rooms.all) if each.sid == name), None)
    if found is None:
        raise ApiError(_NOT_FOUND, 20404, f"no conference {name}")
    return found


def _member(carrier: Carrier, path: Mapping[str, str]) -> tuple[Conference, Member]:
    room = _room(carrier, path["ConferenceSid"])
    sid = path["CallSid"]
    for member in room.members.values():
        if sid in {member.leg.sid, member.label}:
            return room, member
    raise ApiError(_NOT_FOUND, 20404, f"{sid} is not in {room.name}")


def listed(asked: Asked, name: str, all_of_them: Sequence[Any]) -> Page:
    """Return the page of a list that was asked for."""
    size = int(asked.query.get("PageSize", [str(_PAGE_SIZE)])[0])
    page = int(asked.query.get("Page", ["0"])[0])
    first = page * size
    shown = list(all_of_them[first : first + size])
    has_next = len(all_of_them) > first + size
    here = f"{asked.path}?PageSize={size}&Page="
    body = {
        name: shown,
        "page": page,
        "page_size": size,
        "start": first,
        "end": first + len(shown) - 1 if shown else 0,
        "uri": f"{here}{page}",
        "first_page_uri": f"{here}0",
        "next_page_uri": f"{here}{page + 1}" if has_next else None,
        "previous_page_uri": f"{here}{page - 1}" if page else None,
    }
    return Page(body=body)


def _instant(value: str) -> datetime:
    read = datetime.fromisoformat(value)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def at(template: str) -> re.Pattern[str]:
    """Return where something of the account lies."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace(".", r"\."))
    return re.compile(f"{pages.ROOT}/AC\\w{{32}}{pattern}")


_CALL = "/Calls/{CallSid}"
_CONFERENCE = "/Conferences/{ConferenceSid}"
RESOURCES: Sequence[tuple[str, re.Pattern[str], Do]] = [
    ("POST", at("/Calls.json"), create_call),
    ("GET", at("/Calls.json"), list_calls),
    ("GET", at("/Calls/{Sid}.json"), fetch_call),
    ("POST", at("/Calls/{Sid}.json"), change_call),
    ("POST", at(_CALL + "/Recordings.json"), create_recording),
    ("GET", at(_CALL + "/Recordings.json"), list_recordings),
    ("GET", at(_CALL + "/Recordings/{Sid}.json"), fetch_recording),
    ("POST", at(_CALL + "/Recordings/{Sid}.json"), change_recording),
    ("DELETE", at(_CALL + "/Recordings/{Sid}.json"), delete_recording),
    ("GET", at("/Recordings.json"), list_recordings),
    ("GET", at("/Recordings/{Sid}.json"), fetch_recording),
    ("DELETE", at("/Recordings/{Sid}.json"), delete_recording),
    ("GET", at("/Conferences.json"), list_conferences),
    ("GET", at("/Conferences/{Sid}.json"), fetch_conference),
    ("POST", at("/Conferences/{Sid}.json"), change_conference),
    ("POST", at(_CONFERENCE + "/Participants.json"), create_participant),
    ("GET", at(_CONFERENCE + "/Participants.json"), list_participants),
    ("GET", at(_CONFERENCE + "/Participants/{CallSid}.json"), fetch_participant),
    ("POST", at(_CONFERENCE + "/Participants/{CallSid}.json"), change_participant),
    ("DELETE", at(_CONFERENCE + "/Participants/{CallSid}.json"), remove_participant),
]
