"""A whole installation on a real Asterisk: rules, engine and talks, and real phones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.model import TelephonyResult
from ownerline.asterisk_bridge import AsteriskSettingsError
from ownerline.drain import BridgeNotSimulatedError, drain
from ownerline.runtime import open_runtime
from tests.asterisk.control_rig import OTHER_PHONE, PHONE
from tests.asterisk.home import CLOCK, Home, dialer_process, until_owned_anew
from tests.asterisk.kit.manager import Manager, Message
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones

pytestmark = [pytest.mark.asterisk, pytest.mark.integration]

HOSTILE = "${SHELL(touch /tmp/x)}\r\nAction: Originate,|;王"


@pytest.fixture
async def home(pair: Pair, database_url: str, tmp_path: Path) -> AsyncIterator[Home]:
    settings = pair.settings(
        home=tmp_path, database_url=database_url, test_numbers=(PHONE.e164,), packs=("rehearsal",)
    )
    async with open_runtime(settings) as runtime:
        home = Home(settings=settings, runtime=runtime)
        await home.open()
        yield home


async def test_unarmed_only_test_numbers_ring_and_a_hostile_name_changes_nothing(
    home: Home, phones: Phones, watcher: Manager
) -> None:
    said: list[Message] = []
    watcher.listen(said.append)
    await phones.behave(PHONE, Does.HANGS_UP)
    await home.repaired_for(PHONE.e164, name=HOSTILE)
    await home.repaired_for(OTHER_PHONE.e164)
    await home.build()
    await drain(home.settings, at=None, seed=1)
    assert phones.rung() == {PHONE.digits: 1}
    assert await home.results() == {PHONE.e164: TelephonyResult.ANSWERED}
    channels = [each for each in said if each.get("Event") == "Newchannel"]
    assert len(channels) == 1
    assert not [each for each in said if "SHELL" in str(each)]


async def test_a_dialer_killed_while_a_phone_rings_leaves_the_call_to_the_next(
    home: Home, phones: Phones, watcher: Manager
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    await home.repaired_for(PHONE.e164)
    await home.build()
    async with dialer_process(home.settings) as killed:
        await phones.until_rung(PHONE, within_s=30)
        killed.kill()
        await killed.wait()
    draining = asyncio.create_task(drain(home.settings, at=None, seed=1))
    await until_owned_anew(home.runtime)
    assert not draining.done()
    await phones.hang_up(PHONE, cause=17)
    await draining
    assert await home.results() == {PHONE.e164: TelephonyResult.BUSY}
    assert phones.rung() == {PHONE.digits: 1}


async def test_invented_people_reach_no_trunk(home: Home, phones: Phones) -> None:
    await home.repaired_for(PHONE.e164, synthetic=True)
    await home.build()
    await drain(home.settings, at=None, seed=1)
    assert not phones.rung()


async def test_a_day_at_an_instant_is_never_played_on_a_real_bridge(home: Home) -> None:
    with pytest.raises(BridgeNotSimulatedError):
        await drain(home.settings, at=CLOCK.now(), seed=1)


async def test_an_asterisk_without_servers_says_what_to_write(home: Home) -> None:
    nobody = home.settings.asterisk.model_copy(update={"servers": ()})
    settings = home.settings.model_copy(update={"asterisk": nobody})
    with pytest.raises(AsteriskSettingsError, match=r"\[\[asterisk\.servers\]\]"):
        await drain(settings, at=None, seed=1)
