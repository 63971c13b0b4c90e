"""The port to a carrier: what the dialer asks of a bridge, and what a bridge tells the dialer.

A bridge owns the line: it rings, speaks the turns of the script host, and reports every event to
the sink, which commits before it returns. An event may be reported twice; the sink does not mind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from core.errors import OwnerlineError
from core.phone import PhoneNumber
from customers.model import Language, RecordingConsent
from dialer.bridges.floor import Floor
from dialer.bridges.inbound import InboundDesk
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import Reply, Turn


class BridgeError(OwnerlineError):
    """The bridge refused a command and nothing rang; `retryable`: a later try may pass."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class SubmissionUnknownError(OwnerlineError):
    """The bridge took a call and its answer was lost: ask `fate`, never originate again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a bridge can do; a caller asks before it relies on one."""

    rooms: bool = False
    seats: bool = False  # agents' own phones are rung and kept in their rooms: `Bridge.floor`
    inbound: bool = False  # owners who ring reach us over it
    monitor: bool = False
    recording: bool = False
    machine_detection: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundCall:
    """One call to place; `attempt_id` is the carrier's channel id where it allows one."""

    attempt_id: UUID
    to: PhoneNumber
    caller_id: str
    trunk: str
    ring_timeout_s: float
    max_seconds: float
    detect_machine: bool
    synthetic: bool
    room: str | None = None  # where the agent is; a person who answers is put through to it
    room_within_s: float = 2.0  # after the answer; later the call is abandoned, with its message
    language: Language = Language.MANDARIN  # of the person; machines are detected by it
    recording: RecordingConsent = RecordingConsent.NEVER  # what the packs want before a recording
    community: str = ""  # a trunk may show another caller ID for each


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEvent:
    """Something that happened to a call at an instant of the bridge's clock."""

    attempt_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CallSubmitted(CallEvent):
    """The carrier took the call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRinging(CallEvent):
    """The called phone rings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallAnswered(CallEvent):
    """Somebody or something picked up."""

    answered_by: AnsweredBy


@dataclass(frozen=True, kw_only=True, slots=True)
class CallInRoom(CallEvent):
    """The owner is in an agent's room."""

    room: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingStarted(CallEvent):
    """A recording began: from now on a file of it is owed, whatever happens to the call."""

    name: str
    location: str  # where it will lie, see RecordingReady
    consent: RecordingConsent | None = None  # what it rests on


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingReady(CallEvent):
    """A recording lies where `location` says; named `call`, or as the script's reply names it.

    Locations are `<bridge>:<rest>`; what the rest means is the bridge's own affair, and known to
    whoever collects recordings.
    """

    name: str
    location: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEnded(CallEvent):
    """The line is gone for good: the last event of a call."""

    result: TelephonyResult
    hangup_cause: int | None  # Q.850
    sip_code: int | None
    seconds: float  # since the answer; 0 when nobody answered


class FateKind(StrEnum):
    """What the carrier knows of a call."""

    UNKNOWN = "unknown"  # the carrier cannot say now: ask again
    NEVER_PLACED = "never_placed"
    LIVE = "live"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """The carrier's own word on a call; `ended` holds for kind ENDED only."""

    kind: FateKind
    ended: CallEnded | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedCall:
    """A call as the carrier's own book has it; instants are aware, None until they happen."""

    attempt_id: UUID
    to: PhoneNumber
    trunk: str
    placed_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None  # None: the line is up
    result: TelephonyResult | None


class EventSink(Protocol):
    """The dialer's ear."""

    async def heard(self, event: CallEvent) -> None:
        """Take an event and commit what it changes."""
        ...


class ScriptHost(Protocol):
    """Where a bridge gets the turns of a talk; any process may answer the next one."""

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Return the first turn after the answer (a neutral message, or hang-up, for a machine).

        Asked with the `key` of the turn that was returned last, it returns that turn again: for a
        bridge whose process may end between the two.
        """
        ...

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take the owner's reply and return the next turn; `key` as in `open`."""
        ...

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Return what `open` will probably say to a person, while the phone still rings.

        Nothing is kept, and what `open` says holds. The first sentence names nobody but us, so it
        may be spoken while `open` still works; of the others audio is made. None: not known.
        """
        ...

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Return what a person hears when no agent is there in time; it ends the call."""
        ...

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        """Reserve an agent for a talk that transfers; returns the agent's room, None: nobody."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class TrunkLimits:
    """What one trunk carries."""

    name: str
    channels: int
    calls_per_second: float
    caller_id: str = ""
    place: str = ""  # the server it hangs on: only calls of one place can be in one room


class Closed(StrEnum):
    """Why a trunk takes no call, as idle dialers say it."""

    AWAY = "trunks_take_no_calls"  # its server is away
    NOT_LET_IN = "carrier_refuses_our_credentials"
    SPENT = "ceiling_reached"  # what may be spent today is
    UNANSWERED = "no_web_process_answers"  # which the carrier asks what to say


class Bridge(Protocol):
    """A carrier connection."""

    name: str
    is_real: bool  # False: nobody outside this machine can be rung
    capabilities: Capabilities
    trunks: tuple[TrunkLimits, ...]
    max_seconds: float
    floor: Floor | None  # with capability `seats`

    @property
    def closed(self) -> Mapping[str, Closed]:
        """The trunks that take no call at this moment, each with why."""
        ...

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        """Connect; from now on events reach the sink, and calls that come in the desk."""
        ...

    async def close(self) -> None:
        """Disconnect; live calls are left alone."""
        ...

    async def originate(self, call: OutboundCall) -> None:
        """Place a call.

        Raises:
            BridgeError: refused, nothing rings.
            SubmissionUnknownError: it may ring; ask `fate`.
        """
        ...

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call; its `CallEnded` follows. A call that is gone already changes nothing."""
        ...

    async def fate(self, attempt_id: UUID) -> Fate:
        """Say what became of a call."""
        ...

    async def placed_since(self, instant: datetime) -> tuple[PlacedCall, ...] | None:
        """Return the calls this carrier took at or after the instant, the oldest first.

        None: this carrier cannot say.
        """
        ...

    async def live(self) -> tuple[UUID, ...]:
        """Return the calls up now."""
        ...

    async def stop_all(self) -> None:
        """Hang up everything."""
        ...

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into an agent's room; needs capability `rooms`."""
        ...

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Let a supervisor listen, whisper or join; needs capability `monitor`."""
        ...
