"""Column types shared by every room's tables."""

from enum import StrEnum
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

BIGINTS = ARRAY(sa.BigInteger)  # of a parameter that holds many ids

# A row whose columns its reader knows by name.
AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]


def table_of(model: type[object]) -> sa.Table:
    """Return a model's table, for statements that need no mapped objects."""
    table = sa.inspect(model).local_table
    if not isinstance(table, sa.Table):
        message = f"{model.__name__} is mapped to no table of its own"
        raise TypeError(message)
    return table


def one_of(words: type[StrEnum], name: str | None = None) -> sa.Enum:
    """Return a text column type that holds one of the enum's values, checked by the database.

    `name` is of the check, where a table has two columns of the same words.
    """
    return sa.Enum(
        words,
        name=name or words.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )
