"""Recordings of calls: listed, heard, held; every look and every listening is on the audit."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Header, Query
from fastapi.responses import StreamingResponse

from api.fields import Day, Given, IdQuery, Shown, Text
from api.hearing import WAV, audible_row, known_row, known_to, sound_of
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.problems import MEDIA_TYPE
from api.ranges import span_of
from api.reading import narrowed
from api.routing import router as router_of
from api.work import Here
from core.columns import AnyRow, table_of
from customers.model import RecordingConsent
from recordings import service
from recordings.model import RecordingKind, RecordingState
from recordings.tables import Recording

router = router_of("recordings")

_RECORDING = table_of(Recording)
_BINARY: dict[str, Any] = {WAV: {"schema": {"type": "string", "format": "binary"}}}
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_AUDIO_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole of it.", "content": _BINARY},
    206: {"description": "The bytes that were asked for.", "content": _BINARY},
    416: {"description": "None of it is in the range.", "content": _PROBLEM},
}


class RecordingShown(Shown):
    """What is known of a recording; in a call's, the owner is on the left and we on the right."""

    recording_id: UUID
    attempt_id: UUID | None
    inbound_call_id: UUID | None
    person_id: int | None
    name: str
    kind: RecordingKind
    consent: RecordingConsent | None
    state: RecordingState
    started_at: datetime
    seconds: float | None
    channels: int | None
    rate: int | None
    size_bytes: int | None
    sha256: str | None
    stored_at: datetime | None
    keep_until: datetime | None
    deleted_at: datetime | None
    missing_since: datetime | None
    missing_why: str | None
    held_by: str | None
    held_at: datetime | None
    held_why: str | None


class Why(Given):
    """What a hold is for, or why it ends."""

    why: Text


@router.get("/recordings", openapi_extra=needs(Right.HEAR_RECORDINGS))
async def list_recordings(
    work: Here,
    asked: Asked,
    *,
    attempt_id: Annotated[UUID | None, Query()] = None,
    inbound_call_id: Annotated[UUID | None, Query()] = None,
    person_id: Annotated[IdQuery | None, Query()] = None,
    state: Annotated[RecordingState | None, Query()] = None,
    day: Annotated[Day | None, Query(description="By the installation's time zone.")] = None,
) -> Page[RecordingShown]:
    """Return recordings, oldest first, agents those of their own calls; the query is audited."""
    query = narrowed(
        known_to(work),
        attempt=(_RECORDING.c.attempt_id, attempt_id),
        inbound=(_RECORDING.c.inbound_call_id, inbound_call_id),
        person=(_RECORDING.c.person_id, person_id),
        state=(_RECORDING.c.state, state),
    )
    if day is not None:
        zone = ZoneInfo(work.deps.defaults.time_zone)
        since = datetime.combine(day, time(), tzinfo=zone)
        until = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
        query = query.where(_RECORDING.c.started_at >= since, _RECORDING.c.started_at < until)
    await work.note(
        "recordings_listed",
        "recordings",
        attempt_id=None if attempt_id is None else str(attempt_id),
        person_id=person_id,
        day=None if day is None else day.isoformat(),
    )
    return await page_of(work, query, _RECORDING.c.recording_id, _shown, asked)


@router.get("/recordings/{recording_id}", openapi_extra=needs(Right.HEAR_RECORDINGS))
async def show_recording(work: Here, recording_id: UUID) -> RecordingShown:
    """Return what is known of a recording; the look goes on the audit."""
    row = await known_row(work, recording_id)
    await work.note("looked_at", f"recording:{recording_id}", person_id=row.person_id)
    return _shown(row)


@router.get(
    "/recordings/{recording_id}/audio",
    openapi_extra=needs(Right.HEAR_RECORDINGS),
    response_class=StreamingResponse,
    responses=_AUDIO_RESPONSES,
)
async def hear_recording(
    work: Here,
    recording_id: UUID,
    byte_range: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
) -> StreamingResponse:
    """Return the sound, or a range of its bytes; each listening goes on the audit."""
    row = await audible_row(work, recording_id)
    span = span_of(byte_range, row.size_bytes)
    await work.note(
        "listened",
        f"recording:{recording_id}",
        person_id=row.person_id,
        range=None if span is None else span.content_range,
    )
    return await sound_of(work.deps, row, span)


@router.post("/recordings/{recording_id}/hold", openapi_extra=needs(Right.HOLD_RECORDINGS))
async def hold_recording(work: Here, recording_id: UUID, given: Why) -> RecordingShown:
    """Keep a recording whatever its age, until it is released."""
    await service.hold(
        work.session, recording_id, by=work.caller.actor, why=given.why, now=work.now
    )
    return _shown(await known_row(work, recording_id))


@router.post("/recordings/{recording_id}/release", openapi_extra=needs(Right.HOLD_RECORDINGS))
async def release_recording(work: Here, recording_id: UUID, given: Why) -> RecordingShown:
    """Let a held recording go by its age again."""
    await service.release(
        work.session, recording_id, by=work.caller.actor, why=given.why, now=work.now
    )
    return _shown(await known_row(work, recording_id))


def _shown(row: AnyRow) -> RecordingShown:
    known = row._asdict()
    checksum: bytes | None = known["sha256"]
    return RecordingShown.model_validate(
        {**known, "sha256": None if checksum is None else checksum.hex()}
    )
