"""One Asterisk on free ports of loopback, in a folder of its own, which the tests may kill."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from core.errors import OwnerlineError
from tests.asterisk.kit.install import Asterisk
from tests.asterisk.kit.modules import BROWSER_MODULES, MODULES

WATCHER = "watcher"  # a manager user of the tests, and its secret
_PORTS = range(16000, 17000)
_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 3.0  # it has been seen to hang for more than ten
_UNSOUND = (
    "Unable to bind",
    "could not be started",
    "declined to load",
    "Address already in use",
    "Error loading module",
)
# Asterisk looks for these and is content with nothing in them.
_EMPTY = (
    *("acl", "amd", "ccss", "cdr", "cel", "codecs", "dsp", "features", "pjproject"),
    *("sorcery", "stasis", "udptl", "pjsip_notify", "agents", "res_parking"),
)


class InstanceError(OwnerlineError):
    """An Asterisk of the tests does not run as it should; its log says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where an instance listens: SIP over UDP, the manager interface over TCP."""

    sip: int
    ami: int


def _short_folder() -> Path:
    """Return a new folder with a short name: a socket's path has room for 108 characters."""
    return Path(tempfile.mkdtemp(prefix="oa-", dir=tempfile.gettempdir()))


@dataclass(kw_only=True)
class Instance:
    """A running Asterisk; `role` names the folder of its configuration."""

    asterisk: Asterisk
    role: str
    ports: Ports
    values: Mapping[str, object]
    extra: Mapping[str, str]  # further files of configuration: what Ownerline itself writes
    with_browsers: bool = False  # they need modules and ICE, which no other phone here does
    folder: Path = field(default_factory=_short_folder)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until every module is up.

        Raises:
            InstanceError: it did not come up, or without one of its modules or ports.
        """
        for name in ("etc", "lib", "spool", "run", "log", "cache"):
            (self.folder / name).mkdir(exist_ok=True)
        self._configure()
        self._log.unlink(missing_ok=True)
        with (self.folder / "log/console").open("wb") as console:
            # Whatever becomes of the tests, it ends with them.
            self._process = subprocess.Popen(
                ["/usr/bin/setpriv", "--pdeathsig", "KILL", *self._command(), "-f", "-n"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready()
        if unsound := [line for line in self.complaints() if any(s in line for s in _UNSOUND)]:
            self.stop()
            message = f"the {self.role} Asterisk started but is not sound: {unsound}"
            raise InstanceError(message)

    def kill(self) -> None:
        """End it at once, with kill -9: nobody on its lines is told."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it, by force if it does not want to."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def restart(self) -> None:
        """Start it again on the same ports, with what its configuration says now."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, words: str) -> str:
        """Run a command of its console and return what it prints."""
        done = subprocess.run(
            [*self._command(), "-rx", words],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return done.stdout

    def complaints(self) -> list[str]:
        """Return what the log has of warnings and errors."""
        if not self._log.exists():
            return []
        lines = self._log.read_text(errors="replace").splitlines()
        return [line for line in lines if " WARNING[" in line or " ERROR[" in line]

    def is_running(self) -> bool:
        """Say whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def _log(self) -> Path:
        return self.folder / "log/messages.log"

    def _command(self) -> tuple[str, ...]:
        return (*self.asterisk.command, "-C", str(self.folder / "etc/asterisk.conf"))

    def _configure(self) -> None:
        etc = self.folder / "etc"
        values = {
            "folder": self.folder,
            "modules": self.asterisk.modules,
            "data": self.asterisk.data,
            "loaded": BROWSER_MODULES if self.with_browsers else MODULES,
            "with_browsers": self.with_browsers,
            "watcher": WATCHER,
            "sip": self.ports.sip,
            "ami": self.ports.ami,
            **self.values,
        }
        for name in _EMPTY:
            (etc / f"{name}.conf").touch()
        for role in ("common", self.role):
            for template in _templates(role):
                text = jinja2.Template(
                    template.read_text(), undefined=jinja2.StrictUndefined, trim_blocks=True
                ).render(values)
                (etc / template.name).write_text(text + "\n")
        for name, text in self.extra.items():
            (etc / name).parent.mkdir(exist_ok=True)
            (etc / name).write_text(text)

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < until and self.is_running():
            asked = subprocess.run(
                [*self._command(), "-rx", "core waitfullybooted"],
                capture_output=True,
                check=False,
                timeout=_READY_WITHIN_S,
            )
            if asked.returncode == 0:
                return
            time.sleep(0.02)
        self.kill()
        console = (self.folder / "log/console").read_text(errors="replace")
        message = f"the {self.role} Asterisk did not start: {console[-800:]} {self.complaints()}"
        raise InstanceError(message)


def free_ports(*, taken: set[int]) -> Ports:
    """Return ports that nobody has now; `taken` are those given out before, and these with them."""
    first = _PORTS.start + os.getpid() % len(_PORTS)
    ports = _free([*range(first, _PORTS.stop), *range(_PORTS.start, first)], taken)
    return Ports(sip=next(ports), ami=next(ports))


def _free(candidates: list[int], taken: set[int]) -> Iterator[int]:
    for port in candidates:
        if port not in taken and _is_free(port):
            taken.add(port)
            yield port


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _templates(role: str) -> list[Path]:
    return sorted((Path(__file__).parent / "conf" / role).glob("*.conf"))
