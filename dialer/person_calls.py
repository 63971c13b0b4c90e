"""The calls with one person as their file shows them: what each was about and how it ended."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow

MOST = 200

_CALLS = sa.text("""
    SELECT a.attempt_id, a.started_at, a.answered_at, a.ended_at, a.e164, a.telephony_result,
           a.direction, a.mode, a.campaign, a.agent_id, g.name AS agent, served.reasons,
           served.codes,
           CASE WHEN a.answered_at IS NULL THEN NULL
                ELSE extract(epoch FROM coalesce(a.ended_at, :now) - a.answered_at) END AS seconds
    FROM (SELECT * FROM attempt WHERE person_id = :person_id
          ORDER BY started_at DESC, attempt_id DESC LIMIT :most) a
    LEFT JOIN agent g USING (agent_id)
    LEFT JOIN LATERAL (
        SELECT array_agg(d.reason ORDER BY s.position) AS reasons,
               array_agg(DISTINCT s.wrap_up_code)
                   FILTER (WHERE s.wrap_up_code IS NOT NULL) AS codes
        FROM attempt_due_call s JOIN due_call d USING (due_call_id)
        WHERE s.attempt_id = a.attempt_id) served ON true
    ORDER BY a.started_at DESC, a.attempt_id DESC
""")


async def calls_with(
    session: AsyncSession, person_id: int, *, now: datetime, most: int = MOST
) -> Sequence[AnyRow]:
    """Return the latest attempts at a person and their own calls to us, newest first."""
    found = await session.execute(_CALLS, {"person_id": person_id, "now": now, "most": most})
    return found.all()
