"""SIPp as a phone exchange that refuses every call with one SIP code."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import OwnerlineError
from tests.asterisk.kit.install import Sipp

_SCENARIO = Path(__file__).parent / "conf/refuses.xml"
_REASONS = {408: "Request Timeout", 480: "Temporarily Unavailable", 486: "Busy Here"}
_WITHIN_S = 5.0


class SippError(OwnerlineError):
    """SIPp did not start; what it printed says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """Where calls to the trunk `sipp` come out."""

    sipp: Sipp
    port: int
    folder: Path

    @contextlib.asynccontextmanager
    async def refuses(self, code: int) -> AsyncIterator[None]:
        """Refuse every call with this SIP code for the block."""
        scenario = self.folder / f"refuses-{code}.xml"
        text = _SCENARIO.read_text().replace("CODE", str(code))
        scenario.write_text(text.replace("REASON", _REASONS.get(code, "Decline")))
        async with _running(self, scenario):
            yield


@contextlib.asynccontextmanager
async def _running(exchange: Exchange, scenario: Path) -> AsyncIterator[None]:
    # Whatever becomes of the tests, it ends with them.
    process = await asyncio.create_subprocess_exec(
        *("/usr/bin/setpriv", "--pdeathsig", "KILL", exchange.sipp.command),
        *("-sf", str(scenario), "-i", "127.0.0.1", "-p", str(exchange.port), "-nostdin"),
        cwd=exchange.folder,
        env={**os.environ, **exchange.sipp.environment, "TERM": "dumb"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await _until_taken(exchange.port, process)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            process.kill()
        await process.communicate()


async def _until_taken(port: int, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_WITHIN_S):
            while _is_free(port):
                if process.returncode is not None:
                    _, told = await process.communicate()
                    raise SippError(told.decode(errors="replace"))
                await asyncio.sleep(0.02)
    except TimeoutError as err:
        message = f"SIPp does not listen on port {port} within {_WITHIN_S} s"
        raise SippError(message) from err


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
