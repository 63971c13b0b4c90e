"""A time to call again, judged while it is chosen in the wrap-up or for a callback from a file."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query, Response

from api.console.call_times import TimeSaid, read_time, said_of
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.desk_holding import agent_id_of
from api.console.routes.desk_parts import Words
from api.fields import LARGEST_ID
from api.model import Right, needs
from customers.model import WrapUpCode
from dialer.agents.call_time import CallTime, judge_call_time
from dialer.agents.form_check import asked_call
from dialer.agents.guide import find_guide
from dialer.agents.guide_result import Proposal, proposals
from dialer.agents.screen import load_screen

router = pages()

_FIELD = "callback_at"
_MOST_TYPED = 40


@router.get("/desk/call-time", openapi_extra=needs(Right.WORK_AS_AGENT))
async def judge_typed(
    page: Here,
    of: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    at: Annotated[str, Query(max_length=_MOST_TYPED)] = "",
) -> Response:
    """Say what the rules say of a time typed for one due call of the present call."""
    screen = await load_screen(page.work.session, agent_id_of(page), now=page.now)
    made: Sequence[Proposal] = ()
    if screen.attempt_id is not None:
        guide = await find_guide(page.work.session, screen.attempt_id, desk=page.deps.desk)
        made = await proposals(
            page.work.session, guide, screen.attempt_id, desk=page.deps.desk, is_over=True
        )
    # What is typed comes under its field's own name.
    at = at or page.request.query_params.get(f"{of}.{_FIELD}", "")[:_MOST_TYPED]
    said = None
    for each in made:
        if each.due_call.due_call_id == of and at:
            said = await _said(page, each, at)
    return page.show("desk/script/call_time.html", said=said, into=f"{of}.{_FIELD}")


async def times_of(page: Page, made: Sequence[Proposal]) -> dict[int, TimeSaid]:
    """Return what is said of each time that is written in a wrap-up so far, by due call."""
    return {
        each.due_call.due_call_id: await _said(page, each, str(each.values[_FIELD]))
        for each in made
        if each.code is WrapUpCode.CALLBACK_REQUESTED and each.values.get(_FIELD)
    }


def time_said(page: Page, judged: CallTime, zone: str) -> TimeSaid:
    """Say in the language of the page what the rules say of a time."""
    return said_of(judged, zone, rule=Words(page).rule, say=page.say, language=page.language)


async def _said(page: Page, proposal: Proposal, typed: str) -> TimeSaid:
    row, rules = proposal.due_call, page.deps.desk.rules
    at = read_time(typed, row.time_zone)
    if at is None or not _within(at, page.now, days=rules.max_callback_days):
        sentence = page.say("script.trouble.callback_at", days=rules.max_callback_days)
        return TimeSaid(kind="bad", sentence=sentence)
    session, desk = page.work.session, page.deps.desk
    judged = await judge_call_time(session, asked_call(row, at), desk=desk, now=page.now)
    if judged is None:  # the person has gone from the file
        return TimeSaid(kind="bad", sentence=page.say("script.trouble.other"))
    return time_said(page, judged, row.time_zone)


def _within(at: datetime, now: datetime, *, days: int) -> bool:
    return now < at <= now + timedelta(days=days)
