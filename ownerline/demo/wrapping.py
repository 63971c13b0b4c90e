"""How an invented agent fills in the wrap-up: as the script they walked through came out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import WrapUpCode
from dialer.agents.desk import Desk
from dialer.agents.forms import WrapUpFormError
from dialer.agents.outcomes import ended_attempt, unsettled
from dialer.agents.wrap_up import WrapUpForm, wrap_up
from dialer.outcome import outcomes_of
from scripts.model import SectionOutcome

_FIELDS = {
    "promised_amount_minor": "amount_minor",
    "promised_on": "promised_on",
    "extension_until": "until",
    "callback_at": "callback_at",
    "answers": "answers",
    "reason": "reason",
}
_NEEDS_A_REASON = frozenset({WrapUpCode.DISPUTE, WrapUpCode.DISSATISFIED, WrapUpCode.TRANSFERRED})
_NOTE = "已与业主通话，结果见记录。"


async def write_down(
    session: AsyncSession, agent_id: int, attempt_id: UUID, *, desk: Desk, now: datetime
) -> None:
    """Wrap the agent's call up; what the form does not take is written as information given."""
    attempt = await ended_attempt(session, attempt_id)
    rows = [] if attempt is None else await unsettled(session, attempt_id)
    walked: Mapping[int, SectionOutcome] = {} if attempt is None else outcomes_of(attempt.talk)
    forms = [_form(row.due_call_id, walked.get(row.due_call_id)) for row in rows]
    try:
        async with session.begin_nested():
            await wrap_up(session, agent_id, attempt_id, forms, desk=desk, now=now)
    except WrapUpFormError:
        plain = [_plain(row.due_call_id) for row in rows]
        await wrap_up(session, agent_id, attempt_id, plain, desk=desk, now=now)


def _form(due_call_id: int, outcome: SectionOutcome | None) -> WrapUpForm:
    if outcome is None:
        return _plain(due_call_id)
    values: dict[str, Any] = {
        ours: outcome.data[theirs] for theirs, ours in _FIELDS.items() if theirs in outcome.data
    }
    if outcome.wrap_up_code in _NEEDS_A_REASON:
        values.setdefault("reason", "as said on the call")
    return WrapUpForm(due_call_id=due_call_id, code=outcome.wrap_up_code, values=values, note=_NOTE)


def _plain(due_call_id: int) -> WrapUpForm:
    code = WrapUpCode.INFORMATION_GIVEN
    return WrapUpForm(due_call_id=due_call_id, code=code, note=_NOTE)
