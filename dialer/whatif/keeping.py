"""Keeps the console's rehearsals: one runs at a time, the last few can be looked at again."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from dialer.whatif.model import WhatIfError
from dialer.whatif.tables import Rehearsal, RehearsalState

KEPT = 12
LOST_AFTER_S = 180  # without a word of its process

_REHEARSAL = table_of(Rehearsal)
_LOST = sa.text("""
    UPDATE rehearsal SET state = 'failed', trouble = 'lost'
    WHERE state = 'running' AND said_at < clock_timestamp() - make_interval(secs => :after_s)
""")
_BEGIN = sa.text("""
    INSERT INTO rehearsal (asked_at, asked_by, asked, said_at)
    VALUES (:now, :by, CAST(:asked AS jsonb), clock_timestamp())
    ON CONFLICT DO NOTHING
    RETURNING rehearsal_id
""")
_FORGET = sa.text("""
    DELETE FROM rehearsal WHERE state <> 'running' AND rehearsal_id NOT IN (
        SELECT rehearsal_id FROM rehearsal ORDER BY rehearsal_id DESC LIMIT :kept
    )
""")
_SAY = sa.text("""
    UPDATE rehearsal SET played = :played, said_at = clock_timestamp()
    WHERE rehearsal_id = :rehearsal_id AND state = 'running'
    RETURNING stop_asked
""")
_END = sa.text("""
    UPDATE rehearsal
    SET state = :state, trouble = :trouble, answer = CAST(:answer AS jsonb),
        played = :played, said_at = clock_timestamp()
    WHERE rehearsal_id = :rehearsal_id AND state = 'running'
""")
_STOP = sa.text("""
    UPDATE rehearsal SET stop_asked = true
    WHERE rehearsal_id = :rehearsal_id AND state = 'running'
""")


class RehearsalRunsError(WhatIfError):
    """Another rehearsal is under way; wait for it, or stop it."""


async def begin_rehearsal(
    session: AsyncSession, *, asked: dict[str, Any], by: str, now: datetime
) -> int:
    """Write down that a rehearsal begins; the caller commits, then plays.

    Raises:
        RehearsalRunsError: another one runs.
    """
    await session.execute(_LOST, {"after_s": LOST_AFTER_S})
    found = await session.scalar(_BEGIN, {"now": now, "by": by, "asked": json.dumps(asked)})
    if found is None:
        message = "another rehearsal is under way; wait for it, or stop it"
        raise RehearsalRunsError(message)
    await session.execute(_FORGET, {"kept": KEPT})
    return int(found)


async def say_how_far(session: AsyncSession, rehearsal_id: int, *, played: int) -> bool:
    """Tell how far it is; False when it is to stop."""
    stop = await session.scalar(_SAY, {"rehearsal_id": rehearsal_id, "played": played})
    return stop is False


async def end_rehearsal(
    session: AsyncSession,
    rehearsal_id: int,
    state: RehearsalState,
    *,
    played: int,
    trouble: str | None = None,
    answer: dict[str, Any] | None = None,
) -> None:
    """Write down how it ended."""
    await session.execute(
        _END,
        {
            "rehearsal_id": rehearsal_id,
            "state": state.value,
            "played": played,
            "trouble": trouble,
            "answer": None if answer is None else json.dumps(answer),
        },
    )


async def ask_to_stop(session: AsyncSession, rehearsal_id: int) -> None:
    """Ask the process that plays it to stop; of one that has ended nothing changes."""
    await session.execute(_LOST, {"after_s": LOST_AFTER_S})
    await session.execute(_STOP, {"rehearsal_id": rehearsal_id})


async def rehearsal_of(session: AsyncSession, rehearsal_id: int) -> AnyRow | None:
    """Return one; None: there is none, or no more."""
    found = sa.select(_REHEARSAL).where(_REHEARSAL.c.rehearsal_id == rehearsal_id)
    await session.execute(_LOST, {"after_s": LOST_AFTER_S})
    return (await session.execute(found)).one_or_none()


async def last_rehearsals(session: AsyncSession) -> Sequence[AnyRow]:
    """Return the last ones without their answers, the newest first."""
    wanted = sa.select(
        _REHEARSAL.c.rehearsal_id,
        _REHEARSAL.c.asked_at,
        _REHEARSAL.c.asked_by,
        _REHEARSAL.c.asked,
        _REHEARSAL.c.state,
    )
    return (
        await session.execute(wanted.order_by(_REHEARSAL.c.rehearsal_id.desc()).limit(KEPT))
    ).all()
