"""What an import is told and what it tells: defaults, findings, results, progress."""

from collections.abc import Callable
from dataclasses import dataclass

from customers.headers import SheetKind
from customers.parsing.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What communities named by an import are made with; synthetic people are never really rung."""

    region: str = "CN"
    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    packs: tuple[str, ...] = ("CN",)
    synthetic: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A cell that made its row rejected, or was left out of a row that was kept."""

    file: str
    sheet: str
    row_number: int
    column: str
    value: str
    problem: Problem
    rejected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class KindResult:
    """What became of the rows of one kind in a file; rows = accepted + unchanged + rejected."""

    kind: SheetKind
    rows: int
    accepted: int
    unchanged: int
    rejected: int
    left_out: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileResult:
    """What became of one file; `notes` tell of sheets and columns that were not read."""

    file: str
    sha256: str
    kinds: tuple[KindResult, ...]
    notes: tuple[str, ...]
    community_ids: tuple[int, ...] = ()  # of rows that were made or changed


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an import is; `merging` once every row was read."""

    file: str
    rows: int
    merging: bool


OnProgress = Callable[[Progress], None]
OnFinding = Callable[[Finding], None]
