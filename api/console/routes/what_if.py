"""What if: a day to come, rehearsed; its form, how far it is, and what it says."""

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Form, Path, Query, Response
from starlette.background import BackgroundTask

from api.console.edge import router as pages
from api.console.forms import day_of
from api.console.page import Here, Page
from api.console.rehearsing import start_playing
from api.console.reports.model import Chart, Series
from api.model import Right, needs
from api.problems import NotOnFileError
from callback.campaigns import Campaigns
from callback.words import REASONS
from core.columns import AnyRow
from customers.model import Reason
from dialer.whatif.answer import DEFAULT_REPLICATIONS, Question
from dialer.whatif.keeping import (
    RehearsalRunsError,
    ask_to_stop,
    begin_rehearsal,
    last_rehearsals,
    rehearsal_of,
)
from dialer.whatif.model import WhatIfError
from dialer.whatif.result import FIGURES
from dialer.whatif.setting import MOST_AGENTS, Key, read_change

router = pages()

_NEEDS = needs(Right.STEER_CAMPAIGNS)
_OF_CAMPAIGN = frozenset({Key.HOURS, Key.DIALLING})
_SHOWN = 50  # deadlines by name
_FURTHEST = timedelta(days=366)

RehearsalId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str, Form(max_length=100)]


@router.get("/what-if", openapi_extra=_NEEDS)
async def ask(
    page: Here, again: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    """Show the form, filled like an earlier one where that is asked for, and the last ones."""
    before = None if again is None else await rehearsal_of(page.work.session, again)
    typed = {} if before is None else dict(before.asked["typed"])
    return await _form(page, typed)


@router.post("/what-if", openapi_extra=_NEEDS)
async def begin(
    page: Here,
    *,
    day: Text = "",
    agents: Text = "",
    key: Text = "",
    campaign: Text = "",
    value: Text = "",
) -> Response:
    """Begin to rehearse a day; the page that follows shows how far it is."""
    typed = {"day": day, "agents": agents, "key": key, "campaign": campaign, "value": value.strip()}
    question, trouble = _read(page, typed)
    if question is None:
        return await _form(page, typed, trouble)
    try:
        rehearsal_id = await begin_rehearsal(
            page.work.session,
            asked={"typed": typed, "day": question.day.isoformat()},
            by=page.caller.actor,
            now=page.now,
        )
    except RehearsalRunsError:
        return await _form(page, typed, {"form": "runs"})
    await page.work.note("day_rehearsed", f"day:{question.day}", **_told(typed))
    way = page.go(f"/what-if/{rehearsal_id}")
    # After the answer, and so after the commit: it is on file before it is played.
    way.background = BackgroundTask(start_playing, page.deps, question, rehearsal_id)
    return way


@router.get("/what-if/{rehearsal_id}", openapi_extra=_NEEDS)
async def show(page: Here, rehearsal_id: RehearsalId) -> Response:
    """Show what a rehearsal says, or how far it is."""
    found = await _found(page, rehearsal_id)
    if page.is_fragment:
        if found.state.value != "running":
            return page.go(f"/what-if/{rehearsal_id}")
        return page.show("what_if/progress.html", found=found, of=DEFAULT_REPLICATIONS)
    return page.show(
        "what_if/one.html",
        found=found,
        of=DEFAULT_REPLICATIONS,
        setting=_told(found.asked["typed"]),
        **_shown(page, found),
    )


@router.post("/what-if/{rehearsal_id}/stop", openapi_extra=_NEEDS)
async def stop(page: Here, rehearsal_id: RehearsalId) -> Response:
    """Ask a rehearsal to stop."""
    await _found(page, rehearsal_id)
    await ask_to_stop(page.work.session, rehearsal_id)
    return page.go(f"/what-if/{rehearsal_id}")


async def _found(page: Page, rehearsal_id: int) -> AnyRow:
    found = await rehearsal_of(page.work.session, rehearsal_id)
    if found is None:
        raise NotOnFileError(what="rehearsal", key=rehearsal_id)
    return found


async def _form(
    page: Page, typed: dict[str, str], trouble: dict[str, str] | None = None
) -> Response:
    tomorrow = _today(page) + timedelta(days=1)
    return page.show(
        "what_if/form.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK,
        typed={"day": tomorrow.isoformat(), **typed},
        trouble=trouble or {},
        keys=tuple(Key),
        campaigns=_names(page.deps.desk.campaigns),
        last=await last_rehearsals(page.work.session),
    )


def _names(campaigns: Campaigns) -> list[str]:
    return [each.name for each in campaigns.known]


def _today(page: Page) -> date:
    return page.now.astimezone(ZoneInfo(page.zone)).date()


def _read(page: Page, typed: dict[str, str]) -> tuple[Question | None, dict[str, str]]:
    """Return the question of a form, or what must be mended, by field."""
    trouble: dict[str, str] = {}
    day = day_of(typed["day"])
    today = _today(page)
    if day is None or not today <= day <= today + _FURTHEST:
        trouble["day"] = "day"
    words: list[str] = []
    agents = typed["agents"].strip()
    if agents:
        if agents.isascii() and agents.isdecimal() and 1 <= int(agents) <= MOST_AGENTS:
            words.append(f"agents={agents}")
        else:
            trouble["agents"] = "agents"
    compared: list[str] = []
    if typed["key"] and typed["key"] in set(Key):
        of = f"{typed['campaign']}:" if Key(typed["key"]) in _OF_CAMPAIGN else ""
        compared = [f"{typed['key']}={of}{typed['value']}"]
    try:
        compare = read_change(compared) if compared else None
    except WhatIfError:
        compare, trouble["value"] = None, f"value.{typed['key']}"
    if trouble or day is None:
        return None, trouble
    return Question(day=day, setting=read_change(words), compare=compare), {}


def _told(typed: dict[str, str]) -> dict[str, str]:
    """Return what was set otherwise, for the audit and the heading."""
    return {
        name: value for name, value in typed.items() if value and (name != "campaign" or _of(typed))
    }


def _of(typed: dict[str, str]) -> bool:
    return typed.get("key") in _OF_CAMPAIGN


def _shown(page: Page, found: AnyRow) -> dict[str, Any]:
    answer = found.answer
    if answer is None:
        return {"answer": None}
    other = answer.get("compare")
    return {
        "answer": answer,
        "other": None if other is None else other["other"],
        "difference": {} if other is None else other["difference"],
        "figures": [name for name in FIGURES if _worth(name, answer, other)],
        "reason_of": lambda word: REASONS[Reason(word)][page.language],
        "named": answer["deadlines"]["named"][:_SHOWN],
        "chart": _chart(page, answer, other),
        "instant": datetime.fromisoformat,
    }


def _worth(name: str, answer: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Say whether a figure is anything but nought."""
    sides = [answer] if other is None else [answer, other["other"]]
    return name not in {"abandoned", "withdrawn"} or any(each[name]["high"] for each in sides)


def _chart(page: Page, answer: dict[str, Any], other: dict[str, Any] | None) -> Chart:
    sides = [answer["attempts_by_hour"]] + ([other["other"]["attempts_by_hour"]] if other else [])
    hours = [hour for hour in range(24) if any(each[hour] for each in sides)] or [9]
    series = [
        Series(
            label=page.say("what_if.chart.attempts"),
            tone="soft",
            values=[answer["attempts_by_hour"][hour] for hour in hours],
        ),
        Series(
            label=page.say("what_if.chart.contacts"),
            tone="talking",
            values=[answer["contacts_by_hour"][hour] for hour in hours],
        ),
    ]
    if other is not None:
        series.append(
            Series(
                label=page.say("what_if.chart.other"),
                tone="bar",
                values=[other["other"]["contacts_by_hour"][hour] for hour in hours],
            )
        )
    return Chart(labels=[f"{hour:02}:00" for hour in hours], series=series)
