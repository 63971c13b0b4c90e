"""`make faults`: dialers and PostgreSQL are killed through a sped-up day; exit 1 if it shows."""

import argparse
import asyncio
import contextlib
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from ownerline.rooms import check_rooms
from tests.faults.plan import full, short
from tests.faults.run import Result, play

_LIMIT_S = 12 * 60


def main() -> int:
    """Play one run and print what it came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of every random moment")
    parser.add_argument("--short", action="store_true", help="the run that is part of make test")
    parser.add_argument("--folder", type=Path, default=None, help="keep books and logs there")
    arguments = parser.parse_args()
    check_rooms()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    plan = short(seed) if arguments.short else full(seed)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="ownerline-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    _say(f"fault run of seed {seed}, logs and books in {folder}")
    try:
        result = asyncio.run(_bounded(play(plan, folder, _say)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("interrupted")
        return 130
    _say(result.table())
    if not result.is_sound:
        _say(f"NOT SOUND; the same moments again: make faults ARGS='--seed {seed}'")
        return 1
    _say("sound: nobody was rung twice, nothing was lost, the queue is empty")
    if arguments.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


async def _bounded(run: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.get_running_loop().create_task(run)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(_LIMIT_S):
        return await task


def _say(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
