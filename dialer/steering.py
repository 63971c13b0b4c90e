"""Steering a campaign while it runs: its settings changed within their bounds, by a supervisor."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_bounds import Bounds, bounds_under, check_bounds
from callback.campaign_changes import Version, change_campaign
from callback.campaigns import Campaign, Campaigns
from callback.pack_model import Pack
from callback.packs import Packs
from customers.model import Purpose
from dialer.ready import forget_ready, hold_refills

_PACKS_IN_USE = sa.text("""
    SELECT DISTINCT pack.name FROM community CROSS JOIN unnest(packs) AS pack(name) ORDER BY 1
""")


async def bounds_of(session: AsyncSession, packs: Packs, purpose: Purpose) -> Bounds:
    """Return within what a campaign of this purpose may be set, by the packs of all communities."""
    return bounds_under(await packs_in_use(session, packs), purpose)


async def packs_in_use(session: AsyncSession, packs: Packs) -> list[Pack]:
    """Return the packs of all communities; one that nobody knows rings nobody and is left out."""
    names = (await session.execute(_PACKS_IN_USE)).scalars()
    return [packs.named(name) for name in names if name in packs.names]


async def steer_campaign(
    session: AsyncSession,
    campaigns: Campaigns,
    wanted: Campaign,
    *,
    packs: Packs,
    of_version: int,
    by: str,
    why: str,
    now: datetime,
) -> Version:
    """Set a campaign's figures; the next claim of every dialer goes by them.

    Args:
        session: its transaction; nothing holds before it is committed.
        campaigns: the book as it stands.
        wanted: the campaign as it shall be.
        packs: the rules whose bounds are kept.
        of_version: the version that was looked at; 0: nothing was set over it yet.
        by: who changes it.
        why: in their words.
        now: aware.

    Raises:
        CampaignBoundError: law or packs do not allow it.
        CampaignsError: there is no such campaign.
        ChangedMeanwhileError: somebody was faster.
        NothingChangedError: it is so already.
    """
    if wanted != campaigns.unset(wanted.name):  # the way back to its own figures is always open
        bounds = await bounds_of(session, packs, wanted.purpose)
        check_bounds(wanted, bounds, before=campaigns.get(wanted.name))
    await hold_refills(session)
    version = await change_campaign(
        session, campaigns, wanted, of_version=of_version, by=by, why=why, now=now
    )
    await forget_ready(session, wanted.name)
    return version
