"""Reads a rehearsal's figures from the database."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.explain import explain_verdict
from callback.figures import MET, MISSED
from callback.model import Decision
from callback.rules import Layer, Rule, Verdict
from customers.model import Language, Reason
from dialer.idle import IdleReason
from ownerline.demo.agents_figures import read_agents
from ownerline.demo.figures import (
    Figures,
    FileChanges,
    HourLine,
    NotCalled,
    Promised,
    QuestionLine,
    ReasonLine,
)
from ownerline.demo.memory import peak_memory_mib
from ownerline.summary import summarize

_SHOWN_REASONS = (Reason.OVERDUE, Reason.REPAIR, Reason.SURVEY, Reason.PROMISED)

# What was settled before the demo began was taken over with the file and is no call of its; what
# an owner asked for on a later day is not due yet.
_REASONS = sa.text(f"""
    SELECT reason, count(*) AS due,
           count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'exhausted') AS exhausted,
           count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn,
           count(*) FILTER (WHERE state = 'expired') AS expired,
           count(*) FILTER (WHERE settled_at IS NULL) AS waiting,
           count(*) FILTER (WHERE {MET}) AS met,
           count(*) FILTER (WHERE {MISSED}) AS missed
    FROM due_call
    WHERE (settled_at IS NULL OR settled_at >= :since) AND not_before < :until
    GROUP BY reason
""")  # noqa: S608 - conditions of ours

_HOURS = sa.text("""
    SELECT CAST(extract(hour FROM started_at AT TIME ZONE :zone) AS int) AS hour,
           count(*) AS attempts,
           count(*) FILTER (WHERE telephony_result = 'answered') AS answered
    FROM attempt
    WHERE started_at >= :since
    GROUP BY hour
    ORDER BY hour
""")

# The last word on everything that still waits. What was allowed and rung waits for its retry.
_NOT_CALLED = sa.text("""
    WITH last AS (
        SELECT dc.due_call_id,
               CASE WHEN dc.mode = 'agent' AND dc.attempts = 0
                         AND coalesce(v.decision, 'allow') = 'allow' THEN :no_agent
                    WHEN v.verdict_id IS NULL THEN :not_before
                    WHEN v.decision = 'allow' THEN :retry_interval
                    ELSE v.rule END AS rule,
               v.verdict_id, v.decision
        FROM due_call dc
        LEFT JOIN LATERAL (
            SELECT verdict_id, decision, rule
            FROM verdict
            WHERE verdict.due_call_id = dc.due_call_id
            ORDER BY verdict_id DESC
            LIMIT 1
        ) AS v ON true
        WHERE dc.settled_at IS NULL AND dc.not_before < :until
    )
    SELECT last.rule, last.due_calls, v.decision, v.layer, v.pack, v.pack_version, v.until, v.facts,
           c.time_zone
    FROM (
        SELECT rule, count(*) AS due_calls,
               min(verdict_id) FILTER (WHERE decision <> 'allow') AS verdict_id
        FROM last
        GROUP BY rule
    ) AS last
    LEFT JOIN verdict v USING (verdict_id)
    LEFT JOIN due_call dc USING (due_call_id)
    LEFT JOIN community c USING (community_id)
    ORDER BY last.due_calls DESC, last.rule
""")

_CHANGES = sa.text("""
    SELECT (SELECT count(*) FROM promise WHERE state = 'kept' AND settled_at >= :since) AS kept,
           (SELECT count(*) FROM promise WHERE state = 'broken' AND settled_at >= :since) AS broken,
           (SELECT count(*) FROM payment WHERE received_at >= :since) AS payments,
           (SELECT count(*) FROM extension WHERE asked_at >= :since) AS extensions,
           (SELECT count(*) FROM charge WHERE disputed_at >= :since) AS disputes,
           (SELECT count(*) FROM rework_notice WHERE issued_at >= :since) AS rework_notices,
           (SELECT count(*) FROM callback_request WHERE asked_at >= :since) AS callbacks_asked,
           (SELECT count(*) FROM do_not_call WHERE since >= :since) AS opt_outs,
           (SELECT count(*) FROM phone WHERE dead_at >= :since) AS dead_phones
""")

_PROMISES = sa.text("""
    SELECT currency, count(*) AS promises, CAST(sum(amount_minor) AS bigint) AS amount_minor
    FROM promise
    WHERE made_at >= :since
    GROUP BY currency
    ORDER BY currency
""")

_TASKS = sa.text("""
    SELECT kind, count(*) FROM agent_task WHERE created_at >= :since GROUP BY kind ORDER BY kind
""")

_SURVEY = sa.text("""
    SELECT question, score, count(*)
    FROM survey_answer
    WHERE answered_at >= :since AND score IS NOT NULL
    GROUP BY question, score
    ORDER BY question, score
""")

# What is open, should have been looked at by now, and never was.
_UNEXPLAINED = sa.text("""
    SELECT count(*) FROM due_call dc
    WHERE settled_at IS NULL AND not_before <= :now
      AND NOT EXISTS (SELECT FROM verdict WHERE verdict.due_call_id = dc.due_call_id)
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """What was played, and when by the virtual clock."""

    seed: int
    first_day: date
    last_day: date
    zone: str
    started_at: datetime
    ended_at: datetime
    due_until: datetime  # what may be called from then on only is not due yet
    calls_in_ledger: int
    double_calls: int
    idle: IdleReason | None


async def read_figures(session: AsyncSession, rehearsed: Rehearsed, *, started_s: float) -> Figures:
    """Return everything the rehearsal came to; `started_s` is of the same counter as our own."""
    since = {"since": rehearsed.started_at}
    return Figures(
        seed=rehearsed.seed,
        owners=await _owners(session),
        first_day=rehearsed.first_day,
        last_day=rehearsed.last_day,
        zone=rehearsed.zone,
        started_at=rehearsed.started_at,
        ended_at=rehearsed.ended_at,
        communities=await _communities(session),
        dialing=await summarize(
            session, since=rehearsed.started_at, now=rehearsed.ended_at, idle=rehearsed.idle
        ),
        reasons=await _reasons(
            session, {**since, "now": rehearsed.ended_at, "until": rehearsed.due_until}
        ),
        hours=[
            HourLine(hour=row.hour, attempts=row.attempts, answered=row.answered)
            for row in await session.execute(_HOURS, {**since, "zone": rehearsed.zone})
        ],
        not_called=await _not_called(session, zone=rehearsed.zone, until=rehearsed.due_until),
        changes=await _changes(session, since),
        double_calls=rehearsed.double_calls,
        unexplained=await _unexplained(session, rehearsed.ended_at),
        calls_in_ledger=rehearsed.calls_in_ledger,
        agents=await read_agents(session, since=rehearsed.started_at),
        peak_memory_mib=peak_memory_mib(),
        wall_seconds=time.perf_counter() - started_s,
    )


async def _owners(session: AsyncSession) -> int:
    found = await session.execute(
        sa.text("SELECT count(DISTINCT person_id) FROM occupancy WHERE role = 'owner'")
    )
    return int(found.scalar_one())


async def _communities(session: AsyncSession) -> Sequence[str]:
    found = await session.execute(
        sa.text("""
            SELECT name FROM community
            WHERE EXISTS (SELECT FROM unit WHERE unit.community_id = community.community_id)
            ORDER BY community_id
        """)
    )
    return found.scalars().all()


async def _reasons(session: AsyncSession, parameters: Mapping[str, Any]) -> Sequence[ReasonLine]:
    rows = {row.reason: row for row in await session.execute(_REASONS, parameters)}
    none = dict.fromkeys(
        ("due", "done", "exhausted", "withdrawn", "expired", "waiting", "met", "missed"), 0
    )
    return [
        ReasonLine(
            reason=reason,
            **{name: getattr(rows[reason], name) for name in none} if reason in rows else none,
        )
        for reason in _SHOWN_REASONS
    ]


async def _not_called(session: AsyncSession, *, zone: str, until: datetime) -> Sequence[NotCalled]:
    parameters = {
        "not_before": Rule.NOT_BEFORE.value,
        "retry_interval": Rule.RETRY_INTERVAL.value,
        "no_agent": Rule.NO_AGENT.value,
        "until": until,
    }
    rows = await session.execute(_NOT_CALLED, parameters)
    return [
        NotCalled(rule=row.rule, due_calls=row.due_calls, example=_example(row, zone))
        for row in rows
    ]


def _example(row: sa.Row[Any], zone: str) -> str:
    """Return what the rule said of one of its due calls."""
    decided = row.decision is not None
    verdict = Verdict(
        decision=Decision(row.decision) if decided else Decision.DEFER,
        rule=Rule(row.rule),
        layer=Layer(row.layer) if decided else Layer.SYSTEM,
        pack=row.pack,
        pack_version=row.pack_version,
        until=row.until,
        facts=row.facts or {},
    )
    return explain_verdict(verdict, Language.ENGLISH, ZoneInfo(row.time_zone or zone))


async def _changes(session: AsyncSession, since: Mapping[str, Any]) -> FileChanges:
    counts = (await session.execute(_CHANGES, since)).one()
    tasks = await session.execute(_TASKS, since)
    return FileChanges(
        promises=[
            Promised(currency=row.currency, count=row.promises, amount_minor=row.amount_minor)
            for row in await session.execute(_PROMISES, since)
        ],
        promises_kept=counts.kept,
        promises_broken=counts.broken,
        payments=counts.payments,
        extensions=counts.extensions,
        disputes=counts.disputes,
        rework_notices=counts.rework_notices,
        callbacks_asked=counts.callbacks_asked,
        opt_outs=counts.opt_outs,
        dead_phones=counts.dead_phones,
        agent_tasks={row[0]: row[1] for row in tasks},
        survey=await _survey(session, since),
    )


async def _survey(session: AsyncSession, since: Mapping[str, Any]) -> Sequence[QuestionLine]:
    found: dict[str, dict[int, int]] = {}
    for question, score, count in await session.execute(_SURVEY, since):
        found.setdefault(question, {})[score] = count
    return [
        QuestionLine(
            question=question,
            scores=(
                scores.get(1, 0),
                scores.get(2, 0),
                scores.get(3, 0),
                scores.get(4, 0),
                scores.get(5, 0),
            ),
        )
        for question, scores in found.items()
    ]


async def _unexplained(session: AsyncSession, now: datetime) -> int:
    found = await session.execute(_UNEXPLAINED, {"now": now})
    return int(found.scalar_one())
