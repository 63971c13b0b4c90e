"""Places in a trunk's rate while several dialers share it: one row a trunk, exact over all.

Never more calls in any window than the rate allows, by the database's own clock. A dialer that is
alone goes by its own gate and asks nobody.
"""

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.bridges.port import TrunkLimits

# A fast trunk's second is cut into shorter windows, so that its row stays small.
_LONGEST_ROW = 50

# From the place to the ring some time passes, not always the same: so much is left between windows.
_SLACK_S = 0.1

_ADD_ROWS = sa.text("""
    INSERT INTO trunk_places (bridge, trunk, taken)
    SELECT :bridge, trunk, '{}' FROM unnest(CAST(:trunks AS text[])) AS trunk
    ORDER BY trunk
    ON CONFLICT DO NOTHING
""")
_TAKE = sa.text("""
    WITH asked AS (
        SELECT * FROM unnest(:trunks, :wanted, :bursts, :windows)
            AS asked (trunk, wanted, burst, window_s)
    ), locked AS MATERIALIZED (
        SELECT trunk, taken FROM trunk_places
        WHERE bridge = :bridge AND trunk = ANY (:trunks)
        ORDER BY trunk
        FOR UPDATE
    ), counted AS MATERIALIZED (
        SELECT trunk, burst, taken, greatest(0, least(wanted, burst - (
            SELECT count(*) FROM unnest(taken) AS place (at)
            WHERE at > clock_timestamp() - make_interval(secs => window_s)
        ))) AS given
        FROM locked JOIN asked USING (trunk)
    )
    UPDATE trunk_places AS places
    SET taken = (counted.taken || array_fill(clock_timestamp(), ARRAY[CAST(given AS int)]))
        [greatest(1, cardinality(counted.taken) + CAST(given AS int) - burst + 1):]
    FROM counted
    WHERE places.bridge = :bridge AND places.trunk = counted.trunk
    RETURNING places.trunk, given
""").bindparams(
    sa.bindparam("trunks", type_=ARRAY(sa.Text)),
    sa.bindparam("wanted", type_=ARRAY(sa.Integer)),
    sa.bindparam("bursts", type_=ARRAY(sa.Integer)),
    sa.bindparam("windows", type_=ARRAY(sa.Float)),
)
_GIVE_BACK = sa.text("""
    WITH unused AS (
        SELECT * FROM unnest(:trunks, :freed) AS unused (trunk, freed)
    ), locked AS MATERIALIZED (
        SELECT trunk, taken FROM trunk_places
        WHERE bridge = :bridge AND trunk = ANY (:trunks)
        ORDER BY trunk
        FOR UPDATE
    )
    UPDATE trunk_places AS places
    SET taken = locked.taken[1 : greatest(0, cardinality(locked.taken) - freed)]
    FROM locked JOIN unused USING (trunk)
    WHERE places.bridge = :bridge AND places.trunk = locked.trunk
""").bindparams(
    sa.bindparam("trunks", type_=ARRAY(sa.Text)),
    sa.bindparam("freed", type_=ARRAY(sa.Integer)),
)


async def take_places(
    session: AsyncSession, bridge: str, tokens: Sequence[TrunkLimits], *, pace: float = 1.0
) -> list[TrunkLimits]:
    """Return those tokens for which the rate has a place now, in their order; the places are taken.

    The caller commits before it claims: other dialers wait for these rows. `pace` is the share of
    the full rate, or how much faster than real time the calls go.
    """
    if not tokens:
        return []
    wanted = Counter(trunk.name for trunk in tokens)
    trunks = {trunk.name: trunk for trunk in tokens}
    spans = [_span(trunks[name].calls_per_second * pace) for name in wanted]
    asked = {
        "bridge": bridge,
        "trunks": list(wanted),
        "wanted": list(wanted.values()),
        "bursts": [burst for burst, _ in spans],
        "windows": [window_s for _, window_s in spans],
    }
    rows = (await session.execute(_TAKE, asked)).all()
    if len(rows) < len(wanted):
        await session.execute(_ADD_ROWS, {"bridge": bridge, "trunks": list(wanted)})
        known = {row.trunk for row in rows}
        missing = [trunk for trunk in tokens if trunk.name not in known]
        return _given(tokens, rows) + await take_places(session, bridge, missing, pace=pace)
    return _given(tokens, rows)


async def give_back(session: AsyncSession, bridge: str, unused: Sequence[TrunkLimits]) -> None:
    """Free places that were taken a moment ago and not used: as many of the latest."""
    freed = Counter(trunk.name for trunk in unused)
    await session.execute(
        _GIVE_BACK,
        {"bridge": bridge, "trunks": list(freed), "freed": list(freed.values())},
    )


def _given(
    tokens: Sequence[TrunkLimits], rows: Sequence[sa.Row[tuple[str, int]]]
) -> list[TrunkLimits]:
    left = {row.trunk: row.given for row in rows}
    given = []
    for trunk in tokens:
        if left.get(trunk.name, 0) > 0:
            left[trunk.name] -= 1
            given.append(trunk)
    return given


def _span(rate: float) -> tuple[int, float]:
    burst = min(max(1, int(rate)), _LONGEST_ROW)
    return burst, burst / rate + _SLACK_S * burst / max(1, int(rate))
