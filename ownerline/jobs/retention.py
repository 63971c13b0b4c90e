"""The nightly job that takes away what has been kept long enough, a batch at a time."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import sqlalchemy as sa
import structlog
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.settings import Settings
from dialer.bridges.asterisk.sounds import SPEECH
from ownerline.runtime import Runtime
from scripts.speech.shelf import Shelf
from scripts.speech.speaker import FOLDER

log = structlog.get_logger(__name__)

RETENTION = "retention.sweep"
BATCH = 5_000

_SHIPPED = Path(__file__).with_name("retention.yaml")


class Kept(StrEnum):
    """What is kept for a while only."""

    VERDICT_FACTS = "verdict_facts"
    TALKS = "talks"
    INBOUND_TALKS = "inbound_talks"
    AUDIT = "audit"
    AGENT_STATES = "agent_states"
    CLAIM_RECORDS = "claim_records"
    WINDOW_RECORDS = "window_records"
    DELIVERIES = "deliveries"
    IDEMPOTENCY_KEYS = "idempotency_keys"
    JOBS_DONE = "jobs_done"
    JOBS_FAILED = "jobs_failed"
    SCHEDULED_RUNS = "scheduled_runs"
    LIST_DRAFTS = "list_drafts"
    LIST_ROWS = "list_rows"
    PACING = "pacing"
    TWILIO_DOCUMENTS = "twilio_documents"
    TWILIO_CALLS = "twilio_calls"
    TWILIO_PHONES = "twilio_phones"


class RetentionRules(BaseModel):
    """How many days each thing is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    source: str
    days: Mapping[Kept, Annotated[int, Field(ge=1)]]
    speech_days: Annotated[int, Field(ge=1)]  # since a sentence was last spoken

    @model_validator(mode="after")
    def _names_all(self) -> Self:
        if missing := set(Kept) - set(self.days):
            message = f"no days for {', '.join(sorted(missing))}"
            raise ValueError(message)
        return self


@cache
def shipped_retention() -> RetentionRules:
    """Return the rules that come with the program."""
    return RetentionRules.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))


def _emptying(table: str, key: str, at: str, value: str, *, only: str = "true") -> sa.TextClause:
    """Return what empties a column in the order of its rows' keys, from a mark on.

    Keys follow time, so the mark spares reading what was emptied before; the batch ends where
    something newer stands, which is looked at again the next night.
    """
    return sa.text(f"""
        WITH batch AS (
            SELECT {key}, {at} AS at, {only} AS is_over FROM {table}
            WHERE {key} > CAST(:mark AS {_KEY_TYPE[table]})
            ORDER BY {key} LIMIT :batch
        ), old AS (
            SELECT {key} FROM batch
            WHERE {key} < ALL (SELECT {key} FROM batch WHERE at >= :before OR NOT is_over)
        ), emptied AS (
            UPDATE {table} SET {value} FROM old WHERE {table}.{key} = old.{key}
        )
        SELECT count(*), (SELECT {key}::text FROM old ORDER BY {key} DESC LIMIT 1) FROM old
    """)  # noqa: S608 - the names are ours


_KEY_TYPE = {"verdict": "bigint", "attempt": "uuid", "inbound_call": "uuid"}
_LEAST_ID = "00000000-0000-0000-0000-000000000000"
_LEAST_KEY = {"verdict": "0", "attempt": _LEAST_ID, "inbound_call": _LEAST_ID}
_EMPTYING: Mapping[Kept, tuple[str, sa.TextClause]] = {
    Kept.VERDICT_FACTS: (
        "verdict",
        _emptying("verdict", "verdict_id", "at", "facts = '{}'"),
    ),
    Kept.TALKS: (
        "attempt",
        _emptying("attempt", "attempt_id", "started_at", "talk = NULL", only="state = 'ended'"),
    ),
    Kept.INBOUND_TALKS: (
        "inbound_call",
        _emptying("inbound_call", "call_id", "at", "talk = NULL", only="ended_at IS NOT NULL"),
    ),
}
_JOBS = """
    DELETE FROM procrastinate_jobs WHERE id IN (
        SELECT id FROM procrastinate_jobs AS job
        WHERE status = ANY (CAST(ARRAY[{states}] AS procrastinate_job_status[])) AND NOT EXISTS (
            SELECT FROM procrastinate_events AS event
            WHERE event.job_id = job.id AND event.at >= :before
        )
        ORDER BY id LIMIT :batch
    )
"""
_DELETING: Mapping[Kept, sa.TextClause] = {
    Kept.AUDIT: sa.text("""
        DELETE FROM audit_entry WHERE audit_entry_id IN (
            SELECT audit_entry_id FROM audit_entry WHERE at < :before
            ORDER BY audit_entry_id LIMIT :batch
        )
    """),
    Kept.AGENT_STATES: sa.text("""
        DELETE FROM agent_state_change WHERE agent_state_change_id IN (
            SELECT agent_state_change_id FROM agent_state_change WHERE at < :before
            ORDER BY agent_state_change_id LIMIT :batch
        )
    """),
    Kept.CLAIM_RECORDS: sa.text("""
        DELETE FROM claim_record WHERE claim_record_id IN (
            SELECT claim_record_id FROM claim_record WHERE at < :before
            ORDER BY at LIMIT :batch
        )
    """),
    Kept.WINDOW_RECORDS: sa.text("""
        DELETE FROM window_record WHERE window_record_id IN (
            SELECT window_record_id FROM window_record WHERE at < :before
            ORDER BY at LIMIT :batch
        )
    """),
    Kept.DELIVERIES: sa.text("""
        DELETE FROM delivery WHERE delivery_id IN (
            SELECT delivery_id FROM delivery
            WHERE created_at < :before AND (delivered_at IS NOT NULL OR failed_at IS NOT NULL)
            LIMIT :batch
        )
    """),
    Kept.IDEMPOTENCY_KEYS: sa.text("""
        DELETE FROM idempotency_key WHERE (api_user_id, key) IN (
            SELECT api_user_id, key FROM idempotency_key WHERE asked_at < :before LIMIT :batch
        )
    """),
    Kept.JOBS_DONE: sa.text(_JOBS.format(states="'succeeded'")),
    Kept.JOBS_FAILED: sa.text(_JOBS.format(states="'failed', 'aborted', 'cancelled'")),
    Kept.SCHEDULED_RUNS: sa.text("""
        DELETE FROM scheduled_run WHERE (job, key) IN (
            SELECT job, key FROM scheduled_run WHERE fired_at < :before LIMIT :batch
        )
    """),
    Kept.LIST_DRAFTS: sa.text("""
        DELETE FROM uploaded_list WHERE list_id IN (
            SELECT list_id FROM uploaded_list
            WHERE state = 'draft' AND created_at < :before
            ORDER BY list_id LIMIT :batch
        )
    """),
    Kept.LIST_ROWS: sa.text("""
        UPDATE uploaded_row
        SET name = NULL, honorific = NULL, phone_given = NULL, phones = '{}', variables = '{}',
            refusal_detail = NULL
        WHERE (list_id, row_number) IN (
            SELECT list_id, row_number
            FROM uploaded_list JOIN uploaded_row USING (list_id)
            WHERE ended_at < :before
              AND (num_nonnulls(uploaded_row.name, honorific, phone_given, refusal_detail) > 0
                   OR phones <> '{}' OR variables <> '{}')
            LIMIT :batch
        )
    """),
    # A run goes the night after its last decision did.
    Kept.PACING: sa.text("""
        WITH old AS (
            SELECT pacing_run_id, n FROM pacing_decision WHERE at < :before
            ORDER BY at LIMIT :batch
        ), runs AS (
            DELETE FROM pacing_run WHERE began_at < :before AND NOT EXISTS (
                SELECT FROM pacing_decision
                WHERE pacing_decision.pacing_run_id = pacing_run.pacing_run_id
            )
        )
        DELETE FROM pacing_decision USING old
        WHERE pacing_decision.pacing_run_id = old.pacing_run_id AND pacing_decision.n = old.n
    """),
    Kept.TWILIO_DOCUMENTS: sa.text("""
        UPDATE twilio_call SET document = NULL, page = NULL, token = NULL WHERE call_id IN (
            SELECT call_id FROM twilio_call
            WHERE ended_at < :before AND num_nonnulls(document, page, token) > 0
            LIMIT :batch
        )
    """),
    # Nothing at Twilio is owed any more by then: a recording is looked for for days, not years.
    Kept.TWILIO_CALLS: sa.text("""
        WITH old AS (
            SELECT call_id FROM twilio_call
            WHERE placed_at < :before AND ended_at IS NOT NULL
            ORDER BY placed_at LIMIT :batch
        ), recordings AS (
            DELETE FROM twilio_recording WHERE call_id IN (SELECT call_id FROM old)
        )
        DELETE FROM twilio_call WHERE call_id IN (SELECT call_id FROM old)
    """),
    Kept.TWILIO_PHONES: sa.text("""
        DELETE FROM twilio_seat WHERE seat_id IN (
            SELECT seat_id FROM twilio_seat
            WHERE rung_at < :before AND gone_at IS NOT NULL
            ORDER BY rung_at LIMIT :batch
        )
    """),
}
_MARK = sa.text("SELECT reached FROM retention_mark WHERE kept = :kept")
_SET_MARK = sa.text("""
    INSERT INTO retention_mark (kept, reached) VALUES (:kept, :reached)
    ON CONFLICT (kept) DO UPDATE SET reached = excluded.reached
""")


async def sweep(runtime: Runtime) -> None:
    """Take away what the shipped rules let go; of audio, what lies on this machine."""
    await take_away(runtime.sessions, shipped_retention(), now=runtime.clock.now())
    await asyncio.to_thread(tidy_speech, runtime.settings, now=runtime.clock.now())


def tidy_speech(settings: Settings, *, now: datetime) -> int:
    """Delete the audio of sentences that nobody has heard for long; how many files. Blocks."""
    unused_since = now - timedelta(days=shipped_retention().speech_days)
    shared = settings.asterisk.shared_folder or settings.home / "asterisk"
    shelves = (Shelf(folder=settings.home / FOLDER), Shelf(folder=shared / SPEECH))
    gone = sum(shelf.take_away(unused_since=unused_since) for shelf in shelves)
    log.info("speech_tidied", files=gone)
    return gone


async def take_away(
    sessions: async_sessionmaker[AsyncSession],
    rules: RetentionRules,
    *,
    now: datetime,
    batch: int = BATCH,
) -> Mapping[Kept, int]:
    """Take away what is older than the rules allow, each batch in a transaction of its own.

    Returns:
        How many rows were emptied or deleted, by what they hold.
    """
    taken: dict[Kept, int] = {}
    for kept, days in rules.days.items():
        before = now - timedelta(days=days)
        taken[kept] = 0
        while True:
            async with sessions.begin() as session:
                count = await _one_batch(session, kept, before=before, batch=batch)
            taken[kept] += count
            if count < batch:
                break
    log.info("retention_swept", version=rules.version, **{k.value: n for k, n in taken.items()})
    return taken


async def _one_batch(session: AsyncSession, kept: Kept, *, before: datetime, batch: int) -> int:
    limits = {"before": before, "batch": batch}
    if kept in _DELETING:
        done = await session.execute(_DELETING[kept], limits)
        return int(getattr(done, "rowcount", 0))
    table, emptying = _EMPTYING[kept]
    mark = await session.scalar(_MARK, {"kept": kept.value}) or _LEAST_KEY[table]
    count, reached = (await session.execute(emptying, {**limits, "mark": mark})).one()
    if reached is not None:
        await session.execute(_SET_MARK, {"kept": kept.value, "reached": reached})
    return int(count)
