"""Brings the editions of scripts that are in use into a process's library.

An edition never changes, so what was read once holds; which one is in use is asked at the beginning
of each talk, and a talk goes on with the one it began with.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.script_tables import ScriptEdition
from core.columns import table_of
from scripts.language import Script
from scripts.library import Library, load_library, validated

_EDITION = table_of(ScriptEdition)
_IN_USE = sa.select(_EDITION.c.name, _EDITION.c.version).where(
    _EDITION.c.in_use, _EDITION.c.name == sa.any_(sa.bindparam("names", type_=sa.ARRAY(sa.Text)))
)
_WHOLE = sa.select(_EDITION.c.name, _EDITION.c.version, _EDITION.c.whole).where(
    sa.tuple_(_EDITION.c.name, _EDITION.c.version).in_(sa.bindparam("wanted", expanding=True))
)


async def use_present_editions(
    session: AsyncSession, names: Collection[str], library: Library
) -> None:
    """Let the library speak the named scripts as they are published by now."""
    shipped = load_library()
    ours = sorted({name for name in names if name in shipped.scripts})
    if not ours:
        return
    in_use: Mapping[str, int] = {
        row.name: row.version for row in await session.execute(_IN_USE, {"names": ours})
    }
    await know_editions(session, in_use, library)
    for name in ours:
        version = in_use.get(name)
        library.add(shipped.get(name) if version is None else library.editions[name, version])


async def know_editions(
    session: AsyncSession, versions: Mapping[str, int], library: Library
) -> None:
    """Read the editions that the library does not know; what it speaks stays as it is."""
    unknown = [each for each in versions.items() if each not in library.editions]
    if not unknown:
        return
    for row in await session.execute(_WHOLE, {"wanted": unknown}):
        library.editions[row.name, row.version] = edition_of(row.name, row.version, row.whole)


def edition_of(name: str, version: int, whole: Mapping[str, object]) -> Script:
    """Return a script as it was published."""
    return validated(Script, {**whole, "name": name, "version": version}, f"{name} {version}")
