"""What every page of the settings has: its place among the others, and what was just done."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query, Response

from api.console.doors import Door
from api.console.page import Page
from api.model import Right

Done = Annotated[str, Query(max_length=32, pattern="^[a-z_]*$")]

_PAGES = (
    ("users", Right.MANAGE_USERS, "user"),
    ("agents", Right.READ_SETTINGS, "talking"),
    ("communities", Right.READ_SETTINGS, "tabs"),
    ("packs", Right.READ_SETTINGS, "armed"),
    ("deadlines", Right.READ_SETTINGS, "clock"),
    ("lines", Right.READ_SETTINGS, "phone"),
    ("speech", Right.READ_SETTINGS, "say"),
    ("installation", Right.READ_SETTINGS, "wrench"),
)
_AUDIT = Door(path="/audit", right=Right.READ_AUDIT, words="settings.section.audit", icon="search")
SECTIONS = (
    *(
        Door(path=f"/settings/{name}", right=right, words=f"settings.section.{name}", icon=icon)
        for name, right, icon in _PAGES
    ),
    _AUDIT,
)


def show_section(
    page: Page, template: str, *, status: int = HTTPStatus.OK, done: str = "", **facts: Any
) -> Response:
    """Return a page of the settings; `done` names what was just done, where it did."""
    key = f"settings.done.{done}"
    return page.show(
        template,
        status=status,
        sections=[each for each in SECTIONS if page.may(each.right)],
        done=page.say(key) if done and page.knows(key) else None,
        **facts,
    )


def kept(trouble: Exception | str | None, **typed: Any) -> Mapping[str, Any]:
    """Return what a form shows again: what is wrong with it, and what was typed."""
    return {"trouble": None if trouble is None else str(trouble), "typed": typed}
