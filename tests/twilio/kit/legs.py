"""One call at the emulated carrier: what it is, what became of it, and how that is told."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from tests.twilio.kit.owners import Owner

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What whoever placed a call wanted of it; addresses are empty where none was given."""

    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    status_callback: str = ""
    events: frozenset[str] = frozenset({"completed"})
    timeout_s: float = 60.0
    limit_s: float = 14_400.0  # twilio.com/docs/voice/api/call-resource: TimeLimit's default
    detects: bool = False
    detects_end: bool = False  # of a machine's own words
    detects_beside: bool = False  # AsyncAmd
    detection_callback: str = ""
    records: bool = False
    recording_callback: str = ""
    channels: int = 1
    conference: str = ""  # where a participant goes, by friendly name

    @classmethod
    def of(cls, form: Mapping[str, Sequence[str]], *, conference: str = "") -> "Terms":
        """Read the form of a request that creates a call."""

        def one(name: str, default: str = "") -> str:
            return form[name][0] if form.get(name) else default

        return cls(
            url=one("Url"),
            method=one("Method", "POST"),
            twiml=one("Twiml"),
            fallback_url=one("FallbackUrl"),
            status_callback=one("StatusCallback"),
            events=frozenset(form.get("StatusCallbackEvent", ["completed"])),
            timeout_s=float(one("Timeout", "60")),
            limit_s=float(one("TimeLimit", "14400")),
            detects=one("MachineDetection") in {"Enable", "DetectMessageEnd"},
            detects_end=one("MachineDetection") == "DetectMessageEnd",
            detects_beside=one("AsyncAmd") == "true",
            detection_callback=one("AsyncAmdStatusCallback") or one("AmdStatusCallback"),
            records=one("Record") == "true",
            recording_callback=one("RecordingStatusCallback"),
            channels=2 if one("RecordingChannels") == "dual" else 1,
            conference=conference,
        )


@dataclass(kw_only=True, eq=False)
class Leg:
    """A call between the carrier and one telephone."""

    sid: str
    account_sid: str
    to: str
    from_: str
    direction: str  # outbound-api, outbound-dial, inbound
    terms: Terms
    owner: Owner
    created_at: datetime
    parent: str | None = None
    status: str = "queued"
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answered_by: str | None = None
    sip_code: int | None = None
    error_code: int | None = None
    price: str | None = None
    heard: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    prompts: int = 0
    sequence: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    dropped_by_us: bool = False  # the API ended it, not the telephone
    pressed: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    redirected: asyncio.Queue[tuple[str, str]] = field(default_factory=asyncio.Queue)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether its end is written."""
        return self.status in ENDED

    @property
    def seconds(self) -> int:
        """Seconds since the answer, as they are billed and told: whole ones."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds())

    def becomes(self, status: str) -> None:
        """Change its status."""
        self.status = status
        self.changed.set()
        self.changed = asyncio.Event()

    def hang_up(self, *, by_us: bool) -> None:
        """End it; what is going on on it stops."""
        self.dropped_by_us = self.dropped_by_us or by_us
        self.gone.set()

    @property
    def detected(self) -> str:
        """Who is found to be there, in Twilio's words."""
        is_machine = self.owner.detected == "machine_start"
        return "machine_end_beep" if is_machine and self.terms.detects_end else self.owner.detected

    def params(self) -> dict[str, str]:
        """Return what every request about it says."""
        said = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": self.to,
            "Caller": self.from_,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
            "CalledCountry": "CN",
            "CalledCity": "",
            "CallerState": "",
        }
        if self.parent is not None:
            said["ParentCallSid"] = self.parent
        return said

    def progress(self, *, event: str, at: datetime) -> dict[str, str]:
        """Return what a callback of its progress says."""
        said = self.params() | {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self.sequence),
            "Timestamp": stamp(at),
        }
        self.sequence += 1
        if event == "initiated":
            said["CallStatus"] = "initiated"
        if self.answered_by is not None:
            said["AnsweredBy"] = self.answered_by
        if event == "completed":
            said["CallDuration"] = str(self.seconds)
            said["Duration"] = str(-(-self.seconds // 60))
            if self.sip_code is not None:
                said["SipResponseCode"] = str(self.sip_code)
            if self.error_code is not None:
                said["ErrorCode"] = str(self.error_code)
        return said


def stamp(at: datetime) -> str:
    """Return an instant in Twilio's writing: RFC 2822, whole seconds, +0000."""
    return format_datetime(at.replace(microsecond=0))
