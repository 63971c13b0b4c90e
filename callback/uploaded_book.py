"""Brings the campaigns and scripts of started lists into a process's book when it meets them.

A started list never changes, so what was read once holds; a name that is known costs nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_changes import follow_changes
from callback.campaigns import Campaigns, UploadedCampaign
from callback.editions import know_editions, use_present_editions
from callback.uploaded_model import ListState, campaign_name, list_of_campaign
from callback.uploaded_tables import UploadedList
from core.columns import BIGINTS, AnyRow, table_of
from scripts.language import Script
from scripts.library import Library, validated

_LIST = table_of(UploadedList)
_STARTED = sa.select(_LIST).where(
    _LIST.c.list_id == sa.any_(sa.bindparam("list_ids", type_=BIGINTS)),
    _LIST.c.state != ListState.DRAFT,
)


async def learn_campaigns(
    session: AsyncSession, names: Iterable[str], campaigns: Campaigns
) -> None:
    """Put the named campaigns that the book does not know into it, if they are started lists'.

    What supervisors have set over any campaign since the last look is in it, too.
    """
    await follow_changes(session, campaigns)
    unknown = {name for name in names if not campaigns.knows(name)}
    for row in await _started(session, unknown):
        campaigns.add(campaign_of(row))


async def learn_scripts(
    session: AsyncSession,
    names: Iterable[str],
    library: Library,
    *,
    versions: Mapping[str, int] | None = None,
) -> None:
    """Let the library know the named scripts: started lists' own, and editions of the house's.

    For a talk that has begun, `versions` are those it began with; for one that begins, None.
    """
    wanted = set(names)
    if versions is None:
        await use_present_editions(session, wanted, library)
    else:
        await know_editions(session, versions, library)
    unknown = {name for name in wanted if name not in library.scripts}
    for row in await _started(session, unknown):
        if row.own_script is not None:
            library.add(own_script_of(row))


async def _started(session: AsyncSession, names: Iterable[str]) -> Sequence[AnyRow]:
    list_ids = [each for name in names if (each := list_of_campaign(name)) is not None]
    if not list_ids:
        return ()
    return (await session.execute(_STARTED, {"list_ids": sorted(list_ids)})).all()


def campaign_of(row: AnyRow) -> UploadedCampaign:
    """Return the campaign of a list."""
    raw = {
        **row.rules,
        "name": campaign_name(row.list_id),
        "reason": row.reason,
        "purpose": row.purpose,
        "mode": row.mode,
        "script": row.script,
    }
    return UploadedCampaign.model_validate_json(json.dumps(raw))


def own_script_of(row: AnyRow) -> Script:
    """Return the script a list brought along, called as the list's campaign is."""
    name = campaign_name(row.list_id)
    return validated(Script, {**row.own_script, "name": name}, name)
