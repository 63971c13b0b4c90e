"""Every branch of every shipped script, walked by key presses and speech on real calls."""

import asyncio
import os

import pytest

from customers.model import Language
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.bridge import AsteriskBridge
from ownerline.asterisk_bridge import trunks_of
from scripts.library import load_library
from tests.asterisk.kit.blips import Blips
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Phones
from tests.asterisk.walking import CLOCK, IDS, Talk, Walker, covering, every_talk

# Set: all talks of the walk, some twenty thousand, instead of those that cover every way.
_ALL = "OWNERLINE_TEST_ALL_WALKS"


@pytest.mark.crowded
@pytest.mark.parametrize("language", list(Language))
async def test_every_branch_of_every_script_is_walked_on_calls_as_by_the_interpreter(
    pair: Pair, phones: Phones, watcher: Manager, language: Language
) -> None:
    library = load_library()
    talks: list[Talk] = []
    for script in library.scripts:
        walked = every_talk(library, script, language)
        talks += walked if os.environ.get(_ALL) else covering(walked)
    walker = Walker(library, phones=phones, watcher=watcher)
    await walker.prepare_phones()
    trunks, servers = trunks_of(pair.settings(), CLOCK)
    speaking = AsteriskTalks(
        clock=CLOCK, sounds=Blips(folder=pair.shared), ids=IDS, folder=pair.shared
    )
    bridge = AsteriskBridge(trunks, servers, clock=CLOCK, talks=speaking)
    await bridge.start(walker, walker)
    try:
        different = await asyncio.gather(*(walker.walk(bridge, talk) for talk in talks))
    finally:
        await bridge.close()
    found = [each for differences in different for each in differences]
    assert not found, "\n".join(found[:20])
