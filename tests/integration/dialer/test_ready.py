"""The ready window: what comes next."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall
from customers.model import CallMode, Language, Purpose, Reason
from customers.tables import Community, Person, Phone, Unit
from dialer.model import AttemptState
from dialer.ready import next_due_at, refill
from dialer.tables import Attempt, ReadyCall

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)
DAY = timedelta(days=1)


async def _due_call(session: AsyncSession, **values: object) -> int:
    """Add a waiting due call of a person of its own."""
    number = (await session.execute(sa.select(sa.func.count()).select_from(DueCall))).scalar_one()
    community = await session.execute(
        sa.insert(Community)
        .values(
            name=f"community {number}",
            time_zone="Asia/Shanghai",
            region="CN",
            currency="CNY",
            packs=["cn"],
        )
        .returning(Community.community_id)
    )
    community_id = community.scalar_one()
    unit = await session.execute(
        sa.insert(Unit).values(community_id=community_id, label="1-1").returning(Unit.unit_id)
    )
    person = await session.execute(
        sa.insert(Person).values(name="p", language=Language.MANDARIN).returning(Person.person_id)
    )
    row = {
        "person_id": person.scalar_one(),
        "community_id": community_id,
        "unit_id": unit.scalar_one(),
        "reason": Reason.REPAIR,
        "purpose": Purpose.SERVICE,
        "mode": CallMode.AUTOMATIC,
        "campaign": "repair",
        "script": "repair",
        "subject": f"work_order:{number}",
        "cycle": "1",
        "facts": {},
        "not_before": NOW - DAY,
        "due_by": NOW + DAY,
        "next_at": NOW - DAY,
        "priority": 50,
        "created_at": NOW,
    }
    added = await session.execute(
        sa.insert(DueCall).values(row | values).returning(DueCall.due_call_id)
    )
    return int(added.scalar_one())


async def _window(session: AsyncSession) -> Sequence[int]:
    found = await session.execute(
        sa.select(ReadyCall.due_call_id).order_by(ReadyCall.score.desc(), ReadyCall.due_call_id)
    )
    return found.scalars().all()


async def test_the_nearest_deadline_comes_first(session: AsyncSession) -> None:
    later = await _due_call(session, due_by=NOW + 3 * DAY)
    soon = await _due_call(session, due_by=NOW + DAY)

    assert await refill(session, now=NOW, size=10) == 2

    assert await _window(session) == [soon, later]


async def test_an_appointment_comes_before_a_missed_deadline(session: AsyncSession) -> None:
    await _due_call(session, due_by=NOW - timedelta(hours=1), priority=100)
    appointment = await _due_call(
        session,
        campaign="promised",
        appointment=True,
        priority=0,
        not_before=NOW,
        next_at=NOW,
        due_by=NOW + DAY,
    )

    await refill(session, now=NOW, size=10)

    assert (await _window(session))[0] == appointment


async def test_priority_decides_between_equal_deadlines_and_the_older_between_equals(
    session: AsyncSession,
) -> None:
    first = await _due_call(session)
    second = await _due_call(session)
    important = await _due_call(session, priority=60)

    await refill(session, now=NOW, size=10)

    assert await _window(session) == [important, first, second]


async def test_only_as_many_enter_as_the_window_has_places(session: AsyncSession) -> None:
    due = [await _due_call(session, due_by=NOW + n * DAY) for n in range(1, 6)]

    assert await refill(session, now=NOW, size=2) == 2

    assert await _window(session) == due[:2]


async def test_a_more_urgent_call_takes_a_place_in_a_full_window(session: AsyncSession) -> None:
    await _due_call(session, due_by=NOW + 5 * DAY)
    await refill(session, now=NOW, size=1)
    urgent = await _due_call(session)

    await refill(session, now=NOW, size=1)

    assert await _window(session) == [urgent]


async def test_what_is_put_off_paused_or_no_longer_waiting_leaves_the_window(
    session: AsyncSession,
) -> None:
    put_off, claimed, stays = [await _due_call(session) for _ in range(3)]
    paused = await _due_call(session, campaign="survey")
    await refill(session, now=NOW, size=10)
    for due_call_id, values in (
        (put_off, {"next_at": NOW + DAY}),
        (claimed, {"state": "claimed"}),
    ):
        await session.execute(
            sa.update(DueCall).where(DueCall.due_call_id == due_call_id).values(**values)
        )

    assert await refill(session, now=NOW, size=10, paused=frozenset({"survey"})) == 1

    assert await _window(session) == [stays]
    assert paused not in await _window(session)


async def test_a_person_with_a_live_call_is_left_out(session: AsyncSession) -> None:
    due_call_id = await _due_call(session)
    person_id = (await session.execute(sa.select(DueCall.person_id))).scalar_one()
    phone = await session.execute(
        sa.insert(Phone)
        .values(person_id=person_id, e164="+8613800138000", position=1)
        .returning(Phone.phone_id)
    )
    attempt = sa.insert(Attempt).values(
        attempt_id=UUID(int=1),
        person_id=person_id,
        phone_id=phone.scalar_one(),
        e164="+8613800138000",
        bridge="simulated",
        trunk="a",
        mode=CallMode.AUTOMATIC,
        campaign="repair",
        state=AttemptState.RINGING,
        started_at=NOW,
    )
    assert await refill(session, now=NOW, size=10) == 1
    await session.execute(attempt)

    assert await refill(session, now=NOW, size=10) == 0
    assert due_call_id not in await _window(session)


async def test_calls_put_off_do_not_hide_those_that_are_ready(session: AsyncSession) -> None:
    for _ in range(10):
        await _due_call(session, due_by=NOW + timedelta(hours=1), next_at=NOW + DAY)
    ready = await _due_call(session, due_by=NOW + 9 * DAY)

    await refill(session, now=NOW, size=2)

    assert await _window(session) == [ready]


async def test_the_next_moment_is_when_the_earliest_put_off_call_may_be_tried(
    session: AsyncSession,
) -> None:
    assert await next_due_at(session, NOW) is None
    await _due_call(session, next_at=NOW - DAY)
    await _due_call(session, next_at=NOW + 2 * DAY)
    await _due_call(session, next_at=NOW + DAY)

    assert await next_due_at(session, NOW) == NOW + DAY
