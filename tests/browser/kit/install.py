"""Chromium and a font with Chinese for tests: the machine's own, else unpacked beside the system.

They come from Debian's packages of the machine's own release; nothing is installed and no root is
needed. `python -m tests.browser.kit.install` does it by hand.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.kit.cache import cache_folder, held, is_required
from tests.kit.packages import PackagesError, open_archive

REQUIRED = "OWNERLINE_TEST_REQUIRE_BROWSER"  # set: these tests must not be skipped
_EDITION = 1  # counts up when what is unpacked changes
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable")
_FONT = "fonts-wqy-microhei"
_STAMP = "complete"
# Pictures are to be alike on every machine: outlines only, and no font of a user's own.
_FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <match target="font"><edit name="embeddedbitmap" mode="assign"><bool>false</bool></edit></match>
</fontconfig>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chromium:
    """A browser and how it is run."""

    executable: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def installed_chromium(cache: Path | None = None, *, own: bool = True) -> Chromium:
    """Return Chromium with a font that has Chinese, unpacked on the first call on this machine.

    `own`: the machine's, where it has one.

    Raises:
        PackagesError: it cannot be had here; the message says what would help.
    """
    folder = cache or cache_folder()
    fonts = {} if _has_chinese() else _fonts(folder / f"fonts-{_EDITION}")
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if own and found is not None:
        return Chromium(executable=Path(found), environment=fonts)
    root = _unpacked(folder / f"chromium-{_EDITION}", "chromium")
    executable = root / "usr/lib/chromium/chromium"
    libraries = [*root.glob("usr/lib/*-linux-gnu*"), *root.glob("usr/lib/*-linux-gnu*/*/")]
    if not executable.exists():
        message = f"the packages of Chromium have no {executable}; remove {root.parent}"
        raise PackagesError(message)
    return Chromium(
        executable=executable,
        environment=fonts | {"LD_LIBRARY_PATH": ":".join(map(str, libraries))},
    )


def wanted_chromium() -> Chromium:
    """Return Chromium for a test; where it cannot be had the test is skipped, or fails if required.

    Raises:
        PackagesError: it cannot be had, and tests in a browser must run.
    """
    try:
        return installed_chromium()
    except PackagesError as err:
        if is_required(REQUIRED):
            raise
        pytest.skip(f"no Chromium: {err}")  # reason: the machine can have none; CI requires one


def _has_chinese() -> bool:
    """Say whether the machine has a font with Chinese."""
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(
        ["fc-list", ":lang=zh"],  # noqa: S607 - the one of this machine's path
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return bool(listed.stdout.strip())


def _fonts(folder: Path) -> dict[str, str]:
    root = _unpacked(folder, _FONT, alone=True)
    conf = folder / "fonts.conf"
    text = _FONTS_CONF.format(fonts=root / "usr/share/fonts", cache=folder / "cache")
    if not conf.exists() or conf.read_text() != text:
        draft = folder / f"fonts.conf.{os.getpid()}"
        draft.write_text(text)
        draft.replace(conf)
    return {"FONTCONFIG_FILE": str(conf)}


def _unpacked(folder: Path, package: str, *, alone: bool = False) -> Path:
    """Return where a package lies, with what it needs unless it is taken alone."""
    root = folder / "root"
    with held(folder):
        if not (folder / _STAMP).exists():
            shutil.rmtree(root, ignore_errors=True)
            archive = open_archive(folder / "apt", suite=None)
            archive.update()
            if alone:
                archive.fetch(package)
            else:
                archive.fetch_with_needs(package)
            archive.unpack(root)
            shutil.rmtree(folder / "apt")
            (folder / _STAMP).touch()
    return root


if __name__ == "__main__":
    sys.stdout.write(f"{installed_chromium()}\n")
