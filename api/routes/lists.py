"""Uploaded lists: a file becomes a draft, which is looked at, started, paused, ended."""

import asyncio
import binascii
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field, StringConstraints

from api.edge import LARGEST_BODY_KEY
from api.fields import Given, PathId, Shown, Text, Word
from api.model import Right, needs
from api.reading import row_of
from api.routing import router as router_of
from api.work import Here, Work
from callback.uploaded import NewList, create_draft, end, start, withdraw_row
from callback.uploaded_model import ListKind, UploadedListError
from callback.uploaded_tables import UploadedList
from core.columns import table_of
from customers.model import CallMode, Purpose
from customers.reading import Limits
from dialer.control import switches
from dialer.list_preview import PreviewBasis, preview_list
from dialer.lists import list_summaries, list_summary, pause_list, resume_list

router = router_of("lists")

_LIST = table_of(UploadedList)
_LARGEST_FILE = 12 * 1024**2
_LARGEST_BODY = 17 * 1024**2  # base64 makes four bytes of three
_MOST_COLUMNS = 100
# A file of the largest size has some hundred thousand rows; one that unpacks to more is a trap.
_UNPACKED = Limits(uncompressed_bytes=256 * 1024**2, rows=500_000)
_PATIENCE = sa.text("SELECT set_config('statement_timeout', '2min', true)")

FileName = Annotated[
    str,
    StringConstraints(pattern=r"^[^/\\\u0000-\u001f\u007f]{1,100}\.(csv|xlsx)$"),
    Field(examples=["invitations.csv"]),
]


class ListGiven(Given):
    """A file and what its list is to be."""

    name: Text = Field(examples=["春节通知"])
    community: Text = Field(examples=["翠湖花园"])
    script: Word
    own_script: Annotated[str, Field(max_length=200_000)] | None = Field(
        default=None, description="YAML of a script of the list's own, called `script`."
    )
    kind: ListKind = ListKind.UPLOADED
    purpose: Purpose | None = None
    mode: CallMode | None = None
    columns: dict[Annotated[str, Field(max_length=200)], Text] = Field(
        default_factory=dict,
        max_length=_MOST_COLUMNS,
        description="Titles to fields or `variable:name`, where they are not to be guessed.",
    )
    rules: dict[Annotated[str, Field(max_length=64)], Any] = Field(
        default_factory=dict, max_length=50, description="Instead of the house's."
    )
    file_name: FileName
    content: Annotated[
        str,
        StringConstraints(min_length=4, max_length=_LARGEST_BODY, pattern="^[A-Za-z0-9+/]+={0,2}$"),
    ] = Field(description="The file in base64.", examples=["5oi/5Y+3LOeUteivnQo="])


class ListShown(Shown):
    """A list and what has become of it."""

    list_id: int
    name: str
    state: str
    kind: ListKind
    campaign: str
    community: str
    purpose: Purpose
    mode: CallMode
    script: str
    file: str
    columns: list[dict[str, Any]]
    notes: list[str]
    rules: dict[str, Any]
    rows: int
    matched: dict[str, int]
    refused: dict[str, int]
    calls: dict[str, int]
    outcomes: dict[str, int]
    created_at: str
    started_at: str | None
    ended_at: str | None


class PreviewShown(Shown):
    """What a start now would come to."""

    list_id: int
    at: str
    rows: int
    callable: int
    matched: dict[str, int]
    refused: dict[str, int]
    judged: int
    verdicts: dict[str, dict[str, int]]
    refused_rows: list[dict[str, Any]]
    samples: list[dict[str, Any]]


class Counted(Shown):
    """How many due calls it concerned."""

    due_calls: int


class ListTurned(Shown):
    """Whether anything changed; false where it stood so already."""

    changed: bool


class RowGiven(Given):
    """A row by its number in the file."""

    row_number: Annotated[int, Field(strict=True, ge=1, le=2_000_000)]


@router.get("/lists", openapi_extra=needs(Right.READ_LISTS))
async def list_lists(work: Here) -> list[ListShown]:
    """Return every list as it stands, the newest first."""
    return [_shown(each.as_json()) for each in await list_summaries(work.session)]


@router.post(
    "/lists",
    status_code=201,
    openapi_extra=needs(Right.RUN_LISTS) | {LARGEST_BODY_KEY: _LARGEST_BODY},
)
async def upload_list(work: Here, given: ListGiven) -> ListShown:
    """Read a file into a draft; a draft of that name is replaced. Nobody is called yet."""
    content = _decoded(given.content)
    await work.session.execute(_PATIENCE)
    with tempfile.TemporaryDirectory(prefix="ownerline-list-") as folder:
        path = Path(folder) / f"list{Path(given.file_name).suffix}"
        await asyncio.to_thread(path.write_bytes, content)
        list_id = await create_draft(
            work.session,
            path=path,
            new=NewList(
                name=given.name,
                community=given.community,
                script=given.script,
                own_script=given.own_script,
                kind=given.kind,
                purpose=given.purpose,
                mode=given.mode,
                columns=given.columns,
                rules=given.rules,
            ),
            campaigns=work.deps.desk.campaigns,
            library=work.deps.desk.settlement.library,
            by=work.caller.actor,
            now=work.now,
            file_name=given.file_name,
            limits=_UNPACKED,
        )
    return await _list(work, list_id)


@router.get("/lists/{list_id}", openapi_extra=needs(Right.READ_LISTS))
async def show_list(work: Here, list_id: PathId) -> ListShown:
    """Return a list as it stands."""
    return await _list(work, list_id)


@router.post("/lists/{list_id}/preview", openapi_extra=needs(Right.RUN_LISTS))
async def preview(work: Here, list_id: PathId) -> PreviewShown:
    """Say what a start of a draft would come to now; nobody is called."""
    await _known(work, list_id)
    await work.session.execute(_PATIENCE)
    desk = work.deps.desk
    found = await preview_list(
        work.session,
        list_id=list_id,
        basis=PreviewBasis(
            campaigns=desk.campaigns,
            library=desk.settlement.library,
            packs=desk.packs,
            house=work.deps.house,
            setting=desk.basis(await switches(work.session)),
        ),
        now=work.now,
    )
    await work.note("list_previewed", f"list:{list_id}")
    return PreviewShown(**found.as_json())


@router.post("/lists/{list_id}/start", openapi_extra=needs(Right.RUN_LISTS))
async def start_list(work: Here, list_id: PathId) -> Counted:
    """Make the due calls of a draft, of the customer file as it is now."""
    await _known(work, list_id)
    await work.session.execute(_PATIENCE)
    made = await start(
        work.session,
        list_id=list_id,
        library=work.deps.desk.settlement.library,
        by=work.caller.actor,
        now=work.now,
    )
    return Counted(due_calls=made)


@router.post("/lists/{list_id}/pause", openapi_extra=needs(Right.RUN_LISTS))
async def pause(work: Here, list_id: PathId) -> ListTurned:
    """Place no more calls of a list until it is let go on."""
    await _known(work, list_id)
    changed = await pause_list(work.session, list_id=list_id, by=work.caller.actor, now=work.now)
    return ListTurned(changed=changed)


@router.post("/lists/{list_id}/resume", openapi_extra=needs(Right.RUN_LISTS))
async def resume_a_list(work: Here, list_id: PathId) -> ListTurned:
    """Let a paused list go on."""
    await _known(work, list_id)
    changed = await resume_list(work.session, list_id=list_id, by=work.caller.actor, now=work.now)
    return ListTurned(changed=changed)


@router.post("/lists/{list_id}/end", openapi_extra=needs(Right.RUN_LISTS))
async def end_list(work: Here, list_id: PathId) -> Counted:
    """Place no more calls of a list, for good; a draft is thrown away."""
    await _known(work, list_id)
    withdrawn = await end(work.session, list_id=list_id, by=work.caller.actor, now=work.now)
    return Counted(due_calls=withdrawn)


@router.post("/lists/{list_id}/withdrawn-rows", openapi_extra=needs(Right.RUN_LISTS))
async def withdraw_list_row(work: Here, list_id: PathId, given: RowGiven) -> ListTurned:
    """Take one row out of a list."""
    await _known(work, list_id)
    changed = await withdraw_row(
        work.session,
        list_id=list_id,
        row_number=given.row_number,
        by=work.caller.actor,
        now=work.now,
    )
    return ListTurned(changed=changed)


def _decoded(content: str) -> bytes:
    try:
        decoded = b64decode(content, validate=True)
    except binascii.Error as err:
        message = "content is no base64 of a file"
        raise UploadedListError(message) from err
    if len(decoded) > _LARGEST_FILE:
        message = f"the file has {len(decoded)} bytes; {_LARGEST_FILE} are most: split it"
        raise UploadedListError(message)
    return decoded


async def _known(work: Work, list_id: int) -> None:
    await row_of(work, sa.select(_LIST.c.list_id), _LIST.c.list_id, list_id, "list")


async def _list(work: Work, list_id: int) -> ListShown:
    await _known(work, list_id)
    return _shown((await list_summary(work.session, list_id=list_id)).as_json())


def _shown(summary: dict[str, Any]) -> ListShown:
    return ListShown(**{name: summary[name] for name in ListShown.model_fields})
