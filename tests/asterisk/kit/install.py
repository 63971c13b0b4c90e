"""Asterisk 22 and SIPp for tests, unpacked into a cache folder; the system is left alone.

They come from Debian's packages: Asterisk from sid with sid's own loader and libraries beside it,
SIPp from the machine's own release. `python -m tests.asterisk.kit.install` does it by hand.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.kit.modules import BROWSER_MODULES
from tests.kit.cache import cache_folder, held
from tests.kit.cache import is_required as setting_requires
from tests.kit.packages import (
    Archive,
    PackagesError,
    PackagesMissingError,
    open_archive,
)

REQUIRED = "OWNERLINE_TEST_REQUIRE_ASTERISK"  # set: these tests must not be skipped
WANTED = "Asterisk 22."
_SUITE = "sid"  # the only one of Debian that has Asterisk
_EDITION = 1  # counts up when what is unpacked changes
_OWN = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-wav")
# What our modules need of sid's; when sid has moved on, everything is fetched instead.
_SHORT = (
    *_OWN,
    *("libc6", "libbsd0", "libcap2", "libcrypt1", "libedit2", "libgcc-s1", "libjansson4"),
    *("libmd0", "libsqlite3-0", "libssl3t64", "libsrtp2-1", "libstdc++6", "libsystemd0"),
    *("libtinfo6", "liburiparser1", "libuuid1", "libxml2-16", "libxslt1.1", "libzstd1", "zlib1g"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asterisk:
    """An unpacked Asterisk and how it is run."""

    root: Path
    command: tuple[str, ...]
    modules: Path
    version: str

    @property
    def data(self) -> Path:
        """Return the folder of sounds and documentation."""
        return self.root / "usr/share/asterisk"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sipp:
    """SIPp and how it is run."""

    command: str
    environment: Mapping[str, str]


def installed_asterisk(cache: Path | None = None) -> Asterisk:
    """Return Asterisk 22, unpacked on the first call on this machine.

    Raises:
        PackagesError: it cannot be had here; the message says what would help.
    """
    folder = (cache or cache_folder()) / f"asterisk-22-{_EDITION}"
    with held(folder):
        if (known := _known(folder)) is None:
            known = _unpack_asterisk(folder)
    root = folder / "root"
    return Asterisk(
        root=root,
        command=_loading(root),
        modules=_libraries(root) / "asterisk/modules",
        version=known,
    )


def installed_sipp(cache: Path | None = None) -> Sipp:
    """Return the SIPp of this machine, or one unpacked on the first call.

    Raises:
        PackagesError: it cannot be had here; the message says what would help.
    """
    if (own := shutil.which("sipp")) is not None:
        return Sipp(command=own, environment={})
    folder = (cache or cache_folder()) / f"sipp-{_EDITION}"
    with held(folder):
        if _known(folder) is None:
            _unpack_sipp(folder)
    root = folder / "root"
    return Sipp(
        command=str(root / "usr/bin/sipp"), environment={"LD_LIBRARY_PATH": str(_libraries(root))}
    )


def is_required() -> bool:
    """Say whether the tests must run: in CI, and wherever the setting asks for it."""
    return setting_requires(REQUIRED)


def _unpack_asterisk(folder: Path) -> str:
    archive, root = open_archive(folder / "apt", suite=_SUITE), folder / "root"
    archive.update()
    try:
        archive.fetch(*_SHORT)
        _spread(archive, root)
        missing = _missing_libraries(root)
    except PackagesMissingError:
        missing = ["packages of the short list"]
    if missing:
        archive.fetch_with_needs(*_OWN)
        _spread(archive, root)
        missing = _missing_libraries(root)
    said = subprocess.run(
        [*_loading(root), "-V"], capture_output=True, text=True, check=False, timeout=30
    )
    version = said.stdout.strip()
    if missing or not version.startswith(WANTED):
        message = (
            f"the Asterisk of Debian {_SUITE} does not do: it says {version or said.stderr!r}, "
            f"missing are {missing or 'no libraries'}; wanted is {WANTED}x"
        )
        raise PackagesError(message)
    _note(folder, version)
    return version


def _unpack_sipp(folder: Path) -> None:
    archive = open_archive(folder / "apt", suite=None)
    archive.update()
    archive.fetch_with_needs("sip-tester")
    archive.unpack(folder / "root")
    _note(folder, "sipp")


def _spread(archive: Archive, root: Path) -> None:
    """Unpack, and make the links that the packages' own scripts would make."""
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    archive.unpack(root)
    (root / "usr/share/asterisk/sounds/en").symlink_to("en_US_f_Allison")


def _missing_libraries(root: Path) -> list[str]:
    """Return what the program or a module of ours would not find."""
    folder = _libraries(root) / "asterisk/modules"
    wanted = [root / "usr/sbin/asterisk", *(folder / f"{name}.so" for name in BROWSER_MODULES)]
    missing = [path.name for path in wanted if not path.exists()]
    for path in wanted:
        listed = subprocess.run(
            [*_loader(root), "--list", str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        missing += [line.split()[0] for line in listed.stdout.splitlines() if "not found" in line]
    return sorted(set(missing))


def _loading(root: Path) -> tuple[str, ...]:
    """Return the words that run Asterisk: its children keep the machine's own libraries."""
    return (*_loader(root), "--argv0", "asterisk", str(root / "usr/sbin/asterisk"))


def _loader(root: Path) -> tuple[str, ...]:
    loaders = [*root.glob("usr/lib64/ld-linux*.so*"), *root.glob("usr/lib/ld-linux*.so*")]
    if not loaders:
        message = f"libc6 of Debian {_SUITE} has no loader below {root}"
        raise PackagesError(message)
    return (str(loaders[0]), "--library-path", str(_libraries(root)))


def _libraries(root: Path) -> Path:
    return next(iter(root.glob("usr/lib/*-linux-gnu*")), root / "usr/lib")


def _known(folder: Path) -> str | None:
    try:
        stamp = json.loads((folder / "stamp.json").read_text())
    except FileNotFoundError:
        return None
    return str(stamp["version"]) if stamp["modules"] == list(BROWSER_MODULES) else None


def _note(folder: Path, version: str) -> None:
    """Say that all is there; what was fetched is needed no more."""
    shutil.rmtree(folder / "apt")
    stamp = {"version": version, "modules": list(BROWSER_MODULES)}
    (folder / "stamp.json").write_text(json.dumps(stamp))


if __name__ == "__main__":
    sys.stdout.write(f"{installed_asterisk().version}\n{installed_sipp().command}\n")
