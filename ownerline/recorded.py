"""Where this installation's recordings lie: what a bridge's location means, and the store."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from core.settings import Settings
from dialer.bridges.asterisk.audio_places import UnknownLocationError, files_at
from dialer.bridges.twilio.collecting import SCHEME as TWILIO
from dialer.bridges.twilio.collecting import UnknownTwilioLocationError, open_source
from ownerline.twilio_settings import TwilioSettingsError, plan_of
from recordings.sources import FileSource, Source
from recordings.store import RecordingStore, open_store

# Why a location may mean nothing here: no bridge gives it, or its settings have gone.
NOWHERE = (UnknownLocationError, UnknownTwilioLocationError, TwilioSettingsError)


@contextlib.asynccontextmanager
async def source_at(location: str, settings: Settings) -> AsyncIterator[Source]:
    """Hold what lies at a location that a bridge told for the block.

    Raises:
        UnknownLocationError: no bridge of ours gives such locations.
        UnknownTwilioLocationError: neither does Twilio's.
        TwilioSettingsError: it lies at Twilio, and the settings no longer say whose.
    """
    if location.startswith(TWILIO):
        account = plan_of(settings).account
        async with open_source(location, account, keep=settings.twilio.keep_recordings) as source:
            yield source
        return
    yield FileSource(files_at(location, shared=shared_folder(settings)))


def shared_folder(settings: Settings) -> Path:
    """Return the folder that Asterisk and we see, as we see it."""
    return settings.asterisk.shared_folder or settings.home / "asterisk"


def store_of(settings: Settings) -> RecordingStore:
    """Return the store of recordings.

    Raises:
        StoreUrlError: the settings name none.
    """
    return open_store(settings.recordings_url, home=settings.home)
