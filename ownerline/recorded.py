"""Where this installation's recordings lie: what a bridge's location means, and the store."""

from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from dialer.bridges.asterisk.audio_places import files_at
from recordings.store import RecordingStore, open_store


def sources_at(location: str, settings: Settings) -> Sequence[Path]:
    """Return the files at a location that a bridge told, the owner's side first.

    Raises:
        UnknownLocationError: no bridge of ours gives such locations.
    """
    return files_at(location, shared=shared_folder(settings))


def shared_folder(settings: Settings) -> Path:
    """Return the folder that Asterisk and we see, as we see it."""
    return settings.asterisk.shared_folder or settings.home / "asterisk"


def store_of(settings: Settings) -> RecordingStore:
    """Return the store of recordings.

    Raises:
        StoreUrlError: the settings name none.
    """
    return open_store(settings.recordings_url, home=settings.home)
