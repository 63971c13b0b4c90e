"""What tests on the emulated carrier stand on: see README.md beside this file."""

import os
from collections.abc import AsyncIterator

import pytest
from twilio.http.async_http_client import AsyncTwilioHttpClient

from tests.twilio.kit.api import Emulator, emulator
from tests.twilio.kit.carrier import Carrier
from tests.twilio.kit.description import SPEC_VARIABLE, NoDescriptionError, description
from tests.twilio.sdk import Line
from tests.twilio.webhooks import Site, site


@pytest.fixture(scope="session")
def described() -> None:
    """Twilio's description is on this machine."""
    try:
        description()
    except NoDescriptionError as err:
        if os.environ.get("CI") == "true" or SPEC_VARIABLE in os.environ:
            raise
        pytest.skip(str(err))  # the message says which file would let it run


@pytest.fixture
def carrier(described: None) -> Carrier:
    """The emulated carrier's account, which may be changed before anything is asked of it."""
    return Carrier()


@pytest.fixture
async def twilio(carrier: Carrier) -> AsyncIterator[Emulator]:
    """The emulated carrier on its port; every request to it was as Twilio describes."""
    async with emulator(carrier) as running:
        yield running
    assert carrier.violations == []


@pytest.fixture
async def hooks() -> AsyncIterator[Site]:
    """Addresses that the carrier asks, and what they answer."""
    async with site() as running:
        yield running


@pytest.fixture
async def line(twilio: Emulator) -> AsyncIterator[Line]:
    """The SDK, asking the emulated carrier."""
    line = Line(twilio)
    yield line
    assert isinstance(line.http_client, AsyncTwilioHttpClient)
    await line.http_client.close()
