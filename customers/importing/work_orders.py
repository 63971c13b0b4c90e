"""Staged work orders into the customer file; a stale file never closes a reopened order."""

from sqlalchemy.ext.asyncio import AsyncSession

from customers.importing.staging import analyze, run

_PLACE = """
    UPDATE stage_work_order s SET community_id = u.community_id, unit_id = u.unit_id
    FROM community c JOIN unit u USING (community_id)
    WHERE c.name = s.community AND u.label = s.unit
"""
_UNKNOWN_UNITS = """
    WITH unknown AS (
        UPDATE stage_work_order SET rejected = true WHERE unit_id IS NULL
        RETURNING seq, sheet, row_number, community, unit)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'work-orders', seq, sheet, row_number, 'unit', community || ' ' || unit,
           'unknown_unit', true FROM unknown
"""
_REPEATS = """
    UPDATE stage_work_order s SET repeat = true
    FROM (SELECT seq, row_number() OVER (PARTITION BY community_id, reference ORDER BY seq) AS nth
          FROM stage_work_order WHERE NOT rejected) nths
    WHERE nths.seq = s.seq AND nths.nth > 1
"""
_LOCK = """
    SELECT w.work_order_id FROM work_order w
    JOIN stage_work_order s ON s.community_id = w.community_id AND s.reference = w.reference
    WHERE NOT s.repeat AND NOT s.rejected ORDER BY w.work_order_id FOR UPDATE OF w
"""
_KNOWN = """
    UPDATE stage_work_order s
    SET work_order_id = w.work_order_id,
        completed_on = CASE
            WHEN w.completed_on IS NULL AND s.completed_on <= w.previous_completed_on THEN NULL
            ELSE coalesce(s.completed_on, w.completed_on) END
    FROM work_order w
    WHERE w.community_id = s.community_id AND w.reference = s.reference
      AND NOT s.repeat AND NOT s.rejected
"""
_COMPLETED_BEFORE_REPORTED = """
    WITH wrong AS (
        UPDATE stage_work_order SET rejected = true WHERE completed_on < reported_on
        AND NOT rejected AND NOT repeat
        RETURNING seq, sheet, row_number, reported_on)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'work-orders', seq, sheet, row_number, 'reported_on', CAST(reported_on AS text),
           'completed_before_reported', true FROM wrong
"""
_UPDATED = """
    WITH updated AS (
        UPDATE work_order w
        SET unit_id = s.unit_id, reported_on = s.reported_on, completed_on = s.completed_on,
            reopened_at = CASE WHEN s.completed_on IS NULL THEN w.reopened_at END,
            category = coalesce(s.category, w.category),
            category_as_given = coalesce(s.category_as_given, w.category_as_given),
            contractor = coalesce(s.contractor, w.contractor),
            in_warranty = coalesce(s.in_warranty, w.in_warranty),
            description = coalesce(s.description, w.description)
        FROM stage_work_order s
        WHERE s.work_order_id = w.work_order_id AND NOT s.rejected
          AND (w.unit_id, w.reported_on, w.completed_on, w.category, w.category_as_given,
               w.contractor, w.in_warranty, w.description) IS DISTINCT FROM
              (s.unit_id, s.reported_on, s.completed_on, coalesce(s.category, w.category),
               coalesce(s.category_as_given, w.category_as_given),
               coalesce(s.contractor, w.contractor), coalesce(s.in_warranty, w.in_warranty),
               coalesce(s.description, w.description))
        RETURNING w.work_order_id)
    UPDATE stage_work_order s SET changed = true FROM updated
    WHERE updated.work_order_id = s.work_order_id
"""
_NEW = """
    WITH added AS (
        INSERT INTO work_order (community_id, unit_id, reference, category, category_as_given,
                                reported_on, completed_on, contractor, in_warranty, description)
        SELECT community_id, unit_id, reference, coalesce(category, 'other'),
               coalesce(category_as_given, ''), reported_on, completed_on, contractor,
               in_warranty, description
        FROM stage_work_order
        WHERE work_order_id IS NULL AND NOT repeat AND NOT rejected ORDER BY seq
        RETURNING work_order_id, community_id, reference)
    UPDATE stage_work_order s SET changed = true, work_order_id = added.work_order_id FROM added
    WHERE added.community_id = s.community_id AND added.reference = s.reference
      AND NOT s.repeat AND NOT s.rejected
"""


async def merge_work_orders(session: AsyncSession) -> None:
    """Merge the staged work orders into the customer file."""
    await run(session, _PLACE)
    await run(session, _UNKNOWN_UNITS)
    await run(session, _REPEATS)
    await analyze(session, "stage_work_order")
    await run(session, _LOCK)
    await run(session, _KNOWN)
    await run(session, _COMPLETED_BEFORE_REPORTED)
    await run(session, _UPDATED)
    await run(session, _NEW)
