"""Debian packages unpacked into a folder of our own, with apt's own checks and a private state."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.errors import OwnerlineError

MIRROR = "OWNERLINE_TEST_DEBIAN_MIRROR"  # where the machine's own apt settings name none
_KEYRINGS = Path("/usr/share/keyrings")
_DPKG_STATUS = Path("/var/lib/dpkg/status")
_WITHIN_S = 600.0


class PackagesError(OwnerlineError):
    """Debian's packages could not be had; the message says what would help."""


class PackagesMissingError(PackagesError):
    """The archive has no such packages, or apt does not find a way to install them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """An apt of its own below `folder`, which knows nothing of what this machine has installed."""

    folder: Path
    options: tuple[str, ...]

    @property
    def debs(self) -> Path:
        """Return where fetched packages lie."""
        return self.folder / "archives"

    def update(self) -> None:
        """Fetch the lists of packages; signatures are checked.

        Raises:
            PackagesError: the mirror cannot be reached or is not to be trusted.
        """
        self._apt("update")

    def fetch(self, *packages: str) -> None:
        """Fetch these packages and nothing they depend on."""
        self._apt("download", *packages, within=self.debs)

    def fetch_with_needs(self, *packages: str) -> None:
        """Fetch packages, and of what they need all that is not installed."""
        self._apt("install", "--yes", "--reinstall", "--download-only", *packages)

    def unpack(self, root: Path) -> None:
        """Unpack all that was fetched; no script of a package runs."""
        for deb in sorted(self.debs.glob("*.deb")):
            _run("dpkg", "-x", str(deb), str(root))

    def _apt(self, *words: str, within: Path | None = None) -> None:
        _run("apt-get", "-q", *self.options, *words, within=within)


def open_archive(folder: Path, *, suite: str | None) -> Archive:
    """Return an archive for a suite of Debian; None: the machine's own release, as it is set up.

    Raises:
        PackagesError: this machine has no apt, or no mirror or keyring of Debian.
    """
    for needed in ("apt-get", "dpkg"):
        if shutil.which(needed) is None:
            message = (
                f"there is no {needed} here: run the tests on Debian or Ubuntu, or in a container "
                "of one, say `docker run --rm -it -v $PWD:/src -w /src debian:12`"
            )
            raise PackagesError(message)
    for name in ("lists/partial", "archives/partial", "state"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    status = folder / "state" / "status"
    set_to = {
        "Dir::State": folder / "state",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": status,
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",  # as who we are: the folder is ours
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
        "APT::Update::Error-Mode": "any",  # else a mirror out of reach is a warning
    }
    if suite is None:
        shutil.copyfile(_DPKG_STATUS, status)
    else:
        status.write_text("")
        sources = folder / "sources.list"
        sources.write_text(f"deb [signed-by={_keyring()}] {_mirror()} {suite} main\n")
        set_to |= {
            "Dir::Etc::SourceList": sources,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
        }
    words = tuple(word for key, value in set_to.items() for word in ("-o", f"{key}={value}"))
    return Archive(folder=folder, options=words)


def _mirror() -> str:
    """Return the mirror of Debian that this machine uses for its own release."""
    if (named := os.environ.get(MIRROR)) is not None:
        return named
    found = re.findall(r"'(\S+)/dists/", _run("apt-get", "-q", "--print-uris", "update"))
    for mirror in found:
        if mirror.rstrip("/").endswith("/debian"):
            return str(mirror)
    message = (
        "apt's settings name no mirror of Debian (this may be Ubuntu): name one in "
        f"{MIRROR}, and `apt-get install debian-archive-keyring`"
    )
    raise PackagesError(message)


def _keyring() -> Path:
    for name in ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg"):
        if (_KEYRINGS / name).exists():
            return _KEYRINGS / name
    message = f"no keyring of Debian in {_KEYRINGS}: `apt-get install debian-archive-keyring`"
    raise PackagesError(message)


def _run(*words: str, within: Path | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: PLW1510 - the return code is looked at below
            words,
            cwd=within,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except subprocess.TimeoutExpired as err:
        message = f"{words[0]} took more than {_WITHIN_S:.0f} s: is the mirror reachable?"
        raise PackagesError(message) from err
    if done.returncode == 0:
        return done.stdout
    told = " / ".join(line for line in done.stdout.splitlines() if line[:2] in {"E:", "W:"})
    if "Unable to locate package" in told or "Couldn't find" in told or "no installation" in told:
        message = f"{words[0]} does not find all packages: {told}"
        raise PackagesMissingError(message)
    message = (
        f"{words[0]} failed: {told or done.stdout[-500:]}. With network to the mirror of Debian "
        "it works; once it has, none is needed any more"
    )
    raise PackagesError(message)
