"""Deadlines, promises and surveys against towns counted by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from callback.figures import DeadlineLine, deadline_lines
from customers.account_tables import (
    Charge,
    Payment,
    Promise,
    PromiseCharge,
    Survey,
    SurveyAnswer,
    SurveyTarget,
)
from customers.figures import PromiseWeek, QuestionScores, promise_weeks, survey_scores
from customers.model import PromiseState, Reason
from customers.periods import LONGEST_DAYS, Period, PeriodError, Preset
from tests.integration.figures.town import Place, add

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def asked(first: date, until: date) -> dict[str, object]:
    return {**Period.of(first, until).parameters(), "now": NOW, "time_zone": "Europe/London"}


async def test_a_deadline_is_met_before_its_instant_and_late_at_it(session: AsyncSession) -> None:
    place = await Place.found(session)
    due_by = datetime(2026, 11, 11, tzinfo=UTC)
    second = timedelta(seconds=1)
    await place.due(due_by, state="done", settled_at=due_by - second)
    await place.due(due_by, state="done", settled_at=due_by)
    await place.due(due_by, state="expired", settled_at=due_by)
    await place.due(due_by, state="exhausted", settled_at=due_by - second)
    await place.due(due_by, state="withdrawn", settled_at=due_by - second)
    await place.due(due_by)  # late, and still open
    await place.due(due_by, reason=Reason.SURVEY, state="done", settled_at=due_by - second)
    await place.due(due_by + timedelta(days=1), state="done", settled_at=due_by)  # another day's
    await place.due(NOW + timedelta(hours=1))
    assert await deadline_lines(session, asked(date(2026, 11, 11), date(2026, 11, 12))) == [
        DeadlineLine(deadline="repair", category="leak", met=1, missed=4, late_now=1),
        DeadlineLine(deadline="survey", category=None, met=1, missed=0),
    ]
    today = await deadline_lines(session, asked(date(2026, 11, 22), date(2026, 11, 23)))
    assert today == [DeadlineLine(deadline="repair", category="leak", met=0, missed=0, open=1)]


async def test_a_broken_promise_may_have_been_paid_in_part(session: AsyncSession) -> None:
    place = await Place.found(session)
    made, settled = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC)
    for nth, (state, paid) in enumerate(
        [
            (PromiseState.KEPT, 900),
            (PromiseState.BROKEN, 0),
            (PromiseState.BROKEN, 300),
            (PromiseState.OPEN, 0),
        ]
    ):
        person_id, _, _ = await place.owner()
        charge_id = await add(
            session,
            Charge,
            community_id=place.community_id,
            unit_id=place.unit_id,
            liable_person_id=person_id,
            reference=f"C-{nth}",
            kind="fee",
            amount_minor=900,
            currency="GBP",
            due_on=date(2026, 11, 1),
        )
        promise_id = await add(
            session,
            Promise,
            person_id=person_id,
            amount_minor=900,
            currency="GBP",
            promised_on=date(2026, 11, 11),
            made_at=made,
            state=state,
            settled_at=None if state is PromiseState.OPEN else settled,
        )
        await add(
            session,
            PromiseCharge,
            promise_id=promise_id,
            charge_id=charge_id,
            paid_minor_before=0,
        )
        for when in (made - timedelta(days=1), made + timedelta(days=1), settled):
            inside = made <= when < settled
            if paid and (inside or state is PromiseState.BROKEN):
                await add(
                    session,
                    Payment,
                    charge_id=charge_id,
                    amount_minor=paid,
                    received_at=when,
                    source="finance",
                    reference=f"{nth}-{when}",
                )
    assert await promise_weeks(session, asked(date(2026, 11, 9), date(2026, 11, 16))) == [
        PromiseWeek(
            week=date(2026, 11, 9),
            currency="GBP",
            kept=1,
            in_part=1,
            broken=1,
            open=1,
            promised_minor=3600,
            kept_minor=900,
        )
    ]
    assert await promise_weeks(session, asked(date(2026, 11, 12), date(2026, 11, 16))) == []


async def test_survey_answers_are_counted_by_question(session: AsyncSession) -> None:
    place = await Place.found(session)
    survey_id = await add(
        session,
        Survey,
        name="2026 Q4",
        opens_on=date(2026, 11, 1),
        closes_on=date(2026, 11, 30),
        seed=1,
        share=0.2,
        drawn_at=NOW,
    )
    for score in (5, 5, 4, 2):
        person_id, _, _ = await place.owner()
        target_id = await add(
            session,
            SurveyTarget,
            survey_id=survey_id,
            person_id=person_id,
            community_id=place.community_id,
            unit_id=place.unit_id,
            drawn_on=date(2026, 11, 1),
        )
        await add(
            session,
            SurveyAnswer,
            survey_target_id=target_id,
            question="overall",
            score=score,
            answered_at=NOW,
        )
    owners, lines = await survey_scores(session, asked(date(2026, 11, 22), date(2026, 11, 23)))
    assert owners == 4
    assert lines == [QuestionScores(question="overall", scores=(0, 1, 0, 1, 2))]
    (line,) = lines
    assert (line.mean, line.satisfied, line.net_promoters) == (4.0, 3, 25)
    assert QuestionScores(question="x", scores=(0,) * 5).net_promoters is None


@pytest.mark.parametrize(
    ("first", "until"),
    [
        (date(2026, 5, 2), date(2026, 5, 2)),
        (date(2026, 5, 2), date(2026, 5, 1)),
        (date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=LONGEST_DAYS + 1)),
        (date(1, 1, 1), date(1, 1, 2)),
        (date(9999, 12, 30), date(9999, 12, 31)),
    ],
)
def test_a_period_that_cannot_be_is_refused(first: date, until: date) -> None:
    with pytest.raises(PeriodError):
        Period.of(first, until)


def test_a_preset_begins_where_people_expect_it() -> None:
    sunday = datetime(2026, 11, 1, 20, tzinfo=UTC)  # Monday morning in Shanghai
    found = {
        preset: Period.preset(preset, now=sunday, time_zone="Asia/Shanghai") for preset in Preset
    }
    assert found[Preset.TODAY] == Period.of(date(2026, 11, 2), date(2026, 11, 3))
    assert found[Preset.WEEK] == Period.of(date(2026, 11, 2), date(2026, 11, 3))
    assert found[Preset.MONTH] == Period.of(date(2026, 11, 1), date(2026, 11, 3))
