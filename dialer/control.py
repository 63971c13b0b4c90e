"""The switches of dialling: armed or not, stopped or not, which campaigns are paused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.setting_tables import CampaignChange
from core.live import Topic, tell
from dialer.tables import CampaignSwitch, Installation


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """How the installation stands at one instant."""

    installation_id: UUID
    armed: bool
    stopped: bool  # by somebody, or until a restored database is reconciled
    paused_campaigns: frozenset[str]
    reconciled: bool = True  # False: came out of a backup, the carrier was not asked since
    campaign_changes: int = 0  # how often supervisors have changed a campaign by now


async def ensure_installation(session: AsyncSession, installation_id: UUID) -> None:
    """Give the database its installation row unless it has one; a new one is disarmed."""
    await session.execute(
        insert(Installation).values(installation_id=installation_id).on_conflict_do_nothing()
    )


_SWITCHES = sa.select(
    Installation.installation_id,
    Installation.armed_at.is_not(None),
    Installation.stopped_at.is_not(None),
    sa.select(sa.func.array_agg(CampaignSwitch.campaign)).scalar_subquery(),
    sa.or_(Installation.restored_at.is_(None), Installation.reconciled_at.is_not(None)),
    sa.select(sa.func.count()).select_from(CampaignChange).scalar_subquery(),
)


async def switches(session: AsyncSession) -> Switches:
    """Read how the installation stands now."""
    row = (await session.execute(_SWITCHES)).one()
    return Switches(
        installation_id=row[0],
        armed=row[1],
        stopped=row[2] or not row[4],
        paused_campaigns=frozenset(row[3] or ()),
        reconciled=row[4],
        campaign_changes=row[5],
    )


async def arm(session: AsyncSession, *, by: str, now: datetime) -> bool:
    """Let this installation ring on a real bridge; False when it was armed already."""
    return await _switch(
        session,
        Installation.armed_at.is_(None),
        {"armed_at": now, "armed_by": by},
    )


async def disarm(session: AsyncSession) -> bool:
    """Let only test numbers ring on a real bridge; False when it was disarmed already."""
    return await _switch(
        session, Installation.armed_at.is_not(None), {"armed_at": None, "armed_by": None}
    )


async def stop(session: AsyncSession, *, by: str, now: datetime) -> bool:
    """Stop all dialling on every machine; False when it was stopped already."""
    return await _switch(
        session, Installation.stopped_at.is_(None), {"stopped_at": now, "stopped_by": by}
    )


async def resume(session: AsyncSession) -> bool:
    """Let dialling go on after a stop; False when it was not stopped."""
    return await _switch(
        session, Installation.stopped_at.is_not(None), {"stopped_at": None, "stopped_by": None}
    )


async def pause_campaign(session: AsyncSession, *, campaign: str, by: str, now: datetime) -> bool:
    """Place no more calls of a campaign; False when it was paused already."""
    result = await session.execute(
        insert(CampaignSwitch)
        .values(campaign=campaign, paused_at=now, paused_by=by)
        .on_conflict_do_nothing()
        .returning(CampaignSwitch.campaign)
    )
    return await _told(session, campaign, turned=result.first() is not None)


async def resume_campaign(session: AsyncSession, *, campaign: str) -> bool:
    """Let a paused campaign go on; False when it was not paused."""
    result = await session.execute(
        sa.delete(CampaignSwitch)
        .where(CampaignSwitch.campaign == campaign)
        .returning(CampaignSwitch.campaign)
    )
    return await _told(session, campaign, turned=result.first() is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    """Who paused a campaign, and when."""

    at: datetime
    by: str


async def paused_campaigns(session: AsyncSession) -> Mapping[str, Paused]:
    """Return the campaigns that are paused."""
    rows = await session.execute(
        sa.select(CampaignSwitch.campaign, CampaignSwitch.paused_at, CampaignSwitch.paused_by)
    )
    return {row.campaign: Paused(at=row.paused_at, by=row.paused_by) for row in rows}


async def _switch(
    session: AsyncSession, unless: sa.ColumnElement[bool], values: dict[str, object]
) -> bool:
    result = await session.execute(
        sa.update(Installation).where(unless).values(values).returning(Installation.singleton)
    )
    return await _told(session, "installation", turned=result.first() is not None)


async def _told(session: AsyncSession, key: str, *, turned: bool) -> bool:
    """Tell every dialer of a switch that was turned."""
    if turned:
        await tell(session, Topic.SWITCHES, key)
    return turned
