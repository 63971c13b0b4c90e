"""Calls, conferences and the rest in the JSON of the emulated carrier's API."""

from datetime import datetime
from typing import Any

from tests.twilio.kit.account import OurNumber
from tests.twilio.kit.carrier import Carrier
from tests.twilio.kit.legs import ENDED, Leg, stamp
from tests.twilio.kit.rooms import Conference, Member
from tests.twilio.kit.tapes import Tape

ROOT = "/2010-04-01/Accounts"


def call(leg: Leg) -> dict[str, Any]:
    """Return a call."""
    uri = f"{ROOT}/{leg.account_sid}/Calls/{leg.sid}"
    return {
        "sid": leg.sid,
        "account_sid": leg.account_sid,
        "parent_call_sid": leg.parent,
        "to": leg.to,
        "to_formatted": leg.to,
        "from": leg.from_,
        "from_formatted": leg.from_,
        "status": leg.status,
        "direction": leg.direction,
        "date_created": stamp(leg.created_at),
        "date_updated": stamp(leg.ended_at or leg.created_at),
        "start_time": None if leg.started_at is None else stamp(leg.started_at),
        "end_time": None if leg.ended_at is None else stamp(leg.ended_at),
        "duration": str(leg.seconds) if leg.status in ENDED else None,
        "price": leg.price,
        "price_unit": "USD",
        "answered_by": leg.answered_by,
        "api_version": "2010-04-01",
        "queue_time": "0",
        "uri": f"{uri}.json",
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
    }


def conference(room: Conference, *, account_sid: str) -> dict[str, Any]:
    """Return a conference."""
    page: dict[str, Any] = {
        "sid": room.sid,
        "account_sid": account_sid,
        "friendly_name": room.name,
        "status": room.status,
        "date_created": stamp(room.created_at),
        "date_updated": stamp(room.created_at),
        "api_version": "2010-04-01",
        "region": "us1",
        "uri": f"{ROOT}/{account_sid}/Conferences/{room.sid}.json",
        "subresource_uris": {},
        "call_sid_ending_conference": room.ended_by,
    }
    return page | ({} if room.why_ended is None else {"reason_conference_ended": room.why_ended})


def participant(
    leg: Leg, room: Conference, member: Member | None, *, account_sid: str
) -> dict[str, Any]:
    """Return a call in a conference, or on its way into it."""
    return {
        "account_sid": account_sid,
        "call_sid": leg.sid,
        "conference_sid": room.sid,
        "label": None if member is None else member.label,
        "coaching": member is not None and member.coached is not None,
        "call_sid_to_coach": None if member is None else member.coached,
        "muted": member is not None and member.muted,
        "hold": member is not None and member.hold,
        "start_conference_on_enter": member is None or member.starts,
        "end_conference_on_exit": member is not None and member.ends,
        "status": "connected" if member is not None else "queued",
        "date_created": stamp(leg.created_at),
        "date_updated": stamp(leg.created_at),
        "queue_time": "0",
        "uri": f"{ROOT}/{account_sid}/Conferences/{room.sid}/Participants/{leg.sid}.json",
    }


def recording(tape: Tape, *, of_call: bool) -> dict[str, Any]:
    """Return a recording, as its call has it or as the account has it."""
    page: dict[str, Any] = {
        "sid": tape.sid,
        "account_sid": tape.leg.account_sid,
        "call_sid": tape.leg.sid,
        "conference_sid": None,
        "api_version": "2010-04-01",
        "status": tape.status,
        "channels": tape.channels,
        "source": tape.source,
        "duration": None if tape.is_running else str(tape.seconds),
        "date_created": stamp(tape.started_at),
        "date_updated": stamp(tape.started_at),
        "start_time": stamp(tape.started_at),
        "error_code": None,
        "price": None,
        "price_unit": "USD",
        "encryption_details": None,
        "uri": f"{ROOT}/{tape.leg.account_sid}/Recordings/{tape.sid}.json",
    }
    if of_call:
        return page | {"track": "both"}
    return page | {"media_url": None, "subresource_uris": {}}


def number(ours: OurNumber, *, account_sid: str) -> dict[str, Any]:
    """Return a number of the account."""
    return {
        "sid": ours.sid,
        "account_sid": account_sid,
        "phone_number": ours.e164,
        "friendly_name": ours.e164,
        "api_version": "2010-04-01",
        "beta": False,
        "capabilities": {"voice": ours.has_voice, "sms": False, "mms": False, "fax": False},
        "voice_url": ours.voice_url,
        "voice_method": ours.voice_method,
        "voice_fallback_url": ours.voice_fallback_url,
        "voice_fallback_method": "POST",
        "voice_caller_id_lookup": False,
        "status_callback": ours.status_callback,
        "status_callback_method": "POST",
        "trunk_sid": ours.trunk_sid or None,
        "voice_application_sid": ours.application_sid or None,
        "uri": f"{ROOT}/{account_sid}/IncomingPhoneNumbers/{ours.sid}.json",
    }


def verified(e164: str, *, account_sid: str) -> dict[str, Any]:
    """Return a number that the account may show, and does not own."""
    return {
        "sid": "PN" + e164[1:].rjust(32, "0"),
        "account_sid": account_sid,
        "phone_number": e164,
        "friendly_name": e164,
        "uri": f"{ROOT}/{account_sid}/OutgoingCallerIds.json",
    }


def balance(left: str, *, account_sid: str) -> dict[str, Any]:
    """Return what is left of the account's money."""
    return {"account_sid": account_sid, "balance": left, "currency": "USD"}


def noted(code: int, at: datetime, *, account_sid: str) -> dict[str, Any]:
    """Return something that went wrong."""
    return {
        "account_sid": account_sid,
        "error_code": str(code),
        "log": "0",
        "message_date": stamp(at),
        "more_info": f"https://www.twilio.com/docs/api/errors/{code}",
    }


def account(carrier: Carrier) -> dict[str, Any]:
    """Return the account itself."""
    sid = carrier.account_sid
    return {
        "sid": sid,
        "owner_account_sid": sid,
        "friendly_name": "Emulated",
        "auth_token": None,
        "status": carrier.account_status,
        "type": carrier.account_type,
        "date_created": "Fri, 18 Oct 2019 17:00:00 +0000",
        "date_updated": "Fri, 18 Oct 2019 17:00:00 +0000",
        "uri": f"{ROOT}/{sid}.json",
        "subresource_uris": {},
    }
