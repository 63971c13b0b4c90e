"""How each campaign stands now: what waits, what became of today, and what holds it back.

Counted in three statements however many campaigns there are; of a campaign with very many due
calls what holds them back is told by the first of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.rules import Rule
from dialer.retry import NO_CONVERSATION_CODES

JUDGED_OF_EACH = 500  # due calls whose last verdict is read

NOT_YET_JUDGED = "not_yet_judged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A rule that holds due calls of a campaign back; `until` None: not by itself."""

    rule: str
    due: int
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignStanding:
    """One campaign now; `reached` are due calls of which people spoke today."""

    waiting: int = 0
    due: int = 0  # of those waiting: whose time has come
    late: int = 0  # of those waiting: past their deadline
    live: int = 0
    tried: int = 0
    reached: int = 0
    next_at: datetime | None = None  # when the next one may be tried, where none is due
    held: tuple[Held, ...] = field(default=())  # the most first


_WAITING = sa.text("""
    SELECT campaign,
           count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'waiting' AND not_before <= :now) AS due,
           count(*) FILTER (WHERE state = 'waiting' AND due_by < :now) AS late,
           count(*) FILTER (WHERE state = 'claimed') AS live,
           min(next_at) FILTER (WHERE state = 'waiting' AND next_at > :now) AS next_at
    FROM due_call
    WHERE settled_at IS NULL
    GROUP BY campaign
""")

# Attempts' ids are made of their time, so that the day's are found by their key. An attempt is of
# the campaign of the first due call it serves; only the others are looked up.
_TODAY = sa.text("""
    WITH today AS MATERIALIZED (
        SELECT attempt_id, campaign FROM attempt
        WHERE attempt_id >= :first_id AND direction = 'outbound'
    ), served AS (
        SELECT today.attempt_id, adc.due_call_id,
               CASE WHEN adc.position = 0 THEN today.campaign
                    ELSE (SELECT dc.campaign FROM due_call dc
                          WHERE dc.due_call_id = adc.due_call_id) END AS campaign,
               adc.wrap_up_code IS NOT NULL AND adc.wrap_up_code <> ALL (:unspoken) AS spoken
        FROM today
        JOIN attempt_due_call adc USING (attempt_id)
        WHERE adc.attempt_id >= :first_id
    )
    SELECT campaign, count(DISTINCT attempt_id) AS tried,
           count(DISTINCT due_call_id) FILTER (WHERE spoken) AS reached
    FROM served
    GROUP BY campaign
""")

_HELD = sa.text("""
    SELECT due.campaign, due.rule, count(*) AS due, min(due.next_at) AS until
    FROM unnest(CAST(:campaigns AS text[])) AS each(campaign)
    CROSS JOIN LATERAL (
        SELECT waiting.campaign, waiting.next_at,
               CASE
                   WHEN last.rule IS NULL OR last.rule = ANY (:allowed) THEN
                       CASE
                           WHEN waiting.attempts > 0 THEN CAST(:retry AS text)
                           WHEN waiting.mode = 'agent' THEN CAST(:no_agent AS text)
                           ELSE CAST(:not_yet AS text)
                       END
                   ELSE last.rule
               END AS rule
        FROM (
            SELECT due_call_id, campaign, mode, attempts, next_at
            FROM due_call
            WHERE settled_at IS NULL AND state = 'waiting' AND campaign = each.campaign
              AND not_before <= :now
            LIMIT :most
        ) AS waiting
        LEFT JOIN LATERAL (
            SELECT v.rule FROM verdict v
            WHERE v.due_call_id = waiting.due_call_id
            ORDER BY v.verdict_id DESC LIMIT 1
        ) AS last ON true
    ) AS due
    GROUP BY due.campaign, due.rule
    ORDER BY due.campaign, count(*) DESC, due.rule
""")


async def campaign_standings(
    session: AsyncSession, *, now: datetime, since: datetime
) -> Mapping[str, CampaignStanding]:
    """Return how the campaigns stand that have open calls or were tried since an instant."""
    waiting = {row.campaign: row for row in await session.execute(_WAITING, {"now": now})}
    today = {
        row.campaign: row
        for row in await session.execute(
            _TODAY,
            {
                "first_id": _first_id(since),
                "unspoken": [code.value for code in NO_CONVERSATION_CODES],
            },
        )
    }
    held: dict[str, list[Held]] = {}
    rows = await session.execute(
        _HELD,
        {
            "now": now,
            "most": JUDGED_OF_EACH,
            "campaigns": sorted(waiting),
            "allowed": [Rule.ALLOWED.value, Rule.APPOINTMENT.value],
            "retry": Rule.RETRY_INTERVAL.value,
            "no_agent": Rule.NO_AGENT.value,
            "not_yet": NOT_YET_JUDGED,
        },
    )
    for row in rows:
        until = row.until if row.until > now else None
        held.setdefault(row.campaign, []).append(Held(rule=row.rule, due=row.due, until=until))
    return {
        name: CampaignStanding(
            waiting=waiting[name].waiting if name in waiting else 0,
            due=waiting[name].due if name in waiting else 0,
            late=waiting[name].late if name in waiting else 0,
            live=waiting[name].live if name in waiting else 0,
            next_at=waiting[name].next_at if name in waiting else None,
            tried=today[name].tried if name in today else 0,
            reached=today[name].reached if name in today else 0,
            held=tuple(held.get(name, ())),
        )
        for name in {*waiting, *today}
    }


def _first_id(at: datetime) -> UUID:
    """Return the least id an attempt of this instant can have (RFC 9562, section 5.7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
