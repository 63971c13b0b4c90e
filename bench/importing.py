"""Importing a large workbook: seconds and memory, beside a bare pass of openpyxl over the file.

Every figure comes from a fresh process, which reads its own high-water mark at the end.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import openpyxl

from bench.workbook import write_contacts
from core.database import create_engine, session_factory
from customers.importing.model import Finding
from customers.importing.run import import_file

NOW = datetime(2026, 5, 20, 1, tzinfo=UTC)
TARGET_GROWTH_MB = 40  # of ten times the rows, at most
_PATIENCE_S = 900.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one pass took, and how many rows it took in."""

    rows: int
    seconds: float
    peak_mb: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The import of a small and a large workbook, and the bare pass over the large one."""

    small: Taken
    large: Taken
    bare: Taken

    @property
    def growth_mb(self) -> float:
        """How much more memory the large one took."""
        return self.large.peak_mb - self.small.peak_mb

    @property
    def ratio(self) -> float:
        """Seconds of the import over those of the bare pass."""
        return self.large.seconds / self.bare.seconds


def measure(small_url: str, large_url: str, folder: Path, *, rows: int) -> Measured:
    """Measure workbooks of `rows` and of a tenth of them, each into a migrated database."""
    small, large = folder / "small.xlsx", folder / "large.xlsx"
    write_contacts(small, rows // 10)
    write_contacts(large, rows)
    return Measured(
        small=_in_a_process(_import, small, small_url),
        large=_in_a_process(_import, large, large_url),
        bare=_in_a_process(_read, large),
    )


def _import(path: Path, url: str) -> Taken:
    return asyncio.run(_imported(path, url))


async def _imported(path: Path, url: str) -> Taken:
    engine = create_engine(url, name="bench")
    rejected: list[Finding] = []
    started = time.perf_counter()
    try:
        async with session_factory(engine).begin() as session:
            result = await import_file(session, path, now=NOW, on_finding=rejected.append)
    finally:
        await engine.dispose()
    return Taken(
        rows=sum(kind.accepted for kind in result.kinds),
        seconds=time.perf_counter() - started,
        peak_mb=_peak_mb(),
    )


def _read(path: Path) -> Taken:
    started = time.perf_counter()
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = sum(1 for sheet in workbook.worksheets for _ in sheet.iter_rows(values_only=True))
    workbook.close()
    return Taken(rows=rows - 1, seconds=time.perf_counter() - started, peak_mb=_peak_mb())


def _peak_mb() -> float:
    # Of this program image alone: getrusage(2) also counts what the process was forked from.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _in_a_process(work: Callable[..., Any], *given: object) -> Any:
    spawn = multiprocessing.get_context("spawn")
    results: Queue[Any] = spawn.Queue()
    process = spawn.Process(target=_told, args=(results, work, *given))
    process.start()
    try:
        return results.get(timeout=_PATIENCE_S)
    finally:
        process.join(timeout=5)
        process.kill()


def _told(results: "Queue[Any]", work: Callable[..., Any], *given: object) -> None:
    results.put(work(*given))
