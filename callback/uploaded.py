"""Uploaded lists: made a draft of a file, started, ended; use cases that never commit.

A draft may be uploaded again under its name, which replaces it. Once started, nothing of a list
changes but what becomes of its calls. Pausing is the campaign's switch (`dialer.lists`).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.uploaded_book import campaign_of, own_script_of
from callback.uploaded_matching import make_due_calls, match_rows
from callback.uploaded_model import (
    ListKind,
    ListState,
    UploadedListError,
    campaign_name,
    checked_name,
)
from callback.uploaded_reading import open_list
from callback.uploaded_rules import purpose_of, rules_of
from callback.uploaded_tables import UploadedList, UploadedRow
from callback.uploaded_variables import RowPlace, refuse_unfilled
from core.announcements import Kind, announce
from core.columns import AnyRow, table_of
from core.live import Topic, tell
from customers.importing.staging import copy_rows
from customers.model import CallMode, Purpose
from customers.parsing.text import as_text
from customers.reading import Limits
from customers.service import audit
from customers.tables import Community
from scripts.language import Script
from scripts.library import Library, validated, whole_script

_LIST, _ROW, _COMMUNITY = table_of(UploadedList), table_of(UploadedRow), table_of(Community)

_ONE_START_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtext('ownerline list start'))")
# Without statistics of what was just copied, the joins of a long list would be nested loops.
_ANALYZE = sa.text("ANALYZE uploaded_row")
_DUPLICATES = sa.text("""
    UPDATE uploaded_row r SET refusal = 'duplicate', refusal_detail = CAST(seen.first AS text)
    FROM (
        SELECT row_number, min(first) AS first
        FROM (
            SELECT r.row_number, min(r.row_number) OVER (PARTITION BY given.e164) AS first
            FROM uploaded_row r CROSS JOIN LATERAL unnest(r.phones) AS given (e164)
            WHERE r.list_id = :list_id AND r.refusal IS NULL
        ) AS firsts
        WHERE first < row_number
        GROUP BY row_number
    ) AS seen
    WHERE r.list_id = :list_id AND r.row_number = seen.row_number
""")
# A call that is being claimed at this very moment is left alone: its claim asks the reason again.
_WITHDRAW = sa.text("""
    UPDATE due_call SET state = 'withdrawn', settled_at = :now, settled_because = :because
    WHERE due_call_id IN (
        SELECT due_call_id FROM due_call
        WHERE campaign = :campaign AND state = 'waiting'
          AND (CAST(:subject AS text) IS NULL OR subject = :subject)
        FOR UPDATE SKIP LOCKED
    )
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewList:
    """What is said of a list beside its file.

    `own_script` is the YAML text of a script the list brings along; without it `script` names one
    of the library. `columns` map titles to fields or variables; `rules` replace the house's.
    """

    name: str
    community: str
    script: str
    own_script: str | None = None
    kind: ListKind = ListKind.UPLOADED
    purpose: Purpose | None = None
    mode: CallMode | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


async def create_draft(
    session: AsyncSession,
    *,
    path: Path,
    new: NewList,
    campaigns: Campaigns,
    library: Library,
    by: str,
    now: datetime,
    file_name: str | None = None,
    limits: Limits | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> int:
    """Read a file into a draft and return its list's id; a draft of that name is replaced.

    Args:
        session: its transaction holds the whole upload; the caller commits.
        path: the workbook or text file; it is read in batches.
        new: what the list is to be.
        campaigns: whose rules for lists hold where the list brings none.
        library: where its script is looked for.
        by: who uploads, for the list and the audit.
        now: business time, aware.
        file_name: how the file is called, where `path` is a copy.
        limits: the most the file may hold; None: what a machine of ours can read.
        on_rows: hears how many rows were read so far.

    Raises:
        UploadedListError: something that was said cannot be; the text says what, and the mend.
        UnreadableFileError: the file is no workbook and no text.
        ScriptError: its own script is none, or may not be spoken.
    """
    name = checked_name(new.name)
    community = await _community(session, new.community)
    script, own_script = await asyncio.to_thread(_script, new, library)
    today = now.astimezone(ZoneInfo(community.time_zone)).date()
    rules = rules_of(campaigns.uploaded, new.rules, mode=new.mode, today=today)
    await _make_room(session, name)
    place = RowPlace(region=community.region, currency=community.currency)
    async with open_list(
        path,
        mapping=new.columns,
        community=community.name,
        script=script,
        place=place,
        limits=limits,
    ) as read:
        variables = [each.variable for each in read.columns if each.variable is not None]
        refuse_unfilled(script, variables, [each.title for each in read.columns])
        list_id = await _add_list(
            session,
            {
                "name": name,
                "reason": new.kind.reason,
                "purpose": purpose_of(new.kind, script, new.purpose),
                "community_id": community.community_id,
                "script": script.name,
                "own_script": own_script,
                "rules": rules.model_dump(mode="json"),
                "mode": rules.mode,
                "file_name": file_name or path.name,
                "columns": [
                    {"title": each.title, "meaning": each.meaning, "guessed": each.guessed}
                    for each in read.columns
                ],
                "notes": list(read.notes),
                "created_at": now,
                "created_by": by,
            },
        )
        rows = 0
        while (batch := await asyncio.to_thread(next, read.rows, None)) is not None:
            await copy_rows(session, "uploaded_row", [{"list_id": list_id, **row} for row in batch])
            rows += len(batch)
            if on_rows is not None:
                on_rows(rows)
    if not rows:
        message = f"{path.name} has a header row and nothing under it; there is nobody to call"
        raise UploadedListError(message)
    await session.execute(_ANALYZE)
    await session.execute(_DUPLICATES, {"list_id": list_id})
    uploaded = await load_list(session, list_id=list_id)
    await match_rows(session, uploaded, now=now, needs_unit=needs_unit(script))
    await _note(session, "list_uploaded", list_id, by=by, now=now)
    return list_id


async def start(
    session: AsyncSession, *, list_id: int, library: Library, by: str, now: datetime
) -> int:
    """Make the due calls of a draft, of the customer file as it is now; return how many.

    Of a list that was started already none is made.

    Raises:
        UploadedListError: it has ended, or has no row that may be called.
    """
    await session.execute(_ONE_START_AT_A_TIME)
    uploaded = await load_list(session, list_id=list_id, lock=True)
    if uploaded.state is ListState.STARTED:
        return 0
    if uploaded.state is ListState.ENDED:
        message = f"list {uploaded.name} has ended; upload it anew under another name"
        raise UploadedListError(message)
    campaign = campaign_of(uploaded)
    today = now.astimezone(ZoneInfo(uploaded.time_zone)).date()
    if campaign.ends_on is not None and campaign.ends_on < today:
        message = f"list {uploaded.name} was to end on {campaign.ends_on}; upload it anew"
        raise UploadedListError(message)
    script = script_of(uploaded, library)
    await match_rows(session, uploaded, now=now, needs_unit=needs_unit(script))
    await session.execute(
        sa.update(_LIST)
        .where(_LIST.c.list_id == list_id)
        .values(state=ListState.STARTED, started_at=now, started_by=by)
    )
    made = await make_due_calls(session, uploaded, campaign, now=now)
    if not made:
        message = f"list {uploaded.name} has no row that may be called; its preview says why"
        raise UploadedListError(message)
    await _note(session, "list_started", list_id, by=by, now=now)
    await tell(session, Topic.SWITCHES, campaign.name)
    await tell(session, Topic.DUE_CALL, uploaded.community_id)
    return made


async def end(session: AsyncSession, *, list_id: int, by: str, now: datetime) -> int:
    """Place no more calls of a list, for good; return how many waiting calls were withdrawn.

    A draft is thrown away. What rings is cut, what is being spoken goes on to its end.
    """
    uploaded = await load_list(session, list_id=list_id, lock=True)
    if uploaded.state is ListState.ENDED:
        return 0
    await _note(session, "list_ended", list_id, by=by, now=now)
    if uploaded.state is ListState.DRAFT:
        await session.execute(sa.delete(_LIST).where(_LIST.c.list_id == list_id))
        return 0
    await session.execute(
        sa.update(_LIST)
        .where(_LIST.c.list_id == list_id)
        .values(state=ListState.ENDED, ended_at=now, ended_by=by)
    )
    withdrawn = await _withdraw(session, list_id, None, because="list_ended", now=now)
    await tell(session, Topic.SWITCHES, campaign_name(list_id))
    await tell(session, Topic.DUE_CALL, uploaded.community_id)
    await announce(session, Kind.LIST_ENDED, {"list_id": list_id}, now=now)
    return withdrawn


async def withdraw_row(
    session: AsyncSession, *, list_id: int, row_number: int, by: str, now: datetime
) -> bool:
    """Take one row of a list out; False when it was out already.

    Raises:
        UploadedListError: the list has no such row.
    """
    found = await session.execute(
        sa.select(_ROW.c.withdrawn_at)
        .where(_ROW.c.list_id == list_id, _ROW.c.row_number == row_number)
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None:
        message = f"list {list_id} has no row {row_number}"
        raise UploadedListError(message)
    if row.withdrawn_at is not None:
        return False
    await session.execute(
        sa.update(_ROW)
        .where(_ROW.c.list_id == list_id, _ROW.c.row_number == row_number)
        .values(withdrawn_at=now)
    )
    await _withdraw(session, list_id, row_number, because="row_withdrawn", now=now)
    await audit(
        session,
        now=now,
        actor=by,
        action="list_row_withdrawn",
        subject=f"list:{list_id}:{row_number}",
    )
    return True


async def load_list(session: AsyncSession, *, list_id: int, lock: bool = False) -> AnyRow:
    """Return a list with its community's name, zone, region and currency.

    Raises:
        UploadedListError: there is none.
    """
    return await _one(session, _LIST.c.list_id == list_id, f"list {list_id}", lock=lock)


async def list_named(session: AsyncSession, *, name: str) -> AnyRow:
    """Return the list of that name with its community.

    Raises:
        UploadedListError: there is none; names those there are.
    """
    return await _one(session, _LIST.c.name == as_text(name), f"list {name!r}", lock=False)


def script_of(uploaded: AnyRow, library: Library) -> Script:
    """Return the script a list is spoken by.

    Raises:
        UnknownScriptError: it has none of its own and the library has none of that name.
    """
    if uploaded.own_script is not None:
        return own_script_of(uploaded)
    return library.get(uploaded.script)


def needs_unit(script: Script) -> bool:
    """Say whether a script names the unit, so that who holds none cannot be called by it."""
    unit = script.variables.get("unit")
    return unit is not None and unit.default is None


async def _one(
    session: AsyncSession, which: sa.ColumnElement[bool], said: str, *, lock: bool
) -> AnyRow:
    query = (
        sa.select(
            *_LIST.c,
            _COMMUNITY.c.name.label("community"),
            _COMMUNITY.c.time_zone,
            _COMMUNITY.c.region,
            _COMMUNITY.c.currency,
        )
        .join(_COMMUNITY, _COMMUNITY.c.community_id == _LIST.c.community_id)
        .where(which)
    )
    if lock:
        query = query.with_for_update(of=_LIST)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        names = await session.scalars(
            sa.select(_LIST.c.name).order_by(_LIST.c.list_id.desc()).limit(10)
        )
        message = f"there is no {said}; the lists are {', '.join(names) or 'none yet'}"
        raise UploadedListError(message)
    return row


async def _add_list(session: AsyncSession, values: Mapping[str, Any]) -> int:
    added = await session.execute(sa.insert(_LIST).values(values).returning(_LIST.c.list_id))
    list_id: int = added.scalar_one()
    if values["own_script"] is not None:
        await session.execute(
            sa.update(_LIST).where(_LIST.c.list_id == list_id).values(script=campaign_name(list_id))
        )
    return list_id


async def _make_room(session: AsyncSession, name: str) -> None:
    """Throw away a draft of that name, and refuse the name of a list that was started."""
    found = await session.execute(
        sa.select(_LIST.c.list_id, _LIST.c.state).where(_LIST.c.name == name).with_for_update()
    )
    for row in found:
        if row.state is not ListState.DRAFT:
            message = f"a list {name!r} was {row.state} already; give this one another name"
            raise UploadedListError(message)
        await session.execute(sa.delete(_LIST).where(_LIST.c.list_id == row.list_id))


async def _community(session: AsyncSession, name: str) -> AnyRow:
    found = await session.execute(sa.select(_COMMUNITY).where(_COMMUNITY.c.name == as_text(name)))
    row = found.one_or_none()
    if row is None:
        known = await session.scalars(sa.select(_COMMUNITY.c.name).order_by(_COMMUNITY.c.name))
        message = (
            f"there is no community {name!r}; there are {', '.join(known) or 'none yet'};"
            f" `ownerline community {name}` makes it"
        )
        raise UploadedListError(message)
    return row


def _script(new: NewList, library: Library) -> tuple[Script, dict[str, Any] | None]:
    """Return the list's script, and what is stored of one it brings along."""
    if new.own_script is None:
        return library.get(new.script), None
    whole = whole_script(new.own_script, new.script)
    return validated(Script, whole, new.script), whole


async def _withdraw(
    session: AsyncSession, list_id: int, row_number: int | None, *, because: str, now: datetime
) -> int:
    subject = None if row_number is None else f"list:{list_id}:{row_number}"
    done = await session.execute(
        _WITHDRAW,
        {"campaign": campaign_name(list_id), "subject": subject, "because": because, "now": now},
    )
    return max(0, int(done.rowcount)) if isinstance(done, sa.CursorResult) else 0


async def _note(
    session: AsyncSession, action: str, list_id: int, *, by: str, now: datetime
) -> None:
    await audit(session, now=now, actor=by, action=action, subject=f"list:{list_id}")
