"""What waits for a superior: waivers and extensions with the household's facts, and who asked.

Read in one statement each; deciding is `customers.waivers` and `customers.extensions`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow

MOST_SHOWN = 200

_ASKED = """
    SELECT 'waiver' AS matter, w.waiver_id AS matter_id, w.person_id, w.charge_id, w.attempt_id,
           w.asked_at, w.asked_by, w.kind, w.amount_minor, w.limit_minor, w.because,
           CAST(NULL AS date) AS until, w.state, w.decided_at, w.decided_by, w.decided_because,
           w.forgiven_minor
    FROM waiver w
    UNION ALL
    SELECT 'extension', e.extension_id, e.person_id, e.charge_id, e.attempt_id,
           e.asked_at, NULL, NULL, NULL, NULL, NULL,
           e.until, e.state, e.decided_at, e.decided_by, e.decided_because, NULL
    FROM extension e
"""

_SHOWN = sa.text(f"""
    SELECT asked.*, p.name AS person, p.honorific, p.vip, c.reference, c.kind AS charge_kind,
           c.amount_minor AS billed_minor, c.paid_minor, c.late_fee_minor, c.currency, c.due_on,
           u.label AS unit, co.name AS community, co.time_zone,
           a.started_at AS call_at, coalesce(ag.name, asked.asked_by) AS who_asked,
           owes.open_minor, owes.charges, kept.kept, kept.broken, before.waived_minor,
           before.waivers, before.extensions
    FROM (
        SELECT * FROM ({_ASKED}) AS every
        WHERE (every.state = 'requested') = :waiting
        ORDER BY CASE WHEN :waiting THEN every.asked_at END,
                 every.decided_at DESC, every.matter, every.matter_id
        LIMIT :most
    ) AS asked
    JOIN person p ON p.person_id = asked.person_id
    JOIN charge c ON c.charge_id = asked.charge_id
    JOIN unit u ON u.unit_id = c.unit_id
    JOIN community co ON co.community_id = c.community_id
    LEFT JOIN attempt a ON a.attempt_id = asked.attempt_id
    LEFT JOIN agent ag ON ag.agent_id = a.agent_id
    LEFT JOIN LATERAL (
        SELECT sum(o.amount_minor - o.paid_minor) AS open_minor, count(*) AS charges
        FROM charge o
        WHERE o.liable_person_id = asked.person_id AND o.amount_minor > o.paid_minor
          AND o.currency = c.currency
    ) AS owes ON true
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE pr.state = 'kept') AS kept,
               count(*) FILTER (WHERE pr.state = 'broken') AS broken
        FROM promise pr WHERE pr.person_id = asked.person_id
    ) AS kept ON true
    LEFT JOIN LATERAL (
        SELECT (SELECT coalesce(sum(w.forgiven_minor), 0) FROM waiver w
                WHERE w.person_id = asked.person_id AND w.state = 'approved'
                  AND w.currency = c.currency) AS waived_minor,
               (SELECT count(*) FROM waiver w
                WHERE w.person_id = asked.person_id AND w.state = 'approved') AS waivers,
               (SELECT count(*) FROM extension e
                WHERE e.person_id = asked.person_id AND e.state = 'approved') AS extensions
    ) AS before ON true
    ORDER BY CASE WHEN :waiting THEN asked.asked_at END,
             asked.decided_at DESC, asked.matter, asked.matter_id
""")  # noqa: S608 - put together of our own parts

_COUNT = sa.text("""
    SELECT (SELECT count(*) FROM waiver WHERE state = 'requested')
         + (SELECT count(*) FROM extension WHERE state = 'requested')
""")

_DECIDED = sa.text(f"""
    SELECT every.state, every.decided_at, every.decided_by
    FROM ({_ASKED}) AS every
    WHERE every.matter = :matter AND every.matter_id = :matter_id
""")  # noqa: S608 - put together of our own parts


async def approvals_waiting(session: AsyncSession, *, most: int = MOST_SHOWN) -> Sequence[AnyRow]:
    """Return what waits for a decision, the longest first."""
    return (await session.execute(_SHOWN, {"waiting": True, "most": most})).all()


async def approvals_decided(session: AsyncSession, *, most: int = 20) -> Sequence[AnyRow]:
    """Return what was decided last, what was granted within a limit too, the latest first."""
    return (await session.execute(_SHOWN, {"waiting": False, "most": most})).all()


async def approvals_count(session: AsyncSession) -> int:
    """Return how many wait for a decision."""
    return int(await session.scalar(_COUNT) or 0)


async def decision_on(session: AsyncSession, matter: str, matter_id: int) -> AnyRow | None:
    """Return what was decided about a matter, by whom and when; None: there is none such."""
    found = await session.execute(_DECIDED, {"matter": matter, "matter_id": matter_id})
    return found.one_or_none()
