"""Staged charges into the customer file, with what was paid as payments, and who is liable."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.charge_kinds import owed_by
from customers.importing.staging import analyze, run

_PLACE = """
    UPDATE stage_charge s SET community_id = u.community_id, unit_id = u.unit_id
    FROM community c JOIN unit u USING (community_id)
    WHERE c.name = s.community AND u.label = s.unit
"""
_UNKNOWN_UNITS = """
    WITH unknown AS (
        UPDATE stage_charge SET rejected = true WHERE unit_id IS NULL
        RETURNING seq, sheet, row_number, community, unit)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'charges', seq, sheet, row_number, 'unit', community || ' ' || unit,
           'unknown_unit', true FROM unknown
"""
_REPEATS = """
    UPDATE stage_charge s SET repeat = true
    FROM (SELECT seq, row_number() OVER (PARTITION BY community_id, reference ORDER BY seq) AS nth
          FROM stage_charge WHERE NOT rejected) nths
    WHERE nths.seq = s.seq AND nths.nth > 1
"""
# Whoever is about to ring about a charge holds it FOR SHARE; one order keeps two writers apart.
_LOCK = """
    SELECT c.charge_id FROM charge c
    JOIN stage_charge s ON s.community_id = c.community_id AND s.reference = c.reference
    WHERE NOT s.repeat AND NOT s.rejected ORDER BY c.charge_id FOR UPDATE OF c
"""
_KNOWN = """
    UPDATE stage_charge s SET charge_id = c.charge_id
    FROM charge c
    WHERE c.community_id = s.community_id AND c.reference = s.reference
      AND NOT s.repeat AND NOT s.rejected
"""
# What was waived stays waived until a file of finance goes by it: such a file has no more than we
# have. One that was seen before tells nothing of what finance has booked since.
_BOOKED = """
    UPDATE waiver w SET booked_at = CAST(:now AS timestamptz)
    FROM stage_charge s JOIN charge c USING (charge_id)
    WHERE w.charge_id = s.charge_id AND w.state = 'approved' AND w.booked_at IS NULL
      AND CASE w.kind WHEN 'late_fee' THEN s.late_fee_minor <= c.late_fee_minor
                      ELSE s.amount_minor <= c.amount_minor END
      AND NOT EXISTS (SELECT FROM imported_file f WHERE f.sha256 = :sha256)
"""
_WAIVED = """
    WITH waived AS (
        SELECT w.charge_id,
               coalesce(sum(w.forgiven_minor) FILTER (WHERE w.kind = 'late_fee'), 0) AS fee_minor,
               coalesce(sum(w.forgiven_minor) FILTER (WHERE w.kind = 'rounding'), 0)
                   AS amount_minor
        FROM waiver w JOIN stage_charge s USING (charge_id)
        WHERE w.state = 'approved' AND w.booked_at IS NULL
        GROUP BY w.charge_id
    ), dearer AS (
        SELECT s.seq, s.late_fee_minor AS fee_given, s.amount_minor AS amount_given,
               CASE WHEN waived.fee_minor > 0 AND s.late_fee_minor > c.late_fee_minor
                    THEN greatest(c.late_fee_minor, s.late_fee_minor - waived.fee_minor)
                    ELSE s.late_fee_minor END AS fee_kept,
               CASE WHEN waived.amount_minor > 0 AND s.amount_minor > c.amount_minor
                    THEN greatest(c.amount_minor, s.amount_minor - waived.amount_minor)
                    ELSE s.amount_minor END AS amount_kept
        FROM stage_charge s
        JOIN charge c USING (charge_id)
        JOIN waived USING (charge_id)
    ), kept AS (
        UPDATE stage_charge s
        SET late_fee_minor = dearer.fee_kept, amount_minor = dearer.amount_kept
        FROM dearer
        WHERE dearer.seq = s.seq
        RETURNING s.seq, s.sheet, s.row_number,
                  dearer.fee_given IS DISTINCT FROM dearer.fee_kept AS of_fee,
                  dearer.amount_given <> dearer.amount_kept AS of_amount)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'charges', seq, sheet, row_number, field, '', 'waiver_kept', false
    FROM kept
    CROSS JOIN LATERAL (VALUES ('late_fee', of_fee), ('amount', of_amount)) AS said (field, is_so)
    WHERE is_so
"""
_UPDATED = """
    WITH updated AS (
        UPDATE charge c
        SET unit_id = s.unit_id, kind = s.kind, amount_minor = s.amount_minor, due_on = s.due_on,
            late_fee_minor = coalesce(s.late_fee_minor, c.late_fee_minor),
            note = coalesce(s.note, c.note)
        FROM stage_charge s
        WHERE s.charge_id = c.charge_id
          AND (c.unit_id, c.kind, c.amount_minor, c.due_on, c.late_fee_minor, c.note)
              IS DISTINCT FROM
              (s.unit_id, s.kind, s.amount_minor, s.due_on,
               coalesce(s.late_fee_minor, c.late_fee_minor), coalesce(s.note, c.note))
        RETURNING c.charge_id
    ), liability AS (
        INSERT INTO stage_liability (charge_id) SELECT charge_id FROM updated
        ON CONFLICT DO NOTHING)
    UPDATE stage_charge s SET changed = true FROM updated WHERE updated.charge_id = s.charge_id
"""
_NEW = """
    WITH added AS (
        INSERT INTO charge (community_id, unit_id, reference, kind, amount_minor, late_fee_minor,
                            currency, due_on, note)
        SELECT s.community_id, s.unit_id, s.reference, s.kind, s.amount_minor,
               coalesce(s.late_fee_minor, 0), c.currency, s.due_on, s.note
        FROM stage_charge s JOIN community c USING (community_id)
        WHERE s.charge_id IS NULL AND NOT s.repeat AND NOT s.rejected ORDER BY s.seq
        RETURNING charge_id, community_id, reference
    ), liability AS (
        INSERT INTO stage_liability (charge_id) SELECT charge_id FROM added
        ON CONFLICT DO NOTHING)
    UPDATE stage_charge s SET changed = true, charge_id = added.charge_id FROM added
    WHERE added.community_id = s.community_id AND added.reference = s.reference
      AND NOT s.repeat AND NOT s.rejected
"""
# A file seen before is older than payments that came since: it may add money, never take it back.
_TAKEN_BACK = """
    WITH stale AS (
        UPDATE stage_charge s SET paid_minor = NULL FROM charge c
        WHERE c.charge_id = s.charge_id AND s.paid_minor < c.paid_minor
          AND EXISTS (SELECT FROM imported_file f WHERE f.sha256 = :sha256)
        RETURNING s.seq, s.sheet, s.row_number)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'charges', seq, sheet, row_number, 'paid', '', 'paid_taken_back', false FROM stale
"""
_PAYMENTS = """
    WITH paid AS (
        INSERT INTO payment (charge_id, amount_minor, received_at, source)
        SELECT c.charge_id, s.paid_minor - c.paid_minor, CAST(:now AS timestamptz), 'import'
        FROM stage_charge s JOIN charge c USING (charge_id)
        WHERE s.paid_minor <> c.paid_minor ORDER BY s.seq
        RETURNING charge_id, amount_minor
    ), updated AS (
        UPDATE charge c SET paid_minor = c.paid_minor + paid.amount_minor
        FROM paid WHERE paid.charge_id = c.charge_id
        RETURNING c.charge_id)
    UPDATE stage_charge s SET changed = true FROM updated WHERE updated.charge_id = s.charge_id
"""
_LIABLE = """
    UPDATE charge c SET liable_person_id = liable.person_id
    FROM (
        SELECT c.charge_id, coalesce(tenant.person_id, owner.person_id) AS person_id
        FROM stage_liability JOIN charge c USING (charge_id)
        JOIN unnest(CAST(:kinds AS text[]), CAST(:roles AS text[])) AS k (kind, owed_by)
             ON k.kind = c.kind
        LEFT JOIN LATERAL (
            SELECT o.person_id FROM occupancy o
            WHERE o.unit_id = c.unit_id AND o.role = 'owner'
              AND daterange(o.valid_from, o.valid_until) @> c.due_on) owner ON true
        LEFT JOIN LATERAL (
            SELECT o.person_id FROM occupancy o
            WHERE k.owed_by = 'tenant' AND o.unit_id = c.unit_id AND o.role = 'tenant'
              AND daterange(o.valid_from, o.valid_until) @> c.due_on
            ORDER BY o.valid_from DESC NULLS LAST, o.occupancy_id LIMIT 1) tenant ON true
    ) liable
    WHERE liable.charge_id = c.charge_id
      AND c.liable_person_id IS DISTINCT FROM liable.person_id
"""


async def merge_charges(session: AsyncSession, *, sha256: str, now: datetime) -> None:
    """Merge the staged charges into the customer file."""
    await run(session, _PLACE)
    await run(session, _UNKNOWN_UNITS)
    await run(session, _REPEATS)
    await analyze(session, "stage_charge")
    await run(session, _LOCK)
    await run(session, _KNOWN)
    await run(session, _BOOKED, sha256=sha256, now=now)
    await run(session, _WAIVED)
    await run(session, _UPDATED)
    await run(session, _NEW)
    await run(session, _TAKEN_BACK, sha256=sha256)
    await run(session, _PAYMENTS, now=now)


async def assign_liable(session: AsyncSession) -> None:
    """Give the charges of `stage_liability` to who held the unit, in the owing role, on the day."""
    await analyze(session, "stage_liability")
    kinds = list(
        await session.scalars(
            sa.text("SELECT DISTINCT kind FROM charge JOIN stage_liability USING (charge_id)")
        )
    )
    await run(session, _LIABLE, kinds=kinds, roles=[owed_by(kind).value for kind in kinds])
