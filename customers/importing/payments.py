"""Staged payments into the customer file, counted once by receipt, or by charge, day, amount."""

from sqlalchemy.ext.asyncio import AsyncSession

from customers.importing.staging import analyze, run

_KNOWN = """
    UPDATE stage_payment s
    SET charge_id = found.charge_id, community_id = found.community_id
    FROM (SELECT s.seq, min(c.charge_id) AS charge_id, min(c.community_id) AS community_id
          FROM stage_payment s JOIN charge c ON c.reference = s.reference
          JOIN community k ON k.community_id = c.community_id
          WHERE s.community IS NULL OR k.name = s.community
          GROUP BY s.seq HAVING count(*) = 1) found
    WHERE found.seq = s.seq
"""
_UNKNOWN = """
    WITH unknown AS (
        UPDATE stage_payment s SET rejected = true WHERE charge_id IS NULL
        RETURNING seq, sheet, row_number, community, reference)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'payments', seq, sheet, row_number, 'reference', u.reference,
           CASE WHEN u.community IS NULL
                     AND EXISTS (SELECT FROM charge c WHERE c.reference = u.reference)
                THEN 'ambiguous_charge' ELSE 'unknown_charge' END, true
    FROM unknown u
"""
_RECEIPTS = """
    UPDATE stage_payment SET payment_reference = coalesce(
        payment_reference, charge_id || '/' || received_on || '/' || amount_minor)
    WHERE NOT rejected
"""
_REPEATS = """
    UPDATE stage_payment s SET repeat = true
    FROM (SELECT seq, row_number() OVER (PARTITION BY payment_reference ORDER BY seq) AS nth
          FROM stage_payment WHERE NOT rejected) nths
    WHERE nths.seq = s.seq AND nths.nth > 1
"""
_LOCK = """
    SELECT charge_id FROM charge WHERE charge_id IN (SELECT charge_id FROM stage_payment)
    ORDER BY charge_id FOR UPDATE
"""
_RECEIVED = """
    WITH received AS (
        INSERT INTO payment (charge_id, amount_minor, received_at, source, reference)
        SELECT s.charge_id, s.amount_minor,
               CAST(s.received_on AS timestamp) AT TIME ZONE k.time_zone, 'import',
               s.payment_reference
        FROM stage_payment s JOIN community k USING (community_id)
        WHERE NOT s.repeat AND NOT s.rejected ORDER BY s.seq
        ON CONFLICT (source, reference) DO NOTHING
        RETURNING charge_id, amount_minor, reference
    ), paid AS (
        UPDATE charge c SET paid_minor = c.paid_minor + sums.amount_minor
        FROM (SELECT charge_id, sum(amount_minor) AS amount_minor
              FROM received GROUP BY charge_id) sums
        WHERE sums.charge_id = c.charge_id)
    UPDATE stage_payment s SET changed = true FROM received
    WHERE received.reference = s.payment_reference AND NOT s.repeat AND NOT s.rejected
"""


async def merge_payments(session: AsyncSession) -> None:
    """Merge the staged payments into the customer file."""
    await analyze(session, "stage_payment")
    for step in (_KNOWN, _UNKNOWN, _RECEIPTS, _REPEATS, _LOCK, _RECEIVED):
        await run(session, step)
