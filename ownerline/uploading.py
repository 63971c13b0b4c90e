"""`ownerline lists`: uploading, previewing and running lists of one's own, from the keyboard."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback import uploaded
from callback.packs import shipped_packs
from callback.uploaded import NewList
from callback.uploaded_model import ListState, UploadedListError
from callback.uploaded_rules import read_rules
from core.settings import BridgeName
from dialer import control, lists
from dialer.call_facts import SettingBasis
from dialer.list_preview import ListPreview, PreviewBasis, preview_list
from dialer.lists import ListSummary
from ownerline.books import campaigns_of, house_of
from ownerline.runtime import Runtime, operator
from ownerline.usage import WrongUsageError
from scripts.library import MAX_BYTES, load_library

# A list of a million rows is read, matched and started in minutes.
_PATIENCE = sa.text("SELECT set_config('statement_timeout', '1h', true)")
_SCRIPT_FILES = frozenset({".yaml", ".yml"})


class MappingError(WrongUsageError):
    """A --map on the command line is not COLUMN=FIELD."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A list as it stands, and of a draft what a start now would come to."""

    summary: ListSummary
    preview: ListPreview | None


def read_mapping(words: list[str]) -> dict[str, str]:
    """Read `COLUMN=FIELD` words; the last `=` parts them.

    Raises:
        MappingError: a word is no such pair, or a column is named twice.
    """
    mapping: dict[str, str] = {}
    for word in words:
        column, sign, meaning = word.rpartition("=")
        if not (column.strip() and sign and meaning.strip()):
            message = f"--map {word!r} is no mapping; write it like --map 联系方式=phone"
            raise MappingError(message)
        if column.strip() in mapping:
            message = f"--map names column {column.strip()!r} twice; say it once"
            raise MappingError(message)
        mapping[column.strip()] = meaning.strip()
    return mapping


def script_named(word: str) -> tuple[str, str | None]:
    """Return a script's name, and the text of the file where the word names one.

    Raises:
        UploadedListError: the file cannot be read.
    """
    file = Path(word)
    if file.suffix.lower() not in _SCRIPT_FILES:
        return word, None
    return file.name, _text(file)


def rules_in(file: Path | None) -> dict[str, object]:
    """Return a list's own rules; none without a file.

    Raises:
        UploadedListError: the file cannot be read, or holds no rules.
    """
    return {} if file is None else read_rules(_text(file), str(file))


async def upload(
    runtime: Runtime,
    *,
    file: Path,
    new: NewList,
    now: datetime,
    on_rows: Callable[[int], None],
    on_judged: Callable[[int], None],
) -> Shown:
    """Make a draft and preview it, in one transaction: both are there, or neither."""
    async with runtime.sessions.begin() as session:
        await session.execute(_PATIENCE)
        list_id = await uploaded.create_draft(
            session,
            path=file,
            new=new,
            campaigns=campaigns_of(runtime.settings),
            library=load_library(),
            by=operator(),
            now=now,
            on_rows=on_rows,
        )
        return await _shown(session, runtime, list_id, now=now, on_judged=on_judged)


async def show(
    runtime: Runtime, *, name: str, now: datetime, on_judged: Callable[[int], None]
) -> Shown:
    """Return the list of that name as it stands, a draft with its preview."""
    async with runtime.sessions.begin() as session:
        await session.execute(_PATIENCE)
        row = await uploaded.list_named(session, name=name)
        return await _shown(session, runtime, row.list_id, now=now, on_judged=on_judged)


async def start(runtime: Runtime, *, name: str, now: datetime) -> int:
    """Start the list of that name; return how many due calls were made."""
    async with runtime.sessions.begin() as session:
        await session.execute(_PATIENCE)
        row = await uploaded.list_named(session, name=name)
        return await uploaded.start(
            session,
            list_id=row.list_id,
            library=load_library(),
            by=operator(),
            now=now,
        )


async def pause(runtime: Runtime, *, name: str) -> bool:
    """Pause the list of that name; False when it was paused already."""
    async with runtime.sessions.begin() as session:
        row = await uploaded.list_named(session, name=name)
        return await lists.pause_list(
            session, list_id=row.list_id, by=operator(), now=runtime.clock.now()
        )


async def resume(runtime: Runtime, *, name: str) -> bool:
    """Let the list of that name go on; False when it was not paused."""
    async with runtime.sessions.begin() as session:
        row = await uploaded.list_named(session, name=name)
        return await lists.resume_list(
            session, list_id=row.list_id, by=operator(), now=runtime.clock.now()
        )


async def end(runtime: Runtime, *, name: str) -> int:
    """End the list of that name; return how many waiting calls were withdrawn."""
    async with runtime.sessions.begin() as session:
        await session.execute(_PATIENCE)
        row = await uploaded.list_named(session, name=name)
        return await uploaded.end(
            session, list_id=row.list_id, by=operator(), now=runtime.clock.now()
        )


async def every(runtime: Runtime) -> list[ListSummary]:
    """Return all lists, the newest first."""
    async with runtime.sessions() as session:
        return await lists.list_summaries(session)


async def preview_basis(session: AsyncSession, runtime: Runtime) -> PreviewBasis:
    """Return what a preview goes by on this installation as it stands now."""
    settings, turned = runtime.settings, await control.switches(session)
    return PreviewBasis(
        campaigns=campaigns_of(settings),
        library=load_library(),
        packs=shipped_packs(),
        house=house_of(settings),
        setting=SettingBasis(
            bridge_is_real=settings.bridge is not BridgeName.SIMULATED,
            armed=turned.armed,
            stopped=turned.stopped,
            paused_campaigns=frozenset(),
            test_numbers=settings.test_numbers,
            destinations=settings.reach,
            reconciled=turned.reconciled,
        ),
    )


async def _shown(
    session: AsyncSession,
    runtime: Runtime,
    list_id: int,
    *,
    now: datetime,
    on_judged: Callable[[int], None],
) -> Shown:
    preview = None
    if (await uploaded.load_list(session, list_id=list_id)).state is ListState.DRAFT:
        preview = await preview_list(
            session,
            list_id=list_id,
            basis=await preview_basis(session, runtime),
            now=now,
            on_judged=on_judged,
        )
    return Shown(summary=await lists.list_summary(session, list_id=list_id), preview=preview)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            message = f"{file} is larger than {MAX_BYTES} bytes; scripts and rules are a few pages"
            raise UploadedListError(message)
        return file.read_text(encoding="utf-8")
    except OSError as err:
        message = f"{file} cannot be read: {err.strerror}"
        raise UploadedListError(message) from err
    except UnicodeDecodeError as err:
        message = f"{file} is no UTF-8 text; save it again as UTF-8"
        raise UploadedListError(message) from err
