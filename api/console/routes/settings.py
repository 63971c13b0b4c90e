"""Settings that are read: rule packs, ladders and deadlines, lines, speech, the installation."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query, Response

from api.console.edge import router as pages
from api.console.pack_reading import facts_of
from api.console.page import Here, Page
from api.console.settings_frame import SECTIONS, show_section
from api.model import Right, needs
from api.problems import NotOnFileError
from callback.words import MODES, PURPOSES, REASONS
from core.settings import SettingLine
from customers.complaint_rules import shipped_complaint_rules
from dialer.fleet.standing import dialers

router = pages()

_SERVER = re.compile(r"asterisk\.servers\.(\d+)\.(\w+)")
_OF_LINES = ("bridge", "simulated_carrier", "asterisk.", "twilio.", "dialing.", "test_numbers")
_OF_SPEECH = ("speech.", "recording.", "recordings_url", "company", "callback_number")


@router.get("/settings", openapi_extra=needs(Right.READ_SETTINGS))
async def show(page: Here) -> Response:
    """Lead to the first page of the settings that one may open."""
    return page.go(next(each.path for each in SECTIONS if page.may(each.right)))


@router.get("/settings/packs", openapi_extra=needs(Right.READ_SETTINGS))
async def show_packs(page: Here, name: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Show a rule pack: hours, caps and the rest, each with its source."""
    packs = page.deps.desk.packs
    wanted = name or page.deps.defaults.packs[0]
    if wanted not in packs.names:
        raise NotOnFileError(what="rule pack", key=wanted)
    return show_section(
        page,
        "settings/packs.html",
        packs=[packs.named(each) for each in packs.names],
        defaults=page.deps.defaults.packs,
        **facts_of(packs.named(wanted), page),
    )


@router.get("/settings/deadlines", openapi_extra=needs(Right.READ_SETTINGS))
async def show_deadlines(page: Here) -> Response:
    """Show the ladder of reminders, every deadline, and how calls are tried again."""
    campaigns = page.deps.desk.campaigns
    return show_section(
        page,
        "settings/deadlines.html",
        campaigns=campaigns,
        complaints=shipped_complaint_rules(),
        modes=MODES,
        purposes=PURPOSES,
        reasons=REASONS,
        file=_lines(page, ("campaigns_file",)),
    )


@router.get("/settings/lines", openapi_extra=needs(Right.READ_SETTINGS))
async def show_lines(page: Here) -> Response:
    """Show the connections to carriers, what they carry now, and who dials."""
    found = await dialers(page.work.session, page.deps.desk.bridge)
    live: Counter[str] = Counter()
    for each in found:
        live.update(each.live)
    return show_section(
        page,
        "settings/lines.html",
        bridge=page.deps.desk.bridge,
        servers=_servers(page.deps.settings),
        dialers=found,
        live=dict(live),
        lines=[each for each in _lines(page, _OF_LINES) if _SERVER.fullmatch(each.key) is None],
    )


@router.get("/settings/speech", openapi_extra=needs(Right.READ_SETTINGS))
async def show_speech(page: Here) -> Response:
    """Show who speaks on automatic calls, what is recorded, and how we introduce ourselves."""
    return show_section(page, "settings/speech.html", lines=_lines(page, _OF_SPEECH))


@router.get("/settings/installation", openapi_extra=needs(Right.READ_SETTINGS))
async def show_installation(page: Here) -> Response:
    """Show all that the settings file and the environment say; secrets are hidden."""
    return show_section(page, "settings/installation.html", lines=page.deps.settings)


def _lines(page: Page, wanted: Sequence[str]) -> list[SettingLine]:
    return [
        each
        for each in page.deps.settings
        if any(
            each.key.startswith(word) if word.endswith(".") else each.key == word for word in wanted
        )
    ]


def _servers(lines: Sequence[SettingLine]) -> list[Mapping[str, str]]:
    """Return the Asterisk servers of the settings, each a row of its own keys."""
    found: dict[int, dict[str, str]] = {}
    for line in lines:
        if (key := _SERVER.fullmatch(line.key)) is not None:
            found.setdefault(int(key[1]), {})[key[2]] = line.value
    return [server for _, server in sorted(found.items())]
