"""The webhooks of owners' calls over HTTP on a real book; whoever speaks is a stand-in."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from twilio.request_validator import RequestValidator

from api.routes.twilio import twilio_routes
from core.clock import VirtualClock
from core.database import session_factory
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.inbound import InboundCall
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.answering import Answering
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.booked import BookedCall
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.door import Door
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.talking import Stage, Talking
from dialer.bridges.twilio.twiml import Renderer
from dialer.model import AnsweredBy
from scripts.model import Ask, AskKind, Reply, Transfer, Turn

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
URL = "https://calls.example.com"
ACCOUNT, TOKEN = "AC" + "a" * 32, "12345678901234567890123456789012"
SID, OTHER_SID = "CA" + "b" * 32, "CA" + "c" * 32
CALL_ID = UUID(int=7)
BYE = Turn(step="bye", language=Language.ENGLISH, say=("Goodbye.",), hang_up=True)
TRANSFER = Turn(
    step="transfer",
    language=Language.ENGLISH,
    say=("One moment.",),
    transfer=Transfer(queue="desk"),
)


def asks(name: str, kind: AskKind = AskKind.KEY, **more: Any) -> Turn:
    """Return a question."""
    keys = {"1": "yes", "2": "no"} if kind is AskKind.KEY else {}
    return Turn(
        step=name, language=Language.ENGLISH, say=(name,), ask=Ask(kind=kind, keys=keys, **more)
    )


@dataclass(kw_only=True)
class Speaker:
    """A script host, and a desk, that says turn after turn; the last key's turn is said again."""

    turns: list[Turn]
    room: str | None = None
    opened: list[AnsweredBy] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    said: tuple[str | None, Turn] | None = None

    async def open(
        self, call_id: UUID, answered_by: AnsweredBy = AnsweredBy.HUMAN, *, key: str | None = None
    ) -> Turn:
        """Say the next turn."""
        if self.said is None or self.said[0] != key:
            self.opened.append(answered_by)
        return self._next(key)

    async def reply(self, call_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take a reply and say the next turn."""
        if self.said is None or self.said[0] != key:
            self.replies.append(reply)
        return self._next(key)

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Know nothing."""
        return None

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Say who rang."""
        return Turn(
            step="abandoned", language=Language.ENGLISH, say=("Nobody is free.",), hang_up=True
        )

    async def put_through(self, call_id: UUID, queue: str) -> str | None:
        """Return the room, if one is free."""
        return self.room

    async def take(self, call: InboundCall) -> bool:
        """Take every call."""
        return True

    async def recorded(self, call_id: UUID, name: str, location: str, seconds: float) -> None:
        """Keep nothing."""

    async def ended(self, channel: str, at: datetime) -> None:
        """Do nothing."""

    async def compare(self, trunk: str, up: Any, at: datetime) -> None:
        """Do nothing."""

    async def missed(self, call: InboundCall) -> None:
        """Do nothing."""

    def _next(self, key: str | None) -> Turn:
        if self.said is None or self.said[0] != key:
            self.said = key, self.turns.pop(0) if self.turns else BYE
        return self.said[1]


class MortalBook(Book):
    """A book whose process may be killed, or overtaken, just before it keeps a document."""

    dies = False
    before_keeping: Callable[[], Awaitable[object]] | None = None

    async def keep_document(self, call_id: UUID, **kept: Any) -> bool:
        overtakes, self.before_keeping = self.before_keeping, None
        if overtakes is not None:
            await overtakes()
        if self.dies:
            self.dies = False
            raise ConnectionError
        return await super().keep_document(call_id, **kept)


@dataclass(kw_only=True)
class Recordings:
    """Notes what is to be recorded."""

    followed: list[bool] = field(default_factory=list)
    answered_: list[tuple[str, str, float]] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)

    async def follow(self, call: BookedCall, *, recorded: bool) -> None:
        self.followed.append(recorded)

    async def answered(self, call: BookedCall, *, name: str, sid: str, seconds: float) -> None:
        self.answered_.append((name, sid, seconds))

    async def throw_away(self, call: BookedCall, *, name: str, sid: str) -> None:
        self.thrown.append(sid)


class Seats:
    """Rooms with agents in them; somebody may come at an instant."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.from_: dict[str, datetime] = {}

    async def is_seated(self, room: str) -> bool:
        return room in self.from_ and self._clock.now() >= self.from_[room]


@dataclass(kw_only=True)
class Leader:
    """Notes which calls were led to another document."""

    led: list[tuple[str, str]] = field(default_factory=list)

    async def lead(self, sid: str, address: str) -> bool:
        self.led.append((sid, address))
        return True


class WebRig:
    """Twilio's side: asks as it does, signed, each request with a token of its own."""

    def __init__(self, database: AsyncEngine, *turns: Turn) -> None:
        self.clock = VirtualClock(NOON)
        self.book = MortalBook(session_factory(database))
        self.host = Speaker(turns=list(turns))
        self.recordings, self.leader = Recordings(), Leader()
        self.seats = Seats(self.clock)
        self.addresses = Addresses(public_url=URL)
        self._tokens = itertools.count(1)

    def client(self) -> httpx.AsyncClient:
        """Return a client of a new web process."""
        documents = Documents(self.book, self.addresses)
        stage = Stage(
            book=self.book,
            host=self.host,
            desk=self.host,
            renderer=Renderer(self.addresses),
            documents=documents,
            seats=self.seats,
            rooms=RoomDocuments(addresses=self.addresses, installation_id=UUID(int=1)),
            clock=self.clock,
            recorder=self.recordings,
        )
        answering = Answering(
            Talking(stage), self.book, lines=self.leader, addresses=self.addresses
        )
        door = Door(public_url=URL, account_sid=ACCOUNT, token=TOKEN)
        hooks = (*answering.hooks(), *documents.hooks())
        app = Starlette(routes=twilio_routes(hooks, door, self.clock))
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web")

    async def placed(self, **changes: Any) -> None:
        """Have a call in the book, as it is when it was created."""
        given: dict[str, Any] = {
            "attempt_id": CALL_ID,
            "to": PhoneNumber("+8613800000000"),
            "caller_id": "+12025550123",
            "trunk": "twilio",
            "ring_timeout_s": 30.0,
            "max_seconds": 600.0,
            "detect_machine": True,
            "synthetic": False,
            "language": Language.ENGLISH,
        }
        await self.book.write_ahead(
            OutboundCall(**given | changes),
            shown="+12025550123",
            placed_at=NOON - timedelta(seconds=20),
            ends_by=NOON + timedelta(minutes=20),
        )

    async def ask(self, address: str, *, token: str | None = None, **form: str) -> httpx.Response:
        """Ask an address of ours as Twilio does."""
        return await self.clock.run(self.asked(address, token=token, **form))

    async def asked(self, address: str, *, token: str | None = None, **form: str) -> httpx.Response:
        """Ask in the midst of another request."""
        told = {"AccountSid": ACCOUNT, "CallSid": SID, "CallStatus": "in-progress", **form}
        headers = {
            "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(address, told),
            "I-Twilio-Idempotency-Token": token or f"i-{next(self._tokens)}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with self.client() as client:
            path = address.removeprefix(URL)
            return await client.post(path, content=urlencode(told), headers=headers)

    async def answer(self, **form: str) -> httpx.Response:
        """Ask for the first document."""
        return await self.ask(self.addresses.answer(CALL_ID), **form)

    async def step(self, turn_no: int, **form: str) -> httpx.Response:
        """Bring the reply to a turn."""
        return await self.ask(self.addresses.step(CALL_ID, turn_no), **form)

    async def again(self, failed: str, **form: str) -> httpx.Response:
        """Go to the fallback."""
        told = {"ErrorUrl": failed, "ErrorCode": "11200", **form}
        return await self.ask(self.addresses.again(CALL_ID), **told)

    async def status(self, status: str, **form: str) -> httpx.Response:
        """Tell how the call stands."""
        return await self.ask(self.addresses.status(CALL_ID), CallStatus=status, **form)

    async def call(self) -> BookedCall:
        """Return the call as it is in the book."""
        call = await self.book.call(CALL_ID)
        assert call is not None, "it was placed"
        return call
