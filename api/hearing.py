"""Recordings as a caller may hear them: an agent those of their own calls, others all."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi.responses import StreamingResponse

from api.deps import ApiDeps
from api.model import ApiRole
from api.problems import ProblemError
from api.ranges import Span
from api.reading import row_of
from api.work import Work
from core.columns import AnyRow, table_of
from dialer.tables import Attempt
from recordings.model import RecordingState
from recordings.store import FileGoneError, RecordingStore, StoreError
from recordings.tables import Recording

WAV = "audio/wav"

_RECORDING, _ATTEMPT = table_of(Recording), table_of(Attempt)
_TRY_AGAIN_S = 30


def known_to(work: Work) -> sa.Select[*tuple[Any, ...]]:
    """Return the recordings the caller may know of: an agent's own calls, or all."""
    query = sa.select(_RECORDING)
    if work.caller.role is not ApiRole.AGENT:
        return query
    if work.caller.agent_id is None:
        return query.where(sa.false())
    own = sa.select(_ATTEMPT.c.attempt_id).where(_ATTEMPT.c.agent_id == work.caller.agent_id)
    return query.where(_RECORDING.c.attempt_id.in_(own))


async def known_row(work: Work, recording_id: UUID) -> AnyRow:
    """Return a recording the caller may know of.

    Raises:
        NotOnFileError: there is none.
    """
    return await row_of(work, known_to(work), _RECORDING.c.recording_id, recording_id, "recording")


async def audible_row(work: Work, recording_id: UUID) -> AnyRow:
    """Return a recording the caller may hear now.

    Raises:
        NotOnFileError: there is none.
        ProblemError: there is nothing to hear, not yet or not any more.
    """
    row = await known_row(work, recording_id)
    if row.state is not RecordingState.STORED:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            f"recording {recording_id} is {row.state.value}: there is nothing to hear",
            kind="nothing-to-hear",
        )
    return row


async def sound_of(
    deps: ApiDeps, row: AnyRow, span: Span | None, *, as_attachment: bool = False
) -> StreamingResponse:
    """Return the sound, or a range of its bytes.

    Raises:
        ProblemError: the file is not there, or the store does not answer.
    """
    blocks = await _opened(store_of(deps), row.file, span)
    return StreamingResponse(
        blocks,
        status_code=HTTPStatus.OK if span is None else HTTPStatus.PARTIAL_CONTENT,
        media_type=WAV,
        headers=sound_headers(row, span, as_attachment=as_attachment),
    )


def store_of(deps: ApiDeps) -> RecordingStore:
    """Return where recordings lie.

    Raises:
        ProblemError: nowhere, here.
    """
    if deps.recordings is None:
        raise away()
    return deps.recordings


def file_gone() -> ProblemError:
    """Return the problem of a file that somebody took out of the store."""
    return ProblemError(
        HTTPStatus.NOT_FOUND, "the file is not in the store any more", kind="file-gone"
    )


async def _opened(store: RecordingStore, file: str, span: Span | None) -> AsyncIterator[bytes]:
    """Return the blocks of a file once the first is there: what fails before it is a problem."""
    blocks = (
        store.read(file) if span is None else store.read(file, first=span.first, count=span.count)
    )
    try:
        first = await anext(blocks, b"")
    except FileGoneError as err:
        raise file_gone() from err
    except StoreError as err:
        raise away() from err
    return _from(first, blocks)


async def _from(first: bytes, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for block in blocks:
        yield block


def sound_headers(row: AnyRow, span: Span | None, *, as_attachment: bool = False) -> dict[str, str]:
    """Return the headers of a sound, or of a range of it."""
    how = "attachment" if as_attachment else "inline"
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(row.size_bytes if span is None else span.count),
        "Content-Disposition": f'{how}; filename="{row.recording_id}.wav"',
        "ETag": f'"{row.sha256.hex()}"',
    }
    return headers if span is None else {**headers, "Content-Range": span.content_range}


def away() -> ProblemError:
    """Return the problem of a store that does not answer."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the store of recordings does not answer; try again",
        kind="recordings-away",
        headers={"Retry-After": str(_TRY_AGAIN_S)},
    )
