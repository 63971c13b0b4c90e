"""Rows out of the database for answers: one by its key, or none at all."""

from typing import Any

import sqlalchemy as sa

from api.problems import NotOnFileError
from api.work import Work
from core.columns import AnyRow


async def row_of(
    work: Work,
    query: sa.Select[*tuple[Any, ...]],
    key: sa.Column[Any],
    value: object,
    what: str,
) -> AnyRow:
    """Return the query's one row of that key.

    Raises:
        NotOnFileError: there is none.
    """
    row: AnyRow | None = (await work.session.execute(query.where(key == value))).one_or_none()
    if row is None:
        raise NotOnFileError(what=what, key=value)
    return row


def narrowed(
    query: sa.Select[*tuple[Any, ...]], **wanted: tuple[sa.Column[Any], object]
) -> sa.Select[*tuple[Any, ...]]:
    """Return the query narrowed by what was asked for; None asks for nothing."""
    for column, value in wanted.values():
        if value is not None:
            query = query.where(column == value)
    return query
