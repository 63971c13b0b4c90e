"""A whole installation on the emulated carrier: its home, its customer file and its processes."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
import yaml
from pydantic import SecretStr

from core.settings import Settings, load_settings
from dialer.model import AttemptState, TelephonyResult
from dialer.tables import Attempt
from ownerline.runtime import open_runtime
from tests.asterisk.home import Home
from tests.integration.services.running import Running, running
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import OUR_NUMBER

PUBLIC_URL = "http://calls.test"
ANYBODY = "+86*"

_SETTINGS = """
bridge = "twilio"
public_url = "{public_url}"
test_numbers = ["{numbers}"]
packs = ["rehearsal"]
campaigns_file = "{campaigns}"
log_format = "json"
log_level = "debug"
[twilio]
account_sid = "{account_sid}"
auth_token_file = "twilio.token"
from_number = "{from_number}"
api_base_url = "{api}"
api_timeout_s = {timeout_s}
calls_per_second = {calls_per_second}
channels = {channels}
destinations = ["+86"]
detect_machines = "{detects}"
{more}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How an installation is set up."""

    timeout_s: float = 2.0
    calls_per_second: float = 50.0
    channels: int = 20
    detects: str = "sync"
    more: str = ""  # lines of [twilio]
    by_agents: bool = False  # calls after repairs are placed for agents who are ready


@dataclass(kw_only=True)
class Installation:
    """An installation whose web processes the carrier reaches at one public address."""

    settings: Settings
    database_url: str
    twilio: Emulator
    home: Home
    webs: list[Running] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def process(self, *words: str) -> AsyncIterator[Running]:
        """Run a process; one that answers webhooks is one more behind the public address."""
        async with running(self.settings.home, self.database_url, *words) as started:
            answers = words[0] in {"serve", "api"}
            if answers:
                self.webs.append(started)
                self._open_doors()
            try:
                yield started
            finally:
                if answers:
                    self.webs.remove(started)

    def _open_doors(self) -> None:
        doors = ["{0.scheme}://{0.netloc}".format(urlsplit(each.urls[0])) for each in self.webs]
        self.twilio.carrier.postman.doors[PUBLIC_URL] = doors

    async def due(self, numbers: Sequence[str]) -> None:
        """Let an owner at each number be due a call."""
        for number in numbers:
            await self.home.repaired_for(number)
        await self.home.build()

    async def attempts(self) -> list[tuple[str, AttemptState, TelephonyResult | None]]:
        """Return every attempt: the number, its state, its result."""
        async with self.home.runtime.sessions() as session:
            rows = await session.execute(
                sa.select(Attempt.e164, Attempt.state, Attempt.telephony_result).order_by(
                    Attempt.attempt_id
                )
            )
            return [(row.e164, row.state, row.telephony_result) for row in rows]

    async def is_settled(self, wanted: int) -> bool:
        """Say whether so many attempts have been made and every one is over."""
        made = await self.attempts()
        return len(made) >= wanted and all(result is not None for _, _, result in made)


@contextlib.asynccontextmanager
async def installation(
    twilio: Emulator, folder: Path, database_url: str, terms: Terms | None = None
) -> AsyncIterator[Installation]:
    """Hold an installation for the block."""
    terms = terms or Terms()
    (folder / "twilio.token").write_text(twilio.carrier.auth_token)
    (folder / "twilio.token").chmod(0o600)
    campaigns = folder / "campaigns.yaml"
    campaigns.write_text(_campaigns(by_agents=terms.by_agents))
    written = _SETTINGS.format(
        campaigns=campaigns,
        public_url=PUBLIC_URL,
        numbers=ANYBODY,
        account_sid=twilio.carrier.account_sid,
        from_number=OUR_NUMBER,
        api=twilio.url,
        timeout_s=terms.timeout_s,
        calls_per_second=terms.calls_per_second,
        channels=terms.channels,
        detects=terms.detects,
        more=terms.more,
    )
    (folder / "ownerline.toml").write_text(written)
    (folder / "ownerline.toml").chmod(0o600)
    settings = load_settings(folder).model_copy(update={"database_url": SecretStr(database_url)})
    async with open_runtime(settings) as runtime:
        home = Home(settings=settings, runtime=runtime)
        await home.open()
        yield Installation(settings=settings, database_url=database_url, twilio=twilio, home=home)


def _campaigns(*, by_agents: bool) -> str:
    """Return the shipped campaigns; `by_agents`: agents make the calls after repairs."""
    shipped = Path(__file__).parents[2] / "callback/campaigns.yaml"
    campaigns = yaml.safe_load(shipped.read_text())
    if by_agents:
        campaigns["repair"] |= {"mode": "agent", "dialling": "progressive"}
    return str(yaml.safe_dump(campaigns))
