"""The script workshop: list, flow, findings, versions, a walk by hand, drafts and publishing."""

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Form, Query, Response
from pydantic import BaseModel, Field

from api.console.edge import LARGEST_FORM_KEY
from api.console.edge import router as pages
from api.console.flow import flow_of
from api.console.page import Here, Page
from api.console.walking import read_replies, sample_words, walked
from api.model import Right, needs
from api.problems import NotOnFileError
from callback import workshop
from callback.workshop import Checked
from customers.model import Language
from dialer.script_use import uses_of
from scripts.language import Script, ScriptError
from scripts.library import MAX_BYTES, load_library
from scripts.linter import lint
from scripts.model import Reply, ReplyKind

router = pages()

Version = Annotated[int, Form(ge=1, le=1_000_000)]
Saves = Annotated[int, Form(ge=1, le=1_000_000_000)]
_LARGE = {LARGEST_FORM_KEY: 8 * MAX_BYTES}  # a sign may take nine bytes in a form


class _Words(BaseModel):
    """What a step says anew."""

    step: Annotated[str, Field(max_length=40)]
    saves: Annotated[int, Field(ge=1, le=1_000_000_000)]
    mandarin: Annotated[str, Field(min_length=1, max_length=600)]
    english: Annotated[str, Field(min_length=1, max_length=600)]


_READ, _PUBLISH = needs(Right.READ_SCRIPTS), needs(Right.PUBLISH_SCRIPTS)


@router.get("/scripts", openapi_extra=_READ)
async def list_scripts(page: Here) -> Response:
    """Lead to the first script."""
    return page.go(f"/scripts/{min(load_library().scripts)}")


@router.get("/scripts/{name}", openapi_extra=_READ)
async def show_script(
    page: Here, name: str, step: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show a script: its draft where there is one, else what is in use."""
    shown = await _shown(page, name)
    script = shown.script
    chosen = step if script is not None and step in script.steps else ""
    template = "workshop/step.html" if page.is_fragment else "workshop/script.html"
    return page.show(
        template,
        **shown.facts,
        chosen=chosen or (script.opening if script else ""),
        flow=flow_of(script, page.language, shown.facts["findings"]) if script else None,
    )


@router.post("/scripts/{name}/draft", openapi_extra=_PUBLISH)
async def begin_draft(page: Here, name: str) -> Response:
    """Begin to change a script."""
    _known(name)
    await workshop.begin_draft(page.work.session, name, by=page.caller.actor, now=page.now)
    return page.go(f"/scripts/{name}/edit")


@router.get("/scripts/{name}/edit", openapi_extra=_PUBLISH)
async def edit_script(page: Here, name: str) -> Response:
    """Show the draft's text."""
    _known(name)
    draft = await workshop.draft_of(page.work.session, name)
    if draft is None:
        return page.go(f"/scripts/{name}")
    return await _edit(page, name, text=draft.text, saves=draft.saves, status=HTTPStatus.OK)


@router.post("/scripts/{name}/edit", openapi_extra=_PUBLISH | _LARGE)
async def save_script(
    page: Here,
    name: str,
    saves: Saves,
    text: Annotated[str, Form(max_length=MAX_BYTES)] = "",
) -> Response:
    """Keep the draft's text, with whatever findings; a text somebody overtook stays on screen."""
    _known(name)
    plain = text.replace("\r\n", "\n")
    try:
        async with page.work.session.begin_nested():
            await workshop.save_draft(
                page.work.session, name, plain, saves=saves, by=page.caller.actor, now=page.now
            )
    except workshop.DraftChangedError as err:
        return await _edit(
            page, name, text=plain, saves=saves, status=HTTPStatus.CONFLICT, trouble=str(err)
        )
    return page.go(f"/scripts/{name}")


@router.post("/scripts/{name}/words", openapi_extra=_PUBLISH)
async def save_words(page: Here, name: str, given: Annotated[_Words, Form()]) -> Response:
    """Write anew what one step of the draft says."""
    _known(name)
    session = page.work.session
    draft = await workshop.draft_of(session, name)
    if draft is None:
        message = f"there is no draft of {name}"
        raise workshop.DraftGoneError(message)
    words = {Language.MANDARIN: given.mandarin.strip(), Language.ENGLISH: given.english.strip()}
    text = await asyncio.to_thread(workshop.with_words, name, draft.text, given.step, words)
    await workshop.save_draft(
        session, name, text, saves=given.saves, by=page.caller.actor, now=page.now
    )
    return page.go(f"/scripts/{name}?step={given.step}")


@router.post("/scripts/{name}/drop", openapi_extra=_PUBLISH)
async def drop_draft(page: Here, name: str) -> Response:
    """Throw the draft away."""
    _known(name)
    await workshop.drop_draft(page.work.session, name, by=page.caller.actor, now=page.now)
    return page.go(f"/scripts/{name}")


@router.post("/scripts/{name}/publish", openapi_extra=_PUBLISH)
async def publish(page: Here, name: str, saves: Saves) -> Response:
    """Put the draft into use from the next talk on."""
    _known(name)
    await workshop.publish(page.work.session, name, saves=saves, by=page.caller.actor, now=page.now)
    return page.go(f"/scripts/{name}")


@router.post("/scripts/{name}/use", openapi_extra=_PUBLISH)
async def use_edition(page: Here, name: str, version: Version) -> Response:
    """Put an earlier edition into use again."""
    _known(name)
    await workshop.use_edition(page.work.session, name, version, by=page.caller.actor, now=page.now)
    return page.go(f"/scripts/{name}")


@router.get("/scripts/{name}/compare/{version}", openapi_extra=_READ)
async def compare(page: Here, name: str, version: int) -> Response:
    """Show what the draft, or the edition in use, changes against another edition."""
    shown = await _shown(page, name)
    before = await workshop.edition_text(page.work.session, name, version)
    if before is None:
        raise NotOnFileError(what=f"edition of {name}", key=version)
    return page.show(
        "workshop/compare.html",
        **shown.facts,
        against=version,
        lines=_changes(before, shown.facts["text"]),
    )


@router.get("/scripts/{name}/walk", openapi_extra=_READ)
async def begin_walk(page: Here, name: str) -> Response:
    """Begin a talk by hand."""
    return await _walked(page, name, [])


@router.post("/scripts/{name}/walk", openapi_extra=_READ)
async def go_on_walk(
    page: Here,
    name: str,
    replies: Annotated[str, Form(max_length=40_000)] = "[]",
    kind: Annotated[ReplyKind | None, Form()] = None,
    value: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Answer a step of a talk by hand; what was answered before comes along, nothing is kept."""
    said = read_replies(replies)
    if kind is not None:
        said.append(Reply(kind=kind, value=value.strip()))
    return await _walked(page, name, said)


@router.get("/scripts/{name}/steps/{step}/sound", openapi_extra=_READ)
async def hear_step(page: Here, name: str, step: str, language: Language) -> Response:
    """Let what a step says be heard, with made-up facts."""
    speech = page.deps.speech
    script = (await _shown(page, name)).script
    known = None if script is None else script.steps.get(step)
    if speech is None or known is None or script is None:
        raise NotOnFileError(what="sound of step", key=step)
    sentence = sample_words(load_library().with_script(script), script, step, language)
    if sentence is None:
        raise NotOnFileError(what="sound of step", key=step)
    wav = await speech(sentence, language)
    return Response(wav, media_type="audio/wav", headers={"Cache-Control": "private, max-age=300"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    """A script as a page shows it."""

    script: Script | None  # None: the draft cannot be read
    facts: Mapping[str, Any]


async def _shown(page: Page, name: str) -> _Shown:
    """Return the draft where there is one and who looks may change it, else what is in use."""
    _known(name)
    session = page.work.session
    draft = await workshop.draft_of(session, name)
    in_use = await workshop.edition_in_use(session, name)
    shipped = load_library().get(name)
    version = shipped.version if in_use is None else in_use.version
    if draft is not None:
        text, checked = draft.text, await _checked(name, draft.text)
    else:
        text = await workshop.edition_text(session, name, version) or ""
        script = await workshop.script_in_use(session, name)
        checked = Checked(script=script, findings=tuple(lint(script)))
    editions = await workshop.editions_of(session, name)
    facts = {
        "name": name,
        "scripts": sorted(load_library().scripts.values(), key=lambda each: each.name),
        "drafts": await workshop.draft_names(session),
        "versions_in_use": await workshop.versions_in_use(session),
        "script": checked.script,
        "title": (checked.script or shipped).title[page.language],
        "draft": draft,
        "version": version,
        "shipped": shipped.version,
        "editions": editions,
        "uses": await uses_of(session, name),
        "findings": checked.findings,
        "text": text,
        "hears": page.deps.speech is not None,
    }
    return _Shown(script=checked.script, facts=facts)


async def _checked(name: str, text: str) -> Checked:
    """Read and lint a draft beside the loop: a large one takes seconds."""
    return await asyncio.to_thread(workshop.check_text, name, text)


async def _edit(
    page: Page, name: str, *, text: str, saves: int, status: int, trouble: str | None = None
) -> Response:
    return page.show(
        "workshop/edit.html",
        status=status,
        name=name,
        title=load_library().get(name).title[page.language],
        text=text,
        saves=saves,
        trouble=trouble,
        findings=(await _checked(name, text)).findings,
    )


async def _walked(page: Page, name: str, replies: Sequence[Reply]) -> Response:
    shown = await _shown(page, name)
    if shown.script is None:
        message = f"the draft of {name} cannot be read; mend it first"
        raise ScriptError(message)
    walk = walked(load_library(), shown.script, page.language, replies)
    return page.show("workshop/walk.html", **shown.facts, walk=walk)


def _known(name: str) -> None:
    """Refuse what is no shipped script.

    Raises:
        NotOnFileError: it is none.
    """
    if name not in load_library().scripts:
        raise NotOnFileError(what="script", key=name)


def _changes(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that differ, with a sign each, and a little around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [(line[:1], line[1:]) for line in list(lines)[2:]]
