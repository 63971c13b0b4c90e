"""The sound of a recording: heard in part or whole, seen as a wave, taken away by a link."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.status import HTTP_410_GONE

from api.console import sessions
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.hearing import (
    WAV,
    audible_row,
    away,
    file_gone,
    sound_headers,
    sound_of,
    store_of,
)
from api.model import Right, needs
from api.problems import ProblemError
from api.ranges import span_of
from core.columns import AnyRow
from customers.desk import audit_once
from recordings.links import (
    LASTS,
    Link,
    LinkExpiredError,
    LinkForgedError,
    check_link,
    make_link,
)
from recordings.peaks import wave_of
from recordings.sound import UnreadableSoundError
from recordings.store import FileGoneError, StoreError

router = pages()

# A browser asks for a sound piece by piece, and again for each jump: that is one listening.
ONE_LISTENING = timedelta(minutes=30)

RangeHeader = Annotated[str | None, Header(alias="Range", max_length=200)]
_LATEST_SECOND = 4_102_444_800  # the year 2100


@router.get("/recordings/{recording_id}/player", openapi_extra=needs(Right.HEAR_RECORDINGS))
async def player(page: Here, recording_id: UUID) -> Response:
    """Show the player of a recording, in the place of its button."""
    row = await audible_row(page.work, recording_id)
    return page.show("recordings/player.html", row=row, begins=True)


@router.get("/recordings/{recording_id}/wave", openapi_extra=needs(Right.HEAR_RECORDINGS))
async def wave(page: Here, recording_id: UUID) -> Response:
    """Return what a recording looks like: for each channel, the owner's first, its bars."""
    row = await audible_row(page.work, recording_id)
    try:
        seen = await wave_of(page.work.session, store_of(page.deps), row)
    except FileGoneError as err:
        raise file_gone() from err
    except StoreError as err:
        raise away() from err
    except UnreadableSoundError as err:
        raise ProblemError(422, "the file is no sound that can be drawn", kind="no-wave") from err
    shown = {"seconds": row.seconds, "bars": seen.bars, "channels": seen.channels}
    return JSONResponse(shown, headers={"Cache-Control": "private, max-age=3600"})


@router.api_route(
    "/recordings/{recording_id}/sound",
    methods=["GET", "HEAD"],
    openapi_extra=needs(Right.HEAR_RECORDINGS),
)
async def sound(
    page: Here,
    request: Request,
    recording_id: UUID,
    byte_range: RangeHeader = None,
    if_range: Annotated[str | None, Header(alias="If-Range", max_length=200)] = None,
) -> Response:
    """Return the sound, or a range of its bytes; one listening is one line of the audit."""
    row = await audible_row(page.work, recording_id)
    if if_range is not None and if_range != f'"{row.sha256.hex()}"':
        byte_range = None  # another file's rest would not fit
    span = span_of(byte_range, row.size_bytes)
    if request.method == "HEAD":
        headers = sound_headers(row, span)
        return Response(status_code=200 if span is None else 206, media_type=WAV, headers=headers)
    response = await sound_of(page.deps, row, span)
    await _note(page, row, "listened")
    return response


@router.post("/recordings/{recording_id}/link", openapi_extra=needs(Right.DOWNLOAD_RECORDINGS))
async def link(page: Here, recording_id: UUID) -> Response:
    """Make a link to take the recording away: for this browser, for minutes."""
    row = await audible_row(page.work, recording_id)
    made = make_link(_secret(page), recording_id, now=page.now)
    await page.work.note(
        "link_made",
        f"recording:{recording_id}",
        person_id=row.person_id,
        until=made.until_at.isoformat(),
    )
    return page.show("recordings/link.html", row=row, link=made, lasts=LASTS)


@router.get("/recordings/{recording_id}/file", openapi_extra=needs(Right.DOWNLOAD_RECORDINGS))
async def download(
    page: Here,
    recording_id: UUID,
    until: Annotated[int, Query(ge=0, le=_LATEST_SECOND)],
    mark: Annotated[str, Query(max_length=64)],
) -> Response:
    """Give the recording away, to the browser that its link was made for."""
    row = await audible_row(page.work, recording_id)
    try:
        check_link(_secret(page), recording_id, Link(until=until, mark=mark), now=page.now)
    except LinkExpiredError as err:
        raise ProblemError(HTTP_410_GONE, str(err), kind="link-expired") from err
    except LinkForgedError as err:
        raise ProblemError(403, str(err), kind="link-forged") from err
    response = await sound_of(page.deps, row, None, as_attachment=True)
    await page.work.note(
        "downloaded", f"recording:{recording_id}", person_id=row.person_id, until=until
    )
    return response


async def _note(page: Page, row: AnyRow, action: str) -> None:
    await audit_once(
        page.work.session,
        actor=page.caller.actor,
        action=action,
        subject=f"recording:{row.recording_id}",
        detail={"person_id": row.person_id},
        within=ONE_LISTENING,
        now=page.now,
    )


def _secret(page: Page) -> str:
    """Return what only this signed-in browser has; scripts of a page do not see it."""
    return page.request.cookies.get(sessions.COOKIE, "")
