"""Quality sampling: scores beside the recordings, and what owners say."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from babel.dates import format_skeleton
from fastapi import Form, Query, Response

from api.console import downloads, formats
from api.console.edge import router as pages
from api.console.forms import without_unseen
from api.console.page import Here, Page
from api.fields import PathId
from api.model import Right, needs
from api.problems import NotOnFileError, ProblemError
from callback.explain import show_cause
from callback.words import REASONS
from core.columns import AnyRow
from customers.model import Reason
from dialer import quality as drawn
from dialer.quality import Draw, DrawnAlreadyError, NothingToDrawError
from recordings.quality import (
    Filled,
    FinishedAlreadyError,
    NotFinishedError,
    StaleSheetError,
    correct,
    finish,
    save,
)
from recordings.quality_model import Level, SheetError, shipped_quality

router = pages()

_SEED_BITS = 62
_COMMENT, _WHY, _EDITOR = 2000, 300, 64
_ANSWER = "answer_"
_NEEDS = needs(Right.SCORE_QUALITY)
_CONFLICTS = (StaleSheetError, FinishedAlreadyError, NotFinishedError)
_SAID: Mapping[type[Exception], str] = {
    StaleSheetError: "quality.stale",
    FinishedAlreadyError: "quality.finished_already",
    NotFinishedError: "quality.not_finished",
}
_LARGEST_REVISION = 10**6

MonthText = Annotated[str, Form(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]
MonthQuery = Annotated[str, Query(max_length=7)]
AgentQuery = Annotated[str, Query(max_length=20)]


@router.get("/quality", openapi_extra=_NEEDS)
async def overview(page: Here, month: MonthQuery = "", agent: AgentQuery = "") -> Response:
    """Show a month's sample: each agent's average, each call and how far it is scored."""
    known = await drawn.samples(page.work.session)
    sample = next((each for each in known if f"{each.month:%Y-%m}" == month), None)
    if month and sample is None:
        raise NotOnFileError(what="sample of", key=month)
    sample = sample or (known[0] if known else None)
    items = [] if sample is None else await drawn.items_of(page.work.session, sample.sample_id)
    return page.show(
        "quality/overview.html",
        samples=known,
        sample=sample,
        items=[each for each in items if agent in {"", str(each.agent_id)}],
        averages=drawn.averages(items),
        weak=drawn.weak_points(each for each in items if agent in {"", str(each.agent_id)}),
        criteria={each.key: each.text for each in shipped_quality().sheet.criteria},
        agent=agent,
        months=_undrawn(page, known),
        rules=shipped_quality(),
        reason=_reason(page),
        month_name=lambda month: format_skeleton(
            "yMMMM", month, locale=formats.LOCALES[page.language]
        ),
    )


@router.get("/quality/scores.{kind}", openapi_extra=needs(Right.READ_REPORTS))
async def take_away(page: Here, kind: downloads.Kind, month: MonthQuery = "") -> Response:
    """Send a month's scores, a line for each drawn call; who took them goes on the audit."""
    known = await drawn.samples(page.work.session)
    sample = next((each for each in known if f"{each.month:%Y-%m}" == month), None)
    if sample is None:
        raise NotOnFileError(what="sample of", key=month)
    items = await drawn.items_of(page.work.session, sample.sample_id)
    criteria = shipped_quality().sheet.criteria
    words = ("talked_at", "agent", "team", "community", "reason", "outcome", "score")
    sent, count = await downloads.download(
        f"{page.say('quality.title')} {month}",
        kind,
        [
            *(page.say(f"quality.{word}") for word in words),
            *(each.text[page.language] for each in criteria),
            page.say("quality.comment"),
        ],
        downloads.each([_cells(page, item, [each.key for each in criteria]) for item in items]),
    )
    await page.work.note(
        "exported", f"quality:{month}", format=kind.value, rows=count, sample_id=sample.sample_id
    )
    return sent


def _cells(page: Page, item: AnyRow, keys: Sequence[str]) -> Sequence[Any]:
    """Return one call's line; what is not finished has no score yet."""
    is_scored = item.finished_at is not None
    answers = item.answers if is_scored else {}
    return [
        item.talked_at,
        item.agent,
        item.team,
        item.community,
        _reason(page)(item.reason),
        show_cause(item.wrap_up_code, page.language) if item.wrap_up_code else None,
        item.total if is_scored else None,
        *(page.say(f"quality.level.{answers[key]}") if key in answers else None for key in keys),
        item.comment if is_scored else None,
    ]


@router.post("/quality/draw", openapi_extra=_NEEDS)
async def draw(page: Here, month: MonthText) -> Response:
    """Draw a month's sample by hand, with a seed nobody could have known."""
    first = date.fromisoformat(f"{month}-01")
    if month not in _undrawn(page, await drawn.samples(page.work.session)):
        raise ProblemError(HTTPStatus.CONFLICT, page.say("quality.not_to_draw", month=month))
    wanted = Draw(
        month=first,
        seed=secrets.randbits(_SEED_BITS),
        by=page.caller.actor,
        rules=shipped_quality(),
        rest_days=page.deps.desk.campaigns.survey.rest_days,
        time_zone=page.zone,
    )
    try:
        sample_id = await drawn.draw(page.work.session, wanted, now=page.now)
    except NothingToDrawError as err:
        raise ProblemError(
            HTTPStatus.CONFLICT, page.say("quality.nothing_to_draw", month=month)
        ) from err
    except DrawnAlreadyError as err:
        raise ProblemError(HTTPStatus.CONFLICT, str(err)) from err
    await page.work.note("quality_drawn", f"quality_sample:{sample_id}", month=month)
    return page.go(f"/quality?month={month}")


@router.get("/quality/samples/{sample_id}/again", openapi_extra=_NEEDS)
async def draw_again(page: Here, sample_id: PathId) -> Response:
    """Say whether the seed on file draws the same calls once more."""
    known = {each.sample_id for each in await drawn.samples(page.work.session)}
    if sample_id not in known:
        raise NotOnFileError(what="sample", key=sample_id)
    same = await drawn.is_drawn_again(page.work.session, sample_id)
    return page.show("quality/again.html", same=same)


@router.get("/quality/mine", openapi_extra=needs(Right.WORK_AS_AGENT))
async def mine(page: Here) -> Response:
    """Show an agent their own finished scores."""
    agent_id = page.caller.agent_id
    items = [] if agent_id is None else await drawn.scores_of(page.work.session, agent_id)
    return page.show(
        "quality/mine.html",
        items=items,
        averages=drawn.averages(items),
        sheet=shipped_quality().sheet,
        reason=_reason(page),
    )


@router.get("/quality/{item_id}", openapi_extra=_NEEDS)
async def sheet(page: Here, item_id: PathId) -> Response:
    """Show a drawn call beside its score sheet; the look goes on the audit."""
    item = await _item(page, item_id)
    await page.work.note("looked_at", f"quality:{item_id}", person_id=item.person_id)
    return page.show(
        "quality/sheet.html",
        item=item,
        sheet=shipped_quality().sheet,
        levels=tuple(Level),
        editor=page.deps.ids.new(),
        corrections=await drawn.corrections_of(page.work.session, item_id),
        following=await drawn.next_open(page.work.session, item.sample_id, item_id),
        reason=_reason(page),
    )


@router.post("/quality/{item_id}/save", openapi_extra=_NEEDS)
async def keep(page: Here, item_id: PathId) -> Response:
    """Keep a sheet as far as it is filled in."""
    await _item(page, item_id)
    try:
        revision = await save(
            page.work.session,
            item_id,
            await _filled(page),
            sheet=shipped_quality().sheet,
            now=page.now,
        )
    except _CONFLICTS as err:
        raise _conflict(page, err) from err
    return page.show("quality/saved.html", revision=revision)


@router.post("/quality/{item_id}/finish", openapi_extra=_NEEDS)
async def end(page: Here, item_id: PathId) -> Response:
    """Finish a sheet and go on with the next call."""
    item = await _item(page, item_id)
    filled = await _filled(page)
    try:
        total = await finish(
            page.work.session, item_id, filled, sheet=shipped_quality().sheet, now=page.now
        )
    except _CONFLICTS as err:
        raise _conflict(page, err) from err
    except SheetError as err:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, page.say("quality.unfinished")) from err
    await page.work.note("quality_scored", f"quality:{item_id}", total=total)
    following = await drawn.next_open(page.work.session, item.sample_id, item_id)
    return page.go("/quality" if following is None else f"/quality/{following}")


@router.post("/quality/{item_id}/correct", openapi_extra=_NEEDS)
async def change(
    page: Here, item_id: PathId, why: Annotated[str, Form(max_length=_WHY)] = ""
) -> Response:
    """Correct a finished sheet; what it said before stays on file."""
    await _item(page, item_id)
    if not why.strip():
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, page.say("quality.why_needed"))
    try:
        total = await correct(
            page.work.session,
            item_id,
            await _filled(page),
            why=why.strip(),
            sheet=shipped_quality().sheet,
            now=page.now,
        )
    except _CONFLICTS as err:
        raise _conflict(page, err) from err
    except SheetError as err:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, page.say("quality.unfinished")) from err
    await page.work.note("quality_corrected", f"quality:{item_id}", total=total, why=why.strip())
    return page.go(f"/quality/{item_id}")


async def _item(page: Page, item_id: int) -> AnyRow:
    """Return a drawn call that is not of who looks.

    Raises:
        NotOnFileError: there is none of that id.
        ProblemError: nobody scores their own calls.
    """
    item = await drawn.item_of(page.work.session, item_id)
    if item is None:
        raise NotOnFileError(what="drawn call", key=item_id)
    if item.agent_id == page.caller.agent_id:
        raise ProblemError(HTTPStatus.FORBIDDEN, page.say("quality.own_call"))
    return item


async def _filled(page: Page) -> Filled:
    """Return the sheet of the form.

    Raises:
        ProblemError: the form is none of ours.
    """
    form = await page.request.form()
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    answers = {
        name.removeprefix(_ANSWER): value
        for name, value in texts.items()
        if name.startswith(_ANSWER)
    }
    revision = texts.get("revision", "0")
    if not (revision.isdecimal() and revision.isascii() and int(revision) < _LARGEST_REVISION):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, page.say("quality.stale"))
    try:
        read = shipped_quality().sheet.read(answers)
    except SheetError as err:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(err)) from err
    return Filled(
        answers=read,
        comment=without_unseen(texts.get("comment", ""))[:_COMMENT],
        revision=int(revision),
        by=page.caller.actor,
        editor=without_unseen(texts.get("editor", ""))[:_EDITOR],
    )


def _conflict(page: Page, err: Exception) -> ProblemError:
    word = _SAID.get(type(err))
    return ProblemError(HTTPStatus.CONFLICT, str(err) if word is None else page.say(word))


def _undrawn(page: Page, known: Sequence[AnyRow]) -> list[str]:
    """Return the months that may be drawn by hand: the last one, and this one as far as it is."""
    last = drawn.month_before(page.now, page.zone)
    this = drawn.days_of(last).until
    have = {each.month for each in known}
    return [f"{month:%Y-%m}" for month in (last, this) if month not in have]


def _reason(page: Page) -> Any:
    return lambda word: REASONS[Reason(word)][page.language]
