"""One file into the customer file: read, stage, merge, and tell what became of every row."""

import asyncio
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.headers import HEADER_WITHIN, Header, SheetKind, read_header, recognized
from customers.importing import staging
from customers.importing.charges import assign_liable, merge_charges
from customers.importing.contacts import merge_contacts
from customers.importing.model import (
    Defaults,
    FileResult,
    Finding,
    KindResult,
    OnFinding,
    OnProgress,
    Progress,
)
from customers.importing.payments import merge_payments
from customers.importing.rows import Place, Places, Reader, Value, is_data, read_row
from customers.importing.work_orders import merge_work_orders
from customers.parsing.problems import Problem
from customers.reading import Limits, Row, Sheet, open_sheets
from customers.tables import Community, ImportedFile

_BATCH = 2000
_HASH_CHUNK = 1 << 20
# One import at a time: two files that name the same new unit would wait for each other.
_ONE_IMPORT = 0x6F776E6572  # "owner"


class UnknownSheetsError(OwnerlineError):
    """No sheet of the file has a header row that names what its columns hold."""


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    rejected: int = 0
    left_out: int = 0


@dataclass(slots=True)
class _Reading:
    """What reading the file's sheets has found so far."""

    file: str
    places: Places
    headers: dict[str, Header] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tallies: dict[SheetKind, _Tally] = field(default_factory=dict)


@dataclass(slots=True)
class _Batch:
    rows: dict[SheetKind, list[dict[str, Any]]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)


async def import_file(
    session: AsyncSession,
    path: Path,
    *,
    now: datetime,
    defaults: Defaults | None = None,
    limits: Limits | None = None,
    on_finding: OnFinding | None = None,
    on_progress: OnProgress | None = None,
) -> FileResult:
    """Import one workbook or CSV file in the session's transaction; never commits.

    Contacts are merged first, then charges, work orders and payments, in whatever order the
    sheets stand. `on_finding` is told of every rejected or left-out cell, in the file's order.

    Raises:
        UnreadableFileError: the file cannot be read.
        HeaderError: a header row contradicts itself.
        UnknownSheetsError: no sheet is of a known kind.
    """
    with_defaults = defaults or Defaults()
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_IMPORT)))
    sha256 = await asyncio.to_thread(_sha256, path)
    reading = _Reading(file=str(path), places=await _places(session, with_defaults))
    await staging.create(session)
    await _stage(session, path, reading, limits=limits or Limits(), on_progress=on_progress)
    kinds = tuple(kind for kind in _MERGE_ORDER if kind in reading.tallies)
    for kind in kinds:
        await staging.analyze(session, staging.TABLE_OF[kind])
        if kind is SheetKind.CONTACTS:
            await merge_contacts(
                session, defaults=with_defaults, file=path.name, sha256=sha256, now=now
            )
        elif kind is SheetKind.CHARGES:
            await merge_charges(session, sha256=sha256, now=now)
        elif kind is SheetKind.WORK_ORDERS:
            await merge_work_orders(session)
        else:
            await merge_payments(session)
    await assign_liable(session)
    if on_finding is not None:
        await _tell_findings(session, reading, on_finding)
    result = FileResult(
        file=str(path),
        sha256=sha256,
        kinds=tuple([await _result(session, kind, reading.tallies[kind]) for kind in kinds]),
        notes=tuple(reading.notes),
    )
    session.add_all(_record(result, path, now))
    await session.flush()
    await staging.drop(session)
    return result


_MERGE_ORDER = (
    SheetKind.CONTACTS,
    SheetKind.CHARGES,
    SheetKind.WORK_ORDERS,
    SheetKind.PAYMENTS,
)


async def _stage(
    session: AsyncSession,
    path: Path,
    reading: _Reading,
    *,
    limits: Limits,
    on_progress: OnProgress | None,
) -> None:
    with open_sheets(path, limits) as sheets:
        batches = _batches(sheets, reading)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            for kind, rows in batch.rows.items():
                await staging.copy_rows(session, staging.TABLE_OF[kind], rows)
            await staging.copy_rows(session, "stage_finding", batch.findings)
            _tell(reading, on_progress, merging=False)
    if not reading.headers:
        message = (
            f"{path}: none of the first {HEADER_WITHIN} rows of any visible sheet names known"
            f" columns; a sheet needs one of: {recognized()}"
        )
        raise UnknownSheetsError(message)
    _tell(reading, on_progress, merging=True)


def _tell(reading: _Reading, on_progress: OnProgress | None, *, merging: bool) -> None:
    if on_progress is not None:
        rows = sum(tally.rows for tally in reading.tallies.values())
        on_progress(Progress(file=reading.file, rows=rows, merging=merging))


def _batches(sheets: Iterator[Sheet], reading: _Reading) -> Iterator[_Batch]:
    seqs = itertools.count(1)
    for sheet in sheets:
        header = _find_header(sheet, reading)
        if header is None:
            continue
        tally = reading.tallies.setdefault(header.kind, _Tally())
        data = (row for row in sheet.rows if is_data(header, row))
        while rows := list(itertools.islice(data, _BATCH)):
            batch = _Batch()
            for row in rows:
                _read_into(batch, next(seqs), header, row, reading.places, tally)
            yield batch


def _find_header(sheet: Sheet, reading: _Reading) -> Header | None:
    for row in itertools.islice(sheet.rows, HEADER_WITHIN):
        header = read_header(row.number, row.cells)
        if header is not None:
            reading.headers[sheet.name] = header
            if header.unknown_titles:
                ignored = ", ".join(header.unknown_titles)
                reading.notes.append(f"sheet {sheet.name!r}: columns not read: {ignored}")
            return header
    reading.notes.append(f"sheet {sheet.name!r}: not read, no known header row")
    return None


def _read_into(
    batch: _Batch, seq: int, header: Header, row: Row, places: Places, tally: _Tally
) -> None:
    record, reader = read_row(header, row, places)
    tally.rows += 1
    place: dict[str, Value] = {"seq": seq, "sheet": row.sheet, "row_number": row.number}
    batch.findings.extend(_findings(header, reader, place))
    tally.left_out += sum(not finding.rejected for finding in reader.findings)
    if reader.rejected:
        tally.rejected += 1
    else:
        batch.rows.setdefault(header.kind, []).append(place | record)


def _findings(
    header: Header, reader: Reader, place: Mapping[str, Value]
) -> Iterator[dict[str, Any]]:
    for finding in reader.findings:
        yield {
            "kind": header.kind,
            **place,
            "field": finding.field,
            "value": finding.value,
            "problem": finding.problem,
            "rejected": finding.rejected,
        }


async def _tell_findings(session: AsyncSession, reading: _Reading, on_finding: OnFinding) -> None:
    rows = staging.stream(
        session,
        "SELECT sheet, row_number, field, value, problem, rejected FROM stage_finding ORDER BY seq",
    )
    async for row in rows:
        on_finding(
            Finding(
                file=reading.file,
                sheet=row["sheet"],
                row_number=row["row_number"],
                column=reading.headers[row["sheet"]].title_of(row["field"]),
                value=row["value"],
                problem=Problem(row["problem"]),
                rejected=row["rejected"],
            )
        )


async def _result(session: AsyncSession, kind: SheetKind, tally: _Tally) -> KindResult:
    table = staging.TABLE_OF[kind]
    counts = (
        await session.execute(
            sa.text(
                f"SELECT count(*) FILTER (WHERE changed AND NOT repeat AND NOT rejected),"  # noqa: S608 - one of our own table names
                f" count(*) FILTER (WHERE rejected),"
                f" (SELECT count(*) FROM stage_finding WHERE kind = :kind AND NOT rejected)"
                f" FROM {table}"
            ),
            {"kind": kind},
        )
    ).one()
    accepted, late_rejected, left_out = counts
    rejected = tally.rejected + late_rejected
    return KindResult(
        kind=kind,
        rows=tally.rows,
        accepted=accepted,
        unchanged=tally.rows - accepted - rejected,
        rejected=rejected,
        left_out=left_out,
    )


def _record(result: FileResult, path: Path, now: datetime) -> list[ImportedFile]:
    return [
        ImportedFile(
            file_name=path.name,
            sha256=result.sha256,
            kind=kind.kind,
            imported_at=now,
            row_count=kind.rows,
            accepted=kind.accepted,
            unchanged=kind.unchanged,
            rejected=kind.rejected,
        )
        for kind in result.kinds
    ]


async def _places(session: AsyncSession, defaults: Defaults) -> Places:
    known = await session.execute(sa.select(Community.name, Community.region, Community.currency))
    return Places(
        known={name: Place(region=region, currency=currency) for name, region, currency in known},
        default=Place(region=defaults.region, currency=defaults.currency),
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_HASH_CHUNK):
                digest.update(chunk)
    except OSError:
        return digest.hexdigest()  # reading the file next tells the operator why
    return digest.hexdigest()
