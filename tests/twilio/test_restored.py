"""After a restore the book lacks what was placed since the backup; Twilio's list has it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import SystemClock
from core.database import session_factory
from core.settings_model import MachineDetection
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.bridge import TRUNK
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from dialer.bridges.twilio.strangers import stranger_id
from dialer.model import TelephonyResult
from tests.twilio.contract_rig import TwilioRig, twilio_rig
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN, OUR_NUMBER
from tests.twilio.kit.faults import Fault
from tests.unit.dialer.bridges.stand_ins import OTHER_PHONE, PHONE, Ear, Phone, Script

NOBODYS = "http://127.0.0.1:9/"


@pytest.fixture
async def rig(twilio: Emulator, database: AsyncEngine) -> AsyncIterator[TwilioRig]:
    async with twilio_rig(twilio, database, is_restored=True) as rig:
        await rig.bridge.start(Ear(), Script())
        yield rig


@pytest.fixture
async def rest(twilio: Emulator) -> AsyncIterator[Rest]:
    account = Account(
        account_sid=ACCOUNT_SID, username=ACCOUNT_SID, password=AUTH_TOKEN, base_url=twilio.url
    )
    async with open_rest(account) as rest:
        yield rest


async def created(rest: Rest, to: str, shown: str = OUR_NUMBER) -> str:
    """Create a call that no book here knows; return Twilio's name of it."""
    call = await rest.client.calls.create_async(to=to, from_=shown, url=NOBODYS, timeout=30)
    return str(call.sid)


async def test_calls_that_the_book_lacks_are_up_and_are_hung_up(
    twilio: Emulator, rig: TwilioRig, rest: Rest
) -> None:
    for phone in (PHONE, OTHER_PHONE):
        rig.phone(phone, Phone.RINGS_OUT)
    placed = rig.call(1, ring_timeout_s=30.0)
    await rig.bridge.originate(placed)
    strange = await created(rest, OTHER_PHONE.e164)
    assert set(await rig.bridge.live()) == {placed.attempt_id, stranger_id(strange)}
    await rig.bridge.stop_all()
    await twilio.carrier.until_idle()
    assert await rig.bridge.live() == ()


async def test_what_was_placed_since_the_backup_is_on_twilios_list(
    twilio: Emulator, rig: TwilioRig, rest: Rest
) -> None:
    since = rig.now() - timedelta(seconds=5)
    for phone in (PHONE, OTHER_PHONE):
        rig.phone(phone, Phone.BUSY)
    placed = rig.call(1)
    await rig.bridge.originate(placed)
    strange = await created(rest, OTHER_PHONE.e164)
    await twilio.carrier.until_idle()
    found = await rig.bridge.placed_since(since)
    assert found is not None
    assert {each.attempt_id: each.to for each in found} == {
        placed.attempt_id: PHONE,
        stranger_id(strange): OTHER_PHONE,
    }
    assert all(each.result is TelephonyResult.BUSY for each in found)
    assert all(each.trunk == TRUNK and each.ended_at is not None for each in found)
    assert await rig.bridge.placed_since(rig.now() + timedelta(hours=1)) == ()


async def test_agents_phones_and_others_numbers_are_no_owners_calls(
    twilio: Emulator, rig: TwilioRig, rest: Rest
) -> None:
    twilio.carrier.verified.append("+12025550199")
    await created(rest, "client:agent-1")
    await created(rest, PHONE.e164, shown="+12025550199")
    assert await rig.bridge.live() == ()
    await twilio.carrier.until_idle()


async def test_a_twilio_that_cannot_be_asked_says_nothing_of_what_it_placed(
    twilio: Emulator, rig: TwilioRig
) -> None:
    twilio.carrier.keys.clear()
    assert await rig.bridge.placed_since(rig.now()) is None


async def test_each_page_of_a_long_list_is_a_request_with_tries_of_its_own(
    twilio: Emulator, rest: Rest
) -> None:
    for number in range(4):
        await created(rest, f"+8613800000{number:03}")
    twilio.carrier.faults.next_asking.extend([None, *[Fault.BROKEN, None] * 3])
    twice = Rest(rest.client, pauses_s=(0.0,))
    lines = Lines(twice, Addresses(public_url=NOBODYS), detects=MachineDetection.OFF, page_size=1)
    now = SystemClock().now()
    found = await lines.created_since(now - timedelta(minutes=1), at=now)
    assert len({each.sid for each in found}) == 4


async def test_more_calls_than_a_statement_has_parameters_are_looked_up(
    database: AsyncEngine,
) -> None:
    book = Book(session_factory(database))
    assert await book.calls_of([f"CA{number:032x}" for number in range(70_000)]) == []
    assert await book.calls([UUID(int=number) for number in range(70_000)]) == []
