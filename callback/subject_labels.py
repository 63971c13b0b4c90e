"""What a due call is about, as people name it: a work order, a survey, or the bills owed."""

import sqlalchemy as sa

from callback.tables import DueCall, DueCallCharge
from customers.account_tables import Charge, Survey, SurveyTarget, WorkOrder
from customers.model import Reason


def subject_named() -> sa.ColumnElement[str]:
    """Return a due call's subject as text; several bills are joined by `;`, the leading one first.

    A subject that has no name of its own stays as the due call keeps it.
    """
    return sa.case(
        (
            DueCall.reason == Reason.REPAIR,
            sa.select(WorkOrder.reference)
            .where(WorkOrder.work_order_id == _number(DueCall.subject))
            .scalar_subquery(),
        ),
        (
            DueCall.reason == Reason.SURVEY,
            sa.select(Survey.name)
            .join(SurveyTarget, SurveyTarget.survey_id == Survey.survey_id)
            .where(SurveyTarget.survey_target_id == _number(DueCall.subject))
            .scalar_subquery(),
        ),
        (
            DueCall.reason.in_([Reason.UPLOADED, Reason.PROSPECT]),
            DueCall.facts["list"].astext,
        ),
        (DueCall.reason == Reason.COMPLAINT, sa.func.substring(DueCall.subject, "[0-9]+$")),
        (DueCall.reason == Reason.MISSED_CALL, DueCall.facts["rang_at"].astext),
        else_=sa.func.coalesce(_charge_references(), DueCall.subject),
    )


def rests_on_charges(charge_ids: list[int]) -> sa.ColumnElement[bool]:
    """Return whether a due call speaks of one of the charges."""
    return DueCall.due_call_id.in_(
        sa.select(DueCallCharge.due_call_id).where(DueCallCharge.charge_id.in_(charge_ids))
    )


def _number(subject: sa.SQLColumnExpression[str]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.substring(subject, "[0-9]+$"), sa.BigInteger)


def _charge_references() -> sa.ScalarSelect[str]:
    return (
        sa.select(
            sa.func.string_agg(Charge.reference, sa.literal(";")).aggregate_order_by(
                DueCallCharge.step.desc(), Charge.due_on, Charge.charge_id
            )
        )
        .join(DueCallCharge, DueCallCharge.charge_id == Charge.charge_id)
        .where(DueCallCharge.due_call_id == DueCall.due_call_id)
        .scalar_subquery()
    )
