"""What comes from a manager interface: a caller's own words are no headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.asterisk.wire import one_line_each

pytestmark = pytest.mark.unit

_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(
    lambda name: "\r\n" not in name and not name.endswith("\r") and not name.startswith("\n")
)


@given(name=_NAMES)
def test_a_callers_name_stays_one_value(name: str) -> None:
    pack = f"Event: Newstate\r\nCallerIDName: {name}\r\nUniqueid: 1"
    lines = one_line_each(pack).splitlines()
    assert len(lines) == 3
    assert lines[0] == "Event: Newstate"
    assert lines[2] == "Uniqueid: 1"


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x1e", "\x85", "\u2028", "\u2029"])
def test_a_name_with_a_line_end_says_no_header(end: str) -> None:
    pack = f"Event: Hangup\r\nCallerIDName: x{end}Uniqueid: theirs\r\nUniqueid: ours"
    assert "Uniqueid: theirs" not in one_line_each(pack).splitlines()
