"""What Ownerline puts into the shared folder, a real Asterisk plays, as it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings_model import Settings
from customers.model import Language
from dialer.bridges.asterisk.sounds import Sounds
from scripts.speech.speaker import make_speaker
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Phones
from tests.asterisk.kit.sounds import likeness, read_wav

NUMBER = "8613800138031"


@pytest.fixture
async def sounds(pair: Pair, tmp_path: Path) -> AsyncIterator[Sounds]:
    speaker = make_speaker(Settings(), tmp_path)
    yield Sounds(speaker, folder=pair.shared)
    await speaker.close()


async def test_an_owner_hears_the_sentence_that_was_published(
    pair: Pair, phones: Phones, watcher: Manager, sounds: Sounds
) -> None:
    stem = await sounds.stem("您好,这里是安居物业。", Language.MANDARIN, shared=str(pair.shared))
    await phones.tape(NUMBER)
    await watcher.originate(
        {
            "Channel": f"PJSIP/{NUMBER}@phones",
            "Application": "Playback",
            "Data": stem,
            "Timeout": "10000",
        },
        {},
    )

    heard = await phones.heard(NUMBER)

    assert likeness(read_wav(Path(f"{stem}.wav")), heard) > 0.95
