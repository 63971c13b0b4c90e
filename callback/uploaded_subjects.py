"""Reading what calls of uploaded lists rest on: the list runs, and its row was not taken out."""

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from callback.subject_facts import Head, SubjectFacts
from callback.uploaded_model import ListState, row_of_subject, row_subject
from callback.uploaded_tables import UploadedList, UploadedRow
from core.columns import BIGINTS, AnyRow

_NAMED = sa.select(
    sa.func.unnest(
        sa.bindparam("list_ids", type_=BIGINTS),
        sa.bindparam("row_numbers", type_=ARRAY(sa.Integer)),
    )
    .table_valued("list_id", "row_number")
    .render_derived()
).subquery()
_ROWS = (
    sa.select(
        UploadedRow.list_id,
        UploadedRow.row_number,
        UploadedRow.variables,
        UploadedRow.withdrawn_at,
        UploadedList.state,
        UploadedList.rules["ends_on"].astext.label("ends_on"),
    )
    .join(UploadedList, UploadedList.list_id == UploadedRow.list_id)
    .where(
        sa.tuple_(UploadedRow.list_id, UploadedRow.row_number).in_(
            sa.select(_NAMED.c.list_id, _NAMED.c.row_number)
        )
    )
    .order_by(UploadedRow.list_id, UploadedRow.row_number)
)
_HELD = _ROWS.with_for_update(read=True, of=[UploadedList, UploadedRow])


async def read_uploaded(
    session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
) -> dict[int, SubjectFacts]:
    """Read rows of lists; those not on file are left out."""
    named = sorted({row_of_subject(head.subject) for head in heads.values() if head.subject})
    found = await session.execute(
        _HELD if lock else _ROWS,
        {
            "list_ids": [list_id for list_id, _ in named],
            "row_numbers": [row_number for _, row_number in named],
        },
    )
    rows = {row_subject(row.list_id, row.row_number): row for row in found}
    return {
        due_call_id: _facts(head, row)
        for due_call_id, head in heads.items()
        if (row := rows.get(head.subject)) is not None
    }


def _facts(head: Head, row: AnyRow) -> SubjectFacts:
    if row.state is ListState.ENDED:
        return head.gone("list_ended")
    if row.ends_on is not None and head.today > date.fromisoformat(row.ends_on):
        return head.gone("list_over")
    if row.withdrawn_at is not None:
        return head.gone("row_withdrawn")
    return head.holds(**row.variables)
