"""What a call came to, from its guide: a proposal for each due call that waits for its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall
from core.columns import AnyRow, table_of
from customers.model import Reason, WrapUpCode
from customers.tables import Community, Unit
from dialer.agents.desk import Desk
from dialer.agents.forms import codes_for
from dialer.agents.guide import Guide
from dialer.agents.guide_path import when_cut_off
from dialer.tables import AttemptDueCall
from scripts.language import Script
from scripts.model import SectionOutcome
from scripts.steps import AskStep, RecordStep
from scripts.variables import ANSWERS

_SERVED, _DUE_CALL = table_of(AttemptDueCall), table_of(DueCall)
_COMMUNITY, _UNIT = table_of(Community), table_of(Unit)

# What comes first on the buttons; the rest follows as the codes stand.
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
)
_OPEN = (
    sa.select(
        _DUE_CALL.c.due_call_id,
        _DUE_CALL.c.reason,
        _DUE_CALL.c.purpose,
        _DUE_CALL.c.campaign,
        _DUE_CALL.c.script,
        _DUE_CALL.c.facts,
        _DUE_CALL.c.due_by,
        _COMMUNITY.c.time_zone,
        _COMMUNITY.c.currency,
        _UNIT.c.label.label("unit"),
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
    codes: Sequence[WrapUpCode] = ()
    questions: Sequence[str] = ()  # of a survey, in the order they are asked


async def proposals(
    session: AsyncSession, guide: Guide | None, attempt_id: UUID, *, desk: Desk
) -> list[Proposal]:
    """Return a proposal for each due call of a call that has no outcome yet, in their order."""
    rows = (await session.execute(_OPEN, {"attempt_id": attempt_id})).all()
    came_to = {} if guide is None else outcomes_so_far(guide)
    library = desk.settlement.library if guide is None else guide.library
    made = []
    for row in rows:
        draft = {} if guide is None else guide.drafts.get(str(row.due_call_id), {})
        outcome = came_to.get(row.due_call_id)
        code, values = (None, {}) if outcome is None else (outcome.wrap_up_code, values_of(outcome))
        about = Reason(row.facts.get("about", row.reason)) if _has_about(row) else row.reason
        codes = in_order(codes_for(about, row.purpose, row.campaign))
        if draft:
            code, values = WrapUpCode(draft["code"]), draft["values"]
        made.append(
            Proposal(
                due_call=row,
                code=code if code in codes else None,
                values=values,
                by_hand=bool(draft),
                codes=codes,
                questions=questions_of(library.scripts.get(row.script)),
            )
        )
    return made


def outcomes_so_far(guide: Guide) -> dict[int, SectionOutcome]:
    """Return what the talk came to by due call, as it would stand if the line were gone now.

    Of a talk in which nothing was answered, nothing.
    """
    here = guide.here
    if here is None or not (guide.answers or guide.is_handed_over):
        return {}
    return {each.due_call_id: each for each in when_cut_off(guide.library, here).outcomes}


def values_of(outcome: SectionOutcome) -> dict[str, Any]:
    """Return the values of a form that say the same as an outcome of the script."""
    data = outcome.data
    said: Mapping[str, str] = data.get("said", {})
    match outcome.wrap_up_code:
        case WrapUpCode.PROMISE_TO_PAY:
            pairs = {
                "amount_minor": data.get("promised_amount_minor"),
                "promised_on": data.get("promised_on"),
            }
        case WrapUpCode.EXTENSION_REQUESTED:
            pairs = {"until": data.get("extension_until")}
        case WrapUpCode.CALLBACK_REQUESTED:
            pairs = {"callback_at": data.get("callback_at")}
        case WrapUpCode.SURVEY_COMPLETE | WrapUpCode.SURVEY_PARTIAL:
            pairs = {"answers": {**data.get(ANSWERS, {}), **said}}
        case _:
            pairs = {"reason": said.get("recording") or data.get("reason")}
    return {name: value for name, value in pairs.items() if value is not None}


def in_order(codes: Sequence[WrapUpCode]) -> list[WrapUpCode]:
    """Return codes as the buttons have them, the likely ones first."""
    first = [code for code in _LIKELY if code in codes]
    return [*first, *(code for code in codes if code not in first)]


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
