"""Do-not-call and consent: found by person or number, taken, ended, as a list in and out."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Form, Path, Query, Response, UploadFile

from api.console.downloads import Kind, download
from api.console.edge import LARGEST_FORM_KEY
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.model import Right, needs
from callback.words import MODES, REASONS
from core.columns import AnyRow
from core.phone import PhoneNumber, PhoneNumberError
from customers.model import CallMode, Purpose, Reason
from customers.people import opt_out, record_consent
from customers.reading import UnreadableFileError
from customers.search import phones_meant
from customers.search_box import Hit, search_files
from customers.wishes import (
    MOST_LISTED,
    Imported,
    NotStandingError,
    WishListError,
    consents_of,
    import_opt_outs,
    lift_opt_out,
    numbers_of,
    opt_outs_of,
    standing_opt_outs,
)
from dialer.steering import packs_in_use

router = pages()

EVERY = "every"
_LARGEST_FILE = 8 * 1024**2
_FURTHEST_YEARS = 10

Text = Annotated[str, Form(max_length=200)]
Number = Annotated[str, Form(max_length=40)]
OptOutId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Asked = Annotated[str, Query(max_length=100)]


class Said(StrEnum):
    """What an owner says of calls to a number."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What must be mended in which of the page's forms, with what was typed there."""

    form: str
    words: str
    typed: dict[str, str] = field(default_factory=dict)


@router.get("/wishes", openapi_extra=needs(Right.READ_FILE))
async def show_wishes(
    page: Here, q: Asked = "", before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    """Show what a person, or whoever has a number, wishes; without a question the latest."""
    return await _show(page, q=q.strip(), before=before)


@router.post("/wishes/opt-outs", openapi_extra=needs(Right.TAKE_WISHES))
async def take_opt_out(
    page: Here,
    *,
    said_by: Text = "",
    how: Text = "",
    number: Number = "",
    person_id: Annotated[int | None, Form(ge=1, le=2**63 - 1)] = None,
    reason: Annotated[str, Form(max_length=32)] = EVERY,
    q: Text = "",
) -> Response:
    """Let a person, or a number, no longer be called."""
    typed = {"said_by": said_by, "how": how, "number": number, "reason": reason}
    wrong = _unsaid(page, said_by, how)
    phone = _phone(page, number)
    if phone is None and person_id is None:
        wrong = page.say("wishes.trouble.number")
    if reason != EVERY and reason not in set(Reason):
        wrong = page.say("wishes.trouble.choose")
    if wrong:
        return await _again(page, q, Trouble(form="opt_out", words=wrong, typed=typed))
    changed = await opt_out(
        page.work.session,
        person_id=person_id,
        phone=phone,
        reason=None if reason == EVERY else Reason(reason),
        said_by=said_by.strip(),
        how=how.strip(),
        now=page.now,
    )
    e164 = None if phone is None else phone.e164
    subject = "opt_outs" if person_id is None else f"person:{person_id}"
    await page.work.note(
        "opt_out_taken", subject, e164=e164, reason=reason, said_by=said_by, new=changed
    )
    return page.go(_path(q or e164 or ""))


@router.post("/wishes/opt-outs/{do_not_call_id}/end", openapi_extra=needs(Right.TAKE_WISHES))
async def end_opt_out(
    page: Here, do_not_call_id: OptOutId, said_by: Text = "", how: Text = "", q: Text = ""
) -> Response:
    """End an opt-out on the owner's own word; it stays on file with whose word that was."""
    wrong = _unsaid(page, said_by, how)
    typed = {"said_by": said_by, "how": how}
    if wrong:
        at = f"end-{do_not_call_id}"
        return await _again(page, q, Trouble(form=at, words=wrong, typed=typed))
    try:
        person_id = await lift_opt_out(
            page.work.session,
            do_not_call_id=do_not_call_id,
            said_by=said_by.strip(),
            how=how.strip(),
            now=page.now,
        )
    except NotStandingError:
        trouble = Trouble(form="page", words=page.say("wishes.trouble.ended"))
        return await _again(page, q, trouble, status=HTTPStatus.CONFLICT)
    subject = "opt_outs" if person_id is None else f"person:{person_id}"
    await page.work.note(
        "opt_out_ended", subject, do_not_call_id=do_not_call_id, said_by=said_by, how=how
    )
    return page.go(_path(q))


@router.post("/wishes/consents", openapi_extra=needs(Right.TAKE_WISHES))
async def take_consent(
    page: Here,
    *,
    purpose: Annotated[Purpose, Form()],
    mode: Annotated[CallMode, Form()],
    said: Annotated[Said, Form()],
    number: Number = "",
    said_by: Text = "",
    how: Text = "",
    until: Annotated[str, Form(max_length=10)] = "",
    q: Text = "",
) -> Response:
    """Write down a yes or a no for calls to a number; the newest word counts."""
    typed = {"number": number, "said_by": said_by, "how": how, "until": until}
    wrong, phone = _unsaid(page, said_by, how), _phone(page, number)
    if phone is None:
        wrong = page.say("wishes.trouble.number")
    last = _end_of(page, until)
    if until.strip() and (last is None or last <= page.now):
        wrong = page.say("wishes.trouble.until")
    if wrong or phone is None:
        return await _again(page, q, Trouble(form="consent", words=wrong, typed=typed))
    await record_consent(
        page.work.session,
        phone=phone,
        purpose=purpose,
        mode=mode,
        granted=said is Said.YES,
        given_by=said_by.strip(),
        how=how.strip(),
        now=page.now,
        until=last,
    )
    await page.work.note(
        "consent_taken",
        "consents",
        e164=phone.e164,
        purpose=purpose.value,
        mode=mode.value,
        granted=said is Said.YES,
    )
    return page.go(_path(q or phone.e164))


@router.post(
    "/wishes/import", openapi_extra=needs(Right.RUN_LISTS) | {LARGEST_FORM_KEY: _LARGEST_FILE}
)
async def take_list(page: Here, file: UploadFile, said_by: Text = "", how: Text = "") -> Response:
    """Take the numbers of a file as opted out of every call."""
    name = FilePath(file.filename or "").name[:100]
    wrong = _unsaid(page, said_by, how)
    typed = {"said_by": said_by, "how": how}
    if wrong:
        return await _again(page, "", Trouble(form="import", words=wrong, typed=typed))
    try:
        imported = await _import(page, file, name, said_by=said_by.strip(), how=how.strip())
    except (UnreadableFileError, WishListError):
        words = page.say("wishes.trouble.file", most=_LARGEST_FILE // 1024**2)
        return await _again(page, "", Trouble(form="import", words=words, typed=typed))
    await page.work.note(
        "opt_outs_imported",
        "opt_outs",
        file=name,
        rows=imported.rows,
        taken=imported.taken,
        rejected=len(imported.rejected),
    )
    return await _show(page, q="", imported=imported)


@router.get("/wishes/list.{kind}", openapi_extra=needs(Right.READ_REPORTS))
async def take_away(page: Here, kind: Annotated[Kind, Path()]) -> Response:
    """Send every opt-out that holds, as CSV or a workbook; the export goes on the audit."""
    header = [
        page.say(f"wishes.col.{name}")
        for name in ("person", "community", "unit", "number", "reason", "since", "said_by", "how")
    ]
    sent, count = await download(
        page.say("wishes.file_name"), kind, header, _lines(page, page.zone)
    )
    await page.work.note("opt_outs_exported", "opt_outs", kind=kind.value, rows=count)
    return sent


async def _lines(page: Page, zone: str) -> AsyncIterator[Sequence[Any]]:
    async for row in standing_opt_outs(page.work.session):
        yield (
            row.person,
            row.community,
            row.unit,
            row.e164,
            _reason(page, row.reason),
            row.since.astimezone(ZoneInfo(zone)),
            row.said_by,
            row.how,
        )


async def _import(page: Page, file: UploadFile, name: str, *, said_by: str, how: str) -> Imported:
    suffix = FilePath(name).suffix.lower()
    with tempfile.TemporaryDirectory() as folder:
        path = FilePath(folder) / f"list{suffix if suffix in {'.csv', '.txt', '.xlsx'} else ''}"
        path.write_bytes(await file.read())
        return await import_opt_outs(
            page.work.session,
            path,
            region=page.deps.defaults.region,
            said_by=said_by,
            how=f"{how} ({name})",
            now=page.now,
        )


async def _again(
    page: Page,
    q: str,
    trouble: Trouble,
    *,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    return await _show(page, q=q, trouble=trouble, status=status)


async def _show(
    page: Page,
    *,
    q: str,
    before: int | None = None,
    trouble: Trouble | None = None,
    imported: Imported | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    session = page.work.session
    people, numbers = await _meant(page, q)
    person_ids = sorted({each.person_id for each in people})
    phones = await numbers_of(session, person_ids) if person_ids else []
    all_numbers = {*numbers, *(row.e164 for row in phones)}
    opt_outs = await opt_outs_of(
        session, person_ids=person_ids, numbers=all_numbers, every=not q, before=before
    )
    consents = await consents_of(session, all_numbers) if all_numbers else []
    await page.work.note("wishes_seen", "opt_outs", q=q or None, person_ids=person_ids or None)
    return page.show(
        "wishes/index.html",
        status=status,
        q=q,
        people=_homes(people, phones),
        numbers=sorted(set(numbers) - {row.e164 for row in phones}),
        opt_outs=opt_outs,
        consents=consents,
        next_before=opt_outs[-1].do_not_call_id if len(opt_outs) == MOST_LISTED else None,
        reasons={reason.value: REASONS[reason][page.language] for reason in Reason},
        purposes={
            purpose.value: page.say(f"wishes.purpose.{purpose.value}") for purpose in Purpose
        },
        modes={mode.value: MODES[mode][page.language] for mode in CallMode},
        reason_of=lambda reason: _reason(page, reason),
        trouble=trouble,
        typed={} if trouble is None else trouble.typed,
        imported=imported,
        screened=await _screened(page),
    )


async def _meant(page: Page, q: str) -> tuple[Sequence[Hit], list[str]]:
    """Return whom and which numbers a question means."""
    if not q:
        return (), []
    session = page.work.session
    numbers = await phones_meant(session, q)
    phone = _phone(page, q)
    if phone is not None and phone.e164 not in numbers:
        numbers.append(phone.e164)
    found = await search_files(session, q, now=page.now)
    return found.hits, numbers


def _homes(people: Sequence[Hit], phones: Sequence[AnyRow]) -> list[dict[str, Any]]:
    """Return each person once, with a unit of theirs and their numbers."""
    shown = {each.person_id: each for each in reversed(people)}
    return [
        {
            "found": each,
            "phones": [row for row in phones if row.person_id == each.person_id],
        }
        for each in sorted(shown.values(), key=lambda each: each.person_id)
    ]


async def _screened(page: Page) -> list[dict[str, str]]:
    """Return the packs in use that want a national list asked first, and for which calls."""
    return [
        {
            "pack": pack.name,
            "purposes": ", ".join(
                page.say(f"wishes.purpose.{purpose.value}")
                for purpose in pack.law.screening.purposes
            ),
        }
        for pack in await packs_in_use(page.work.session, page.deps.desk.packs)
        if pack.law.screening is not None and pack.law.screening.purposes
    ]


def _unsaid(page: Page, said_by: str, how: str) -> str:
    return "" if said_by.strip() and how.strip() else page.say("wishes.trouble.who_and_how")


def _phone(page: Page, text: str) -> PhoneNumber | None:
    try:
        return PhoneNumber.parse(text.strip(), page.deps.defaults.region)
    except PhoneNumberError:
        return None


def _end_of(page: Page, until: str) -> datetime | None:
    """Return the end of a local day; None where there is none, or none so far away."""
    try:
        day = date.fromisoformat(until.strip())
    except ValueError:
        return None
    if day > page.now.date() + timedelta(days=366 * _FURTHEST_YEARS):
        return None
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(page.zone))


def _reason(page: Page, reason: Any) -> str:
    return page.say("wishes.every") if reason is None else REASONS[Reason(reason)][page.language]


def _path(q: str) -> str:
    return f"/wishes?q={quote(q, safe='')}" if q else "/wishes"
