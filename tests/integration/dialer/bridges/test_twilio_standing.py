"""How rooms stand is told by each room's open phone, else by the last that was rung."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.twilio.rooms import Part
from dialer.bridges.twilio.seats import SeatBook, Standing
from dialer.bridges.twilio.tables import TwilioSeat

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)


def phone(
    number: int,
    room: str,
    part: Part = Part.SEAT,
    *,
    seated: bool = False,
    gone: bool = True,
    trouble: PhoneTrouble | None = None,
) -> TwilioSeat:
    at = NOON + timedelta(minutes=number)
    return TwilioSeat(
        seat_id=UUID(int=number),
        room=room,
        part=part.value,
        endpoint="client:agent",
        rung_at=at,
        seated_at=at if seated else None,
        gone_at=at if gone else None,
        trouble=trouble,
    )


async def test_each_room_stands_as_its_open_phone_or_its_last_one(
    database: AsyncEngine,
) -> None:
    busy, no_answer = PhoneTrouble.BUSY, PhoneTrouble.NO_ANSWER
    phones = [
        phone(1, "seated", trouble=busy),
        phone(2, "seated", seated=True, gone=False),
        phone(3, "rings", trouble=busy),
        phone(4, "rings", gone=False),
        phone(5, "in trouble", trouble=busy),
        phone(6, "in trouble", trouble=no_answer),
        phone(7, "let go", seated=True, trouble=busy),
        phone(8, "let go", seated=True),
        phone(9, "a guest's", Part.GUEST, seated=True, gone=False),
        phone(10, "clocks differ", trouble=busy),
        phone(0, "clocks differ", seated=True, gone=False),
    ]
    sessions = session_factory(database)
    book = SeatBook(sessions)
    assert await book.standing() == Standing(seated=frozenset(), troubles={})
    async with sessions.begin() as session:
        session.add_all(phones)
    assert await book.standing() == Standing(
        seated=frozenset({"seated", "clocks differ"}), troubles={"in trouble": no_answer}
    )
