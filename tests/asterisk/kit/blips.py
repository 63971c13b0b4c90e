"""Speech that says every sentence as the same short blip: for tests of what is said, not how."""

from dataclasses import dataclass
from pathlib import Path

from customers.model import Language
from tests.asterisk.kit.sounds import tone, write_wav

BLIP_S = 0.04


@dataclass(frozen=True, kw_only=True, slots=True)
class Blips:
    """Stands where `dialer.bridges.asterisk.sounds.Sounds` does; `folder` is the shared one."""

    folder: Path

    async def stem(self, sentence: str, language: Language, *, shared: str) -> str:
        """Return the blip, whatever the sentence."""
        file = self.folder / "blip.wav"
        if not file.exists():
            write_wav(file, tone(400, BLIP_S))
        return f"{shared}/blip"

    def sorry(self, language: Language, *, shared: str) -> str:
        """Return the apology that the pair has in its folder."""
        return f"{shared}/sorry"
