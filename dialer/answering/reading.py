"""How statements read a chance of an answer from what was learned: parts they are made of."""

from dialer.answering.history import AFTERNOON_HOURS, MORNING_HOURS

# Of the row `community` at an instant: `hour` and `weekend` there.
_LOCAL = """
    CROSS JOIN LATERAL (
        SELECT CAST(extract(hour FROM clock.at) AS int) AS hour,
               extract(isodow FROM clock.at) > 5 AS weekend
        FROM (SELECT ({at}) AT TIME ZONE community.time_zone AS at) AS clock
    ) AS local
    LEFT JOIN answer_chance place ON place.community_id = community.community_id
         AND place.weekend = local.weekend AND place.hour = local.hour
    LEFT JOIN answer_chance house ON house.community_id IS NULL
         AND house.weekend = local.weekend AND house.hour = local.hour
"""

# The part of the day of `local.hour`, counted from 1 as arrays are.
PART = f"""
    CASE WHEN local.hour BETWEEN {MORNING_HOURS[0]} AND {MORNING_HOURS[-1]} THEN 1
         WHEN local.hour BETWEEN {AFTERNOON_HOURS[0]} AND {AFTERNOON_HOURS[-1]} THEN 2 ELSE 3 END
"""

# Log odds as is usual at that hour; takes the curve that holds before there is history.
USUAL_ODDS = """
    (SELECT ln(held.chance / (1 - held.chance))
     FROM (SELECT least(0.999, greatest(0.001, coalesce(
               place.chance, house.chance,
               (CAST(:answer_chance AS float8[]))[1 + local.hour]))) AS chance) AS held)
"""

# The phone that is tried first, of who has any.
FIRST_PHONE = """
    LEFT JOIN LATERAL (
        SELECT phone.kind FROM phone
        WHERE phone.person_id = dc.person_id AND phone.dead_at IS NULL
        ORDER BY phone.position, phone.phone_id
        LIMIT 1
    ) AS line ON true
"""


def local_at(at: str) -> str:
    """Return the joins from `community` to what is usual there at an instant."""
    return _LOCAL.format(at=at)


def learned_of(*, person: str, kind: str) -> str:
    """Return the joins to what was learned of a person, of a kind of phone and of everybody."""
    return f"""
        LEFT JOIN answer_fit fit ON true
        LEFT JOIN answer_owner owner ON owner.person_id = {person}
        LEFT JOIN answer_kind kind ON kind.kind = {kind}
    """


def own_chance(odds: str, part: str) -> str:
    """Return the chance of who was joined, at the usual odds of an hour in a part of the day."""
    return _chance(
        f"coalesce(owner.slopes[{part}], fit.slope, 1) * ({odds} + coalesce(kind.effect, 0))"
        f" + coalesce(owner.shifts[{part}], fit.shift, 0)"
    )


def others_chance(odds: str) -> str:
    """Return the chance of anybody else there with the same kind of phone."""
    return _chance(
        f"coalesce(fit.slope, 1) * ({odds} + coalesce(kind.effect, 0)) + coalesce(fit.shift, 0)"
    )


def _chance(odds: str) -> str:
    return f"(1 / (1 + exp(-({odds}))))"
