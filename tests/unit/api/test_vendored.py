"""The files of others that the console ships: the very ones their table names."""

import re
from hashlib import sha256

from api.console.statics import FOLDER

_VENDOR = FOLDER / "vendor"
_TABLE = (_VENDOR / "README.md").read_text(encoding="utf-8")
_ROW = re.compile(
    r"^\| (\S+\.js) \| .+ \| ([\d.]+) \| (0BSD|MIT|Apache-2\.0) \| ([0-9a-f]{64}) \|$", re.MULTILINE
)


def test_every_file_of_others_is_the_one_its_row_names() -> None:
    named = {file: digest for file, _, _, digest in _ROW.findall(_TABLE)}
    found = {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in _VENDOR.iterdir()
        if file.name != "README.md"
    }
    assert found == named


def test_every_file_of_others_bears_its_version_and_has_its_licence_beside_it() -> None:
    rows = _ROW.findall(_TABLE)
    assert all(version in file for file, version, _, _ in rows)
    assert _TABLE.count("\n## ") >= len(rows)
