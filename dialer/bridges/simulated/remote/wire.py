"""The wire to the carrier: one JSON object a line, its length bounded, its schema checked.

A dialer says `Hello` and hears `Welcome`; from then on both sides ask (`Request`) and answer
(`Answer`, `Failure`), and the carrier tells events (`News`) that nobody acknowledges.
"""

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import OwnerlineError
from dialer.bridges.port import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallInRoom,
    CallRinging,
    CallSubmitted,
    Capabilities,
    OutboundCall,
    RecordingReady,
    TrunkLimits,
)
from dialer.model import AnsweredBy
from scripts.model import Reply

VERSION = 1
LONGEST_LINE = 1024 * 1024  # bytes
PAGE = 500  # placed calls an answer


class WireError(OwnerlineError):
    """The other end of the carrier's connection sent what cannot be understood."""


class Frame(BaseModel):
    """A part of the wire's language; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hello(Frame):
    """A dialer's first word; `dialer` stays the same when it comes back after a lost connection.

    One that does not listen only asks: no event and no talk comes to it.
    """

    kind: Literal["hello"] = "hello"
    version: int = VERSION
    token: str = Field(default="", max_length=256, repr=False)
    dialer: UUID
    listens: bool


class Welcome(Frame):
    """The carrier's first word: what it offers."""

    kind: Literal["welcome"] = "welcome"
    trunks: tuple[TrunkLimits, ...]
    capabilities: Capabilities
    max_seconds: float


class Originate(Frame):
    """Place a call."""

    do: Literal["originate"] = "originate"
    call: OutboundCall


class HangUp(Frame):
    """End a call."""

    do: Literal["hang_up"] = "hang_up"
    attempt_id: UUID


class AskFate(Frame):
    """Say what became of a call; whoever asks about a live one takes it over."""

    do: Literal["fate"] = "fate"
    attempt_id: UUID


class AskPlaced(Frame):
    """List the calls placed since an instant, behind the first `skip` of them."""

    do: Literal["placed_since"] = "placed_since"
    instant: datetime
    skip: int = Field(default=0, ge=0)


class AskLive(Frame):
    """List the calls that are up."""

    do: Literal["live"] = "live"


class StopAll(Frame):
    """Hang up everything."""

    do: Literal["stop_all"] = "stop_all"


class MoveToRoom(Frame):
    """Put a live call into a room."""

    do: Literal["move_to_room"] = "move_to_room"
    attempt_id: UUID
    room: str = Field(max_length=200)


class Monitor(Frame):
    """Let a supervisor into a room."""

    do: Literal["monitor"] = "monitor"
    room: str = Field(max_length=200)
    endpoint: str = Field(max_length=200)
    mode: str = Field(max_length=20)


class OpenTalk(Frame):
    """The carrier asks for the first turn of a talk."""

    do: Literal["open"] = "open"
    attempt_id: UUID
    answered_by: AnsweredBy


class NextTurn(Frame):
    """The carrier brings a reply and asks for the next turn."""

    do: Literal["reply"] = "reply"
    attempt_id: UUID
    reply: Reply


Command = (
    Originate | HangUp | AskFate | AskPlaced | AskLive | StopAll | MoveToRoom | Monitor
)  # of a dialer
Question = OpenTalk | NextTurn  # of the carrier


class Request(Frame):
    """Something asked of the other side; the answer bears its number."""

    kind: Literal["request"] = "request"
    number: int = Field(ge=0)
    ask: Annotated[Command | Question, Field(discriminator="do")]


class Answer(Frame):
    """What came of a request."""

    kind: Literal["answer"] = "answer"
    number: int
    value: Any = None


class FailureKind(StrEnum):
    """Why a request came to nothing."""

    REFUSED = "refused"  # BridgeError
    UNKNOWN = "unknown"  # SubmissionUnknownError
    FAILED = "failed"  # the other side broke down over it


class Failure(Frame):
    """A request that came to nothing."""

    kind: Literal["failure"] = "failure"
    number: int
    why: FailureKind
    message: str
    retryable: bool = False


class News(Frame):
    """An event of a call; `event` is the name of its type."""

    kind: Literal["news"] = "news"
    event: str
    facts: dict[str, Any]


AnyFrame = Annotated[
    Hello | Welcome | Request | Answer | Failure | News, Field(discriminator="kind")
]
_FRAMES: TypeAdapter[Hello | Welcome | Request | Answer | Failure | News] = TypeAdapter(AnyFrame)
_EVENTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (
        CallSubmitted,
        CallRinging,
        CallAnswered,
        CallInRoom,
        RecordingReady,
        CallEnded,
    )
}


def news_of(event: CallEvent) -> News:
    """Return the frame that tells an event."""
    name = type(event).__name__
    return News(event=name, facts=_adapter(name).dump_python(event, mode="json"))


def event_of(news: News) -> CallEvent:
    """Return the event a frame tells.

    Raises:
        WireError: there is no such event.
    """
    try:
        event: CallEvent = _adapter(news.event).validate_python(news.facts)
    except ValidationError as err:
        message = f"the carrier told {news.event} in words of its own: {_problems(err)}"
        raise WireError(message) from err
    return event


def _adapter(name: str) -> TypeAdapter[Any]:
    adapter = _EVENTS.get(name)
    if adapter is None:
        message = f"there is no event {name!r}; known: {', '.join(_EVENTS)}"
        raise WireError(message)
    return adapter


def line_of(frame: Frame) -> bytes:
    """Return a frame as it goes over the wire.

    Raises:
        WireError: it is longer than a line may be.
    """
    line = frame.model_dump_json().encode() + b"\n"
    if len(line) > LONGEST_LINE:
        message = f"a line of {len(line)} bytes is too long; {LONGEST_LINE} is the most"
        raise WireError(message)
    return line


def frame_of(line: bytes) -> Frame:
    """Return the frame a line holds.

    Raises:
        WireError: it holds none.
    """
    try:
        return _FRAMES.validate_json(line)
    except ValidationError as err:
        message = f"a line of {len(line)} bytes is no frame: {_problems(err)}"
        raise WireError(message) from err


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Return the next frame; None when the other side has gone.

    Raises:
        WireError: the line is too long or holds no frame.
    """
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None  # closed, or killed in the middle of a line
    except asyncio.LimitOverrunError as err:
        message = f"a line is longer than {LONGEST_LINE} bytes"
        raise WireError(message) from err
    except ConnectionError:
        return None
    return frame_of(line)


def _problems(err: ValidationError) -> str:
    """Return what is wrong without the values: they may be somebody's number."""
    found = err.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found[:3])
