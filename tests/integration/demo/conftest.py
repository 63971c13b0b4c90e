"""A day of a small company, played once for all tests of the demo."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.postgres.lease import embedded_server_sync
from core.settings import load_settings
from ownerline.carrier import LEDGER_FILE
from ownerline.demo.home import DemoHome
from ownerline.demo.rehearsal import Plan, rehearse

OWNERS = 120
SEED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayedDemo:
    """What a demo left behind: its JSON without the wall clock, its book and its home."""

    json: dict[str, Any]
    ledger: str
    home: DemoHome


def play(home: Path, plan: Plan) -> PlayedDemo:
    """Play a demo below a home."""
    figures = asyncio.run(rehearse(load_settings(home), plan)).as_json()
    assert figures.pop("wall_seconds") > 0
    folder = DemoHome.below(home)
    ledger = (folder.folder / LEDGER_FILE).read_text(encoding="utf-8")
    return PlayedDemo(json=figures, ledger=ledger, home=folder)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> PlayedDemo:
    """A day of 120 owners."""
    return play(tmp_path_factory.mktemp("played"), Plan(owners=OWNERS, seed=SEED))


@pytest.fixture(scope="session")
def file(played: PlayedDemo) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The database that the day left behind."""
    with embedded_server_sync(played.home.folder) as url, psycopg.connect(url) as connection:
        yield connection
