"""Survey: a quarterly sample of moved-in owners, drawn by community and called until it closes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import SurveyCampaign
from callback.changes import Changes, add, counts
from callback.deadlines import SurveyRound, survey_round

_OPEN_ROUND = sa.text("""
    INSERT INTO survey (name, opens_on, closes_on, seed, share, drawn_at)
    VALUES (:name, :opens_on, :closes_on, :seed, :share, :now)
    ON CONFLICT (name) DO NOTHING
""")

# An owner of homes in several communities counts in the first of them only.
_OWNERS = sa.text("""
    CREATE TEMPORARY TABLE moved_in_owner ON COMMIT DROP AS
    SELECT survey.survey_id, survey.seed, survey.share, place.today, place.time_zone,
           owner.community_id, owner.unit_id, owner.person_id
    FROM (
        SELECT DISTINCT ON (o.person_id) o.person_id, unit.community_id, o.unit_id
        FROM occupancy o
        JOIN unit USING (unit_id)
        JOIN due_place place USING (community_id)
        WHERE o.role = 'owner' AND o.moved_in <= place.today
          AND daterange(o.valid_from, o.valid_until) @> place.today
          AND NOT EXISTS (
              SELECT FROM person p
              WHERE p.person_id = o.person_id AND p.deceased_at IS NOT NULL
          )
        ORDER BY o.person_id, unit.community_id, o.unit_id
    ) AS owner
    JOIN due_place place USING (community_id)
    JOIN survey ON place.today BETWEEN survey.opens_on AND survey.closes_on
    WHERE place.listed AND survey.name = ANY (CAST(:names AS text[]))
""")

# What a community's sample still lacks is drawn in the order of a hash keyed by the seed, so that
# equal files and seeds give equal samples, and owners who moved in later are drawn from as well.
_DRAW = sa.text("""
    WITH lacking AS (
        SELECT stratum.survey_id, stratum.community_id,
               stratum.wanted - COALESCE(drawn.count, 0) AS count
        FROM (
            SELECT survey_id, community_id, ceil(count(*) * CAST(share AS numeric)) AS wanted
            FROM moved_in_owner
            GROUP BY survey_id, community_id, share
        ) AS stratum
        LEFT JOIN (
            SELECT survey_id, community_id, count(*) AS count
            FROM survey_target
            GROUP BY survey_id, community_id
        ) AS drawn USING (survey_id, community_id)
    ), rested AS (
        SELECT owner.*,
               row_number() OVER (
                   PARTITION BY owner.survey_id, owner.community_id
                   ORDER BY md5(owner.seed || ':' || owner.person_id), owner.person_id
               ) AS place_in_line
        FROM moved_in_owner owner
        WHERE NOT EXISTS (
                SELECT FROM survey_target earlier
                WHERE earlier.person_id = owner.person_id
                  AND earlier.drawn_on > owner.today - CAST(:rest_days AS int)
            )
          AND NOT EXISTS (
                SELECT FROM due_call asked
                WHERE asked.person_id = owner.person_id
                  AND asked.reason = 'survey' AND asked.state = 'done'
                  AND CAST(asked.settled_at AT TIME ZONE owner.time_zone AS date)
                      > owner.today - CAST(:rest_days AS int)
            )
    ), drawn AS (
        INSERT INTO survey_target (survey_id, person_id, community_id, unit_id, drawn_on)
        SELECT rested.survey_id, rested.person_id, rested.community_id, rested.unit_id, rested.today
        FROM rested
        JOIN lacking USING (survey_id, community_id)
        WHERE rested.place_in_line <= lacking.count
        ORDER BY rested.survey_id, rested.community_id, rested.place_in_line
        ON CONFLICT (survey_id, person_id) DO NOTHING
        RETURNING community_id
    )
    SELECT lacking.community_id, CAST(sum(lacking.count) AS int) - COALESCE(max(found.count), 0)
    FROM lacking
    LEFT JOIN (SELECT community_id, CAST(count(*) AS int) AS count FROM drawn GROUP BY community_id)
        AS found USING (community_id)
    GROUP BY lacking.community_id
""")

_WITHDRAW = sa.text("""
    WITH gone AS (
        SELECT dc.due_call_id,
               CASE WHEN place.today > survey.closes_on THEN 'survey_closed'
                    WHEN person.deceased_at IS NOT NULL THEN 'deceased'
                    WHEN answered.is_so THEN 'answered'
                    ELSE 'moved_out' END AS because
        FROM due_call dc
        JOIN due_place place USING (community_id)
        JOIN person USING (person_id)
        JOIN survey_target target
            ON target.survey_target_id = CAST(substring(dc.subject FROM '[0-9]+$') AS bigint)
        JOIN survey USING (survey_id)
        CROSS JOIN LATERAL (
            SELECT EXISTS (
                SELECT FROM survey_answer answer
                WHERE answer.survey_target_id = target.survey_target_id
            ) AS is_so
        ) AS answered
        WHERE dc.reason = 'survey' AND dc.state = 'waiting' AND place.listed
          AND (place.today > survey.closes_on OR person.deceased_at IS NOT NULL OR answered.is_so
               OR NOT EXISTS (
                   SELECT FROM occupancy o
                   WHERE o.person_id = dc.person_id AND o.unit_id = dc.unit_id AND o.role = 'owner'
                     AND daterange(o.valid_from, o.valid_until) @> place.today
               ))
        FOR UPDATE OF dc SKIP LOCKED
    ), settled AS (
        UPDATE due_call
        SET state = CASE gone.because WHEN 'survey_closed' THEN 'expired' ELSE 'withdrawn' END,
            settled_at = :now, settled_because = gone.because
        FROM gone
        WHERE due_call.due_call_id = gone.due_call_id
        RETURNING due_call.settled_because
    )
    SELECT settled_because, count(*) FROM settled GROUP BY settled_because
""")

# xmax is zero in a row just inserted, and not in one withdrawn that is owed again.
_INSERT = sa.text("""
    WITH made AS (
        INSERT INTO due_call (
            person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
            subject, cycle, facts, not_before, due_by, next_at, priority, created_at
        )
        SELECT target.person_id, target.community_id, target.unit_id,
               'survey', :purpose, :mode, :campaign, :script,
               'survey_target:' || target.survey_target_id, survey.name,
               jsonb_build_object(
                   'survey_id', survey.survey_id,
                   'survey_target_id', target.survey_target_id,
                   'closes_on', survey.closes_on,
                   'rules', CAST(:version AS text)
               ),
               target.drawn_on::timestamp AT TIME ZONE place.time_zone,
               (survey.closes_on + 1)::timestamp AT TIME ZONE place.time_zone,
               target.drawn_on::timestamp AT TIME ZONE place.time_zone,
               :priority, :now
        FROM survey_target target
        JOIN survey USING (survey_id)
        JOIN due_place place USING (community_id)
        JOIN person ON person.person_id = target.person_id AND person.deceased_at IS NULL
        WHERE place.listed AND place.today BETWEEN target.drawn_on AND survey.closes_on
          AND NOT EXISTS (
              SELECT FROM due_call dc
              WHERE dc.reason = 'survey'
                AND dc.subject = 'survey_target:' || target.survey_target_id
                AND dc.state <> 'withdrawn'
          )
          AND NOT EXISTS (
              SELECT FROM survey_answer answer
              WHERE answer.survey_target_id = target.survey_target_id
          )
          AND EXISTS (
              SELECT FROM occupancy o
              WHERE o.person_id = target.person_id AND o.unit_id = target.unit_id
                AND o.role = 'owner' AND daterange(o.valid_from, o.valid_until) @> place.today
          )
        ORDER BY target.survey_target_id
        ON CONFLICT (reason, subject, cycle) DO UPDATE
        SET priority = excluded.priority, next_at = greatest(due_call.next_at, excluded.next_at),
            state = 'waiting', settled_at = NULL, settled_because = NULL
        WHERE due_call.state = 'withdrawn'
        RETURNING xmax = 0 AS is_new
    )
    SELECT is_new, count(*) FROM made GROUP BY is_new
""")

_DROP = sa.text("DROP TABLE moved_in_owner")


async def build_survey(
    session: AsyncSession,
    campaign: SurveyCampaign,
    *,
    days: Sequence[date],
    version: str,
    now: datetime,
    seed: int | None,
) -> Changes:
    """Draw what is lacking, call who was drawn, end what has closed; needs `due_place`.

    Args:
        session: the transaction of the build.
        campaign: share, dates and rest.
        days: the local days of the listed communities.
        version: of the campaigns, kept with each call.
        now: business time.
        seed: of a survey that is opened now; None takes it from the survey's name.
    """
    parameters: dict[str, Any] = {
        "campaign": campaign.name,
        "purpose": campaign.purpose.value,
        "mode": campaign.mode.value,
        "script": campaign.script,
        "priority": campaign.priority,
        "version": version,
        "now": now,
    }
    lacking = await _draw(session, campaign, days=days, now=now, seed=seed)
    gone = await counts(session, _WITHDRAW, parameters)
    created, restored = await add(session, _INSERT, parameters)
    return Changes(
        created=created,
        restored=restored,
        expired=gone.pop("survey_closed", 0),
        withdrawn=gone,
        lacking=lacking,
    )


async def _draw(
    session: AsyncSession,
    campaign: SurveyCampaign,
    *,
    days: Sequence[date],
    now: datetime,
    seed: int | None,
) -> dict[int, int]:
    """Open the rounds whose day has come and draw; return community_id → owners still lacking."""
    open_now = sorted(
        {each for day in days if (each := _round_of(day, campaign)).is_open_on(day)},
        key=lambda each: each.name,
    )
    if not open_now:
        return {}
    for each in open_now:
        await session.execute(
            _OPEN_ROUND,
            {
                "name": each.name,
                "opens_on": each.opens_on,
                "closes_on": each.closes_on,
                "seed": each.default_seed if seed is None else seed,
                "share": campaign.share,
                "now": now,
            },
        )
    await session.execute(_OWNERS, {"names": [each.name for each in open_now]})
    lacking = await counts(session, _DRAW, {"rest_days": campaign.rest_days})
    await session.execute(_DROP)
    return {community_id: count for community_id, count in lacking.items() if count > 0}


def _round_of(day: date, campaign: SurveyCampaign) -> SurveyRound:
    return survey_round(day, opens_on_day=campaign.opens_on_day, open_days=campaign.open_days)
