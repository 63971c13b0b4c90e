"""Customer files: the search box over all, one household in a minute, why it was called or not."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query, Response

from api.console.edge import router as pages
from api.console.formats import instant
from api.console.page import Here, Page
from api.console.routes import files_write
from api.console.routes.complaints_words import complaint_facts
from api.console.routes.files_timeline import GROUPS, counts_of, entries_of
from api.console.routes.files_words import kind_word, reason_word, who
from api.console.routes.recordings import DayQuery
from api.fields import PathId
from api.model import ApiRole, Right, needs
from callback.words import MODES, PURPOSES
from customers.complaints import complaints_of
from customers.household import Household, household_of, unit_of
from customers.model import CallMode, Purpose
from customers.search_box import search_files
from customers.search_query import LONGEST
from customers.timeline import household_timeline
from dialer.explaining import explain_person
from dialer.person_calls import calls_with
from dialer.recorded_calls import Wanted, find_recordings

router = pages()

_MOST_EVENTS = 200
_MOST_RECORDINGS = 200

Query_ = Annotated[str, Query(max_length=500)]


@router.get("/files", openapi_extra=needs(Right.READ_FILE))
async def search(page: Here, q: Query_ = "") -> Response:
    """Show the search box and whom it finds; while one types, the results alone."""
    results = await search_files(page.work.session, q[:LONGEST], now=page.now)
    if not results.asked.is_empty:
        await page.work.note(
            "files_searched", "files", query=results.asked.text, found=len(results.hits)
        )
    template = "files/results.html" if page.is_fragment else "files/search.html"
    return page.show(template, q=q, results=results)


@router.get("/files/persons/{person_id}", openapi_extra=needs(Right.READ_FILE))
async def by_person(page: Here, person_id: PathId) -> Response:
    """Lead to a person's file."""
    return page.go(f"/files/{person_id}")


@router.get("/files/{person_id}", openapi_extra=needs(Right.READ_FILE))
async def one(page: Here, person_id: PathId) -> Response:
    """Show a household; the look is one line of the audit."""
    return await show_file(page, person_id)


@router.get("/files/{person_id}/why", openapi_extra=needs(Right.EXPLAIN))
async def why(page: Here, person_id: PathId, day: DayQuery = None) -> Response:
    """Show why a person was, or was not, called on a day of theirs."""
    household = await household_of(page.work.session, person_id, now=page.now)
    await page.work.note(
        "explained", f"person:{person_id}", day=None if day is None else day.isoformat()
    )
    return page.show("files/why.html", **await _why(page, household, day))


@router.get("/units/{unit_id}", openapi_extra=needs(Right.READ_FILE))
async def unit(page: Here, unit_id: PathId) -> Response:
    """Show who holds a unit; where it is one person alone, lead to their file."""
    found = await unit_of(page.work.session, unit_id, now=page.now)
    present = {each.person_id for each in found.holders if each.holds}
    everybody = {each.person_id for each in found.holders}
    if len(present) == 1 and present == everybody:
        return page.go(f"/files/{present.pop()}")
    await page.work.note("looked_at", f"unit:{unit_id}")
    return page.show("files/unit.html", unit=found)


router.routes.extend(files_write.router.routes)


async def show_file(
    page: Page,
    person_id: int,
    *,
    trouble: str | None = None,
    at: str | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Return a household's page; `trouble` stands at the form it is `at`, with what was typed."""
    session = page.work.session
    household = await household_of(session, person_id, now=page.now)
    await page.work.note("looked_at", f"person:{person_id}", page="file")
    zone = page.zone if household.home is None else household.home.time_zone
    events = await household_timeline(
        session, person_id=person_id, unit_ids=household.unit_ids, limit=_MOST_EVENTS
    )
    calls = await calls_with(session, person_id, now=page.now)
    recordings = []
    if page.may(Right.HEAR_RECORDINGS):
        recordings = list(
            await find_recordings(session, Wanted(person_ids=[person_id]), limit=_MOST_RECORDINGS)
        )
    entries = entries_of(page, events, calls, recordings, zone=zone)
    agent_id = page.caller.agent_id
    audible = {
        row.recording_id
        for row in recordings
        if page.caller.role is not ApiRole.AGENT
        or (agent_id is not None and row.agent_id == agent_id and row.attempt_id is not None)
    }
    return page.show(
        "files/file.html",
        status=status,
        of=household,
        zone=zone,
        entries=entries,
        counts=counts_of(entries),
        groups=GROUPS,
        audible=audible,
        kind=lambda text: kind_word(page, text),
        who=who,
        purpose=lambda text: PURPOSES[Purpose(text)][page.language],
        mode=lambda text: MODES[CallMode(text)][page.language],
        complaints=await complaints_of(session, person_id, now=page.now),
        **complaint_facts(),
        trouble=trouble,
        at=at,
        typed=typed or {},
        **await _why(page, household, None),
    )


async def _why(page: Page, household: Household, day: date | None) -> dict[str, Any]:
    """Return what the panel of reasons shows: all that stands now, or what concerns one day."""
    person_id = household.person.person_id
    zone = page.zone if household.home is None else household.home.time_zone
    today = page.now.astimezone(ZoneInfo(zone)).date()
    story = None
    if household.ties or household.person.community is not None:
        story = await explain_person(
            page.work.session,
            person_id=person_id,
            day=day,
            language=page.language,
            now=page.now,
            campaigns=page.deps.desk.campaigns,
            held_back=page.deps.held_back,
        )
    if story is not None:
        _tell_until(page, story, ZoneInfo(zone))
    return {
        "story": story,
        "person_id": person_id,
        "day": day,
        "today": today,
        "yesterday": today - timedelta(days=1),
        "reason": lambda text: reason_word(page, text),
    }


def _tell_until(page: Page, story: dict[str, Any], zone: ZoneInfo) -> None:
    """Put beside each verdict until when it stands, as the owner's clock shows it."""
    for due in story["due_calls"]:
        for event in due["events"]:
            until = event.get("until")
            until_at = None if until is None else datetime.fromisoformat(until)
            event["until_local"] = (
                None if until_at is None else instant(until_at, page.language, zone.key)
            )
