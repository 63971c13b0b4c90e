"""What waits for a superior: waivers and extensions with the household's facts, and who asked.

Read in one statement each; deciding is `customers.waivers` and `customers.extensions`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow

MOST_SHOWN = 200

# What was asked in one breath for several charges is one matter, named by its first extension.
_ASKED = """
    SELECT 'waiver' AS matter, w.waiver_id AS matter_id, w.person_id,
           ARRAY[w.charge_id] AS charge_ids, w.attempt_id,
           w.asked_at, w.asked_by, w.kind, w.amount_minor, w.limit_minor, w.because,
           CAST(NULL AS date) AS until, w.state, w.decided_at, w.decided_by, w.decided_because,
           w.forgiven_minor
    FROM waiver w
    UNION ALL
    SELECT 'extension', min(e.extension_id), e.person_id,
           array_agg(e.charge_id ORDER BY e.charge_id), e.attempt_id,
           e.asked_at, NULL, NULL, NULL, NULL, NULL,
           e.until, e.state, e.decided_at, e.decided_by, e.decided_because, NULL
    FROM extension e
    GROUP BY e.person_id, e.attempt_id, e.asked_at, e.until, e.state, e.decided_at, e.decided_by,
             e.decided_because
"""

_SHOWN = sa.text(f"""
    SELECT asked.*, p.name AS person, p.honorific, p.vip, c.currency, about.charges_asked,
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
    JOIN charge c ON c.charge_id = asked.charge_ids[1]
    JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object(
                   'reference', h.reference, 'kind', h.kind, 'due_on', h.due_on,
                   'open_minor', h.amount_minor - h.paid_minor,
                   'late_fee_minor', h.late_fee_minor, 'currency', h.currency
               ) ORDER BY h.due_on, h.charge_id) AS charges_asked
        FROM charge h WHERE h.charge_id = ANY (asked.charge_ids)
    ) AS about ON true
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
         + (SELECT count(*) FROM (
                SELECT FROM extension WHERE state = 'requested'
                GROUP BY person_id, attempt_id, asked_at, until
            ) AS together)
""")

_DECIDED = sa.text("""
    SELECT state, decided_at, decided_by FROM waiver
    WHERE :matter = 'waiver' AND waiver_id = :matter_id
    UNION ALL
    SELECT state, decided_at, decided_by FROM extension
    WHERE :matter = 'extension' AND extension_id = :matter_id
""")


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
