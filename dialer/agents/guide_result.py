"""What a call came to, from its guide: a proposal for each due call that waits for its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall, DueCallCharge
from core.columns import AnyRow, table_of
from customers.account_tables import Charge
from customers.model import Purpose, Reason, WrapUpCode
from customers.tables import Community, Unit
from dialer.agents.desk import Desk
from dialer.agents.forms import PAY_BY, codes_for
from dialer.agents.guide import Guide
from dialer.agents.guide_path import when_cut_off
from dialer.tables import AttemptDueCall
from scripts.language import Script
from scripts.model import SectionOutcome
from scripts.steps import AskStep, RecordStep
from scripts.variables import ANSWERS

_SERVED, _DUE_CALL = table_of(AttemptDueCall), table_of(DueCall)
_COMMUNITY, _UNIT = table_of(Community), table_of(Unit)
_CHARGE, _OF_CHARGE = table_of(Charge), table_of(DueCallCharge)

# What is on buttons with keys, in this order; the rest is behind one more.
_LIKELY = (
    WrapUpCode.PROMISE_TO_PAY,
    WrapUpCode.ALREADY_PAID,
    WrapUpCode.DISPUTE,
    WrapUpCode.EXTENSION_REQUESTED,
    WrapUpCode.SATISFIED,
    WrapUpCode.DISSATISFIED,
    WrapUpCode.SURVEY_COMPLETE,
    WrapUpCode.SURVEY_PARTIAL,
    WrapUpCode.CALLBACK_REQUESTED,
    WrapUpCode.REFUSED,
    WrapUpCode.INFORMATION_GIVEN,
    WrapUpCode.NOT_THE_OWNER,
    WrapUpCode.WRONG_NUMBER,
    WrapUpCode.OPTED_OUT,
)
_LATE_FEES = (
    sa.select(sa.func.coalesce(sa.func.sum(_CHARGE.c.late_fee_minor), 0))
    .join(_OF_CHARGE, _OF_CHARGE.c.charge_id == _CHARGE.c.charge_id)
    .where(
        _OF_CHARGE.c.due_call_id == _DUE_CALL.c.due_call_id,
        _CHARGE.c.amount_minor > _CHARGE.c.paid_minor,
    )
    .scalar_subquery()
)
_OPEN = (
    sa.select(
        _DUE_CALL.c.due_call_id,
        _DUE_CALL.c.person_id,
        _DUE_CALL.c.community_id,
        _DUE_CALL.c.reason,
        _DUE_CALL.c.purpose,
        _DUE_CALL.c.campaign,
        _DUE_CALL.c.script,
        _DUE_CALL.c.facts,
        _DUE_CALL.c.due_by,
        _COMMUNITY.c.time_zone,
        _COMMUNITY.c.currency,
        _UNIT.c.label.label("unit"),
        _LATE_FEES.label("late_fee_minor"),
    )
    .join(_SERVED, _SERVED.c.due_call_id == _DUE_CALL.c.due_call_id)
    .join(_COMMUNITY, _COMMUNITY.c.community_id == _DUE_CALL.c.community_id)
    .outerjoin(_UNIT, _UNIT.c.unit_id == _DUE_CALL.c.unit_id)
    .where(_SERVED.c.attempt_id == sa.bindparam("attempt_id"), _SERVED.c.settled_at.is_(None))
    .order_by(_SERVED.c.position)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What may be written for a due call: what the script came to, or what the agent chose.

    `code` None: nothing was said that settles it. `values` are those of the code's form.
    """

    due_call: AnyRow
    code: WrapUpCode | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    by_hand: bool = False
    scripted: tuple[WrapUpCode, Mapping[str, Any]] | None = None  # what the script came to
    codes: Sequence[WrapUpCode] = ()  # the likely ones
    others: Sequence[WrapUpCode] = ()
    waives_minor: int = 0  # late fees that might be waived, which the owner may hear of
    questions: Sequence[str] = ()  # of a survey, in the order they are asked


async def proposals(
    session: AsyncSession, guide: Guide | None, attempt_id: UUID, *, desk: Desk, is_over: bool
) -> list[Proposal]:
    """Return a proposal for each due call of a call that has no outcome yet, in their order.

    What the talk had not come to is broken off once the call `is_over`.
    """
    rows = (await session.execute(_OPEN, {"attempt_id": attempt_id})).all()
    came_to: Mapping[int, SectionOutcome] = {}
    if guide is not None:
        came_to = outcomes_when_over(guide) if is_over else settled_so_far(guide)
    may_waive = guide is not None and guide.here is not None and guide.here.is_identified
    library = desk.settlement.library if guide is None else guide.library
    made = []
    for row in rows:
        draft = {} if guide is None else guide.drafts.get(str(row.due_call_id), {})
        outcome = came_to.get(row.due_call_id)
        code, values = (None, {}) if outcome is None else (outcome.wrap_up_code, values_of(outcome))
        about = Reason(row.facts.get("about", row.reason)) if _has_about(row) else row.reason
        codes = codes_for(about, row.purpose, row.campaign)
        likely = [each for each in _LIKELY if each in codes and _is_likely(each, row.purpose)]
        scripted = None if code is None else (code, values)
        if draft:
            code, values = WrapUpCode(draft["code"]), draft["values"]
        made.append(
            Proposal(
                due_call=row,
                code=code if code in codes else None,
                values=values,
                by_hand=bool(draft) and scripted != (code, values),
                scripted=scripted,
                codes=likely,
                others=[each for each in codes if each not in likely],
                waives_minor=int(row.late_fee_minor) if may_waive else 0,
                questions=questions_of(library.scripts.get(row.script)),
            )
        )
    return made


def settled_so_far(guide: Guide) -> dict[int, SectionOutcome]:
    """Return what the talk has come to for the due calls it is done with."""
    here = guide.here
    return {} if here is None else by_due_call(guide, here.state.outcomes)


def by_due_call(guide: Guide, outcomes: Sequence[SectionOutcome]) -> dict[int, SectionOutcome]:
    """Return outcomes of a guide's talk, a promise with how it will be paid where that was said."""
    way = guide.typed.get(PAY_BY)
    return {
        each.due_call_id: replace(each, data={**each.data, PAY_BY: way})
        if way and each.wrap_up_code is WrapUpCode.PROMISE_TO_PAY
        else each
        for each in outcomes
    }


def outcomes_when_over(guide: Guide) -> dict[int, SectionOutcome]:
    """Return what the talk came to by due call, as it would stand if the line were gone now.

    Of a talk in which nothing was answered, nothing.
    """
    here = guide.here
    if here is None or not (guide.answers or guide.is_handed_over):
        return {}
    return by_due_call(guide, when_cut_off(guide.library, here).outcomes)


def values_of(outcome: SectionOutcome) -> dict[str, Any]:
    """Return the values of a form that say the same as an outcome of the script."""
    data = outcome.data
    said: Mapping[str, str] = data.get("said", {})
    match outcome.wrap_up_code:
        case WrapUpCode.PROMISE_TO_PAY:
            pairs = {
                "amount_minor": data.get("promised_amount_minor"),
                "promised_on": data.get("promised_on"),
                PAY_BY: data.get(PAY_BY),
            }
        case WrapUpCode.EXTENSION_REQUESTED:
            pairs = {"until": data.get("extension_until")}
        case WrapUpCode.CALLBACK_REQUESTED:
            pairs = {"callback_at": data.get("callback_at")}
        case WrapUpCode.SURVEY_COMPLETE | WrapUpCode.SURVEY_PARTIAL:
            pairs = {"answers": {**data.get(ANSWERS, {}), **said}}
        case WrapUpCode.DISPUTE | WrapUpCode.DISSATISFIED | WrapUpCode.TRANSFERRED:
            pairs = {"reason": said.get("recording")}  # in words; a script's own word is none
        case _:
            pairs = {"reason": said.get("recording") or data.get("reason")}
    return {name: value for name, value in pairs.items() if value is not None}


def _is_likely(code: WrapUpCode, purpose: Purpose) -> bool:
    of_service = {WrapUpCode.SATISFIED, WrapUpCode.DISSATISFIED}
    return purpose is not Purpose.DEBT or code not in of_service


def questions_of(script: Script | None) -> list[str]:
    """Return the names of a script's questions, in its order."""
    found: dict[str, None] = {}
    for step in () if script is None else script.steps.values():
        into = step.into if isinstance(step, AskStep) else None
        into = step.record if isinstance(step, RecordStep) else into
        if into is not None and into.startswith(ANSWERS + "."):
            found[into.partition(".")[2]] = None
    return list(found)


def _has_about(row: AnyRow) -> bool:
    return row.reason is Reason.PROMISED and "about" in row.facts
