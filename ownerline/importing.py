"""`ownerline import`: one file after the other, each whole or not at all, and the rejects."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import shipped_packs
from callback.rebuild import rebuild_soon
from core.live import Topic, tell
from core.settings import Settings
from customers.importing.model import Defaults, FileResult, OnProgress
from customers.importing.order import in_import_order
from customers.importing.run import import_file
from customers.rejects import RejectsNotWrittenError, RejectsWorkbook
from ownerline.runtime import open_runtime

REJECTS_FILE = "rejects.xlsx"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What became of the files; `rejects` is the workbook of rejected rows, None without any."""

    results: tuple[FileResult, ...]
    rejects: Path | None
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """Return the object that `import --json` prints: one entry a file and kind of rows."""
        return {
            "files": [
                {
                    "file": result.file,
                    "kind": kind.kind.value,
                    "rows": kind.rows,
                    "accepted": kind.accepted,
                    "unchanged": kind.unchanged,
                    "rejected": kind.rejected,
                    "left_out_cells": kind.left_out,
                    "notes": list(result.notes),
                }
                for result in self.results
                for kind in result.kinds
            ],
            "rejects": None if self.rejects is None else str(self.rejects),
            "dry_run": self.dry_run,
        }

    def lines(self) -> list[str]:
        """Return what a person reads."""
        lines = []
        for result in self.results:
            for kind in result.kinds:
                counts = f"{kind.accepted:,} accepted, {kind.unchanged:,} unchanged"
                lines.append(
                    f"{result.file}: {kind.kind.value}, {kind.rows:,} rows: {counts}, "
                    f"{kind.rejected:,} rejected"
                )
                if kind.left_out:
                    lines.append(f"  {kind.left_out:,} cells left out of rows that were kept")
            lines += [f"  {note}" for note in result.notes]
        if self.rejects is not None:
            lines.append(f"rejected rows and cells with their reasons: {self.rejects}")
        if self.dry_run:
            lines.append("dry run: nothing was kept")
        return lines


async def _spread(session: AsyncSession, result: FileResult, *, now: datetime) -> None:
    """Let the lists follow, and calls that ring be looked at: accounts by the thousand changed."""
    if result.community_ids:
        await tell(session, Topic.MISSED, "")
        await rebuild_soon(session, result.community_ids, now=now)


def _require_writable(target: Path) -> None:
    """Refuse before anything is imported when the rejects could not be written afterwards."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".rejects-"):
            pass
    except OSError as err:
        message = f"the rejects workbook {target} cannot be written: {err.strerror}"
        raise RejectsNotWrittenError(message) from err


async def import_files(
    settings: Settings,
    files: Sequence[Path],
    *,
    dry_run: bool,
    rejects: Path | None,
    on_progress: OnProgress,
) -> ImportReport:
    """Import the files, contacts first, each in a transaction of its own.

    One that cannot be read as a table stops all before the first; results come as given.
    """
    defaults = Defaults(
        region=settings.region,
        time_zone=settings.time_zone,
        currency=settings.currency,
        packs=settings.packs,
    )
    shipped_packs().check_known(settings.packs)
    target = rejects or settings.home / REJECTS_FILE
    _require_writable(target)
    workbook = RejectsWorkbook(target)
    results: list[FileResult] = []
    async with open_runtime(settings) as runtime:
        try:
            async with runtime.sessions() as session:
                for path in in_import_order(files):
                    results.append(
                        await import_file(
                            session,
                            path,
                            now=runtime.clock.now(),
                            defaults=defaults,
                            on_finding=workbook.add,
                            on_progress=on_progress,
                        )
                    )
                    if not dry_run:  # a dry run keeps what later files rest on to its end
                        await _spread(session, results[-1], now=runtime.clock.now())
                        await session.commit()
        finally:
            written = workbook.close()
    results.sort(key=lambda result: [str(path) for path in files].index(result.file))
    return ImportReport(results=tuple(results), rejects=written, dry_run=dry_run)
