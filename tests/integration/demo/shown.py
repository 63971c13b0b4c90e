"""A demo that serves, started as a newcomer starts it."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

_OWNERLINE = Path(sys.executable).with_name("ownerline")
_STARTS_WITHIN_S = 120


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A demo that serves: what it printed, and its process."""

    process: asyncio.subprocess.Process
    url: str
    passwords: dict[str, str]

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), _STARTS_WITHIN_S)


@contextlib.asynccontextmanager
async def served(home: Path, *words: str, owners: int = 60) -> AsyncIterator[Shown]:
    """Serve a small demo for the block."""
    others = {key: value for key, value in os.environ.items() if not key.startswith("OWNERLINE_")}
    process = await asyncio.create_subprocess_exec(
        _OWNERLINE,
        *("demo", "--serve", "--port", "0", "--owners", str(owners), *words),
        env=others | {"OWNERLINE_HOME": str(home), "LANG": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        said = ""
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while "no telephone rings" not in said:
                line = (await process.stdout.readline()).decode()
                assert line, said
                said += line
        found = re.search(r"http://[\d.:]+", said)
        assert found is not None
        passwords = dict(re.findall(r"^  (\w+)\s+(\S+)", said, re.MULTILINE))
        yield Shown(process=process, url=found.group(), passwords=passwords)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
