"""The book of calls at Twilio: whatever comes twice, late or out of order, it says the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import session_factory
from core.live import LiveFeed, News, Topic
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.book import Book, BookedCall, End, Told
from dialer.bridges.twilio.results import CallStatus, Gone
from dialer.model import AnsweredBy, Direction, TelephonyResult
from tests.unit.dialer.bridges.stand_ins import call as order_of

pytestmark = pytest.mark.integration

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
SID = "CA" + "0" * 32
SHOWN = "+12025550100"


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


LIFE = (
    Told(sid=SID, ringing_at=later(2)),
    Told(sid=SID, answered_at=later(10)),
    Told(sid=SID, answered_at=later(10), answered_by=AnsweredBy.HUMAN),
    Told(
        sid=SID,
        answered_by=AnsweredBy.HUMAN,
        gone=Gone(at=later(40), status=CallStatus.COMPLETED, duration_s=30, sip_code=200),
    ),
)


@pytest.fixture
def book(database: AsyncEngine) -> Book:
    return Book(session_factory(database))


async def placed(book: Book, number: int = 1) -> UUID:
    order = order_of(number)
    assert await book.write_ahead(order, shown=SHOWN, placed_at=AT, ends_by=later(300))
    return order.attempt_id


async def known(book: Book, call_id: UUID) -> BookedCall:
    call = await book.call(call_id)
    assert call is not None
    return call


async def test_a_call_is_written_ahead_once_with_all_that_webhooks_need(book: Book) -> None:
    order = replace(order_of(1), room="agent-1", community="Jade Garden")
    assert await book.write_ahead(order, shown=SHOWN, placed_at=AT, ends_by=later(300))
    assert not await book.write_ahead(order, shown="+1", placed_at=AT, ends_by=AT)
    call = await known(book, order.attempt_id)
    assert call.order == order
    assert (call.shown, call.direction, call.sid) == (SHOWN, Direction.OUTBOUND, None)


async def test_a_call_that_may_not_be_is_not_written_down(book: Book) -> None:
    async def refuse(_: AsyncSession) -> None:
        message = "spent"
        raise BridgeError(message, retryable=True)

    order = order_of(1)
    with pytest.raises(BridgeError):
        await book.write_ahead(order, shown=SHOWN, placed_at=AT, ends_by=AT, check=refuse)
    assert await book.call(order.attempt_id) is None


async def test_in_whatever_order_and_however_often_a_life_is_told_it_is_the_same(
    book: Book,
) -> None:
    lives = set()
    for number, order in enumerate(permutations(LIFE)):
        call_id = await placed(book, number)
        for told in (*order, *reversed(order)):
            mine = replace(told, sid=f"CA{number:032}")
            await book.told(call_id, mine)
        call = await known(book, call_id)
        assert call.ended is not None
        lives.add(
            (call.ringing_at, call.answered_at, call.answered_by, call.ended.at, call.ended.result)
        )
        assert not any([await book.told(call_id, replace(each, sid=None)) for each in LIFE])
    assert lives == {
        (later(2), later(10), AnsweredBy.HUMAN, later(40), TelephonyResult.ANSWERED),
    }


async def test_what_is_new_is_told_to_every_process(
    book: Book, database: AsyncEngine, database_url: str
) -> None:
    feed, heard = LiveFeed(database_url), list[News]()
    feed.subscribe(heard.append)
    call_id = await placed(book)
    await feed.start()
    await book.told(call_id, LIFE[0])
    await book.told(call_id, LIFE[0])
    await book.told(call_id, LIFE[3])
    for _ in range(200):
        if len(heard) >= 2:
            break
        await _moment(database)
    await feed.close()
    assert heard == [News(topic=Topic.CARRIER, key=str(call_id))] * 2


async def test_a_machine_that_is_found_beside_the_talk_is_one(book: Book) -> None:
    call_id = await placed(book)
    await book.told(call_id, Told(answered_at=later(5), answered_by=AnsweredBy.UNSURE))
    await book.told(call_id, Told(answered_by=AnsweredBy.MACHINE))
    await book.told(call_id, Told(answered_by=AnsweredBy.HUMAN))
    await book.told(call_id, LIFE[3])
    call = await known(book, call_id)
    assert call.ended is not None
    assert call.ended.result is TelephonyResult.MACHINE


async def test_a_call_that_was_certainly_not_created_is_struck_out(book: Book) -> None:
    call_id = await placed(book)
    await book.strike(call_id)
    assert await book.call(call_id) is None
    call_id = await placed(book)
    await book.told(call_id, LIFE[0])
    await book.strike(call_id)
    assert await book.call(call_id) is not None


async def test_a_call_that_is_given_up_and_comes_up_is_found_once(book: Book) -> None:
    call_id = await placed(book)
    assert await book.give_up(call_id, at=later(30))
    assert await book.claim_returned(since=AT) == []
    await book.told(call_id, LIFE[0])
    returned = await book.claim_returned(since=AT)
    assert [(each.call_id, each.sid) for each in returned] == [(call_id, SID)]
    assert await book.claim_returned(since=AT) == []


async def test_a_call_whose_name_was_told_is_not_given_up(book: Book) -> None:
    call_id = await placed(book)
    await book.told(call_id, LIFE[0])
    assert not await book.give_up(call_id, at=later(30))
    assert (await known(book, call_id)).ended is None


async def test_a_call_that_is_hung_up_before_its_answer_is_cancelled(book: Book) -> None:
    call_id = await placed(book)
    await book.cut(call_id)
    await book.told(call_id, Told(gone=Gone(at=later(3), status=CallStatus.BUSY, sip_code=486)))
    call = await known(book, call_id)
    assert call.ended is not None
    assert call.ended.result is TelephonyResult.CANCELLED


async def test_hanging_up_what_has_ended_changes_nothing(book: Book) -> None:
    call_id = await placed(book)
    await book.told(call_id, LIFE[3])
    before = await known(book, call_id)
    assert await book.cut(call_id) == before
    assert await known(book, call_id) == before


async def test_of_several_dialers_one_is_given_an_overdue_call(book: Book) -> None:
    call_id, over = await placed(book, 1), await placed(book, 2)
    await book.told(over, Told(ended=End(at=AT, result=TelephonyResult.LOST)))
    assert await book.claim_overdue(later(299), until=later(360)) == []
    claimed = await book.claim_overdue(later(300), until=later(360))
    assert [each.call_id for each in claimed] == [call_id]
    assert await book.claim_overdue(later(301), until=later(361)) == []
    assert len(await book.claim_overdue(later(360), until=later(420))) == 1


async def test_what_nobody_wrote_down_is_told_to_nobody(book: Book) -> None:
    assert not await book.told(order_of(9).attempt_id, LIFE[0])
    assert await book.calls([]) == []
    assert await book.calls_of([]) == []


async def _moment(database: AsyncEngine) -> None:
    """Let a round trip to the database pass."""
    async with database.connect() as connection:
        await connection.exec_driver_sql("SELECT 1")
