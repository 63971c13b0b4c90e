"""Calls whose end nobody told, and calls that should never have been, are seen to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import SystemClock, VirtualClock
from core.database import session_factory
from core.settings_model import MachineDetection
from dialer.bridges.port import Closed, FateKind
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book, BookedCall, Told
from dialer.bridges.twilio.fates import Fates
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.results import CallStatus, Gone
from dialer.bridges.twilio.sweeper import Sweeper
from dialer.bridges.twilio.teller import Teller
from dialer.model import TelephonyResult
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN, OUR_NUMBER
from tests.twilio.kit.legs import Leg, Terms
from tests.twilio.kit.owners import Reaction, nobody
from tests.unit.dialer.bridges.stand_ins import PHONE
from tests.unit.dialer.bridges.stand_ins import call as order_of

NOBODYS = "http://127.0.0.1:9"  # no callback reaches us
LONGEST = timedelta(seconds=300)


@dataclass(frozen=True, kw_only=True)
class Broom:
    """A sweeper six minutes from now, and what it stands on."""

    twilio: Emulator
    rest: Rest
    book: Book
    lines: Lines
    sweeper: Sweeper

    async def placed(self, behaves: Reaction) -> UUID:
        """Place a call of which nobody tells us anything; return it."""
        self.twilio.carrier.owners[PHONE.e164] = nobody(behaves)
        order = replace(order_of(1), detect_machine=False)
        now = SystemClock().now()
        await self.book.write_ahead(order, shown=OUR_NUMBER, placed_at=now, ends_by=now + LONGEST)
        sid = await self.lines.create(order, shown=OUR_NUMBER)
        await self.book.told(order.attempt_id, Told(sid=sid))
        return order.attempt_id

    async def known(self, call_id: UUID) -> BookedCall:
        """Return a call as the book has it."""
        call = await self.book.call(call_id)
        assert call is not None
        return call


@pytest.fixture
async def broom(twilio: Emulator, database: AsyncEngine) -> AsyncIterator[Broom]:
    account = Account(
        account_sid=ACCOUNT_SID, username=ACCOUNT_SID, password=AUTH_TOKEN, base_url=twilio.url
    )
    clock = VirtualClock(SystemClock().now() + LONGEST + timedelta(seconds=60))
    book = Book(session_factory(database))
    async with open_rest(account) as rest:
        lines = Lines(rest, Addresses(public_url=NOBODYS), detects=MachineDetection.OFF)
        fates = Fates(book, lines, Teller(book, clock), clock, timeout_s=1.0)
        sweeper = Sweeper(book, fates, lines, rest, clock)
        yield Broom(twilio=twilio, rest=rest, book=book, lines=lines, sweeper=sweeper)


async def test_an_end_that_nobody_told_is_asked_for(broom: Broom) -> None:
    call_id = await broom.placed(Reaction.BUSY)
    await broom.twilio.carrier.until_idle()
    assert (await broom.known(call_id)).ended is None
    await broom.sweeper.look()
    call = await broom.known(call_id)
    assert call.ended is not None
    assert call.ended.result is TelephonyResult.BUSY


@pytest.mark.parametrize(
    ("placed_ago_s", "result"), [(5, TelephonyResult.INVALID_NUMBER), (60, None)]
)
async def test_why_a_call_failed_is_waited_for_half_a_minute(
    broom: Broom, placed_ago_s: int, result: TelephonyResult | None
) -> None:
    clock = VirtualClock(SystemClock().now() + timedelta(seconds=placed_ago_s))
    fates = Fates(broom.book, broom.lines, Teller(broom.book, clock), clock, timeout_s=1.0)
    call_id = await broom.placed(Reaction.DEAD)
    await broom.twilio.carrier.until_idle()
    asked = await fates.of(call_id)
    assert asked.kind is (FateKind.ENDED if result is None else FateKind.LIVE)
    gone = Gone(at=clock.now(), status=CallStatus.FAILED, sip_code=404)
    await broom.book.told(call_id, Told(gone=gone))
    ended = (await broom.known(call_id)).ended
    assert ended is not None
    assert ended.result is (result or TelephonyResult.CARRIER_ERROR)


async def test_a_call_that_is_up_for_too_long_is_hung_up(broom: Broom) -> None:
    call_id = await broom.placed(Reaction.RINGS_OUT)
    assert (await broom.known(call_id)).sid in {leg.sid for leg in broom.twilio.carrier.live()}
    await broom.sweeper.look()
    await broom.twilio.carrier.until_idle()
    assert broom.twilio.carrier.live() == []


async def test_a_call_that_was_given_up_and_comes_up_is_hung_up(broom: Broom) -> None:
    call_id = order_of(2).attempt_id
    order = replace(order_of(2), detect_machine=False)
    now = SystemClock().now()
    await broom.book.write_ahead(order, shown=OUR_NUMBER, placed_at=now, ends_by=now + LONGEST)
    assert await broom.book.give_up(call_id, at=now)
    broom.twilio.carrier.owners[PHONE.e164] = nobody(Reaction.RINGS_OUT)
    sid = await broom.lines.create(order, shown=OUR_NUMBER)
    await broom.book.told(call_id, Told(sid=sid))
    await broom.sweeper.look()
    await broom.twilio.carrier.until_idle()
    assert broom.twilio.carrier.live() == []
    call = await broom.known(call_id)
    assert call.ended is not None
    assert call.ended.result is TelephonyResult.CANCELLED


async def test_an_account_that_lets_us_in_again_is_noticed(broom: Broom) -> None:
    token, broom.twilio.carrier.auth_token = broom.twilio.carrier.auth_token, "0" * 32
    await broom.sweeper.knock()
    assert broom.rest.closed is Closed.NOT_LET_IN
    broom.twilio.carrier.auth_token = token
    await broom.sweeper.knock()
    assert broom.rest.closed is None


async def test_a_call_is_found_though_clocks_differ_about_its_day(broom: Broom) -> None:
    began = datetime(2026, 3, 4, 23, 59, 57, tzinfo=UTC)
    ours = began + timedelta(seconds=40)  # our clock goes ahead
    carrier, order = broom.twilio.carrier, order_of(3)
    leg = Leg(
        sid=f"CA{3:032x}",
        account_sid=carrier.account_sid,
        to=PHONE.e164,
        from_=OUR_NUMBER,
        direction="outbound-api",
        terms=Terms(url=""),
        owner=nobody(Reaction.BUSY),
        created_at=began,
        started_at=began,
        ended_at=began + timedelta(seconds=2),
        status="busy",
    )
    carrier.legs[leg.sid] = leg
    await broom.book.write_ahead(order, shown=OUR_NUMBER, placed_at=ours, ends_by=ours + LONGEST)
    call = await broom.known(order.attempt_id)
    assert await broom.lines.look_for(call, at=ours) == [leg.sid]
