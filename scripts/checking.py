"""What `ownerline scripts check` finds in script files, each on its own."""

from collections.abc import Iterable
from pathlib import Path

from scripts.findings import Finding, Rule, finding
from scripts.language import ScriptError
from scripts.library import SHIPPED, build_script, read_file, read_files, script_files
from scripts.linter import lint


def check_scripts(places: Iterable[Path] = ()) -> tuple[int, list[Finding]]:
    """Lint the scripts in files and folders, the shipped ones when none are given.

    The shipped fragments can be included by every script, and so can those of the places.
    Returns how many scripts were looked at, and what was found; an unreadable file is a finding.
    """
    fragments, _ = read_files(script_files(SHIPPED))
    files = [file for place in (tuple(places) or (SHIPPED,)) for file in script_files(place)]
    findings: list[Finding] = []
    raw_scripts = []
    for file in files:
        try:
            raw = read_file(file)
            if "fragment" in raw:
                fragments |= read_files([file])[0]
            else:
                raw_scripts.append((file, raw))
        except ScriptError as err:
            findings.append(finding(file.stem, "", Rule.UNREADABLE, what=str(err)))
    for file, raw in raw_scripts:
        try:
            findings += lint(build_script(raw, fragments, str(file)))
        except ScriptError as err:
            findings.append(finding(file.stem, "", Rule.UNREADABLE, what=str(err)))
    return len(raw_scripts), findings
