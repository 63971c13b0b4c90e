"""What a day over Twilio costs, who is refused when it is spent, and how that is said."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.clock import VirtualClock
from core.database import session_factory
from core.phone import PhoneNumber
from core.settings_model import Settings
from customers.model import Language
from dialer.bridges.port import Closed, OutboundCall
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.spending import Ceiling, CeilingReachedError, Spending, Tally, spent_on
from dialer.bridges.twilio.tables import TwilioCall, TwilioSeat
from dialer.explaining import explain
from dialer.model import Direction, TelephonyResult
from ownerline.spending import held_back_by
from tests.integration.dialer.day import Day, answers

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)  # in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)


def tally(zone: ZoneInfo = SHANGHAI) -> Tally:
    return Tally(price_a_minute=Decimal("0.10"), line_price_a_minute=Decimal("0.01"), zone=zone)


def ceiling(a_day: str) -> Ceiling:
    return Ceiling(a_day=Decimal(a_day), tally=tally())


def call(number: int = 1, *, ago: timedelta = 10 * MINUTE, **changes: Any) -> TwilioCall:
    """Return a call that has ended without an answer, unless told otherwise."""
    began = NOON - ago
    given = {
        "call_id": UUID(int=number),
        "direction": Direction.OUTBOUND,
        "trunk": "twilio",
        "shown": "+12025550123",
        "order": {},
        "placed_at": began,
        "ends_by": began + timedelta(hours=1),
        "ended_at": began + MINUTE,
        "result": TelephonyResult.BUSY,
        "seconds": 0.0,
    }
    return TwilioCall(**given | changes)


def talked(seconds: float, **changes: Any) -> dict[str, Any]:
    began = NOON - 10 * MINUTE
    return {
        "answered_at": began,
        "ended_at": began + timedelta(seconds=seconds),
        "seconds": seconds,
        "result": TelephonyResult.ANSWERED,
    } | changes


UP: dict[str, Any] = {"ended_at": None, "result": None, "seconds": None}


@pytest.mark.parametrize(
    ("told", "billed", "estimated"),
    [
        ({}, "0", "0"),
        ({"result": TelephonyResult.LOST}, "0", "0.10"),
        (UP, "0", "0.10"),
        (UP | {"answered_at": NOON - 3.5 * MINUTE}, "0", "0.40"),
        (UP | {"answered_at": NOON}, "0", "0.10"),
        (talked(0.4), "0", "0.10"),
        (talked(60.0), "0", "0.10"),
        (talked(61.0), "0", "0.20"),
        (talked(61.0, price=Decimal("0.0451")), "0.0451", "0"),
        (talked(61.0, price=Decimal(0)), "0", "0"),
        (talked(61.0, direction=Direction.INBOUND), "0", "0.20"),
    ],
    ids=[
        "nobody picked up",
        "nobody knows what became of it",
        "it rings",
        "spoken for three minutes and a half",
        "just picked up",
        "a short word",
        "a minute to the second",
        "a second more",
        "billed",
        "billed as nothing",
        "came in",
    ],
)
async def test_a_call_costs_its_price_or_its_begun_minutes(
    session: AsyncSession, told: dict[str, Any], billed: str, estimated: str
) -> None:
    session.add(call(**told))
    await session.flush()
    spent = await spent_on(session, tally(), at=NOON)
    assert (spent.billed, spent.estimated) == (Decimal(billed), Decimal(estimated))
    assert spent.calls == 1


@pytest.mark.parametrize(
    ("endpoint", "told", "total"),
    [
        ("+12025550199", {"part": "outside", "gone_at": NOON}, "9.10"),
        ("+12025550199", {"seated_at": NOON - 90 * MINUTE}, "9.00"),
        ("client:agent-1", {"seated_at": NOON - 90 * MINUTE}, "0.90"),
        ("sip:a@example.com", {"seated_at": NOON - 90 * MINUTE, "price": Decimal("0.36")}, "0.36"),
        ("+12025550199", {}, "0.10"),
        ("+12025550199", {"gone_at": NOON}, "0"),
        (
            "+12025550199",
            {"seated_at": NOON - 90 * MINUTE, "gone_at": NOON - 60 * MINUTE},
            "3.00",
        ),
    ],
    ids=[
        "passed on",
        "a telephone",
        "a browser",
        "a SIP phone, billed",
        "it rings",
        "nobody home",
        "gone",
    ],
)
async def test_agents_lines_cost_too(
    session: AsyncSession, endpoint: str, told: dict[str, Any], total: str
) -> None:
    rung = NOON - 91 * MINUTE
    session.add(
        TwilioSeat(
            **{
                "seat_id": UUID(int=1),
                "room": "1",
                "part": "seat",
                "endpoint": endpoint,
                "rung_at": rung,
            }
            | told
        )
    )
    await session.flush()
    assert (await spent_on(session, tally(), at=NOON)).total == Decimal(total)


@pytest.mark.parametrize(
    ("zone", "at", "day_from", "day_until"),
    [
        ("Asia/Shanghai", "2026-03-04T04:00Z", "2026-03-03T16:00Z", "2026-03-04T16:00Z"),
        ("Asia/Shanghai", "2026-03-03T16:00Z", "2026-03-03T16:00Z", "2026-03-04T16:00Z"),
        ("America/New_York", "2026-03-08T12:00Z", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
        ("America/New_York", "2026-11-01T12:00Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
    ],
    ids=["noon", "midnight", "a day of 23 hours", "a day of 25 hours"],
)
async def test_a_day_is_one_of_the_zone_and_half_open(
    session: AsyncSession, zone: str, at: str, day_from: str, day_until: str
) -> None:
    begins, ends = map(datetime.fromisoformat, (day_from, day_until))
    second = timedelta(seconds=1)
    for number, placed in enumerate((begins - second, begins, ends - second, ends), 1):
        session.add(call(number, placed_at=placed, price=Decimal(10) ** number))
    await session.flush()
    spent = await spent_on(session, tally(ZoneInfo(zone)), at=datetime.fromisoformat(at))
    assert (spent.total, spent.until) == (Decimal(1100), ends)


def order(number: int) -> OutboundCall:
    return OutboundCall(
        attempt_id=UUID(int=number),
        to=PhoneNumber(f"+86138{number:08}"),
        caller_id="",
        trunk="twilio",
        ring_timeout_s=30.0,
        max_seconds=600.0,
        detect_machine=True,
        synthetic=False,
        language=Language.ENGLISH,
    )


async def test_calls_of_many_dialers_at_once_never_go_beyond_the_ceiling(
    database: AsyncEngine,
) -> None:
    sessions = session_factory(database)
    book = Book(sessions)
    dialers = [Spending(ceiling("0.50"), sessions, VirtualClock(NOON)) for _ in range(4)]

    async def place(number: int) -> bool:
        return await book.write_ahead(
            order(number),
            shown="+12025550123",
            placed_at=NOON,
            ends_by=NOON + timedelta(hours=1),
            check=dialers[number % 4].check,
        )

    done = await asyncio.gather(*map(place, range(1, 21)), return_exceptions=True)
    refused = [each for each in done if isinstance(each, CeilingReachedError)]
    assert (done.count(True), len(refused)) == (5, 15)
    assert all(each.retryable and "0.50 of 0.50" in str(each) for each in refused)
    async with sessions() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(TwilioCall)) == 5


async def test_what_has_settled_counts_as_much_as_what_has_not(database: AsyncEngine) -> None:
    sessions, clock = session_factory(database), VirtualClock(NOON)
    spending = Spending(ceiling("100"), sessions, clock)
    async with sessions.begin() as session:
        for number, ago in enumerate((1, 2, 4, 300), 1):
            told = talked(30.0, ended_at=NOON - ago * MINUTE)
            session.add(call(number, **told | {"answered_at": NOON - ago * MINUTE - MINUTE}))
        session.add(call(5, **UP))
        session.add(call(6, ago=timedelta(days=1), **talked(30.0, price=Decimal(7))))
    totals = [(await spending.look()).total]
    for minutes in (1, 3, 20):
        await clock.run(clock.sleep_until(NOON + minutes * MINUTE))
        async with sessions.begin() as session:
            at_once = await spent_on(session, tally(), at=clock.now())
            await spending.check(session)
        totals.append((await spending.look()).total - at_once.total)
    assert totals == [Decimal("0.50"), 0, 0, 0]


async def test_who_checks_and_never_looks_learns_what_was_billed(database: AsyncEngine) -> None:
    sessions, clock = session_factory(database), VirtualClock(NOON)
    spending = Spending(ceiling("0.50"), sessions, clock)
    async with sessions.begin() as session:
        ended = {"ended_at": NOON - 10 * MINUTE, "answered_at": NOON - 20 * MINUTE}
        session.add(call(1, **talked(600.0) | ended))
    async with sessions.begin() as session:
        with pytest.raises(CeilingReachedError):
            await spending.check(session)
    async with sessions.begin() as session:
        await session.execute(sa.update(TwilioCall).values(price=Decimal("0.01")))
    await clock.run(clock.sleep_until(NOON + 5 * MINUTE))
    async with sessions.begin() as session:
        await spending.check(session)


async def test_a_day_that_is_spent_is_over_at_midnight(database: AsyncEngine) -> None:
    sessions, clock = session_factory(database), VirtualClock(NOON)
    spending = Spending(ceiling("0.15"), sessions, clock)
    async with sessions.begin() as session:
        session.add(call(**UP))
    said = [spending.is_spent]
    spent = await spending.look()
    said.append(spending.is_spent)
    await clock.run(clock.sleep_until(spent.until))
    await spending.look()
    assert [*said, spending.is_spent] == [False, True, False]


async def test_an_idle_dialer_and_explain_say_that_the_day_is_spent(day: Day) -> None:
    owner = await day.owner(answers())
    await day.repaired(owner)
    await day.build()
    day.bridge.closed = {each.name: Closed.SPENT for each in day.bridge.trunks}
    await day.dial(0.1)
    assert day.rung == []
    assert day.engine.idle_reason is not None
    assert day.engine.idle_reason.reason == "ceiling_reached"

    now = day.clock.now()
    held_back = held_back_by(
        Settings(bridge="twilio", twilio={"ceiling_a_day": "0.15", "price_a_minute": "0.10"})
    )
    async with day.sessions.begin() as session:
        session.add(call(placed_at=now, **talked(1.0)))
        await session.flush()
        story = await explain(
            session,
            query=owner.phones[0],
            community=None,
            day=None,
            language=Language.ENGLISH,
            actor="test",
            now=now,
            held_back=held_back,
        )
    (told,) = story["persons"][0]["due_calls"][0]["events"]
    assert (told["rule"], told["decision"]) == ("ceiling_reached", "defer")
    assert "what may be spent on calls today is spent (0.10 of 0.15)" in told["sentence"]
    assert told["until"] is not None
