"""When people answer is learned from the attempts on file, and moves the order of the window."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import DueCallState
from callback.tables import DueCall
from customers.model import CallMode, Language, Purpose, Reason
from customers.tables import Community, Person, Phone, Unit
from dialer.answer_chance import learn_answer_chances
from dialer.answer_tables import AnswerChance
from dialer.model import AnsweredBy, AttemptState, TelephonyResult
from dialer.ready import refill
from dialer.scoring import shipped_scoring
from dialer.tables import Attempt, AttemptDueCall, ReadyCall

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)  # in Shanghai, a Wednesday
DAY = timedelta(days=1)
PRIOR = shipped_scoring().answer_chance[12]
ANSWERED, NO_ANSWER = TelephonyResult.ANSWERED, TelephonyResult.NO_ANSWER


class _File:
    """Communities with one owner each, their due calls and what was tried before."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._made = 0

    async def community(self) -> int:
        return await self._add(
            Community,
            name=f"community {self._next()}",
            time_zone="Asia/Shanghai",
            region="CN",
            currency="CNY",
            packs=["CN"],
        )

    async def due_call(self, community_id: int, **values: object) -> int:
        number = self._next()
        due: dict[str, object] = {
            "person_id": await self._add(Person, name="p", language=Language.MANDARIN),
            "community_id": community_id,
            "unit_id": await self._add(Unit, community_id=community_id, label=f"1-{number}"),
            "reason": Reason.REPAIR,
            "purpose": Purpose.SERVICE,
            "mode": CallMode.AUTOMATIC,
            "campaign": "repair",
            "script": "repair",
            "subject": f"work_order:{number}",
            "cycle": "1",
            "facts": {},
            "not_before": NOON - DAY,
            "due_by": NOON + DAY,
            "next_at": NOON - DAY,
            "priority": 50,
            "created_at": NOON,
        }
        return await self._add(DueCall, **due | values)

    async def tried(
        self, community_id: int, *results: TelephonyResult, at: datetime = NOON - DAY
    ) -> None:
        """Let one owner have been rung so often, with these results."""
        due_call_id = await self.due_call(
            community_id,
            state=DueCallState.DONE,
            settled_at=NOON,
            settled_because="x",
        )
        person_id = await self._session.scalar(
            sa.select(DueCall.person_id).where(DueCall.due_call_id == due_call_id)
        )
        e164 = f"+86138{due_call_id:08}"
        phone_id = await self._add(Phone, person_id=person_id, e164=e164, position=1)
        for result in results:
            attempt_id = UUID(int=self._next())
            attempt = {
                "attempt_id": attempt_id,
                "person_id": person_id,
                "phone_id": phone_id,
                "e164": e164,
                "bridge": "simulated",
                "trunk": "a",
                "mode": CallMode.AUTOMATIC,
                "campaign": "repair",
                "state": AttemptState.ENDED,
                "started_at": at,
                "ended_at": at,
                "telephony_result": result,
                "answered_by": AnsweredBy.HUMAN if result is ANSWERED else None,
            }
            await self._session.execute(sa.insert(Attempt).values(attempt))
            served = {
                "attempt_id": attempt_id,
                "due_call_id": due_call_id,
                "position": 0,
                "settled_at": at,
                "telephony_result": result,
                "outcome": {},
            }
            await self._session.execute(sa.insert(AttemptDueCall).values(served))

    async def window(self) -> list[int]:
        await refill(self._session, now=NOON, size=10)
        order = sa.select(ReadyCall.due_call_id).order_by(
            ReadyCall.score.desc(), ReadyCall.due_call_id
        )
        return list(await self._session.scalars(order))

    async def chance(self, community_id: int | None) -> float | None:
        of_community = (
            AnswerChance.community_id.is_(None)
            if community_id is None
            else AnswerChance.community_id == community_id
        )
        found = sa.select(AnswerChance.chance).where(of_community, AnswerChance.hour == 12)
        return await self._session.scalar(found)

    async def _add(self, table: type[object], **values: object) -> int:
        key = sa.inspect(table).primary_key[0]
        added = await self._session.execute(sa.insert(table).values(**values).returning(key))
        return int(added.scalar_one())

    def _next(self) -> int:
        self._made += 1
        return self._made


@pytest.fixture
def file(session: AsyncSession) -> _File:
    return _File(session)


async def test_where_people_answer_at_this_hour_they_are_rung_first(
    session: AsyncSession, file: _File
) -> None:
    silent, lively = await file.community(), await file.community()
    of_silent, of_lively = await file.due_call(silent), await file.due_call(lively)
    await file.tried(silent, *[NO_ANSWER] * 30)
    await file.tried(lively, *[ANSWERED] * 30)
    assert await file.window() == [of_silent, of_lively]

    assert await learn_answer_chances(session, now=NOON) == 2

    assert await file.window() == [of_lively, of_silent]


async def test_what_was_never_tried_goes_by_the_other_communities_and_without_any_by_the_curve(
    session: AsyncSession, file: _File
) -> None:
    unknown, lively = await file.community(), await file.community()
    due = await file.due_call(unknown)
    await file.window()
    before = await session.scalar(sa.select(ReadyCall.score))
    await file.tried(lively, *[ANSWERED] * 50)
    await learn_answer_chances(session, now=NOON)

    assert await file.window() == [due]

    everywhere, after = await file.chance(None), await session.scalar(sa.select(ReadyCall.score))
    assert everywhere == pytest.approx((50 + 200 * PRIOR) / 250)
    assert await file.chance(unknown) is None
    assert before is not None
    assert everywhere is not None
    assert after == pytest.approx(before + 25 * (everywhere - PRIOR), abs=0.1)


@pytest.mark.parametrize(
    ("results", "counted", "answered"),
    [
        pytest.param([ANSWERED, NO_ANSWER], 2, 1, id="answered and not"),
        pytest.param([TelephonyResult.BUSY, TelephonyResult.REJECTED], 2, 0, id="not taken"),
        pytest.param([TelephonyResult.MACHINE], 1, 0, id="a machine is nobody"),
        pytest.param([TelephonyResult.ABANDONED], 1, 1, id="no agent was there, the owner was"),
        pytest.param(
            [
                TelephonyResult.INVALID_NUMBER,
                TelephonyResult.CONGESTION,
                TelephonyResult.CARRIER_ERROR,
                TelephonyResult.CANCELLED,
                TelephonyResult.LOST,
            ],
            None,
            None,
            id="what did not ring says nothing",
        ),
    ],
)
async def test_what_counts_as_rung_and_as_answered(
    session: AsyncSession,
    file: _File,
    results: list[TelephonyResult],
    counted: int | None,
    answered: int | None,
) -> None:
    community_id = await file.community()
    await file.tried(community_id, *results)
    await learn_answer_chances(session, now=NOON)

    row = await session.scalar(
        sa.select(AnswerChance).where(AnswerChance.community_id == community_id)
    )
    assert (row and row.attempts, row and row.answers) == (counted, answered)


async def test_hours_are_local_and_weekends_apart(session: AsyncSession, file: _File) -> None:
    community_id = await file.community()
    await file.tried(community_id, ANSWERED, at=NOON - DAY)
    await file.tried(community_id, ANSWERED, at=NOON - 4 * DAY)  # a Saturday
    await file.tried(community_id, ANSWERED, at=NOON - DAY - timedelta(hours=3))
    await learn_answer_chances(session, now=NOON)

    rows = await session.execute(
        sa.select(AnswerChance.weekend, AnswerChance.hour, AnswerChance.attempts)
        .where(AnswerChance.community_id == community_id)
        .order_by(AnswerChance.weekend, AnswerChance.hour)
    )
    assert [tuple(row) for row in rows] == [(False, 9, 1), (False, 12, 1), (True, 12, 1)]


async def test_old_attempts_are_forgotten(session: AsyncSession, file: _File) -> None:
    community_id = await file.community()
    await file.tried(community_id, ANSWERED)
    assert await learn_answer_chances(session, now=NOON) == 1

    assert await learn_answer_chances(session, now=NOON + 365 * DAY) == 0

    assert await file.chance(community_id) is None
    assert await file.chance(None) is None
