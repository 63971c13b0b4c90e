"""A real Asterisk whose trunk leads to an exchange of phones, both on loopback, for a block."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.asterisk.kit.install import installed_asterisk
from tests.asterisk.kit.instance import free_ports
from tests.asterisk.kit.pair import SECRET, dialer_instance
from tests.asterisk.kit.sounds import tone, write_wav

LONG_S, SHORT_S = 5.0, 0.5
USER = "ownerline"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where a run calls, and whom it asks what the phones saw."""

    ami: int
    shared: Path
    exchange: subprocess.Popen[str]

    def prompt(self, *, long: bool) -> str:
        """Return what a call says: a file of `LONG_S` or `SHORT_S`, without its suffix."""
        return str(self.shared / ("long" if long else "short"))

    @property
    def secret(self) -> str:
        """The manager user's."""
        return SECRET

    def heard(self, *, rings_s: float = 0.1, as_people_do: bool = False) -> dict[str, Any]:
        """Return what the phones saw since the last time; they ring so long from now on.

        `as_people_do`: some half as long again, no two alike.
        """
        assert self.exchange.stdin is not None
        assert self.exchange.stdout is not None
        self.exchange.stdin.write(f"{rings_s}{'~' if as_people_do else ''}\n")
        self.exchange.stdin.flush()
        heard: dict[str, Any] = json.loads(self.exchange.stdout.readline())
        return heard


@contextmanager
def stage() -> Iterator[Stage]:
    """Hold Asterisk and the exchange; installs Asterisk where it is not."""
    taken: set[int] = set()
    ports, phones = free_ports(taken=taken), free_ports(taken=taken).sip
    with tempfile.TemporaryDirectory(prefix="ownerline-bench-") as folder:
        shared = Path(folder)
        write_wav(shared / "long.wav", tone(440, LONG_S))
        write_wav(shared / "short.wav", tone(440, SHORT_S))
        asterisk = dialer_instance(
            installed_asterisk(), ports=ports, phones=phones, sipp=phones, shared=shared
        )
        exchange = subprocess.Popen(
            [sys.executable, "-m", "bench.asterisk.exchange", str(phones)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert exchange.stdout is not None
            exchange.stdout.readline()  # it listens
            asterisk.start()
            yield Stage(ami=ports.ami, shared=shared, exchange=exchange)
        finally:
            exchange.kill()
            exchange.wait()
            asterisk.remove()
