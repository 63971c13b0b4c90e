"""Column types shared by every room's tables."""

from enum import StrEnum
from typing import Any, TypeAlias

import sqlalchemy as sa

# A row whose columns its reader knows by name.
AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]


def one_of(words: type[StrEnum]) -> sa.Enum:
    """Return a text column type that holds one of the enum's values, checked by the database."""
    return sa.Enum(
        words,
        name=words.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )
