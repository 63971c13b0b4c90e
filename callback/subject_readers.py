"""Reading what due calls rest on: debts, work orders, survey targets; one query a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback import subject_names
from callback.debts import Debt, DebtSummary, summarize
from callback.subject_facts import Head, SubjectFacts
from callback.tables import DueCall, DueCallCharge
from core.columns import BIGINTS, AnyRow
from customers.account_tables import (
    Charge,
    Extension,
    Promise,
    PromiseCharge,
    Survey,
    SurveyAnswer,
    SurveyTarget,
    WorkOrder,
)
from customers.model import ExtensionState, PromiseState, Reason
from customers.tables import Occupancy

_IDS = sa.bindparam("ids", type_=BIGINTS)


class Holdable:
    """A query by `ids` whose rows of one table can be held `FOR SHARE` to the transaction's end."""

    def __init__(self, query: sa.Select[*tuple[Any, ...]], table: type[object]) -> None:
        self._query = query
        self._held = query.with_for_update(read=True, of=table)

    async def read(
        self, session: AsyncSession, ids: Iterable[int], *, lock: bool
    ) -> Sequence[AnyRow]:
        """Return the rows of the ids, held where asked to."""
        query = self._held if lock else self._query
        return (await session.execute(query, {"ids": list(ids)})).all()


_PROMISED = sa.exists().where(
    PromiseCharge.charge_id == Charge.charge_id,
    PromiseCharge.promise_id == Promise.promise_id,
    Promise.state == PromiseState.OPEN,
)
_EXTENDED = (
    sa.select(sa.func.max(Extension.until))
    .where(
        Extension.charge_id == Charge.charge_id,
        Extension.state.in_([ExtensionState.REQUESTED, ExtensionState.APPROVED]),
    )
    .scalar_subquery()
)
_DEBTS = Holdable(
    sa.select(
        DueCallCharge.due_call_id,
        Charge.charge_id,
        Charge.kind,
        Charge.currency,
        Charge.due_on,
        (Charge.amount_minor - Charge.paid_minor).label("open_minor"),
        Charge.liable_person_id,
        Charge.disputed_at,
        _PROMISED.label("promised"),
        _EXTENDED.label("extended_until"),
    )
    .join(Charge, Charge.charge_id == DueCallCharge.charge_id)
    .where(DueCallCharge.due_call_id == sa.any_(_IDS))
    .order_by(Charge.charge_id),
    Charge,
)


async def read_overdue(
    session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
) -> dict[int, SubjectFacts]:
    """Read what is owed."""
    debts: dict[int, list[Debt]] = {due_call_id: [] for due_call_id in heads}
    for row in await _DEBTS.read(session, heads, lock=lock):
        head = heads[row.due_call_id]
        asked_for = head.reason is Reason.PROMISED  # an appointment outlasts promise and extension
        debts[row.due_call_id].append(
            Debt(
                charge_id=row.charge_id,
                kind=row.kind,
                currency=row.currency,
                due_on=row.due_on,
                open_minor=row.open_minor,
                liable=row.liable_person_id == head.person_id,
                disputed=row.disputed_at is not None,
                promised=row.promised and not asked_for,
                extended_until=None if asked_for else row.extended_until,
            )
        )
    return {
        due_call_id: _of_debts(heads[due_call_id], summarize(found, heads[due_call_id].today))
        for due_call_id, found in debts.items()
    }


def _of_debts(head: Head, summary: DebtSummary) -> SubjectFacts:
    facts = head.holds(**summary.script_variables)
    if head.step is not None:
        facts = replace(facts, script_variables={**facts.script_variables, "step": head.step})
    return replace(
        facts,
        reason_holds=summary.gone is None,
        reason_gone=summary.gone,
        debt_ids=summary.debt_ids,
        disputed=summary.disputed,
        extension_until=summary.extension_ends(head.zone),
    )


_ORDERS = Holdable(
    sa.select(
        WorkOrder.work_order_id,
        WorkOrder.reference,
        WorkOrder.category,
        WorkOrder.completed_on,
        WorkOrder.reopened_at,
        WorkOrder.cycle,
    )
    .where(WorkOrder.work_order_id == sa.any_(_IDS))
    .order_by(WorkOrder.work_order_id),
    WorkOrder,
)
_TIES = (
    sa.select(DueCall.due_call_id, Occupancy.valid_from, Occupancy.valid_until)
    .join(
        Occupancy,
        sa.and_(Occupancy.unit_id == DueCall.unit_id, Occupancy.person_id == DueCall.person_id),
    )
    .where(DueCall.due_call_id == sa.any_(_IDS))
)


async def read_repair(
    session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
) -> dict[int, SubjectFacts]:
    """Read work orders and who is still there; those not on file are left out."""
    orders = {subject_names.number_in(head.subject) for head in heads.values() if head.subject}
    rows = await _ORDERS.read(session, orders, lock=lock)
    found = {subject_names.work_order(row.work_order_id): row for row in rows}
    there = await _who_is_there(session, heads)
    facts: dict[int, SubjectFacts] = {}
    for due_call_id, head in heads.items():
        row = found.get(head.subject)
        if row is None:
            continue
        if row.completed_on is None or row.reopened_at is not None or str(row.cycle) != head.cycle:
            facts[due_call_id] = head.gone("reopened")
        elif due_call_id not in there:
            facts[due_call_id] = head.gone("nobody_there")
        else:
            facts[due_call_id] = head.holds(
                work_order=row.reference,
                completed_on=row.completed_on.isoformat(),
                repair_category=subject_names.repair(row.category),
            )
    return facts


async def _who_is_there(session: AsyncSession, heads: Mapping[int, Head]) -> set[int]:
    """Return the due calls whose person still has a tie to the unit."""
    ties = await session.execute(_TIES, {"ids": list(heads)})
    return {
        tie.due_call_id
        for tie in ties
        if (tie.valid_from or date.min)
        <= heads[tie.due_call_id].today
        < (tie.valid_until or date.max)
    }


_TARGETS = Holdable(
    sa.select(
        SurveyTarget.survey_target_id,
        Survey.name,
        Survey.closes_on,
        sa.exists()
        .where(SurveyAnswer.survey_target_id == SurveyTarget.survey_target_id)
        .label("answered"),
    )
    .join(Survey, Survey.survey_id == SurveyTarget.survey_id)
    .where(SurveyTarget.survey_target_id == sa.any_(_IDS))
    .order_by(SurveyTarget.survey_target_id),
    SurveyTarget,
)


async def read_survey(
    session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
) -> dict[int, SubjectFacts]:
    """Read survey targets; those not on file are left out."""
    targets = {subject_names.number_in(head.subject) for head in heads.values() if head.subject}
    rows = await _TARGETS.read(session, targets, lock=lock)
    found = {subject_names.survey_target(row.survey_target_id): row for row in rows}
    facts: dict[int, SubjectFacts] = {}
    for due_call_id, head in heads.items():
        row = found.get(head.subject)
        if row is None:
            continue
        if head.today > row.closes_on:
            facts[due_call_id] = head.gone("survey_closed")
        elif row.answered:
            facts[due_call_id] = head.gone("answered")
        else:
            facts[due_call_id] = head.holds(
                survey_name=subject_names.survey(row.name), closes_on=row.closes_on.isoformat()
            )
    return facts
