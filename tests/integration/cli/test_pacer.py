"""The pacer as its callers start it: lines in, lines out, and an exit code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

_OWNERLINE = Path(sys.executable).with_name("ownerline")
_HELLO = {"hello": 1, "agents": 5, "tick": 1.0, "target": 0.03, "shift": 28800.0}
_STATE: dict[str, Any] = {
    **dict.fromkeys(("t", "waiting", "dials", "live", "abandoned", "machines", "failed"), 0),
    **{name: [] for name in ("ringing", "talking", "wrapping", "events")},
    "agents": 5,
    "idle": 5,
    "tick": 1.0,
    "target": 0.03,
    "shift": 28800.0,
}


def pace(*words: str, lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_OWNERLINE, "pacer", *words],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_state_is_answered_and_what_was_learned_is_left(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    lines = "".join(json.dumps(each) + "\n" for each in (_HELLO, _STATE, {"end": 1}))
    done = pace("--channels", "3", "--learned", str(path), lines=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"dial": 3}]
    assert json.loads(path.read_text(encoding="utf-8"))["version"] == 1


def test_a_line_that_is_no_state_fails_with_one_sentence() -> None:
    done = pace(lines=json.dumps(_HELLO) + "\nnonsense\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ownerline: line 2 on stdin is no state: ")
    assert done.stderr.count("\n") == 1


def test_no_input_ends_quietly() -> None:
    done = pace(lines="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
