"""What changed in the customer file while an owner is spoken with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from callback.subjects import load_subjects
from scripts.model import TalkState

News = tuple[dict[int, Mapping[str, Any]], dict[int, str]]


async def news_of(session: AsyncSession, state: TalkState, *, now: datetime) -> News:
    """Return what changed since a talk's plan was made: fresh variables, and reasons that went.

    Both are by due call, of those without an outcome.
    """
    settled = {outcome.due_call_id for outcome in state.outcomes}
    known = {
        section.due_call_id: section.variables
        for section in state.plan.sections
        if section.due_call_id not in settled
    }
    subjects = await load_subjects(session, list(known), now=now, lock=False)
    facts = {
        due_call_id: subject.script_variables
        for due_call_id, subject in subjects.items()
        if subject.reason_holds and subject.script_variables != known[due_call_id]
    }
    withdrawn = {
        each.due_call_id: each.reason_gone or ""
        for each in subjects.values()
        if not each.reason_holds
    }
    return facts, withdrawn
