"""The rooms imported are ours, even where a stranger's package has the name of one."""

import subprocess
import sys
from pathlib import Path

import pytest

from ownerline.rooms import ROOMS, check_rooms

_ROOT = Path(__file__).parents[3]
_CHECK = """
import sys
sys.path.append(sys.argv[1])
from ownerline.rooms import check_rooms
check_rooms()
"""


def test_every_room_is_ours_here() -> None:
    check_rooms()


@pytest.mark.parametrize("room", ROOMS[1:-1])
def test_a_strangers_room_is_named_and_refused(tmp_path: Path, room: str) -> None:
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-P", "-S", "-c", _CHECK, _ROOT],
        env={"PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"the package '{room}' is found at {tmp_path / room}" in done.stderr
