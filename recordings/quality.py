"""Score sheets: saved as they are filled in, finished once, corrected with a trace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from recordings.quality_model import Level, Sheet
from recordings.quality_tables import QualityCorrection, QualityItem, QualityScore

_ITEM, _SCORE = table_of(QualityItem), table_of(QualityScore)
_CORRECTION = table_of(QualityCorrection)


class UnknownItemError(OwnerlineError):
    """There is no drawn call of that id."""


class StaleSheetError(OwnerlineError):
    """Somebody else has saved this sheet since it was shown."""


class FinishedAlreadyError(OwnerlineError):
    """The sheet is finished; it can be corrected, with a reason."""


class NotFinishedError(OwnerlineError):
    """The sheet is not finished: there is nothing to correct yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A sheet as somebody fills it in; `revision` is of the one that was shown, 0 of none.

    `editor` is the page it is filled in on: what it saves one after another is never stale to it,
    although its last save may still be on its way when it is sent.
    """

    answers: Mapping[str, Level]
    comment: str
    revision: int
    by: str
    editor: str


async def save(
    session: AsyncSession, item_id: int, filled: Filled, *, sheet: Sheet, now: datetime
) -> int:
    """Keep what is filled in so far; returns the sheet's new revision.

    Raises:
        UnknownItemError: no such drawn call.
        FinishedAlreadyError: it is finished.
        StaleSheetError: another revision is on file.
    """
    row = await _held(session, item_id)
    if row is not None and row.finished_at is not None:
        message = f"the sheet was finished by {row.finished_by}; correct it, with a reason"
        raise FinishedAlreadyError(message)
    return await _write(session, item_id, row, filled, sheet=sheet, now=now)


async def finish(
    session: AsyncSession, item_id: int, filled: Filled, *, sheet: Sheet, now: datetime
) -> float:
    """Finish a sheet whose every criterion is answered; returns its total.

    Raises:
        SheetError: a criterion has no answer.
        UnknownItemError, FinishedAlreadyError, StaleSheetError: as for saving.
    """
    total = sheet.total(filled.answers)
    await save(session, item_id, filled, sheet=sheet, now=now)
    await session.execute(
        sa.update(_SCORE)
        .where(_SCORE.c.item_id == item_id)
        .values(finished_at=now, finished_by=filled.by, total=total)
    )
    return total


async def correct(
    session: AsyncSession,
    item_id: int,
    filled: Filled,
    *,
    why: str,
    sheet: Sheet,
    now: datetime,
) -> float:
    """Change a finished sheet and keep what it said before; returns its new total.

    Raises:
        SheetError: a criterion has no answer.
        NotFinishedError: it was never finished.
        UnknownItemError, StaleSheetError: as for saving.
    """
    total = sheet.total(filled.answers)
    row = await _held(session, item_id)
    if row is None or row.finished_at is None:
        message = "this sheet is not finished; finish it first"
        raise NotFinishedError(message)
    await session.execute(
        sa.insert(_CORRECTION).values(
            item_id=item_id,
            at=now,
            by=filled.by,
            why=why,
            sheet=row.sheet,
            answers=row.answers,
            comment=row.comment,
            total=row.total,
        )
    )
    await _write(session, item_id, row, filled, sheet=sheet, now=now)
    await session.execute(sa.update(_SCORE).where(_SCORE.c.item_id == item_id).values(total=total))
    return total


async def _held(session: AsyncSession, item_id: int) -> AnyRow | None:
    """Return a drawn call's sheet, held by its item's row, which is always there."""
    known = await session.scalar(
        sa.select(_ITEM.c.item_id).where(_ITEM.c.item_id == item_id).with_for_update()
    )
    if known is None:
        message = f"there is no drawn call {item_id}"
        raise UnknownItemError(message)
    return (
        await session.execute(sa.select(_SCORE).where(_SCORE.c.item_id == item_id))
    ).one_or_none()


async def _write(
    session: AsyncSession,
    item_id: int,
    row: AnyRow | None,
    filled: Filled,
    *,
    sheet: Sheet,
    now: datetime,
) -> int:
    known = 0 if row is None else row.revision
    is_own = row is not None and row.editor == filled.editor
    if filled.revision != known and not is_own:
        by = "" if row is None else f" by {row.saved_by}"
        message = f"this sheet was saved since you opened it{by}; open it again"
        raise StaleSheetError(message)
    values = {
        "sheet": sheet.version,
        "answers": {key: level.value for key, level in filled.answers.items()},
        "comment": filled.comment,
        "revision": known + 1,
        "saved_at": now,
        "saved_by": filled.by,
        "editor": filled.editor,
    }
    await session.execute(
        insert(_SCORE)
        .values(item_id=item_id, **values)
        .on_conflict_do_update(index_elements=["item_id"], set_=values)
    )
    return known + 1
