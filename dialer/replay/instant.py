"""An instant of a day made up again from what is on file: bounded statements, none a call."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import Packs
from core.columns import AnyRow
from customers.model import Reason
from dialer.agents.model import AgentState
from dialer.pacing.model import Bound, Decision
from dialer.predictive.replaying import glance_from_json, limits_from_json
from dialer.replay.instant_model import (
    First,
    Instant,
    LiveThen,
    PacingThen,
    RuleCount,
    SeatThen,
    Steps,
    SwitchesThen,
    WaitingThen,
    WindowThen,
)
from dialer.replay.minute import looks_of

# A call that began further back is not looked for.
LONGEST_CALL = timedelta(hours=4)
_LONGEST_OWED = timedelta(hours=1)  # an agent's word on a call that has ended
_WINDOW_HOLDS = timedelta(minutes=10)  # a refill further back says nothing
_PACING_HOLDS = timedelta(minutes=5)
_ASKED_RULES = 2_000
_MOST_AGENTS = 1_000

_TURNS = sa.text("""
    SELECT turned.on_action, turned.off_action,
           (SELECT action FROM audit_entry
            WHERE action IN (turned.on_action, turned.off_action) AND at <= :at
            ORDER BY at DESC, audit_entry_id DESC LIMIT 1) AS last_action,
           (SELECT action FROM audit_entry
            WHERE action IN (turned.on_action, turned.off_action) AND at > :at
            ORDER BY at, audit_entry_id LIMIT 1) AS next_action,
           turned.is_on
    FROM (
        SELECT 'arm' AS on_action, 'disarm' AS off_action,
               coalesce(armed_at <= :at, false) AS is_on FROM installation
        UNION ALL
        SELECT 'stop', 'resume', coalesce(stopped_at <= :at, false) FROM installation
    ) AS turned
""")
_PAUSED = sa.text("""
    SELECT DISTINCT ON (subject) substring(subject FROM 10) AS campaign, action
    FROM audit_entry
    WHERE action IN ('campaign_paused', 'campaign_resumed') AND at <= :at
    ORDER BY subject, at DESC, audit_entry_id DESC
""")
_SWITCHED = sa.text("SELECT campaign FROM campaign_switch WHERE paused_at <= :at")
# On the line then, or owed a word by an agent: claimed, and not waiting.
_BUSY = sa.text("""
    SELECT served.due_call_id
    FROM attempt
    JOIN attempt_due_call served USING (attempt_id)
    WHERE attempt.started_at > :earliest AND attempt.started_at <= :at
      AND attempt.direction = 'outbound'
      AND (attempt.ended_at IS NULL OR attempt.ended_at > :owed_since)
      AND (served.settled_at IS NULL OR served.settled_at > :at)
""")
_WAITING = sa.text("""
    SELECT campaign, reason, count(*) AS waiting,
           count(*) FILTER (WHERE not_before <= :at) AS due,
           count(*) FILTER (WHERE due_by <= :at) AS late
    FROM due_call
    WHERE created_at <= :at AND (settled_at IS NULL OR settled_at > :at)
      AND due_call_id <> ALL (CAST(:busy AS bigint[]))
    GROUP BY campaign, reason
    ORDER BY campaign, reason
""")
_RULES = sa.text("""
    WITH asked AS (
        SELECT due_call_id FROM due_call
        WHERE created_at <= :at AND (settled_at IS NULL OR settled_at > :at)
          AND due_call_id <> ALL (CAST(:busy AS bigint[])) AND not_before <= :at
        ORDER BY due_by, due_call_id
        LIMIT :most
    )
    SELECT last.rule, count(*) AS calls
    FROM asked
    LEFT JOIN LATERAL (
        SELECT rule FROM verdict
        WHERE verdict.due_call_id = asked.due_call_id AND verdict.at <= :at
        ORDER BY verdict_id DESC LIMIT 1
    ) AS last ON true
    GROUP BY last.rule
    ORDER BY count(*) DESC, last.rule
""")
_WINDOW = sa.text("""
    SELECT at, held, first FROM window_record
    WHERE at <= :at AND at > :since
    ORDER BY at DESC, window_record_id DESC LIMIT 1
""")
_FIRST = sa.text("""
    SELECT due_call_id, person_id, campaign, due_by,
           concat_ws(' ', community.name, unit.label) AS unit
    FROM due_call
    JOIN community USING (community_id)
    LEFT JOIN unit USING (unit_id)
    WHERE due_call_id = ANY (CAST(:due_call_ids AS bigint[]))
""")
_LIVE = sa.text("""
    SELECT campaign, trunk, direction = 'inbound' AS inbound,
           count(*) FILTER (WHERE answered_at IS NULL OR answered_at > :at) AS ringing,
           count(*) FILTER (WHERE answered_at <= :at) AS talking
    FROM attempt
    WHERE started_at > :earliest AND started_at <= :at AND (ended_at IS NULL OR ended_at > :at)
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
""")
_SEATS = sa.text("""
    SELECT agent.agent_id, agent.name, last.to_state, last.at
    FROM agent
    CROSS JOIN LATERAL (
        SELECT to_state, at FROM agent_state_change step
        WHERE step.agent_id = agent.agent_id AND step.at <= :at
        ORDER BY step.at DESC, agent_state_change_id DESC LIMIT 1
    ) AS last
    WHERE last.to_state <> 'offline'
    ORDER BY agent.name, agent.agent_id
    LIMIT :most
""")
_PACING = sa.text("""
    SELECT DISTINCT ON (run.campaign) run.campaign, decision.*
    FROM pacing_decision decision
    JOIN pacing_run run USING (pacing_run_id)
    WHERE decision.at <= :at AND decision.at > :since
    ORDER BY run.campaign, decision.at DESC, decision.n DESC
""")
_RECORDED = sa.text("SELECT EXISTS (SELECT FROM claim_record WHERE at >= :at)")
_STEPS = sa.text("""
    SELECT (SELECT at FROM claim_record WHERE at > :at AND at < :until
            ORDER BY at LIMIT 1) AS look,
           (SELECT at FROM claim_record WHERE refused > 0 AND at > :at AND at < :until
            ORDER BY at LIMIT 1) AS refusal,
           (SELECT at FROM pacing_decision WHERE at > :at AND at < :until
            ORDER BY at LIMIT 1) AS pacing
""")


async def look_back(
    session: AsyncSession, at: datetime, *, day_ends: datetime, packs: Packs
) -> Instant:
    """Return an instant as the dialer saw it; steps lead to what comes before the day ends."""
    live = {"at": at, "earliest": at - LONGEST_CALL}
    owed = await session.execute(_BUSY, {**live, "owed_since": at - _LONGEST_OWED})
    then = {"at": at, "busy": list(owed.scalars())}
    rules = (await session.execute(_RULES, {**then, "most": _ASKED_RULES})).all()
    looks, more = await looks_of(session, at, packs=packs)
    return Instant(
        at=at,
        switches=await _switches(session, at),
        waiting=[
            WaitingThen(
                campaign=row.campaign,
                reason=Reason(row.reason),
                waiting=row.waiting,
                due=row.due,
                late=row.late,
            )
            for row in await session.execute(_WAITING, then)
        ],
        window=await _window(session, at),
        live=[
            LiveThen(
                campaign=row.campaign,
                trunk=row.trunk,
                inbound=row.inbound,
                ringing=row.ringing,
                talking=row.talking,
            )
            for row in await session.execute(_LIVE, live)
        ],
        seats=[
            SeatThen(
                agent_id=row.agent_id,
                name=row.name,
                state=AgentState(row.to_state),
                since=row.at,
            )
            for row in await session.execute(_SEATS, {"at": at, "most": _MOST_AGENTS})
        ],
        rules=[RuleCount(rule=row.rule, count=row.calls) for row in rules if row.rule],
        rules_of=sum(row.calls for row in rules),
        pacing=await _pacing(session, at),
        looks=looks,
        more_looks=more,
        steps=await _steps(session, at, day_ends),
    )


async def is_recorded_until(session: AsyncSession, at: datetime) -> bool:
    """Say whether anything was looked at then or later: a day may be dialled ahead of the clock."""
    return bool(await session.scalar(_RECORDED, {"at": at}))


async def _switches(session: AsyncSession, at: datetime) -> SwitchesThen:
    """Return the switches by the audit; by their own rows where nobody is on it who turned them."""
    turned = {row.on_action: _is_on(row) for row in await session.execute(_TURNS, {"at": at})}
    audited = (await session.execute(_PAUSED, {"at": at})).all()
    paused = {row.campaign for row in audited if row.action == "campaign_paused"}
    silent = (await session.execute(_SWITCHED, {"at": at})).scalars()
    paused |= set(silent) - {row.campaign for row in audited}
    return SwitchesThen(
        armed=turned.get("arm", False),
        stopped=turned.get("stop", False),
        paused=sorted(paused),
    )


def _is_on(turns: AnyRow) -> bool:
    if turns.last_action is not None:
        return bool(turns.last_action == turns.on_action)
    if turns.next_action is not None:  # it stood the other way before it was first turned
        return bool(turns.next_action == turns.off_action)
    return bool(turns.is_on)


async def _window(session: AsyncSession, at: datetime) -> WindowThen | None:
    row = (await session.execute(_WINDOW, {"at": at, "since": at - _WINDOW_HOLDS})).one_or_none()
    if row is None:
        return None
    scores = {int(due_call_id): float(score) for due_call_id, score in row.first}
    found = {
        each.due_call_id: each
        for each in await session.execute(_FIRST, {"due_call_ids": list(scores)})
    }
    return WindowThen(
        at=row.at,
        held=row.held,
        first=[
            First(
                due_call_id=due_call_id,
                person_id=found[due_call_id].person_id,
                campaign=found[due_call_id].campaign,
                unit=found[due_call_id].unit,
                score=score,
                due_by=found[due_call_id].due_by,
            )
            for due_call_id, score in scores.items()
            if due_call_id in found
        ],
    )


async def _pacing(session: AsyncSession, at: datetime) -> list[PacingThen]:
    rows = await session.execute(_PACING, {"at": at, "since": at - _PACING_HOLDS})
    return [
        PacingThen(campaign=row.campaign, at=row.at, decision=_decision(row), placed=row.placed)
        for row in rows
    ]


def _decision(row: AnyRow) -> Decision:
    glance, limits = glance_from_json(row.glance), limits_from_json(row.limits)
    return Decision(
        dial=row.dial,
        bound=Bound(row.bound),
        odds=row.odds,
        limit=row.odds_limit,
        chance=row.chance,
        free_soon=row.free_soon,
        due=row.due,
        idle=glance.idle,
        ringing=len(glance.ringing),
        live=glance.live,
        abandoned=glance.abandoned,
        target=limits.target,
    )


async def _steps(session: AsyncSession, at: datetime, day_ends: datetime) -> Steps:
    row = (await session.execute(_STEPS, {"at": at, "until": day_ends})).one()
    return Steps(
        next_look=_whole_second(row.look),
        next_refusal=_whole_second(row.refusal),
        next_pacing=_whole_second(row.pacing),
    )


def _whole_second(at: datetime | None) -> datetime | None:
    """Return the first whole second at which it has happened: addresses have no finer ones."""
    if at is None or not at.microsecond:
        return at
    return at.replace(microsecond=0) + timedelta(seconds=1)
