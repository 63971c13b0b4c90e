"""Reports, each as chart, table, XLSX and CSV."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Response

from api.console import downloads
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.reports import REPORTS, Asked, record
from api.console.reports.choice import Choice, Typed, choice_of
from api.console.reports.model import Column
from api.console.reports.shown import shown
from api.model import Right, needs
from api.problems import ProblemError
from customers.periods import Preset
from dialer.figures.calls import first_day

router = pages()

_NEEDS = needs(Right.READ_REPORTS)
Name = Annotated[str, Path(max_length=32, pattern="^[a-z]+$")]


@router.get("/reports", openapi_extra=_NEEDS)
async def overview(page: Here, typed: Typed) -> Response:
    """Show every report's finding and chart."""
    choice = await choice_of(page, typed)
    if choice.asked is None:
        return _refused(page, choice, "/reports")
    found = [await build(choice.asked) for build in REPORTS.values()]
    facts = await _facts(page, choice, choice.asked)
    return page.show("reports/overview.html", **facts, reports=found)


@router.get("/reports/{name}", openapi_extra=_NEEDS)
async def one(page: Here, name: Name, typed: Typed) -> Response:
    """Show one report with its table, or the record of calls."""
    _known(name)
    choice = await choice_of(page, typed)
    if choice.asked is None:
        return _refused(page, choice, f"/reports/{name}")
    facts = await _facts(page, choice, choice.asked)
    if name != record.NAME:
        return page.show("reports/one.html", **facts, report=await REPORTS[name](choice.asked))
    await page.work.note("looked_at", f"report:{name}", **_detail(choice.asked))
    return page.show(
        "reports/record.html",
        **facts,
        columns=record.COLUMNS,
        rows=await record.newest(choice.asked),
        count=await record.count(choice.asked),
    )


@router.get("/reports/{name}/{kind}", openapi_extra=_NEEDS)
async def take_away(page: Here, name: Name, kind: downloads.Kind, typed: Typed) -> Response:
    """Send a report's table; who took which goes on the audit."""
    _known(name)
    choice = await choice_of(page, typed)
    asked = choice.asked
    if asked is None:
        return _refused(page, choice, f"/reports/{name}")
    columns: Sequence[Column] = record.COLUMNS
    if name == record.NAME:
        rows = record.every(asked)
    else:
        report = await REPORTS[name](asked)
        columns, rows = report.columns, downloads.each(report.rows)
    sent, count = await downloads.download(
        f"{page.say(f'reports.{name}.title')} {asked.period.first} – {asked.period.last}",
        kind,
        [page.say(f"reports.column.{column.word}") for column in columns],
        rows,
    )
    await page.work.note(
        "exported", f"report:{name}", format=kind.value, rows=count, **_detail(asked)
    )
    return sent


def _known(name: str) -> None:
    if name != record.NAME and name not in REPORTS:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no report {name}")


def _refused(page: Page, choice: Choice, path: str) -> Response:
    """Return the form with what was typed and what is wrong with it."""
    return page.show(
        "reports/refused.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        choice=choice,
        path=path,
        presets=tuple(Preset),
    )


async def _facts(page: Page, choice: Choice, asked: Asked) -> dict[str, Any]:
    return {
        "choice": choice,
        "asked": asked,
        "presets": tuple(Preset),
        "began": await first_day(page.work.session),
        "shown": lambda shape, value: shown(page, shape, value),
        "one_day": asked.period.until - asked.period.first == timedelta(days=1),
    }


def _detail(asked: Asked) -> dict[str, Any]:
    return {
        "since": asked.period.first.isoformat(),
        "until": asked.period.until.isoformat(),
        "community_id": asked.community_id,
    }
