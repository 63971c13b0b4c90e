"""The callback record: one row a call, to look through and to take away whole."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api.console.reports.model import Asked, Column, Shape
from callback.explain import show_cause
from callback.words import MODES, REASONS
from customers.model import CallMode, Reason
from customers.periods import within

NAME = "record"
SHOWN = 50
_FETCH = 2000
COLUMNS = (
    Column(word="at", shape=Shape.INSTANT),
    Column(word="community"),
    Column(word="unit"),
    Column(word="contact"),
    Column(word="phone"),
    Column(word="reason"),
    Column(word="campaign"),
    Column(word="mode"),
    Column(word="agent"),
    Column(word="result"),
    Column(word="code"),
    Column(word="talk_time", shape=Shape.SPAN),
)

_FROM = f"""
    FROM attempt a
    JOIN attempt_due_call first_served
        ON first_served.attempt_id = a.attempt_id AND first_served.position = 0
    JOIN due_call dc ON dc.due_call_id = first_served.due_call_id
    JOIN community c ON c.community_id = dc.community_id
    WHERE {within("a.started_at")}
"""
_COUNT = sa.text(f"SELECT count(*) {_FROM}")
_ROWS = """
    WITH calls AS (
        SELECT a.attempt_id, a.started_at, c.name AS community, c.time_zone, a.person_id, a.e164,
               dc.unit_id, a.campaign, a.mode, a.agent_id, a.telephony_result,
               CAST(extract(epoch FROM a.ended_at - coalesce(a.met_at, a.answered_at)) AS bigint)
                   AS talk_s
        {FROM}
        ORDER BY a.started_at {order}, a.attempt_id {order}
        {limit}
    )
    SELECT calls.*, person.name AS contact, unit.label AS unit, agent.name AS agent,
           served.reasons, served.codes
    FROM calls
    JOIN person USING (person_id)
    LEFT JOIN unit ON unit.unit_id = calls.unit_id
    LEFT JOIN agent ON agent.agent_id = calls.agent_id
    CROSS JOIN LATERAL (
        SELECT array_agg(dc.reason ORDER BY of.position) AS reasons,
               array_agg(of.wrap_up_code ORDER BY of.position)
                   FILTER (WHERE of.wrap_up_code IS NOT NULL) AS codes
        FROM attempt_due_call of JOIN due_call dc USING (due_call_id)
        WHERE of.attempt_id = calls.attempt_id
    ) AS served
    ORDER BY calls.started_at {order}, calls.attempt_id {order}
"""
_NEWEST = sa.text(_ROWS.replace("{FROM}", _FROM).format(order="DESC", limit="LIMIT :most"))
_ALL = sa.text(_ROWS.replace("{FROM}", _FROM).format(order="ASC", limit=""))


async def count(asked: Asked) -> int:
    """Return how many calls there were in the days, either way."""
    return await asked.page.work.session.scalar(_COUNT, asked.parameters()) or 0


async def newest(asked: Asked) -> list[Sequence[Any]]:
    """Return the last calls, newest first."""
    rows = await asked.page.work.session.execute(_NEWEST, {**asked.parameters(), "most": SHOWN})
    return [_row(asked, row) for row in rows]


async def every(asked: Asked) -> AsyncIterator[Sequence[Any]]:
    """Return every call, oldest first, as it comes from the database."""
    rows = await asked.page.work.session.stream(
        _ALL, asked.parameters(), execution_options={"yield_per": _FETCH}
    )
    async for row in rows:
        yield _row(asked, row)


def _row(asked: Asked, row: sa.Row[Any]) -> Sequence[Any]:
    language = asked.page.language
    at: datetime = row.started_at.astimezone(ZoneInfo(row.time_zone))
    comma = asked.say("agents.comma")
    result = row.telephony_result or "live"
    return (
        at,
        row.community,
        row.unit or "",
        row.contact,
        row.e164,
        comma.join(REASONS[Reason(each)][language] for each in row.reasons),
        row.campaign,
        MODES[CallMode(row.mode)][language],
        row.agent or "",
        asked.say(f"outcomes.{result}")
        if result in {"answered", "live"}
        else show_cause(result, language),
        comma.join(show_cause(each, language) for each in row.codes or ()),
        row.talk_s,
    )
