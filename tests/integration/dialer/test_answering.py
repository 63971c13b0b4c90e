"""Each owner's own chance: learned from attempts on file, used by the window, kept when claimed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.phone import PhoneKind
from dialer.answer_chance import chances_at, learn_answer_chances
from dialer.answer_tables import AnswerFit, AnswerKind, AnswerOwner
from dialer.ready import refill
from dialer.scoring import shipped_scoring
from dialer.tables import ReadyCall

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)  # in Shanghai, a Wednesday
DAY = timedelta(days=1)
EVENING = NOON + timedelta(hours=6)
PRIOR = shipped_scoring().answer_chance[12]

# Owner n has phone n and due call n, which waits; the first half has mobiles, the others fixed
# lines. Each was rung on so many days at noon and in the evening of them.
_TOWN = """
    WITH place AS (
        INSERT INTO community (name, time_zone, region, currency, packs)
        VALUES ('Elm Court', 'Asia/Shanghai', 'CN', 'CNY', '{CN}') RETURNING community_id
    ), people AS (
        INSERT INTO person (name, language) SELECT 'owner ' || n, 'zh-CN'
        FROM generate_series(1, :owners) AS n RETURNING person_id
    ), phones AS (
        INSERT INTO phone (person_id, e164, position)
        SELECT person_id, CASE WHEN row_number() OVER (ORDER BY person_id) <= :owners / 2
                               THEN '+86' || 13800000000 + person_id
                               ELSE '+8621' || 50000000 + person_id END, 1
        FROM people RETURNING person_id, phone_id, e164
    ), due AS (
        INSERT INTO due_call (person_id, community_id, reason, purpose, mode, campaign, script,
                              subject, cycle, facts, not_before, due_by, next_at, priority,
                              created_at)
        SELECT person_id, community_id, 'prospect', 'marketing', 'automatic', 'bench', 'bench',
               'person:' || person_id, '1', '{}', CAST(:now AS timestamptz) - interval '1 day',
               CAST(:now AS timestamptz) + interval '5 days',
               CAST(:now AS timestamptz) - interval '1 day', 50, :now
        FROM people, place RETURNING due_call_id, person_id
    ), tried AS (
        INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                             state, started_at, ended_at, telephony_result)
        SELECT gen_random_uuid(), person_id, phone_id, e164, 'simulated', 'a', 'automatic',
               'bench', 'ended', at, at,
               CASE WHEN (at - CAST(:now AS timestamptz)
                          + day * interval '1 day' > interval '0') = (person_id % 2 = 0)
                    THEN 'answered' ELSE 'no_answer' END
        FROM phones
        CROSS JOIN generate_series(1, :days) AS day
        CROSS JOIN (VALUES (0), (6)) AS given (hours)
        CROSS JOIN LATERAL (
            SELECT CAST(:now AS timestamptz) - day * interval '1 day' + hours * interval '1 hour'
                   AS at
        ) AS made
        RETURNING attempt_id, person_id, started_at, telephony_result
    )
    INSERT INTO attempt_due_call (attempt_id, due_call_id, position, settled_at, telephony_result,
                                  outcome)
    SELECT attempt_id, due_call_id, 0, started_at, telephony_result, '{}'
    FROM tried JOIN due USING (person_id)
"""


async def _town(session: AsyncSession, *, owners: int = 60, days: int = 8) -> list[int]:
    """Make owners of whom the even answer in the evening alone and the odd at noon alone."""
    await session.execute(sa.text(_TOWN), {"owners": owners, "days": days, "now": NOON})
    found = await session.scalars(sa.text("SELECT due_call_id FROM due_call ORDER BY person_id"))
    return list(found)


async def _is_even(session: AsyncSession) -> dict[int, bool]:
    rows = await session.execute(
        sa.text("SELECT due_call_id, person_id % 2 = 0 AS is_even FROM due_call")
    )
    return {row.due_call_id: row.is_even for row in rows}


async def _window(session: AsyncSession, at: datetime, size: int = 100) -> Sequence[int]:
    await refill(session, now=at, size=size)
    order = sa.select(ReadyCall.due_call_id).order_by(ReadyCall.score.desc(), ReadyCall.due_call_id)
    return (await session.scalars(order)).all()


async def test_owners_are_told_apart_by_when_they_answered(session: AsyncSession) -> None:
    due = await _town(session)
    await learn_answer_chances(session, now=NOON)

    is_even = await _is_even(session)
    noon = await chances_at(session, due, at=NOON)
    evening = await chances_at(session, due, at=EVENING)

    for each in due:
        low, high = (noon, evening) if is_even[each] else (evening, noon)
        assert low[each] < 0.3
        assert high[each] > 0.7
    fit = (await session.scalars(sa.select(AnswerFit))).one()
    assert (fit.attempts, fit.owners) == (60 * 8 * 2, 60)
    assert fit.taste > 0


async def test_the_window_begins_with_who_answers_at_this_hour(session: AsyncSession) -> None:
    await _town(session)
    await learn_answer_chances(session, now=NOON)
    is_even = await _is_even(session)

    at_noon = [is_even[each] for each in await _window(session, NOON)]
    assert at_noon == [False] * 30 + [True] * 30

    in_the_evening = [is_even[each] for each in await _window(session, EVENING)]
    assert in_the_evening == [True] * 30 + [False] * 30


async def _scores(session: AsyncSession, at: datetime) -> dict[int, float]:
    await refill(session, now=at, size=100)
    rows = await session.execute(sa.select(ReadyCall.due_call_id, ReadyCall.score))
    return {row.due_call_id: row.score for row in rows}


@pytest.mark.parametrize("hours", [-30, 0, 1, 12, 24, 47, 48])
async def test_what_is_due_soon_gives_way_to_nobody(session: AsyncSession, hours: int) -> None:
    due = await _town(session, owners=40)
    await learn_answer_chances(session, now=NOON)
    change = sa.text(
        "UPDATE due_call SET due_by = :due_by, not_before = least(not_before, :due_by)"
    )
    await session.execute(change, {"due_by": NOON + timedelta(hours=hours)})

    chances = await chances_at(session, due, at=NOON)
    scores = await _scores(session, NOON)

    weights = shipped_scoring().weights
    urgent = weights.deadline * 0.5 ** (max(0, hours) / weights.deadline_half_hours)
    for each in due:
        whole = urgent + weights.priority / 2 + weights.answer * chances[each]
        assert scores[each] == pytest.approx(whole, abs=0.06)


async def test_who_is_likelier_later_gives_way_while_the_deadline_is_far(
    session: AsyncSession,
) -> None:
    due = await _town(session, owners=40)
    await learn_answer_chances(session, now=NOON)
    is_even = await _is_even(session)
    chances = await chances_at(session, due, at=NOON)

    scores = await _scores(session, NOON)

    rest = 100 * 0.5**5 + 25
    for each in due:  # the odd ones answer now: they have nothing to wait for
        gave_way = rest + 25 * chances[each] - scores[each]
        assert gave_way > 5 if is_even[each] else gave_way == pytest.approx(0, abs=0.06)
    assert len(scores) == len(due)  # nobody is left out


async def test_an_appointment_gives_way_to_nobody(session: AsyncSession) -> None:
    due = await _town(session, owners=40)
    await learn_answer_chances(session, now=NOON)
    await session.execute(sa.text("UPDATE due_call SET appointment = true"))
    chances = await chances_at(session, due, at=NOON)

    scores = await _scores(session, NOON)

    rest = 1000 + 100 * 0.5**5 + 25
    assert all(abs(scores[each] - rest - 25 * chances[each]) < 0.06 for each in due)


async def test_without_history_the_curve_holds_for_everybody(session: AsyncSession) -> None:
    due = await _town(session, owners=2, days=0)
    await learn_answer_chances(session, now=NOON)

    assert list((await chances_at(session, due, at=NOON)).values()) == pytest.approx([PRIOR] * 2)
    assert await chances_at(session, [], at=NOON) == {}
    assert await chances_at(session, [0], at=NOON) == {}


async def test_what_is_too_old_is_forgotten_of_owners_and_kinds_too(session: AsyncSession) -> None:
    await _town(session, owners=4)
    await learn_answer_chances(session, now=NOON)
    of_owners, of_kinds = (
        sa.select(sa.func.count()).select_from(table) for table in (AnswerOwner, AnswerKind)
    )
    assert (await session.scalar(of_owners), await session.scalar(of_kinds)) == (4, 2)

    await learn_answer_chances(session, now=NOON + 365 * DAY)

    assert (await session.scalar(of_owners), await session.scalar(of_kinds)) == (0, 0)


async def test_learning_twice_changes_nothing(session: AsyncSession) -> None:
    await _town(session)
    owners = sa.text("SELECT person_id, slopes, shifts FROM answer_owner ORDER BY person_id")
    await learn_answer_chances(session, now=NOON)
    once = (await session.execute(owners)).all()

    await learn_answer_chances(session, now=NOON)

    assert (await session.execute(owners)).all() == once


async def test_kinds_are_read_once_and_what_no_plan_knows_is_unknown(session: AsyncSession) -> None:
    await _town(session, owners=4)
    await session.execute(
        sa.text(
            "UPDATE phone SET e164 = '+999123456'"
            " WHERE phone_id = (SELECT min(phone_id) FROM phone)"
        )
    )
    await learn_answer_chances(session, now=NOON)

    kinds = (await session.scalars(sa.text("SELECT kind FROM phone ORDER BY phone_id"))).all()

    assert kinds == [PhoneKind.UNKNOWN, PhoneKind.MOBILE, PhoneKind.FIXED, PhoneKind.FIXED]
    counted = {row.kind: row.attempts for row in await session.scalars(sa.select(AnswerKind))}
    assert counted == {PhoneKind.UNKNOWN: 16, PhoneKind.MOBILE: 16, PhoneKind.FIXED: 32}


async def test_a_phone_whose_kind_was_not_read_yet_counts_as_any(session: AsyncSession) -> None:
    due = await _town(session, owners=4)
    await learn_answer_chances(session, now=NOON)
    await session.execute(sa.text("UPDATE phone SET kind = NULL"))
    await session.execute(
        sa.text("UPDATE phone SET dead_at = :at, dead_because = 'x'"), {"at": NOON}
    )

    assert set(await chances_at(session, due, at=NOON)) == set(due)
