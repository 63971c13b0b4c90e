"""Every branch of every shipped script, walked by key presses and speech on real calls."""

import asyncio
import os
from collections.abc import Sequence

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
_MAY_BREAK = 0.01  # of the talks, once


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
        different = await _walked(walker, bridge, talks)
        # A phone that is told something between two steps of its dialplan may hang up; what is
        # wrong with a talk is so every time.
        again = await _walked(walker, bridge, [talk for talk, _ in different])
    finally:
        await bridge.close()
    assert not again, "\n".join([how for _, how in again[:20]])
    assert len(different) <= len(talks) * _MAY_BREAK, "\n".join([how for _, how in different[:20]])


async def _walked(
    walker: Walker, bridge: AsteriskBridge, talks: Sequence[Talk]
) -> list[tuple[Talk, str]]:
    """Walk talks; returns those that went otherwise than in the walk, and how."""
    found = await asyncio.gather(*(walker.walk(bridge, talk) for talk in talks))
    return [(talk, "; ".join(each)) for talk, each in zip(talks, found, strict=True) if each]
