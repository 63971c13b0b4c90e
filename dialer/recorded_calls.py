"""Recordings found by what their calls were: day, agent, campaign, outcome, owner, length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS, AnyRow

PAGE = 50

_FOUND = """
    SELECT r.recording_id, r.attempt_id, r.inbound_call_id, r.person_id, r.kind, r.name, r.state,
           r.consent, r.started_at, r.seconds, r.size_bytes, r.keep_until, r.deleted_at,
           r.missing_since, r.held_at, r.held_by, r.held_why, r.stored_at,
           p.name AS person, place.unit, place.community, place.time_zone,
           coalesce(a.agent_id, i.agent_id) AS agent_id, g.name AS agent, a.campaign,
           a.telephony_result, i.result AS inbound_result, a.direction, served.codes,
           served.reasons
    FROM recording r
    LEFT JOIN attempt a ON a.attempt_id = coalesce(r.attempt_id, r.inbound_call_id)
    LEFT JOIN inbound_call i ON i.call_id = r.inbound_call_id
    LEFT JOIN agent g ON g.agent_id = coalesce(a.agent_id, i.agent_id)
    LEFT JOIN person p ON p.person_id = r.person_id
    LEFT JOIN LATERAL (
        SELECT u.label AS unit, c.name AS community, c.time_zone
        FROM occupancy o JOIN unit u USING (unit_id) JOIN community c USING (community_id)
        WHERE o.person_id = r.person_id
        ORDER BY o.valid_until IS NOT NULL, o.valid_from DESC NULLS LAST, o.occupancy_id LIMIT 1
    ) place ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT s.wrap_up_code) FILTER (WHERE s.wrap_up_code IS NOT NULL)
                   AS codes,
               array_agg(DISTINCT d.reason) AS reasons
        FROM attempt_due_call s JOIN due_call d USING (due_call_id)
        WHERE s.attempt_id = a.attempt_id) served ON true
    WHERE {conditions}
    ORDER BY r.started_at DESC, r.recording_id DESC LIMIT :limit
"""
_CONDITIONS = {
    "recording_id": "r.recording_id = :recording_id",
    "since": "r.started_at >= :since",
    "until": "r.started_at < :until",
    "agent_id": "coalesce(a.agent_id, i.agent_id) = :agent_id",
    "campaign": "a.campaign = :campaign",
    "outcome": "(:outcome = ANY(served.codes) OR a.telephony_result = :outcome)",
    "person_ids": "r.person_id = ANY(:person_ids)",
    "at_least_s": "r.seconds >= :at_least_s",
    "at_most_s": "r.seconds <= :at_most_s",
    "state": "r.state = :state",
    "before_at": "(r.started_at, r.recording_id) < (:before_at, CAST(:before_id AS uuid))",
    # An agent hears the attempts that were theirs.
    "own_of": "r.attempt_id IN (SELECT attempt_id FROM attempt WHERE agent_id = :own_of)",
}
_HELD = "r.held_at IS NOT NULL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is looked for; None looks for anything. Days are half-open, lengths in seconds.

    `own_of` narrows to the attempts of one agent; `before` is the last row of the page before.
    """

    recording_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    agent_id: int | None = None
    campaign: str | None = None
    outcome: str | None = None
    person_ids: Sequence[int] | None = None
    at_least_s: float | None = None
    at_most_s: float | None = None
    state: str | None = None
    held: bool = False
    own_of: int | None = None
    before: tuple[datetime, UUID] | None = None


async def find_recordings(
    session: AsyncSession, wanted: Wanted, *, limit: int = PAGE
) -> Sequence[AnyRow]:
    """Return recordings with their calls, the latest first."""
    facts: dict[str, Any] = {
        name: value for name in _CONDITIONS if (value := getattr(wanted, name, None)) is not None
    }
    if wanted.before is not None:
        facts |= {"before_at": wanted.before[0], "before_id": wanted.before[1]}
    conditions = [_CONDITIONS[name] for name in facts if name in _CONDITIONS]
    if wanted.held:
        conditions.append(_HELD)
    statement = sa.text(_FOUND.format(conditions=" AND ".join(conditions) or "true"))
    if "person_ids" in facts:
        statement = statement.bindparams(sa.bindparam("person_ids", type_=BIGINTS))
    return (await session.execute(statement, facts | {"limit": limit})).all()
