"""Records of another system into the customer file, by the rules of a workbook's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.headers import Header, SheetKind, read_header
from customers.importing import staging
from customers.importing.model import Defaults
from customers.importing.rows import read_row
from customers.importing.run import known_places, merge, one_at_a_time
from customers.parsing.problems import Problem
from customers.parsing.text import Cell
from customers.reading import Row

_SHEET = "records"
_NEVER_SEEN = ""  # no file has this hash: records are never an old file given once more
_KEY = {
    SheetKind.CONTACTS: "person_id",
    SheetKind.CHARGES: "charge_id",
    SheetKind.WORK_ORDERS: "work_order_id",
    SheetKind.PAYMENTS: "charge_id",
}


class RecordState(StrEnum):
    """What became of a record."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordProblem:
    """A field that made its record rejected, or was left out of one that was kept."""

    field: str
    problem: Problem
    rejected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordResult:
    """What became of one record; `key` is the id of its person, charge or work order."""

    state: RecordState
    key: int | None
    problems: tuple[RecordProblem, ...]


async def import_records(
    session: AsyncSession,
    kind: SheetKind,
    records: Sequence[Mapping[str, Cell]],
    *,
    source: str,
    defaults: Defaults,
    now: datetime,
) -> list[RecordResult]:
    """Import records, keyed by a workbook's English column names; returns one result each.

    The first record of a key wins and its repeats are unchanged, as within a file.
    """
    await one_at_a_time(session)
    places = await known_places(session, defaults)
    await staging.create(session)
    header = _header(kind, records)
    findings: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for seq, record in enumerate(records, start=1):
        cells = tuple(record.get(title) for title in header.titles)
        row, reader = read_row(header, Row(_SHEET, seq, cells), places)
        place = {"seq": seq, "sheet": _SHEET, "row_number": seq}
        findings += [
            {
                "kind": kind,
                **place,
                "field": found.field,
                "value": found.value,
                "problem": found.problem,
                "rejected": found.rejected,
            }
            for found in reader.findings
        ]
        if not reader.rejected:
            rows.append(place | row)
    await staging.copy_rows(session, staging.TABLE_OF[kind], rows)
    await staging.copy_rows(session, "stage_finding", findings)
    await merge(session, [kind], defaults=defaults, file=source, sha256=_NEVER_SEEN, now=now)
    results = await _results(session, kind, len(records))
    await staging.drop(session)
    return results


def _header(kind: SheetKind, records: Sequence[Mapping[str, Cell]]) -> Header:
    titles = dict.fromkeys(title for record in records for title in record)
    header = read_header(0, titles)
    if header is None or header.kind is not kind:
        message = f"the fields {', '.join(titles)} are none of {kind.value}"
        raise ValueError(message)
    return header


async def _results(session: AsyncSession, kind: SheetKind, count: int) -> list[RecordResult]:
    stage = sa.table(
        staging.TABLE_OF[kind],
        *(sa.column(name) for name in ("seq", "changed", "rejected", _KEY[kind])),
    )
    staged = {row.seq: row for row in await session.execute(sa.select(stage))}
    finding = sa.table(
        "stage_finding", *(sa.column(name) for name in ("seq", "field", "problem", "rejected"))
    )
    problems: dict[int, list[RecordProblem]] = {}
    for row in await session.execute(sa.select(finding).order_by(finding.c.seq, finding.c.field)):
        problems.setdefault(row.seq, []).append(
            RecordProblem(field=row.field, problem=Problem(row.problem), rejected=row.rejected)
        )
    return [
        RecordResult(
            state=_state(staged.get(seq)),
            key=None if seq not in staged else getattr(staged[seq], _KEY[kind]),
            problems=tuple(problems.get(seq, ())),
        )
        for seq in range(1, count + 1)
    ]


def _state(row: Any) -> RecordState:
    if row is None or row.rejected:
        return RecordState.REJECTED
    return RecordState.ACCEPTED if row.changed else RecordState.UNCHANGED
