"""The installed command, run as its users run it: a process of its own in a home of its own."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
WORKBOOKS = tuple(
    str(SAMPLES / name) for name in ("owners.xlsx", "charges.xlsx", "workorders.xlsx")
)
_OWNERLINE = Path(sys.executable).with_name("ownerline")
_LONGEST_S = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """A home with nothing in it, or what earlier commands left there.

    Without a database URL its own server runs while a command does.
    """

    home: Path
    database_url: str | None = None

    def run(self, *words: str, lang: str = "C.UTF-8", **settings: str) -> "Done":
        """Run the command in this home; settings are OWNERLINE_ variables without the prefix."""
        ours = {"OWNERLINE_HOME": str(self.home), "LANG": lang, "OWNERLINE_LOG_LEVEL": "warning"}
        if self.database_url is not None:
            ours["OWNERLINE_DATABASE_URL"] = self.database_url
        given = {f"OWNERLINE_{name.upper()}": value for name, value in settings.items()}
        others = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OWNERLINE_", "LC_", "LANG"))
        }
        done = subprocess.run(
            [_OWNERLINE, *words],
            env=others | ours | given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_LONGEST_S,
            check=False,
        )
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def ask(self, *words: str) -> Any:
        """Run a command with `--json` and return its one object; nothing else was on stdout."""
        done = self.run(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def export(self, table: str) -> list[dict[str, str]]:
        """Return a table's rows as its CSV on stdout has them."""
        done = self.run("export", table, "-")
        assert done.code == 0, done.err
        return list(csv.DictReader(io.StringIO(done.out)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str
