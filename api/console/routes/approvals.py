"""Approvals: waivers and extensions asked for, each decided once."""

from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Path, Response

from api.accounts import charges_change
from api.console.edge import router as pages
from api.console.page import Here, Page
from api.model import Right, needs
from api.problems import NotOnFileError
from customers.extensions import DecidedAlreadyError, asked_together, decide_extensions
from customers.waivers import charge_of_waiver, decide_waiver
from dialer.approvals import (
    MOST_SHOWN,
    approvals_count,
    approvals_decided,
    approvals_waiting,
    decision_on,
)

router = pages()

MatterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Because = Annotated[str, Form(max_length=500)]


class Answer(StrEnum):
    """What a superior says."""

    APPROVE = "approve"
    REFUSE = "refuse"


@router.get("/approvals", openapi_extra=needs(Right.DECIDE_WAIVERS))
async def show_approvals(page: Here) -> Response:
    """Show what waits for a decision, and what was decided last."""
    return await _show(page)


@router.get("/approvals/count", openapi_extra=needs(Right.DECIDE_WAIVERS))
async def show_count(page: Here) -> Response:
    """Show how many wait, for the bar; nothing where none does."""
    return page.show("approvals/count.html", number=await approvals_count(page.work.session))


@router.post("/approvals/waiver/{matter_id}", openapi_extra=needs(Right.DECIDE_WAIVERS))
async def answer_waiver(
    page: Here, matter_id: MatterId, answer: Annotated[Answer, Form()], because: Because = ""
) -> Response:
    """Approve or refuse a waiver; approved, the charge's late fee or amount shrinks at once."""
    return await _decide(page, "waiver", matter_id, answer, because.strip())


@router.post("/approvals/extension/{matter_id}", openapi_extra=needs(Right.DECIDE_EXTENSIONS))
async def answer_extension(
    page: Here, matter_id: MatterId, answer: Annotated[Answer, Form()], because: Because = ""
) -> Response:
    """Approve or refuse an extension of all the charges it was asked for, at once."""
    return await _decide(page, "extension", matter_id, answer, because.strip())


async def _decide(
    page: Page, matter: str, matter_id: int, answer: Answer, because: str
) -> Response:
    work, approved = page.work, answer is Answer.APPROVE
    if matter == "waiver":
        about = await charge_of_waiver(work.session, matter_id)
    else:
        about = await asked_together(work.session, matter_id)
    if not about:
        raise NotOnFileError(what=matter, key=matter_id)
    known = await decision_on(work.session, matter, matter_id)
    if known is not None and known.decided_at is not None:
        return await _too_late(page, matter, matter_id)
    if not approved and not because:
        return await _show(
            page,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            trouble=page.say("approvals.say_why"),
            at=f"{matter}-{matter_id}",
        )
    try:
        async with charges_change(work, about.values()):
            if matter == "waiver":
                await decide_waiver(
                    work.session,
                    waiver_id=matter_id,
                    approved=approved,
                    by=page.caller.actor,
                    because=because or None,
                    now=page.now,
                )
            else:
                await decide_extensions(
                    work.session,
                    extension_ids=list(about),
                    approved=approved,
                    by=page.caller.actor,
                    because=because or None,
                    now=page.now,
                )
    except DecidedAlreadyError:  # between the look and the lock
        return await _too_late(page, matter, matter_id)
    for each in about:
        await work.note(
            f"{matter}_decided", f"{matter}:{each}", approved=approved, because=because or None
        )
    return page.go("/approvals")


async def _too_late(page: Page, matter: str, matter_id: int) -> Response:
    """Say who decided it before, and when."""
    row = await decision_on(page.work.session, matter, matter_id)
    if row is None:
        raise NotOnFileError(what=matter, key=matter_id)
    trouble = page.say(
        "approvals.decided_already",
        by=row.decided_by,
        at=page.text_of("approvals/instant.html", at=row.decided_at),
        state=page.say(f"approvals.state.{row.state}"),
    )
    return await _show(page, status=HTTPStatus.CONFLICT, trouble=trouble)


async def _show(
    page: Page,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    trouble: str | None = None,
    at: str | None = None,
) -> Response:
    session = page.work.session
    waiting = await approvals_waiting(session)
    decided = await approvals_decided(session)
    seen = {row.person_id for row in (*waiting, *decided)}
    if seen:
        await page.work.note("approvals_seen", "approvals", person_ids=sorted(seen))
    return page.show(
        "approvals/index.html",
        status=status,
        waiting=waiting,
        decided=decided,
        number=await approvals_count(session),
        most=MOST_SHOWN,
        day=date.fromisoformat,
        trouble=trouble,
        at=at,
    )
