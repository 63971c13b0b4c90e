"""What the book has is told to the engine: in order, until it has heard, by whoever carries it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import VirtualClock
from core.database import session_factory
from core.live import LiveFeed
from customers.model import Language
from dialer.bridges.port import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallInRoom,
    CallRinging,
    CallSubmitted,
)
from dialer.bridges.twilio.book import Book, Told
from dialer.bridges.twilio.pages import Page, page_of
from dialer.bridges.twilio.results import CallStatus, Gone
from dialer.bridges.twilio.teller import Teller
from dialer.model import AnsweredBy
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn
from tests.unit.dialer.bridges.stand_ins import Ear, Script
from tests.unit.dialer.bridges.stand_ins import call as order_of

pytestmark = pytest.mark.integration

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
NEVER_S = 3600.0
_WITHIN_S = 5.0
_LOOK_S = 0.005
ASKS = page_of(
    Turn(
        step="question",
        language=Language.ENGLISH,
        say=("Press 1.",),
        ask=Ask(kind=AskKind.KEY, keys={"1": "yes"}),
    )
)
RINGS = Told(ringing_at=AT + timedelta(seconds=2))
ANSWERED = Told(answered_at=AT + timedelta(seconds=9), answered_by=AnsweredBy.HUMAN)
OVER = Told(gone=Gone(at=AT + timedelta(seconds=40), status=CallStatus.COMPLETED, duration_s=31))


@dataclass
class Deaf(Ear):
    """An engine whose database is away for its first events."""

    deaf_for: int = 0
    tried: list[CallEvent] = field(default_factory=list)

    async def heard(self, event: CallEvent) -> None:
        self.tried.append(event)
        if len(self.tried) <= self.deaf_for:
            message = "the database is away"
            raise ConnectionError(message)
        await super().heard(event)


@pytest.fixture
def book(database: AsyncEngine) -> Book:
    return Book(session_factory(database))


@pytest.fixture
async def teller(book: Book) -> AsyncIterator[Teller]:
    teller = Teller(book, VirtualClock(AT), waits_for_detection=True, poll_s=0.01)
    yield teller
    await teller.close()


async def placed(book: Book, number: int = 1) -> UUID:
    order, ends_by = order_of(number), AT + timedelta(seconds=300)
    await book.write_ahead(order, shown="+12025550100", placed_at=AT, ends_by=ends_by)
    return order.attempt_id


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not await holds():  # noqa: ASYNC110 - the teller is looked at
            await asyncio.sleep(_LOOK_S)


async def told(ear: Ear, kind: type[CallEvent], call_id: UUID) -> None:
    async def is_told() -> bool:
        return kind in ear.kinds(call_id)

    await until(is_told)


async def test_a_life_is_told_as_it_comes(book: Book, teller: Teller) -> None:
    ear = Ear()
    teller.open(ear, Script())
    call_id = await placed(book)
    teller.carry(call_id, CallSubmitted(attempt_id=call_id, at=AT + timedelta(seconds=3)))
    steps = [
        (RINGS, CallRinging),
        (ANSWERED, CallAnswered),
        (Told(room="agent-1", in_room_at=AT + timedelta(seconds=10)), CallInRoom),
        (OVER, CallEnded),
    ]
    for what, kind in steps:
        await book.told(call_id, what)
        await told(ear, kind, call_id)
    assert ear.kinds(call_id) == [CallSubmitted, *(kind for _, kind in steps)]
    instants = [event.at for event in ear.of(call_id)]
    assert instants == sorted(instants)

    async def is_done() -> bool:
        return not teller.carried

    await until(is_done)
    call = await book.call(call_id)
    assert call is not None
    assert call.told_ended


async def test_what_the_engine_could_not_commit_is_told_again(book: Book, teller: Teller) -> None:
    ear = Deaf(deaf_for=3)
    teller.open(ear, Script())
    call_id = await placed(book)
    for what in (RINGS, ANSWERED, OVER):
        await book.told(call_id, what)
    teller.carry(call_id, CallSubmitted(attempt_id=call_id, at=AT))
    await told(ear, CallEnded, call_id)
    assert ear.kinds(call_id) == [CallSubmitted, CallRinging, CallAnswered, CallEnded]


async def test_a_call_that_another_carries_is_not_told(book: Book, teller: Teller) -> None:
    ear = Ear()
    teller.open(ear, Script())
    others, mine = await placed(book, 1), await placed(book, 2)
    for call_id in (others, mine):
        await book.told(call_id, OVER)
    teller.carry(mine)
    await told(ear, CallEnded, mine)
    assert ear.of(others) == []


@pytest.mark.parametrize("asks", [True, False], ids=["a question open", "nothing asked"])
async def test_a_line_that_goes_answers_the_question_that_is_open(
    book: Book, teller: Teller, asks: bool
) -> None:
    ear, script, call_id = Ear(), Script(), await placed(book)
    await script.open(call_id, AnsweredBy.HUMAN)
    page = ASKS if asks else Page()
    await book.keep_document(call_id, turn_no=1, document="<Response/>", token="t", page=page)
    await book.told(call_id, ANSWERED)
    await book.told(call_id, OVER)
    teller.open(ear, script)
    teller.carry(call_id)
    await told(ear, CallEnded, call_id)
    wanted = [Reply(kind=ReplyKind.HUNG_UP)] if asks else []
    assert script.replies[call_id] == wanted


async def test_news_is_told_without_waiting_for_the_next_look(
    book: Book, database_url: str
) -> None:
    feed, ear = LiveFeed(database_url), Ear()
    await feed.start()
    teller = Teller(book, VirtualClock(AT), feed=feed, poll_s=NEVER_S)
    teller.open(ear, Script())
    call_id = await placed(book)
    teller.carry(call_id, CallSubmitted(attempt_id=call_id, at=AT))
    await told(ear, CallSubmitted, call_id)
    await book.told(call_id, RINGS)
    await told(ear, CallRinging, call_id)
    await teller.close()
    await feed.close()


async def test_who_closes_tells_nothing_more_and_the_heir_begins_where_they_were(
    book: Book, teller: Teller
) -> None:
    first, heir = Ear(), Ear()
    call_id = await placed(book)
    await book.told(call_id, RINGS)
    teller.open(first, Script())
    assert await teller.bring_up(call_id)
    await teller.close()
    await book.told(call_id, ANSWERED)
    await book.told(call_id, OVER)
    assert not await teller.bring_up(call_id)
    teller.open(heir, Script())
    assert await teller.bring_up(call_id)
    assert first.kinds(call_id) == [CallRinging]
    assert heir.kinds(call_id) == [CallAnswered, CallEnded]
