"""What only explains goes with age; due calls and attempts with their outcomes stay."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.announcement_tables import Delivery, Webhook
from customers.service import audit
from customers.tables import AuditEntry
from dialer.bridges.twilio.tables import TwilioCall, TwilioRecording, TwilioSeat
from dialer.model import Direction, TelephonyResult
from ownerline.jobs.retention import Kept, shipped_retention, take_away
from ownerline.runtime import Runtime
from ownerline.services.tables import ScheduledRun
from tests.integration.jobs.house import NOW, community, house

_VERDICTS = sa.text("""
    WITH person AS (
        INSERT INTO person (name, language) VALUES ('a', 'zh-CN') RETURNING person_id
    ), unit AS (
        INSERT INTO unit (community_id, label) VALUES (1, '1-1-101') RETURNING unit_id
    ), due AS (
        INSERT INTO due_call (person_id, community_id, unit_id, reason, purpose, mode, campaign,
                              script, subject, cycle, facts, not_before, due_by, next_at,
                              priority, created_at)
        SELECT person_id, 1, unit_id, 'repair', 'service', 'automatic', 'repair', 'repair',
               'work_order:1', '1', '{}', :now, :now, :now, 1, :now
        FROM person, unit
        RETURNING due_call_id, person_id
    )
    INSERT INTO verdict (at, due_call_id, person_id, decision, rule, layer, facts)
    SELECT CAST(:now AS timestamptz) - make_interval(days => age), due_call_id, person_id, 'deny',
           'attempt_cap', 'law', '{"attempts": 7}'
    FROM due, unnest(ARRAY[900, 800, 500, 390, 2]) WITH ORDINALITY AS of (age, nth)
    ORDER BY nth
""")
_KEPT_FACTS = sa.text("SELECT count(*) FROM verdict WHERE facts <> '{}'")


async def _count(runtime: Runtime, query: sa.Executable) -> int:
    async with runtime.sessions() as session:
        return int(await session.scalar(query) or 0)


async def test_facts_of_old_verdicts_go_and_the_verdicts_stay(
    database: AsyncEngine, tmp_path: Path
) -> None:
    runtime = house(database, tmp_path)
    async with runtime.sessions.begin() as session:
        session.add(community("a"))
        await session.flush()
        await session.execute(_VERDICTS, {"now": NOW})
    rules = shipped_retention()
    taken = await take_away(runtime.sessions, rules, now=NOW, batch=2)
    assert taken[Kept.VERDICT_FACTS] == 3
    assert await _count(runtime, _KEPT_FACTS) == 2
    assert await _count(runtime, sa.text("SELECT count(*) FROM verdict")) == 5
    again = await take_away(runtime.sessions, rules, now=NOW + timedelta(days=20), batch=2)
    assert again[Kept.VERDICT_FACTS] == 1


async def test_records_older_than_their_term_are_deleted_in_batches(
    database: AsyncEngine, tmp_path: Path
) -> None:
    runtime = house(database, tmp_path)
    ages = (1, 5, 30, 100, 2000, 3000, 4000)
    async with runtime.sessions.begin() as session:
        hook = Webhook(
            url="https://a.example/", secret="", kinds=["x"], created_at=NOW, created_by="test"
        )
        session.add(hook)
        await session.flush()
        for age in ages:
            then = NOW - timedelta(days=age)
            await audit(session, actor="a", action="look", subject="x", now=then)
            session.add(ScheduledRun(job="x", key=str(age), fired_at=then))
            for done in (then, None):
                session.add(
                    Delivery(
                        webhook_id=hook.webhook_id,
                        kind="x",
                        payload={},
                        created_at=then,
                        give_up_at=then,
                        delivered_at=done,
                    )
                )
    taken = await take_away(runtime.sessions, shipped_retention(), now=NOW, batch=2)
    assert taken[Kept.AUDIT] == 3
    assert taken[Kept.SCHEDULED_RUNS] == taken[Kept.DELIVERIES] == 4
    assert await _count(runtime, sa.select(sa.func.count()).select_from(AuditEntry)) == 4
    open_ones = sa.select(sa.func.count()).where(Delivery.delivered_at.is_(None))
    assert await _count(runtime, open_ones) == len(ages)


async def test_finished_jobs_go_sooner_than_failed_ones(
    database: AsyncEngine, tmp_path: Path
) -> None:
    runtime = house(database, tmp_path)
    async with runtime.sessions.begin() as session:
        await session.execute(
            sa.text("""
                INSERT INTO procrastinate_jobs (queue_name, task_name, status)
                SELECT 'default', 'x', state::procrastinate_job_status
                FROM unnest(ARRAY['todo', 'doing', 'succeeded', 'failed', 'aborted']) AS state
            """)
        )
        await session.execute(
            sa.text("""
                INSERT INTO procrastinate_events (job_id, type, at)
                SELECT id, 'started', now() FROM procrastinate_jobs
            """)
        )
        real_now = await session.scalar(sa.select(sa.func.now()))
    assert real_now is not None
    after_a_month = await take_away(
        runtime.sessions, shipped_retention(), now=real_now + timedelta(days=30)
    )
    assert (after_a_month[Kept.JOBS_DONE], after_a_month[Kept.JOBS_FAILED]) == (1, 0)
    after_a_year = await take_away(
        runtime.sessions, shipped_retention(), now=real_now + timedelta(days=365)
    )
    assert after_a_year[Kept.JOBS_FAILED] == 2
    left = sa.text("SELECT count(*) FROM procrastinate_jobs")
    assert await _count(runtime, left) == 2


_LISTS = sa.text("""
    WITH list AS (
        INSERT INTO uploaded_list (name, state, reason, purpose, community_id, script, rules, mode,
                                   file_name, columns, created_at, created_by, started_at, ended_at)
        SELECT state || age, state, 'uploaded', 'service', 1, 'invitation', '{}', 'automatic',
               'a.csv', '[]', made_at, 'test', CASE WHEN state <> 'draft' THEN made_at END,
               CASE WHEN state = 'ended' THEN made_at END
        FROM unnest(ARRAY['draft', 'started', 'ended']) AS state, unnest(ARRAY[3, 500]) AS age,
             LATERAL (SELECT CAST(:now AS timestamptz) - make_interval(days => age)) AS at (made_at)
        RETURNING list_id
    )
    INSERT INTO uploaded_row (list_id, row_number, name, phones, variables)
    SELECT list_id, nth, 'Guest', '{+8613700137001}', '{"event": "x"}'
    FROM list, generate_series(1, 3) AS nth
""")


async def test_forgotten_drafts_go_and_ended_lists_forget_their_people(
    database: AsyncEngine, tmp_path: Path
) -> None:
    runtime = house(database, tmp_path)
    async with runtime.sessions.begin() as session:
        session.add(community("a"))
        await session.flush()
        await session.execute(_LISTS, {"now": NOW})
    taken = await take_away(runtime.sessions, shipped_retention(), now=NOW, batch=2)
    assert (taken[Kept.LIST_DRAFTS], taken[Kept.LIST_ROWS]) == (1, 3)
    assert await _count(runtime, sa.text("SELECT count(*) FROM uploaded_list")) == 5
    known = sa.text("SELECT count(*) FROM uploaded_row WHERE name IS NOT NULL AND phones <> '{}'")
    assert await _count(runtime, known) == 12
    again = await take_away(runtime.sessions, shipped_retention(), now=NOW, batch=2)
    assert (again[Kept.LIST_DRAFTS], again[Kept.LIST_ROWS]) == (0, 0)


async def test_the_book_of_calls_over_twilio_forgets_what_was_said_then_the_calls(
    database: AsyncEngine, tmp_path: Path
) -> None:
    runtime = house(database, tmp_path)
    async with runtime.sessions.begin() as session:
        for age in (1, 3, 399, 401, 500):
            then = NOW - timedelta(days=age)
            call = _over_twilio(UUID(int=age), then)
            session.add(call)
            await session.flush()
            session.add(
                TwilioRecording(
                    sid=f"RE{age:032x}", call_id=call.call_id, name="call", started_at=then
                )
            )
            session.add(
                TwilioSeat(
                    seat_id=UUID(int=age),
                    room="1",
                    part="seat",
                    endpoint="client:a",
                    rung_at=then,
                    gone_at=then,
                )
            )
        session.add(_over_twilio(UUID(int=600), NOW - timedelta(days=600), is_over=False))
    taken = await take_away(runtime.sessions, shipped_retention(), now=NOW, batch=2)
    assert taken[Kept.TWILIO_DOCUMENTS] == 4
    assert taken[Kept.TWILIO_CALLS] == taken[Kept.TWILIO_PHONES] == 2
    left = sa.select(sa.func.count()).select_from(TwilioCall)
    assert await _count(runtime, left) == 4
    assert await _count(runtime, left.where(TwilioCall.document.is_not(None))) == 2
    assert await _count(runtime, sa.select(sa.func.count()).select_from(TwilioRecording)) == 3


def _over_twilio(call_id: UUID, at: datetime, *, is_over: bool = True) -> TwilioCall:
    return TwilioCall(
        call_id=call_id,
        direction=Direction.OUTBOUND,
        trunk="twilio",
        shown="+12025550123",
        order={},
        placed_at=at,
        ends_by=at,
        document="<Response/>",
        ended_at=at if is_over else None,
        result=TelephonyResult.BUSY if is_over else None,
        seconds=0.0 if is_over else None,
    )
