"""A complaint taken down while one speaks: few words, the rest is on the file."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.forms import LongLine
from api.console.page import Here
from api.console.routes.complaints import take_down
from api.console.routes.desk_file import Tab, show_tab
from api.console.routes.desk_holding import held
from api.model import Right, needs
from api.problems import ProblemError
from customers.complaint_tables import ComplaintCategory, ComplaintChannel
from customers.complaints import ComplaintGiven
from dialer.agents.screen import load_screen

router = pages()


@router.post("/desk/complaint", openapi_extra=needs(Right.WORK_AS_AGENT))
async def take_complaint(
    page: Here,
    *,
    words: LongLine = "",
    category: Annotated[str, Form(max_length=32)] = "",
    serious: Annotated[bool, Form()] = False,
) -> Response:
    """Take down what the person of the present call complains of; the agent answers for it."""
    agent = await held(page)
    screen = await load_screen(page.work.session, agent.agent_id, now=page.now)
    seen = screen.seen
    if seen is None or screen.attempt_id is None:
        message = "there is no call with anybody on file; take it down on the file"
        raise ProblemError(HTTPStatus.CONFLICT, message, kind="nobody-on-the-line")
    trouble = None
    if category not in set(ComplaintCategory):
        trouble = page.say("complaints.trouble.choose")
    elif not words:
        trouble = page.say("complaints.trouble.words")
    if trouble is not None:
        return await show_tab(
            page, screen, Tab.COMPLAINTS, trouble=trouble, typed=words, chosen=category
        )
    rang_us = screen.inbound is not None
    unit_id = seen.ties[0].unit_id if seen.ties else None
    await take_down(
        page,
        ComplaintGiven(
            person_id=seen.person.person_id,
            unit_id=unit_id,
            category=ComplaintCategory(category),
            channel=ComplaintChannel.HOTLINE if rang_us else ComplaintChannel.OUR_CALL,
            words=words,
            serious=serious,
            accountable=agent.name,
            agent_id=agent.agent_id,
        ),
    )
    return await show_tab(page, screen, Tab.COMPLAINTS)
