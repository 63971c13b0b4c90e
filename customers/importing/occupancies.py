"""Who holds a unit: arrivals of staged contacts, and whom they follow.

A unit has one owner at a time: a new owner ends the old ownership on the day of moving in, or on
the day of the import. New tenants end the tenancy of those whom the file no longer names. The
first holder of a role has held it since ever, so that instalments of before are theirs.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from customers.importing.staging import run

_KEPT = """
    UPDATE stage_contact s SET kept = true
    FROM occupancy o
    WHERE o.unit_id = s.unit_id AND o.role = s.role AND o.person_id = s.person_id
      AND o.valid_until IS NULL AND NOT s.repeat AND NOT s.rejected
"""
_MOVED_IN = """
    WITH updated AS (
        UPDATE occupancy o SET moved_in = s.moved_in
        FROM stage_contact s
        WHERE s.kept AND o.unit_id = s.unit_id AND o.role = s.role AND o.person_id = s.person_id
          AND o.valid_until IS NULL AND o.moved_in IS DISTINCT FROM s.moved_in
          AND s.moved_in IS NOT NULL
        RETURNING s.seq)
    UPDATE stage_contact s SET changed = true FROM updated WHERE updated.seq = s.seq
"""
# Those whose time at the unit an arrival may end: any earlier owner; tenants whom the file no
# longer names; and the arriving person's own earlier time in the role.
_EARLIER = """
    o.unit_id = a.unit_id AND o.role = a.role
    AND (a.role = 'owner' OR o.person_id = a.person_id OR (
        a.role = 'tenant' AND NOT EXISTS (
            SELECT FROM stage_contact named
            WHERE named.unit_id = a.unit_id AND named.role = 'tenant'
              AND named.person_id = o.person_id AND NOT named.repeat)))
"""
_ARRIVALS = f"""
    CREATE TEMP TABLE stage_arrival ON COMMIT DROP AS
    SELECT a.seq, a.unit_id, a.person_id, a.role, a.moved_in,
           CASE WHEN earlier.from_on IS NULL AND a.role = 'tenant' THEN a.moved_in
                WHEN earlier.from_on IS NULL THEN NULL
                WHEN a.moved_in > earlier.from_on THEN a.moved_in
                ELSE a.today END AS starts_on
    FROM stage_contact a
    CROSS JOIN LATERAL (
        SELECT max(coalesce(o.valid_from, CAST('-infinity' AS date))) AS from_on
        FROM occupancy o WHERE {_EARLIER}) earlier
    WHERE NOT a.kept AND NOT a.repeat AND NOT a.rejected
"""  # noqa: S608 - joined of our own parts
_LEAVING = f"""
    CREATE TEMP TABLE stage_leaving ON COMMIT DROP AS
    SELECT o.occupancy_id, min(o.unit_id) AS unit_id, min(a.starts_on) AS ends_on
    FROM stage_arrival a JOIN occupancy o ON {_EARLIER}
    WHERE coalesce(o.valid_until, CAST('infinity' AS date)) > a.starts_on
    GROUP BY o.occupancy_id
"""  # noqa: S608 - joined of our own parts
_NEVER_BEGAN = """
    DELETE FROM occupancy o USING stage_leaving l
    WHERE l.occupancy_id = o.occupancy_id AND o.valid_from >= l.ends_on
"""
_ENDED = """
    UPDATE occupancy o SET valid_until = l.ends_on
    FROM stage_leaving l WHERE l.occupancy_id = o.occupancy_id
"""
_ARRIVED = """
    INSERT INTO occupancy (unit_id, person_id, role, valid_from, moved_in)
    SELECT unit_id, person_id, role, starts_on, moved_in FROM stage_arrival ORDER BY seq
"""
_CHANGED = """
    UPDATE stage_contact s SET changed = true FROM stage_arrival a WHERE a.seq = s.seq
"""
_LIABILITY = """
    INSERT INTO stage_liability (charge_id)
    SELECT DISTINCT c.charge_id FROM charge c JOIN stage_arrival a USING (unit_id)
    ON CONFLICT DO NOTHING
"""


async def hand_over(session: AsyncSession) -> None:
    """Let arrivals begin and those they follow end; notes the charges whose debtor may change."""
    for step in (
        _KEPT,
        _MOVED_IN,
        _ARRIVALS,
        _LEAVING,
        _NEVER_BEGAN,
        _ENDED,
        _ARRIVED,
        _CHANGED,
        _LIABILITY,
    ):
        await run(session, step)
