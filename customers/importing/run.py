"""One file into the customer file: read, stage, merge, and tell what became of every row."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.account_tables import Charge
from customers.headers import SheetKind, unknown_sheets
from customers.importing import staging
from customers.importing.batches import FileReader, Tally
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
from customers.importing.order import MERGE_ORDER
from customers.importing.payments import merge_payments
from customers.importing.rows import Place, Places
from customers.importing.work_orders import merge_work_orders
from customers.parsing.problems import Problem
from customers.reading import Limits, open_sheets
from customers.tables import Community, ImportedFile

_HASH_CHUNK = 1 << 20
# One import at a time: two files that name the same new unit would wait for each other.
_ONE_IMPORT = 0x6F776E6572  # "owner"


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

    `on_finding` is told of every rejected or left-out cell, in the file's order.

    Raises:
        UnreadableFileError: the file cannot be read.
        HeaderError: a header row contradicts itself.
        UnknownSheetsError: no sheet is of a known kind.
    """
    made_with = defaults or Defaults()
    await one_at_a_time(session)
    reader = FileReader(file=str(path), places=await known_places(session, made_with))
    await staging.create(session)
    await _stage(session, path, reader, limits=limits or Limits(), on_progress=on_progress)
    sha256 = await asyncio.to_thread(_sha256, path)
    kinds = [kind for kind in MERGE_ORDER if kind in reader.tallies]
    await merge(session, kinds, defaults=made_with, file=path.name, sha256=sha256, now=now)
    if on_finding is not None:
        await _tell_findings(session, reader, on_finding)
    result = FileResult(
        file=str(path),
        sha256=sha256,
        kinds=tuple([await _result(session, kind, reader.tallies[kind]) for kind in kinds]),
        notes=tuple(reader.notes),
        community_ids=await _changed_communities(session, kinds),
    )
    await _record(session, result, path, now)
    await staging.drop(session)
    return result


async def one_at_a_time(session: AsyncSession) -> None:
    """Wait until no other import runs, and keep others waiting to the transaction's end."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_IMPORT)))


async def merge(
    session: AsyncSession,
    kinds: Sequence[SheetKind],
    *,
    defaults: Defaults,
    file: str,
    sha256: str,
    now: datetime,
) -> None:
    """Merge the staged rows of the kinds, in their order, into the customer file."""
    for kind in kinds:
        await staging.analyze(session, staging.TABLE_OF[kind])
        match kind:
            case SheetKind.CONTACTS:
                await merge_contacts(session, defaults=defaults, file=file, sha256=sha256, now=now)
            case SheetKind.CHARGES:
                await merge_charges(session, sha256=sha256, now=now)
            case SheetKind.WORK_ORDERS:
                await merge_work_orders(session)
            case SheetKind.PAYMENTS:
                await merge_payments(session)
    await assign_liable(session)


async def _stage(
    session: AsyncSession,
    path: Path,
    reader: FileReader,
    *,
    limits: Limits,
    on_progress: OnProgress | None,
) -> None:
    def tell(*, merging: bool) -> None:
        if on_progress is not None:
            on_progress(Progress(file=reader.file, rows=reader.rows, merging=merging))

    with open_sheets(path, limits) as sheets:
        batches = reader.batches(sheets)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            for kind, rows in batch.rows.items():
                await staging.copy_rows(session, staging.TABLE_OF[kind], rows)
            await staging.copy_rows(session, "stage_finding", batch.findings)
            tell(merging=False)
    if not reader.headers:
        raise unknown_sheets(str(path))
    tell(merging=True)


async def _tell_findings(session: AsyncSession, reader: FileReader, on_finding: OnFinding) -> None:
    rows = staging.stream(
        session,
        "SELECT sheet, row_number, field, value, problem, rejected FROM stage_finding"
        " ORDER BY seq, rejected DESC, field",
    )
    async for row in rows:
        on_finding(
            Finding(
                file=reader.file,
                sheet=row["sheet"],
                row_number=row["row_number"],
                column=reader.headers[row["sheet"]].title_of(row["field"]),
                value=row["value"],
                problem=Problem(row["problem"]),
                rejected=row["rejected"],
            )
        )


async def _result(session: AsyncSession, kind: SheetKind, tally: Tally) -> KindResult:
    rows = sa.table(staging.TABLE_OF[kind], sa.column("changed"), sa.column("rejected"))
    findings = sa.table("stage_finding", sa.column("kind"), sa.column("rejected"))
    accepted, late_rejected = (
        await session.execute(
            sa.select(
                sa.func.count().filter(rows.c.changed, ~rows.c.rejected),
                sa.func.count().filter(rows.c.rejected),
            ).select_from(rows)
        )
    ).one()
    left_out = await session.scalar(
        sa.select(sa.func.count()).where(findings.c.kind == kind, ~findings.c.rejected)
    )
    rejected = tally.rejected + late_rejected
    return KindResult(
        kind=kind,
        rows=tally.rows,
        accepted=accepted,
        unchanged=tally.rows - accepted - rejected,
        rejected=rejected,
        left_out=left_out or 0,
    )


async def _changed_communities(
    session: AsyncSession, kinds: Sequence[SheetKind]
) -> tuple[int, ...]:
    """Return the communities a row of which was made or changed."""
    changed: set[int] = set()
    for kind in kinds:
        rows = sa.table(
            staging.TABLE_OF[kind], *map(sa.column, ("changed", "community_id", "charge_id"))
        )
        query = sa.select(rows.c.community_id)
        if kind is SheetKind.PAYMENTS:  # its rows name no place, their charge does
            query = sa.select(Charge.community_id).join(rows, rows.c.charge_id == Charge.charge_id)
        changed |= set(await session.scalars(query.where(rows.c.changed).distinct()))
    return tuple(sorted(changed - {None}))


async def _record(session: AsyncSession, result: FileResult, path: Path, now: datetime) -> None:
    session.add_all(
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
    )
    await session.flush()


async def known_places(session: AsyncSession, defaults: Defaults) -> Places:
    """Return what the rows of each community are read by."""
    known = await session.execute(sa.select(Community.name, Community.region, Community.currency))
    return Places(
        known={name: Place(region=region, currency=currency) for name, region, currency in known},
        default=Place(region=defaults.region, currency=defaults.currency),
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
