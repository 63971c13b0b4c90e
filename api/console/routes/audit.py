"""The audit: who looked at, exported or changed what."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Response

from api.console.edge import router as pages
from api.console.forms import QueryWord, day_of
from api.console.page import Here
from api.console.settings_frame import show_section
from api.console.words import load_words
from api.fields import LARGEST_ID
from api.model import Right, needs
from callback.deadlines import day_start
from customers.auditing import Wanted, find_entries

router = pages()

_A_PAGE = 100
_FILES = {"person": "/files/persons", "unit": "/units"}
_ACTION = "audit.action."
_ANY_DAY = "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"


@router.get("/audit", openapi_extra=needs(Right.READ_AUDIT))
async def show(
    page: Here,
    *,
    actor: QueryWord = "",
    action: QueryWord = "",
    subject: QueryWord = "",
    day: Annotated[str, Query(pattern=_ANY_DAY)] = "",
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """Show the audit, newest first; looking at it goes on it too."""
    asked = {"actor": actor.strip(), "action": action, "subject": subject.strip(), "day": day}
    when = day_of(day)
    wanted = Wanted(
        actor=asked["actor"],
        action=action,
        subject=asked["subject"],
        since=None if when is None else day_start(when, page.zone),
        until=None if when is None else day_start(when + timedelta(days=1), page.zone),
    )
    found = await find_entries(page.work.session, wanted, before=before, limit=_A_PAGE + 1)
    rows, more = found[:_A_PAGE], len(found) > _A_PAGE
    given = {name: value for name, value in asked.items() if value}
    of = ", ".join(f"{name}={value}" for name, value in given.items())
    await page.work.note("audit_listed", "audit", of=of or None, before=before)
    older = urlencode(given | {"before": rows[-1].audit_entry_id}) if more else None
    return show_section(
        page,
        "audit/list.html",
        asked=asked,
        no_such_day=bool(day) and when is None,
        rows=rows,
        is_first=before is None,
        newest=urlencode(given),
        older=older,
        actions=_actions(),
        shown=_shown,
        file_of=_file_of,
    )


def _file_of(subject: str) -> str | None:
    """Return where the file of a person or a unit is; None of any other subject."""
    kind, _, key = subject.partition(":")
    return f"{_FILES[kind]}/{key}" if kind in _FILES and key.isascii() and key.isdigit() else None


def _actions() -> list[str]:
    """Return the actions that have a name, by theirs in English."""
    known = load_words().keys()
    return sorted(key.removeprefix(_ACTION) for key in known if key.startswith(_ACTION))


def _shown(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return an entry's details as pairs of words."""
    return [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in detail.items()
    ]
