"""A turn too long for one document is said in parts, by whichever process, only while it is due."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book, End, Told
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.hook import PREFIX, Answer, Visit
from dialer.bridges.twilio.pages import page_of
from dialer.bridges.twilio.twiml import Renderer
from dialer.model import TelephonyResult
from scripts.model import Ask, AskKind, Turn
from tests.unit.dialer.bridges.twilio.phone import Paper

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
CALL = UUID(int=7)
ADDRESSES = Addresses(public_url="https://calls.example.com")
TURN = Turn(
    step="notice:read",
    language=Language.ENGLISH,
    say=tuple(f"Rule {n}: " + "no parking in front of the gate. " * 30 for n in range(150)),
    ask=Ask(kind=AskKind.KEY, keys={"1": "", "9": ""}),
)


@pytest.fixture
async def book(database: AsyncEngine) -> Book:
    made = Book(session_factory(database))
    order = OutboundCall(
        attempt_id=CALL,
        to=PhoneNumber("+8613800138001"),
        caller_id="+12025550123",
        trunk="twilio",
        ring_timeout_s=30.0,
        max_seconds=600.0,
        detect_machine=False,
        synthetic=False,
    )
    await made.write_ahead(
        order, shown="+12025550123", placed_at=NOW, ends_by=NOW + timedelta(hours=1)
    )
    return made


async def _say(book: Book, turn: Turn, *, turn_no: int) -> Answer:
    document = await Renderer(ADDRESSES).turn(turn, call_id=CALL, turn_no=turn_no)
    page = page_of(turn)
    assert await book.keep_document(
        CALL, turn_no=turn_no, document=document, token=f"t{turn_no}", page=page
    )
    return Documents(book, ADDRESSES).first(document, call_id=CALL, turn_no=turn_no)


async def _asked(book: Book, *, call_id: str = str(CALL), turn_no: str = "1", part: str) -> Answer:
    [hook] = Documents(book, ADDRESSES).hooks()
    path = {"call_id": call_id, "turn_no": turn_no, "part": part}
    return await hook.answer(Visit(path=path, form={}, at=NOW))


async def test_a_long_turn_is_said_in_parts_that_lead_to_each_other(book: Book) -> None:
    papers = [Paper.of((await _say(book, TURN, turn_no=1)).body.decode())]
    while (onward := papers[-1].keep_silent().path) != _path(ADDRESSES.step(CALL, 1)):
        *_, turn_no, _, part = onward.split("/")
        answer = await _asked(book, turn_no=turn_no, part=part)
        papers.append(Paper.of(answer.body.decode()))
    assert len(papers) > 2
    said = "".join(words for paper in papers for words in paper.says)
    assert said.replace(" ", "") == "".join(TURN.say).replace(" ", "")
    # A key answers from wherever it was pressed.
    assert {paper.press("1").path for paper in papers} == {_path(ADDRESSES.step(CALL, 1))}


async def test_a_part_of_a_turn_that_was_answered_or_of_a_call_that_ended_is_gone(
    book: Book,
) -> None:
    await _say(book, TURN, turn_no=1)
    await _say(book, TURN, turn_no=2)
    assert (await _asked(book, part="2")).status is HTTPStatus.GONE
    assert (await _asked(book, turn_no="2", part="2")).status is HTTPStatus.OK
    await book.told(CALL, Told(ended=End(at=NOW, result=TelephonyResult.ANSWERED, seconds=9.0)))
    assert (await _asked(book, turn_no="2", part="2")).status is HTTPStatus.GONE


@pytest.mark.parametrize(
    "asked",
    [
        {"part": "99"},
        {"part": "0"},
        {"part": "two"},
        {"part": "2", "call_id": str(UUID(int=8))},
        {"part": "2", "call_id": "nobody"},
    ],
    ids=str,
)
async def test_a_made_up_part_is_not_found(book: Book, asked: dict[str, str]) -> None:
    await _say(book, TURN, turn_no=1)
    assert (await _asked(book, **asked)).status is HTTPStatus.NOT_FOUND


def _path(address: str) -> str:
    assert PREFIX in address
    return urlsplit(address).path
