"""Campaigns as supervisors set them: kept version by version, and followed by every process.

A process looks before it goes by its book (`follow_changes`); the look is one small statement of
the transaction that decides, so what is committed is what holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_settings import (
    CampaignSettings,
    difference,
    read_settings,
    settings_between,
)
from callback.campaigns import Campaign, Campaigns, OverdueCampaign
from callback.rules import Rule
from callback.setting_tables import CampaignChange
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from core.live import Topic, tell

_CHANGE = table_of(CampaignChange)

# One statement, one snapshot: the number of changes, and what holds after them, where it is news.
_NEWS = sa.text("""
    WITH counted AS (SELECT count(*) AS revision FROM campaign_change)
    SELECT DISTINCT ON (change.campaign) counted.revision, change.campaign, change.settings
    FROM campaign_change change
    CROSS JOIN counted
    WHERE counted.revision > :known
    ORDER BY change.campaign, change.version DESC
""")


class ChangedMeanwhileError(OwnerlineError):
    """Somebody else has changed the campaign since the form was shown."""


class NothingChangedError(OwnerlineError):
    """The form says what holds already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One change of a campaign: who made it, when and why, and what it changed."""

    version: int
    changed_at: datetime
    changed_by: str
    why: str
    changes: Mapping[str, tuple[Any, Any]]  # before and after, by figure
    is_default: bool  # nothing is set after it


async def follow_changes(session: AsyncSession, campaigns: Campaigns) -> None:
    """Bring the book up to what is committed.

    Not for a transaction that has itself changed a campaign: a rollback would leave the book wrong.
    """
    rows = (await session.execute(_NEWS, {"known": campaigns.revision})).all()
    if rows:
        campaigns.follow(
            {row.campaign: read_settings(row.settings) for row in rows if row.settings},
            revision=rows[0].revision,
        )


async def change_campaign(
    session: AsyncSession,
    campaigns: Campaigns,
    wanted: Campaign,
    *,
    of_version: int,
    by: str,
    why: str,
    now: datetime,
) -> Version:
    """Set a campaign's figures as wanted; what waits takes over mode and priority at once.

    Args:
        session: its transaction; every dialer follows once it is committed.
        campaigns: the book, as it was before; it is left alone.
        wanted: the campaign as it shall be; what it may be is checked by the caller.
        of_version: the version the form was made of; 0 where none was set yet.
        by: who changes it.
        why: in their words.
        now: aware.

    Raises:
        CampaignsError: there is no such campaign.
        ChangedMeanwhileError: it has a newer version by now.
        NothingChangedError: it is so already.
    """
    name = wanted.name
    latest = await latest_version(session, name)
    if latest != of_version:
        raise await _changed_meanwhile(session, name)
    before = campaigns.get(name)
    changes = difference(before, wanted)
    if not changes:
        message = f"campaign {name} is so already; nothing was changed"
        raise NothingChangedError(message)
    settings = settings_between(campaigns.unset(name), wanted)
    written = await session.scalar(
        insert(_CHANGE)
        .values(
            campaign=name,
            version=latest + 1,
            settings=settings.as_kept(),
            changed_at=now,
            changed_by=by,
            why=why,
        )
        .on_conflict_do_nothing()
        .returning(_CHANGE.c.version)
    )
    if written is None:
        raise await _changed_meanwhile(session, name)
    await _take_over(session, before, wanted, now=now)
    await tell(session, Topic.SWITCHES, name)
    return Version(
        version=latest + 1,
        changed_at=now,
        changed_by=by,
        why=why,
        changes=changes,
        is_default=settings == CampaignSettings(),
    )


async def latest_version(session: AsyncSession, name: str) -> int:
    """Return the number of a campaign's latest version; 0: nothing was ever set over it."""
    found = await session.scalar(
        sa.select(sa.func.max(_CHANGE.c.version)).where(_CHANGE.c.campaign == name)
    )
    return int(found or 0)


async def history_of(
    session: AsyncSession, campaigns: Campaigns, name: str, *, most: int = 50
) -> list[Version]:
    """Return the latest changes of a campaign, the newest first."""
    rows = (
        await session.execute(
            sa.select(_CHANGE)
            .where(_CHANGE.c.campaign == name)
            .order_by(_CHANGE.c.version.desc())
            .limit(most + 1)
        )
    ).all()
    own = campaigns.unset(name)
    return [_version(own, row, rows[place + 1 :]) for place, row in enumerate(rows[:most])]


def _version(own: Campaign, row: AnyRow, earlier: Sequence[AnyRow]) -> Version:
    before = read_settings(earlier[0].settings).over(own) if earlier else own
    return Version(
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        why=row.why,
        changes=difference(before, read_settings(row.settings).over(own)),
        is_default=not row.settings,
    )


async def _changed_meanwhile(session: AsyncSession, name: str) -> ChangedMeanwhileError:
    found = await session.execute(
        sa.select(_CHANGE.c.changed_by, _CHANGE.c.changed_at)
        .where(_CHANGE.c.campaign == name)
        .order_by(_CHANGE.c.version.desc())
        .limit(1)
    )
    row = found.one_or_none()
    who = "" if row is None else f" by {row.changed_by} at {row.changed_at:%Y-%m-%d %H:%M} UTC"
    return ChangedMeanwhileError(f"campaign {name} was changed{who}; look at it again first")


# Whoever was promised a call by a certain agent, or by agents, keeps that.
_MODE = sa.text("""
    UPDATE due_call dc SET mode = :mode
    WHERE dc.campaign = :campaign AND dc.state = 'waiting' AND dc.mode <> :mode
      AND dc.agent_id IS NULL
      AND NOT EXISTS (
          SELECT FROM callback_request cr
          WHERE dc.reason = 'promised' AND cr.mode IS NOT NULL
            AND dc.subject = 'callback_request:' || cr.callback_request_id
      )
      AND (CAST(:steps AS text[]) IS NULL OR dc.facts->>'step' = ANY (CAST(:steps AS text[])))
""")
_PRIORITY = sa.text("""
    UPDATE due_call dc SET priority = :priority
    WHERE dc.campaign = :campaign AND dc.state = 'waiting' AND dc.priority <> :priority
      AND (CAST(:step AS text) IS NULL OR dc.facts->>'step' = :step)
""")
# Whom the hours, or what a mode allows, held back is looked at again: it may be lifted now.
_LOOK_AGAIN = sa.text("""
    UPDATE due_call dc SET next_at = greatest(dc.not_before, CAST(:now AS timestamptz))
    FROM due_call waiting
    CROSS JOIN LATERAL (
        SELECT v.decision, v.rule, v.until
        FROM verdict v
        WHERE v.due_call_id = waiting.due_call_id
        ORDER BY v.verdict_id DESC
        LIMIT 1
    ) AS last
    WHERE dc.due_call_id = waiting.due_call_id
      AND waiting.campaign = :campaign AND waiting.state = 'waiting' AND waiting.next_at > :now
      AND (last.until = waiting.next_at OR last.decision = 'deny')
      AND (CAST(:rules AS text[]) IS NULL OR last.rule = ANY (CAST(:rules AS text[])))
""")
_OF_HOURS = [
    rule.value
    for rule in (
        Rule.CAMPAIGN_HOURS,
        Rule.HOUSE_HOURS,
        Rule.LAW_HOURS,
        Rule.REST_HOURS,
        Rule.HOLIDAY,
        Rule.NO_LAWFUL_HOUR,
    )
]


async def _take_over(
    session: AsyncSession, before: Campaign, after: Campaign, *, now: datetime
) -> None:
    """Give the calls that wait the mode, the priority and the hours of their campaign.

    A call that is under way goes on, and is tried again, as it was begun.
    """
    campaign = {"campaign": after.name}
    if after.mode is not before.mode:
        steps = None
        if isinstance(after, OverdueCampaign):  # a step with a mode of its own keeps it
            steps = [str(rung.step) for rung in after.ladder if rung.mode is None]
        await session.execute(_MODE, campaign | {"mode": after.mode.value, "steps": steps})
    for step, priority in _priorities(after).items():
        if _priorities(before).get(step) != priority:
            await session.execute(_PRIORITY, campaign | {"priority": priority, "step": step})
    if after.mode is not before.mode or after.hours != before.hours:
        rules = _OF_HOURS if after.mode is before.mode else None
        await session.execute(_LOOK_AGAIN, campaign | {"now": now, "rules": rules})


def _priorities(campaign: Campaign) -> dict[str | None, int]:
    if isinstance(campaign, OverdueCampaign):
        return {str(rung.step): rung.priority for rung in campaign.ladder}
    priority: int = getattr(campaign, "priority", 0)
    return {None: priority}
