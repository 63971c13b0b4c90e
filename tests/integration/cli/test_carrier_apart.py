"""The simulated carrier as a process of its own: dialers share it, with its token and no other."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.settings import Settings
from dialer.bridges.simulated.remote.client import CarrierUnreachableError
from ownerline.drain import BridgeNotSimulatedError, drain
from ownerline.sole import DialerRunsError, nobody_dials

_OWNERLINE = Path(sys.executable).with_name("ownerline")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    given = {"home": home, "database_url": SecretStr(database_url)}
    return Settings().model_copy(update=given)


@pytest.fixture
async def named(settings: Settings) -> AsyncIterator[dict[str, str]]:
    """What a carrier in a process of its own says that a dialer needs; it ends cleanly."""
    url = "" if settings.database_url is None else settings.database_url.get_secret_value()
    carrier = await asyncio.create_subprocess_exec(
        _OWNERLINE,
        "carrier",
        env=os.environ
        | {
            "OWNERLINE_HOME": str(settings.home),
            "OWNERLINE_DATABASE_URL": url,
            "OWNERLINE_LOG_LEVEL": "error",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    assert carrier.stdout is not None
    lines = [(await carrier.stdout.readline()).decode().split(" = ") for _ in range(2)]
    yield {name: value.strip().strip('"') for name, value in lines}
    carrier.send_signal(signal.SIGTERM)
    assert await carrier.wait() == 0


def _secret_in(file: Path) -> SecretStr:
    assert file.stat().st_mode & 0o777 == 0o600
    return SecretStr(file.read_text())


async def test_dialers_share_the_carrier_of_their_settings_by_its_token(
    settings: Settings, named: dict[str, str]
) -> None:
    token = _secret_in(Path(named["simulated_carrier_token_file"]))
    stranger = settings.model_copy(update={"simulated_carrier": named["simulated_carrier"]})
    ours = stranger.model_copy(update={"simulated_carrier_token": token})
    summaries = await asyncio.gather(*(drain(ours, at=None, seed=1) for _ in range(2)))
    assert [summary.attempts for summary in summaries] == [0, 0]
    with pytest.raises(CarrierUnreachableError, match="does not let us in"):
        await drain(stranger, at=None, seed=1)
    with pytest.raises(BridgeNotSimulatedError, match="leave simulated_carrier unset"):
        await drain(ours, at=datetime(2026, 11, 23, 1, tzinfo=UTC), seed=1)


async def test_a_carrier_apart_does_not_keep_a_restore_or_its_reconciliation_away(
    settings: Settings, named: dict[str, str]
) -> None:
    with pytest.raises(DialerRunsError, match="name that one in simulated_carrier"):
        nobody_dials(settings).__enter__()
    ours = settings.model_copy(update={"simulated_carrier": named["simulated_carrier"]})
    with nobody_dials(ours):
        pass
