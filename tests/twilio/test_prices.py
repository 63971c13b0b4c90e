"""Prices are learnt from the carrier once it has billed, in few requests, and never anew."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from core.clock import VirtualClock
from core.database import session_factory
from dialer.bridges.twilio.prices import Prices
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.tables import TwilioCall, TwilioSeat
from dialer.model import Direction, TelephonyResult
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.legs import Leg, Terms
from tests.twilio.kit.owners import LISTENS

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """Calls that are over at the emulated carrier, and in our book."""

    twilio: Emulator
    sessions: async_sessionmaker[AsyncSession]
    clock: VirtualClock
    rest: Rest
    prices: Prices

    async def called(self, number: int, *, price: str | None, ago: timedelta = MINUTE) -> Leg:
        """Let a call be over, billed or not."""
        leg = self._leg(number, price=price, ago=ago)
        async with self.sessions.begin() as session:
            session.add(
                TwilioCall(
                    call_id=UUID(int=number),
                    sid=leg.sid,
                    direction=Direction.OUTBOUND,
                    trunk="twilio",
                    shown=leg.from_,
                    order={},
                    placed_at=leg.created_at,
                    ends_by=leg.created_at + timedelta(hours=1),
                    answered_at=leg.created_at,
                    ended_at=leg.ended_at,
                    result=TelephonyResult.ANSWERED,
                    seconds=30.0,
                )
            )
        return leg

    async def seated(self, number: int, *, part: str, sid: str | None) -> None:
        """Let an agent's phone, or an outside number, have been on a call."""
        async with self.sessions.begin() as session:
            session.add(
                TwilioSeat(
                    seat_id=UUID(int=number),
                    room="1",
                    part=part,
                    endpoint="client:agent-1",
                    sid=sid,
                    call_id=UUID(int=1),
                    rung_at=NOON - MINUTE,
                    seated_at=None if part == "outside" else NOON - MINUTE,
                    gone_at=NOON,
                )
            )

    def _leg(
        self, number: int, *, price: str | None, ago: timedelta, parent: str | None = None
    ) -> Leg:
        began = NOON - ago
        leg = Leg(
            sid=f"CA{number:032x}",
            account_sid=self.twilio.carrier.account_sid,
            to=f"+86138{number:08}",
            from_="+12025550100",
            direction="outbound-api",
            terms=Terms(url=""),
            owner=LISTENS,
            created_at=began,
            started_at=began,
            answered_at=began,
            ended_at=began + timedelta(seconds=30),
            status="completed",
            price=price,
            parent=parent,
        )
        self.twilio.carrier.legs[leg.sid] = leg
        return leg

    def spawned(self, number: int, *, parent: Leg, price: str) -> Leg:
        """Let a call have been connected with another telephone."""
        return self._leg(number, price=price, ago=MINUTE, parent=parent.sid)

    @property
    def asked(self) -> int:
        """How many requests the carrier got."""
        return len(self.twilio.api.kept)

    async def kept(self) -> list[Decimal | None]:
        """Return the prices of the calls in our book, the oldest first."""
        async with self.sessions() as session:
            query = sa.select(TwilioCall.price).order_by(TwilioCall.call_id)
            return list(await session.scalars(query))


@pytest.fixture
async def rig(twilio: Emulator, database: AsyncEngine) -> AsyncIterator[Rig]:
    carrier, clock = twilio.carrier, VirtualClock(NOON)
    account = Account(
        account_sid=carrier.account_sid,
        username=carrier.account_sid,
        password=carrier.auth_token,
        base_url=twilio.url,
    )
    sessions = session_factory(database)
    async with open_rest(account) as rest:
        prices = Prices(rest, sessions, clock)
        yield Rig(twilio=twilio, sessions=sessions, clock=clock, rest=rest, prices=prices)


async def test_what_was_billed_is_kept_and_not_asked_for_again(rig: Rig) -> None:
    await rig.called(1, price="-0.01900")
    await rig.called(2, price="0")
    assert await rig.prices.look() == 2
    assert await rig.kept() == [Decimal("0.019"), Decimal(0)]
    asked = rig.asked
    assert await rig.prices.look() == 0
    assert rig.asked == asked


async def test_a_price_that_is_not_known_yet_is_asked_for_later(rig: Rig) -> None:
    leg = await rig.called(1, price=None)
    assert await rig.prices.look() == 0
    leg.price = "-0.02"
    assert await rig.prices.look() == 1
    assert await rig.kept() == [Decimal("0.02")]


async def test_a_price_that_never_comes_is_given_up(rig: Rig) -> None:
    await rig.called(1, price=None, ago=timedelta(days=3, minutes=1))
    assert await rig.prices.look() == 0
    assert rig.asked == 0


async def test_many_calls_are_read_in_pages(rig: Rig) -> None:
    for number in range(1, 6):
        await rig.called(number, price="-0.01")
    prices = Prices(rig.rest, rig.sessions, rig.clock, page_size=2)
    assert await prices.look() == 5
    assert rig.asked == 3


async def test_agents_lines_and_outside_numbers_have_prices_too(rig: Rig) -> None:
    owner = await rig.called(1, price="-0.01")
    line = rig.spawned(2, parent=owner, price="-0.0135")
    await rig.seated(11, part="outside", sid=None)
    await rig.called(3, price="-0.004")
    await rig.seated(12, part="seat", sid=f"CA{4:032x}")
    rig._leg(4, price="-0.36", ago=MINUTE)  # noqa: SLF001 - the agent's own
    assert line.parent == owner.sid
    assert await rig.prices.look() == 4
    async with rig.sessions() as session:
        query = sa.select(TwilioSeat.part, TwilioSeat.price).order_by(TwilioSeat.seat_id)
        told = [tuple(row) for row in await session.execute(query)]
    assert told == [("outside", Decimal("0.0135")), ("seat", Decimal("0.36"))]
