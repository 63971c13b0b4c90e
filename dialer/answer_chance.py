"""When people answer: learned from the attempts on file, and told of due calls at an instant."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.phone_kinds import learn_phone_kinds
from dialer.answering.learning import Learned, learn_from
from dialer.answering.reading import (
    FIRST_PHONE,
    PART,
    USUAL_ODDS,
    learned_of,
    local_at,
    own_chance,
)
from dialer.scoring import Scoring, shipped_scoring

_ONE_AT_A_TIME = sa.text(
    "SELECT pg_advisory_xact_lock(hashtextextended('ownerline answer chances', 0))"
)
_KEEP_HOURS = sa.text("""
    INSERT INTO answer_chance (community_id, weekend, hour, attempts, answers, chance, learned_at)
    SELECT community_id, weekend, hour, attempts, answers, chance, :now
    FROM jsonb_to_recordset(CAST(:learned AS jsonb)) AS learned (
        community_id bigint, weekend boolean, hour smallint, attempts int, answers int,
        chance float8
    )
    ORDER BY community_id NULLS FIRST, weekend, hour
    ON CONFLICT (community_id, weekend, hour) DO UPDATE
    SET attempts = excluded.attempts, answers = excluded.answers, chance = excluded.chance,
        learned_at = excluded.learned_at
""")
_FORGET_HOURS = sa.text("DELETE FROM answer_chance WHERE learned_at <> :now")
_FORGET_KINDS = sa.text("DELETE FROM answer_kind")
_KEEP_KINDS = sa.text("""
    INSERT INTO answer_kind (kind, attempts, answers, effect)
    SELECT kind, attempts, answers, effect
    FROM jsonb_to_recordset(CAST(:learned AS jsonb)) AS learned (
        kind text, attempts int, answers int, effect float8
    )
""")
_FORGET_FIT = sa.text("DELETE FROM answer_fit")
_KEEP_FIT = sa.text("""
    INSERT INTO answer_fit (learned_at, attempts, owners, spread, taste, slope, shift, held_out,
                            brier, brier_place)
    VALUES (:now, :attempts, :owners, :spread, :taste, :slope, :shift, :held_out, :brier,
            :brier_place)
""")

_CHANCES = sa.text(f"""
    SELECT dc.due_call_id, {own_chance(USUAL_ODDS, PART)} AS chance
    FROM due_call dc
    JOIN community USING (community_id)
    {local_at("CAST(:at AS timestamptz)")}
    {FIRST_PHONE}
    {learned_of(person="dc.person_id", kind="line.kind")}
    WHERE dc.due_call_id = ANY (CAST(:due_call_ids AS bigint[]))
""")  # noqa: S608 - the parts are constants of ours


async def learn_answer_chances(
    session: AsyncSession, *, now: datetime, scoring: Scoring | None = None
) -> int:
    """Learn the chance of an answer anew from the attempts of the last months.

    Args:
        session: the caller commits.
        now: business time, aware.
        scoring: None means the shipped one.

    Returns:
        How many hours of communities have a history of their own.
    """
    rules = scoring or shipped_scoring()
    await session.execute(_ONE_AT_A_TIME)
    await learn_phone_kinds(session)
    learned = await learn_from(
        session,
        since=now - timedelta(days=rules.learning.history_days),
        held_out_since=now - timedelta(days=rules.learning.held_out_days),
        until=now,
        rules=rules,
    )
    await _keep(session, learned, now=now)
    return sum(1 for community_id, _ in learned.usual.hours if community_id is not None)


async def chances_at(
    session: AsyncSession,
    due_call_ids: Sequence[int],
    *,
    at: datetime,
    scoring: Scoring | None = None,
) -> Mapping[int, float]:
    """Return the chance of an answer to each due call if its owner were rung at an instant.

    It is of the phone that comes first. One statement, however many are asked about; a due call
    that is not on file is left out.
    """
    rules = scoring or shipped_scoring()
    found = await session.execute(
        _CHANCES,
        {"due_call_ids": list(due_call_ids), "at": at, "answer_chance": rules.answer_chance},
    )
    return {row.due_call_id: row.chance for row in found}


async def _keep(session: AsyncSession, learned: Learned, *, now: datetime) -> None:
    """Write what was learned in place of what was known; the owners' own are written already."""
    hours = [
        {
            "community_id": community_id,
            "weekend": slot.weekend,
            "hour": slot.hour,
            "attempts": each.tally.attempts,
            "answers": each.tally.answers,
            "chance": each.chance,
        }
        for (community_id, slot), each in learned.usual.hours.items()
    ]
    await session.execute(_KEEP_HOURS, {"learned": json.dumps(hours), "now": now})
    await session.execute(_FORGET_HOURS, {"now": now})
    kinds = [
        {
            "kind": kind.value,
            "attempts": each.tally.attempts,
            "answers": each.tally.answers,
            "effect": each.effect,
        }
        for kind, each in learned.usual.kinds.items()
    ]
    await session.execute(_FORGET_KINDS)
    await session.execute(_KEEP_KINDS, {"learned": json.dumps(kinds)})
    await session.execute(_FORGET_FIT)
    fit = learned.fit
    await session.execute(
        _KEEP_FIT,
        {
            "now": now,
            "attempts": learned.attempts,
            "owners": learned.owners,
            "spread": fit.spread.own,
            "taste": fit.spread.taste,
            "slope": fit.line.slope,
            "shift": fit.line.shift,
            "held_out": fit.held_out,
            "brier": fit.brier,
            "brier_place": fit.brier_place,
        },
    )
