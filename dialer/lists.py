"""Uploaded lists as they stand: their rows and calls counted, paused and let go on."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded import load_list
from callback.uploaded_model import ListKind, ListState, UploadedListError, campaign_name
from callback.uploaded_tables import UploadedList
from core.columns import AnyRow, table_of
from core.live import Topic, tell
from customers.model import CallMode, Purpose
from customers.service import audit
from customers.tables import Community
from dialer import control

PAUSED = "paused"

_LIST, _COMMUNITY = table_of(UploadedList), table_of(Community)
_LISTS = (
    sa.select(*_LIST.c, _COMMUNITY.c.name.label("community"))
    .join(_COMMUNITY, _COMMUNITY.c.community_id == _LIST.c.community_id)
    .order_by(_LIST.c.list_id.desc())
)
_ROWS = sa.text("""
    SELECT list_id, refusal, match, count(*) AS number
    FROM uploaded_row
    WHERE CAST(:list_id AS bigint) IS NULL OR list_id = :list_id
    GROUP BY list_id, refusal, match
    ORDER BY list_id, refusal, match
""")
_CALLS = sa.text("""
    SELECT campaign, state, count(*) AS number
    FROM due_call
    WHERE reason IN ('uploaded', 'prospect')
      AND (CAST(:campaign AS text) IS NULL OR campaign = :campaign)
    GROUP BY campaign, state
    ORDER BY campaign, state
""")
_OUTCOMES = sa.text("""
    SELECT dc.campaign, COALESCE(adc.wrap_up_code, adc.telephony_result) AS word,
           count(*) AS number
    FROM due_call dc
    JOIN attempt_due_call adc USING (due_call_id)
    WHERE dc.reason IN ('uploaded', 'prospect') AND adc.settled_at IS NOT NULL
      AND (CAST(:campaign AS text) IS NULL OR dc.campaign = :campaign)
    GROUP BY 1, 2
    ORDER BY 1, 2
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListSummary:
    """A list and what has become of it.

    `state` is draft, started, paused or ended. `refused` counts rows by why they are never called,
    `matched` the others by how their person was found; `calls` counts due calls by state, and
    `outcomes` attempts by wrap-up code, or by telephony result where nobody spoke.
    """

    list_id: int
    name: str
    state: str
    kind: ListKind
    community: str
    purpose: Purpose
    mode: CallMode
    script: str
    own_script: bool
    file_name: str
    columns: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    rules: Mapping[str, Any]
    rows: int
    matched: Mapping[str, int]
    refused: Mapping[str, int]
    calls: Mapping[str, int]
    outcomes: Mapping[str, int]
    created_at: datetime
    created_by: str
    started_at: datetime | None
    started_by: str | None
    ended_at: datetime | None
    ended_by: str | None

    @property
    def campaign(self) -> str:
        """The name of its campaign."""
        return campaign_name(self.list_id)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "list_id": self.list_id,
            "name": self.name,
            "state": self.state,
            "kind": self.kind.value,
            "campaign": self.campaign,
            "community": self.community,
            "purpose": self.purpose.value,
            "mode": self.mode.value,
            "script": self.script,
            "own_script": self.own_script,
            "file": self.file_name,
            "columns": [dict(column) for column in self.columns],
            "notes": list(self.notes),
            "rules": dict(self.rules),
            "rows": self.rows,
            "matched": dict(self.matched),
            "refused": dict(self.refused),
            "calls": dict(self.calls),
            "outcomes": dict(self.outcomes),
            "created_at": self.created_at.isoformat(),
            "created_by": self.created_by,
            "started_at": None if self.started_at is None else self.started_at.isoformat(),
            "started_by": self.started_by,
            "ended_at": None if self.ended_at is None else self.ended_at.isoformat(),
            "ended_by": self.ended_by,
        }


async def list_summary(session: AsyncSession, *, list_id: int) -> ListSummary:
    """Return a list as it stands.

    Raises:
        UploadedListError: there is none of that id.
    """
    row = await load_list(session, list_id=list_id)
    return (await _summaries(session, [row], list_id))[0]


async def list_summaries(session: AsyncSession) -> list[ListSummary]:
    """Return every list as it stands, the newest first."""
    rows = (await session.execute(_LISTS)).all()
    return await _summaries(session, rows, None)


async def pause_list(session: AsyncSession, *, list_id: int, by: str, now: datetime) -> bool:
    """Place no more calls of a list until it is let go on; False when it was paused already.

    Raises:
        UploadedListError: it is not started, or has ended.
    """
    return await _turn(session, list_id, pause=True, by=by, now=now)


async def resume_list(session: AsyncSession, *, list_id: int, by: str, now: datetime) -> bool:
    """Let a paused list go on; False when it was not paused.

    Raises:
        UploadedListError: it is not started, or has ended.
    """
    return await _turn(session, list_id, pause=False, by=by, now=now)


async def _turn(
    session: AsyncSession, list_id: int, *, pause: bool, by: str, now: datetime
) -> bool:
    row = await load_list(session, list_id=list_id)
    if row.state is not ListState.STARTED:
        why = "is not started yet" if row.state is ListState.DRAFT else "has ended"
        message = f"list {row.name} {why}; only a started list is paused or let go on"
        raise UploadedListError(message)
    campaign = campaign_name(list_id)
    if pause:
        changed = await control.pause_campaign(session, campaign=campaign, by=by, now=now)
    else:
        changed = await control.resume_campaign(session, campaign=campaign)
    if changed:
        await tell(session, Topic.SWITCHES, campaign)
        action = "list_paused" if pause else "list_resumed"
        await audit(session, now=now, actor=by, action=action, subject=f"list:{list_id}")
    return changed


async def _summaries(
    session: AsyncSession, rows: "list[AnyRow] | Any", list_id: int | None
) -> list[ListSummary]:
    campaign = None if list_id is None else campaign_name(list_id)
    counted = (await session.execute(_ROWS, {"list_id": list_id})).all()
    calls = await _by_campaign(session, _CALLS, campaign)
    outcomes = await _by_campaign(session, _OUTCOMES, campaign)
    paused = (await control.switches(session)).paused_campaigns
    return [
        _summary(
            row,
            [each for each in counted if each.list_id == row.list_id],
            calls=calls[campaign_name(row.list_id)],
            outcomes=outcomes[campaign_name(row.list_id)],
            paused=campaign_name(row.list_id) in paused,
        )
        for row in rows
    ]


async def _by_campaign(
    session: AsyncSession, query: sa.TextClause, campaign: str | None
) -> defaultdict[str, dict[str, int]]:
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, word, number in await session.execute(query, {"campaign": campaign}):
        found[name][word] = number
    return found


def _summary(
    row: AnyRow,
    counted: list[AnyRow],
    *,
    calls: Mapping[str, int],
    outcomes: Mapping[str, int],
    paused: bool,
) -> ListSummary:
    matched: defaultdict[str, int] = defaultdict(int)
    refused: defaultdict[str, int] = defaultdict(int)
    for each in counted:
        if each.refusal is None:
            matched[each.match] += each.number
        else:
            refused[each.refusal] += each.number
    return ListSummary(
        list_id=row.list_id,
        name=row.name,
        state=PAUSED if paused and row.state is ListState.STARTED else row.state.value,
        kind=ListKind(row.reason.value),
        community=row.community,
        purpose=row.purpose,
        mode=row.mode,
        script=row.script,
        own_script=row.own_script is not None,
        file_name=row.file_name,
        columns=tuple(row.columns),
        notes=tuple(row.notes),
        rules=row.rules,
        rows=sum(each.number for each in counted),
        matched=dict(matched),
        refused=dict(refused),
        calls=calls,
        outcomes=outcomes,
        created_at=row.created_at,
        created_by=row.created_by,
        started_at=row.started_at,
        started_by=row.started_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
