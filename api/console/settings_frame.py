"""What every page of the settings has: its place among the others, and what was just done."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Form, Query, Response

from api.console.doors import Door
from api.console.page import Page
from api.model import Right

# Of what is typed into a form: no control signs, which a database may not hold and nobody sees.
CLEAN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]*$"
FormWord = Annotated[str, Form(max_length=64, pattern=CLEAN)]
FormText = Annotated[str, Form(max_length=200, pattern=CLEAN)]
QueryWord = Annotated[str, Query(max_length=64, pattern=CLEAN)]
Done = Annotated[str, Query(max_length=32, pattern="^[a-z_]*$")]

SECTIONS = (
    Door(
        path="/settings/users",
        right=Right.MANAGE_USERS,
        words="settings.section.users",
        icon="user",
    ),
    Door(
        path="/settings/agents",
        right=Right.READ_SETTINGS,
        words="settings.section.agents",
        icon="talking",
    ),
    Door(
        path="/settings/communities",
        right=Right.READ_SETTINGS,
        words="settings.section.communities",
        icon="tabs",
    ),
    Door(
        path="/settings/packs",
        right=Right.READ_SETTINGS,
        words="settings.section.packs",
        icon="armed",
    ),
    Door(
        path="/settings/deadlines",
        right=Right.READ_SETTINGS,
        words="settings.section.deadlines",
        icon="clock",
    ),
    Door(
        path="/settings/lines",
        right=Right.READ_SETTINGS,
        words="settings.section.lines",
        icon="phone",
    ),
    Door(
        path="/settings/speech",
        right=Right.READ_SETTINGS,
        words="settings.section.speech",
        icon="say",
    ),
    Door(
        path="/settings/installation",
        right=Right.READ_SETTINGS,
        words="settings.section.installation",
        icon="wrench",
    ),
    Door(path="/audit", right=Right.READ_AUDIT, words="settings.section.audit", icon="search"),
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
