"""Scripts in files: read, found wanting one by one, and put into a library."""

from pathlib import Path

import pytest

from customers.model import Language
from scripts.checking import check_scripts
from scripts.findings import Rule
from scripts.language import ScriptError
from scripts.library import (
    SHIPPED,
    UnknownScriptError,
    load_library,
    read_files,
    script_files,
    whole_script,
)
from scripts.steps import EndStep

HERE = Path(__file__).parent
_, SOURCES = read_files(script_files(SHIPPED))


def test_unreadable_and_bad_files_are_told_one_by_one() -> None:
    looked_at, found = check_scripts([HERE / "bad"])
    assert looked_at == 1
    unreadable = [one.script for one in found if one.rule is Rule.UNREADABLE]
    assert unreadable == ["broken", "list", "twice"]
    assert {one.rule for one in found if one.script == "impolite"} == {
        Rule.UNREACHABLE_STEP,
        Rule.ENDLESS_LOOP,
        Rule.UNKNOWN_WRAP_UP_CODE,
        Rule.MISSING_TRANSLATION,
        Rule.WEAK_IDENTITY,
        Rule.DEBT_BEFORE_CHECK,
        Rule.THREAT,
    }


def test_a_missing_file_is_a_finding() -> None:
    looked_at, found = check_scripts([HERE / "bad" / "absent.yaml"])
    assert looked_at == 0
    assert [one.rule for one in found] == [Rule.UNREADABLE]


def test_a_library_with_findings_is_not_loaded() -> None:
    with pytest.raises(ScriptError, match="is no readable YAML"):
        load_library(HERE / "bad")


def test_a_house_script_may_include_the_shipped_fragments() -> None:
    assert check_scripts([HERE / "house"]) == (1, [])
    library = load_library(HERE / "house")
    assert library.get("own").version == 3
    step = library.get("own").steps["repair_satisfied"]
    assert isinstance(step, EndStep)
    assert "concierge" in (step.say or {})[Language.ENGLISH]
    assert set(library.scripts) == set(SOURCES) | {"own"}


def test_an_unknown_script_is_named() -> None:
    with pytest.raises(
        UnknownScriptError, match="no script 'nothing'; there are: complaint, inbound, invitation"
    ):
        load_library().get("nothing")


_NO_SCRIPTS = {
    "steps that are a list": "steps: [1]",
    "an include that is a number": "include: 5",
    "an include of no name": "include: [{}]",
    "a key that is a list": "? [a]\n: 1",
    "a day that is none": "title: 2026-13-45",
    "nothing but brackets": f"steps: {'[' * 3000}{']' * 3000}",
    "aliases that unfold without end": "constants: &a {b: 1}\nvariables: *a",
}


@pytest.mark.parametrize("text", _NO_SCRIPTS.values(), ids=_NO_SCRIPTS)
def test_a_text_that_is_no_script_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ScriptError):
        whole_script(f"name: mine\n{text}", "mine")
