"""What owners wish of being called, on file: read by person or number, ended, taken by the list."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS, AnyRow
from core.errors import OwnerlineError
from core.live import Topic, tell_all
from customers.desk import UnknownSubjectError
from customers.parsing.phones import read_phones
from customers.parsing.text import Cell, as_text
from customers.people import lock_person
from customers.reading import Limits, open_sheets
from customers.tables import DoNotCall

MOST_LISTED = 100
_LARGEST_LIST = 50_000
_HEADER_WORDS = frozenset(
    {"phone", "e164", "number", "mobile", "telephone", "电话", "手机", "手机号", "号码", "联系电话"}
)
_FETCH = 2000


class NotStandingError(OwnerlineError):
    """An opt-out ends once; this one has ended."""


class WishListError(OwnerlineError):
    """A file of opt-outs has no column of numbers, or too many rows; nothing was taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A row of a file that names no usable number."""

    row_number: int
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of a file of opt-outs; rows = taken + standing + repeated + rejected."""

    rows: int
    taken: int
    standing: int  # opted out already, or twice in the file
    rejected: tuple[Rejected, ...]


_COLUMNS = """
    SELECT d.do_not_call_id, d.person_id, d.e164, d.reason, d.since, d.said_by, d.how,
           d.lifted_at, d.lifted_by, d.lifted_how, p.name AS person, place.unit, place.community
    FROM do_not_call d
    LEFT JOIN person p USING (person_id)
    LEFT JOIN LATERAL (
        SELECT u.label AS unit, c.name AS community
        FROM occupancy o JOIN unit u USING (unit_id) JOIN community c USING (community_id)
        WHERE o.person_id = d.person_id
        ORDER BY o.valid_until DESC NULLS FIRST, o.occupancy_id LIMIT 1
    ) AS place ON true
"""
_OPT_OUTS = sa.text(f"""
    {_COLUMNS}
    WHERE (CAST(:every AS boolean) OR d.person_id = ANY (:person_ids) OR d.e164 = ANY (:numbers))
      AND (CAST(:before AS bigint) IS NULL OR d.do_not_call_id < :before)
    ORDER BY d.do_not_call_id DESC
    LIMIT :most
""").bindparams(
    sa.bindparam("person_ids", type_=BIGINTS), sa.bindparam("numbers", type_=ARRAY(sa.Text))
)
_STANDING = f"{_COLUMNS} WHERE d.lifted_at IS NULL ORDER BY d.do_not_call_id"

_CONSENTS = sa.text("""
    SELECT c.*, NOT EXISTS (
        SELECT FROM consent later
        WHERE later.e164 = c.e164 AND later.purpose = c.purpose AND later.mode = c.mode
          AND later.consent_id > c.consent_id
    ) AS holds
    FROM consent c
    WHERE c.e164 = ANY (:numbers)
    ORDER BY c.consent_id DESC
    LIMIT :most
""").bindparams(sa.bindparam("numbers", type_=ARRAY(sa.Text)))

_NUMBERS_OF = sa.text("""
    SELECT person_id, e164, dead_at FROM phone WHERE person_id = ANY (:person_ids)
    ORDER BY person_id, position, phone_id
""").bindparams(sa.bindparam("person_ids", type_=BIGINTS))

_HOLD = sa.text("""
    SELECT person_id FROM person
    WHERE person_id IN (SELECT person_id FROM phone WHERE e164 = ANY (:numbers))
    ORDER BY person_id FOR UPDATE
""").bindparams(sa.bindparam("numbers", type_=ARRAY(sa.Text)))
_TAKE = sa.text("""
    INSERT INTO do_not_call (e164, since, said_by, how)
    SELECT given.e164, :now, :said_by, :how
    FROM unnest(:numbers) AS given(e164)
    WHERE NOT EXISTS (
        SELECT FROM do_not_call d
        WHERE d.e164 = given.e164 AND d.person_id IS NULL AND d.reason IS NULL
          AND d.lifted_at IS NULL
    )
    ORDER BY given.e164
    RETURNING do_not_call_id
""").bindparams(sa.bindparam("numbers", type_=ARRAY(sa.Text)))


async def opt_outs_of(
    session: AsyncSession,
    *,
    person_ids: Collection[int] = (),
    numbers: Collection[str] = (),
    every: bool = False,
    before: int | None = None,
    most: int = MOST_LISTED,
) -> Sequence[AnyRow]:
    """Return opt-outs of persons or numbers, or of everybody; lifted ones too, the latest first."""
    found = await session.execute(
        _OPT_OUTS,
        {
            "person_ids": sorted(person_ids),
            "numbers": sorted(numbers),
            "every": every,
            "before": before,
            "most": most,
        },
    )
    return found.all()


async def standing_opt_outs(session: AsyncSession) -> AsyncIterator[AnyRow]:
    """Return every opt-out that holds, the oldest first."""
    rows = await session.stream(sa.text(_STANDING), execution_options={"yield_per": _FETCH})
    async for row in rows:
        yield row


async def consents_of(
    session: AsyncSession, numbers: Collection[str], *, most: int = MOST_LISTED
) -> Sequence[AnyRow]:
    """Return what was said of calls to the numbers, the latest first; `holds` marks the last."""
    return (await session.execute(_CONSENTS, {"numbers": sorted(numbers), "most": most})).all()


async def numbers_of(session: AsyncSession, person_ids: Collection[int]) -> Sequence[AnyRow]:
    """Return the numbers of persons, each one's in their order."""
    return (await session.execute(_NUMBERS_OF, {"person_ids": sorted(person_ids)})).all()


async def lift_opt_out(
    session: AsyncSession, *, do_not_call_id: int, said_by: str, how: str, now: datetime
) -> int | None:
    """End an opt-out on the owner's own word; it stays on file. Returns the person's id, if any.

    Raises:
        UnknownSubjectError: there is none such.
        NotStandingError: it has ended already.
    """
    known = await session.get(DoNotCall, do_not_call_id)
    if known is None:
        raise UnknownSubjectError(what="opt-out", subject_id=do_not_call_id)
    whose = [] if known.person_id is None else [known.person_id]
    if known.person_id is not None:
        await lock_person(session, known.person_id)
    if known.e164 is not None:
        whose += (await session.execute(_HOLD, {"numbers": [known.e164]})).scalars()
    await session.refresh(known, with_for_update=True)
    if known.lifted_at is not None:
        message = (
            f"opt-out {do_not_call_id} was ended on the word of {known.lifted_by or 'somebody'}"
            f" at {known.lifted_at:%Y-%m-%d %H:%M} UTC already"
        )
        raise NotStandingError(message)
    known.lifted_at, known.lifted_by, known.lifted_how = now, said_by, how
    await session.flush()
    await tell_all(session, Topic.ACCOUNT, sorted(set(whose)))
    return known.person_id


async def import_opt_outs(
    session: AsyncSession, path: Path, *, region: str, said_by: str, how: str, now: datetime
) -> Imported:
    """Take the numbers of a CSV or workbook as opted out of every call; no row opts anybody in.

    The first row names a column of numbers (`phone`, `手机号` …), or the first column holds them.
    What cannot be read is rejected and told, and the rest is taken.

    Raises:
        UnreadableFileError: it is no table.
        WishListError: it holds no number at all, or too many rows.
    """
    given, rows, rejected, repeated = await asyncio.to_thread(_read, path, region)
    if not given:
        message = f"no row of {rows} holds a phone number; name its column phone or 手机号"
        raise WishListError(message)
    numbers = sorted(given)
    holders = (await session.execute(_HOLD, {"numbers": numbers})).scalars().all()
    taken = (
        await session.execute(
            _TAKE, {"numbers": numbers, "now": now, "said_by": said_by, "how": how}
        )
    ).all()
    await tell_all(session, Topic.ACCOUNT, sorted(holders))
    return Imported(
        rows=rows,
        taken=len(taken),
        standing=len(numbers) - len(taken) + repeated,
        rejected=tuple(rejected),
    )


def _read(path: Path, region: str) -> tuple[set[str], int, list[Rejected], int]:
    given: set[str] = set()
    rejected: list[Rejected] = []
    rows = repeated = 0
    with open_sheets(path, Limits(rows=_LARGEST_LIST, uncompressed_bytes=256 * 1024**2)) as sheets:
        for sheet in sheets:
            column: int | None = None
            for row in sheet.rows:
                if column is None:
                    column, is_header = _column(row.cells)
                    if is_header:
                        continue
                cell = row.cells[column] if column < len(row.cells) else None
                if not any(as_text(each) for each in row.cells):
                    continue
                rows += 1
                found = [phone.e164 for phone in read_phones(cell, region).phones]
                if not found:
                    rejected.append(Rejected(row_number=row.number, value=as_text(cell)[:80]))
                    continue
                repeated += not set(found) - given
                given.update(found)
    return given, rows, rejected, repeated


def _column(cells: Sequence[Cell]) -> tuple[int, bool]:
    """Return where the numbers stand, and whether this row says so."""
    titles = [as_text(each).strip().lower() for each in cells]
    for place, title in enumerate(titles):
        if title in _HEADER_WORDS:
            return place, True
    return 0, False
