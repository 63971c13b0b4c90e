"""What tests on a real Asterisk stand on: see README.md beside this file."""

import fcntl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.asterisk.kit.install import (
    Asterisk,
    installed_asterisk,
    installed_sipp,
    is_required,
)
from tests.asterisk.kit.instance import WATCHER
from tests.asterisk.kit.manager import Manager, manager_at
from tests.asterisk.kit.pair import Pair, start_pair
from tests.asterisk.kit.phones import Phones, phones_at
from tests.asterisk.kit.sipp import Exchange
from tests.kit.packages import PackagesError


@pytest.fixture(scope="session")
def asterisk() -> Asterisk:
    """Asterisk 22, unpacked on the first run on this machine."""
    try:
        return installed_asterisk()
    except PackagesError as err:
        if is_required():
            raise
        pytest.skip(f"no Asterisk: {err}")  # it was tried, and the message says what would help


@pytest.fixture(scope="session")
def pair(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Ownerline's Asterisk and the phones', of this worker alone."""
    pair = start_pair(asterisk, shared=tmp_path_factory.mktemp("shared"))
    yield pair
    pair.remove()


@pytest.fixture(scope="session")
def exchange(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """SIPp at the other end of trunk `sipp`; unpacked on the first run where there is none."""
    try:
        return Exchange(
            sipp=installed_sipp(), port=pair.sipp_port, folder=tmp_path_factory.mktemp("sipp")
        )
    except PackagesError as err:
        if is_required():
            raise
        pytest.skip(f"no SIPp: {err}")  # it was tried, and the message says what would help


@pytest.fixture(autouse=True)
def elbow_room(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep tests that fill the machine with calls (`crowded`) apart from those beside them.

    A single call's audio waits for its turn behind a hundred others', whoever's Asterisk it is.
    """
    is_crowded = request.node.get_closest_marker("crowded") is not None
    with Path(tempfile.gettempdir(), "ownerline-test-calls.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if is_crowded else fcntl.LOCK_SH)
        yield


@pytest.fixture
async def phones(pair: Pair) -> AsyncIterator[Phones]:
    """The phones of owners and agents, which were told nothing yet."""
    pair.say_little()
    async with phones_at(pair.phones) as phones:
        yield phones


@pytest.fixture
async def watcher(pair: Pair) -> AsyncIterator[Manager]:
    """A manager connection to Ownerline's Asterisk that is not Ownerline's.

    It begins without calls and without marks of calls that nobody took: what a test left would be
    a call that this one has not placed.
    """
    async with manager_at(pair.dialer.ports.ami, username=WATCHER, secret=WATCHER) as manager:
        await manager.end_all_calls()
        await manager.command("database deltree ownerline-missed")
        yield manager
        await manager.end_all_calls()


@pytest.fixture
def shared(pair: Pair) -> Path:
    """The folder of audio that Ownerline and its Asterisk see alike."""
    return pair.shared
