"""What owners wish of being called: opt-outs, consents, callbacks at a time of their own."""

from datetime import datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import Query
from pydantic import Field, model_validator

from api.fields import E164, Given, Id, IdQuery, Instant, Shown, Text, Yes, phone_of
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import narrowed, row_of
from api.routes.persons import ConsentShown, OptOutShown
from api.routing import router as router_of
from api.work import Here, Work
from callback.rebuild import rebuild_soon
from core.columns import table_of
from core.errors import OwnerlineError
from core.live import Topic, tell_all
from customers.model import CallMode, Purpose, Reason
from customers.service import opt_out, record_consent, request_callback
from customers.tables import CallbackRequest, Consent, DoNotCall, Occupancy, Phone, Unit
from dialer.agents.call_time import AskedCall, check_call_time

router = router_of("persons")

_OPT_OUT, _CONSENT, _REQUEST = table_of(DoNotCall), table_of(Consent), table_of(CallbackRequest)
_PHONE, _UNIT, _TIE = table_of(Phone), table_of(Unit), table_of(Occupancy)
_FURTHEST = timedelta(days=366)


class WishError(OwnerlineError):
    """The wish cannot be kept as it is."""


class OptOutGiven(Given):
    """A person, or a number, that is not to be called, for one reason or for all."""

    person_id: Id | None = None
    e164: E164 | None = None
    reason: Reason | None = Field(default=None, description="Left out: for all reasons.")
    said_by: Text = Field(examples=["owner"])
    how: Text = Field(examples=["letter of 2026-11-20"])

    @model_validator(mode="after")
    def _of_somebody(self) -> "OptOutGiven":
        if self.person_id is None and self.e164 is None:
            message = "name a person_id, an e164, or both"
            raise ValueError(message)
        return self


class ConsentGiven(Given):
    """A yes, or its withdrawal, for calls to a number."""

    e164: E164
    purpose: Purpose
    mode: CallMode
    granted: Yes
    valid_until: Instant | None = None
    given_by: Text = Field(examples=["owner"])
    how: Text = Field(examples=["web form"])


class CallbackGiven(Given):
    """A call that a person asks for."""

    person_id: Id
    unit_id: Id = Field(description="The unit it is about, which the person is tied to.")
    call_at: Instant
    about: Reason


class CallbackShown(Shown):
    """A call a person asked for."""

    callback_request_id: int
    person_id: int
    community_id: int
    unit_id: int | None
    asked_at: datetime
    call_at: datetime
    about: Reason
    cancelled_at: datetime | None


class Taken(Shown):
    """Whether it is new; false where it stood already."""

    changed: bool


@router.get("/opt-outs", openapi_extra=needs(Right.TAKE_WISHES))
async def list_opt_outs(
    work: Here,
    asked: Asked,
    person_id: Annotated[IdQuery | None, Query()] = None,
    e164: Annotated[E164 | None, Query()] = None,
) -> Page[OptOutShown]:
    """Return opt-outs, lifted ones too; the query goes on the audit."""
    query = narrowed(
        sa.select(_OPT_OUT), person=(_OPT_OUT.c.person_id, person_id), e164=(_OPT_OUT.c.e164, e164)
    )
    await work.note("opt_outs_listed", "opt_outs", person_id=person_id, e164=e164)
    return await page_of(work, query, _OPT_OUT.c.do_not_call_id, OptOutShown.model_validate, asked)


@router.post("/opt-outs", status_code=201, openapi_extra=needs(Right.TAKE_WISHES))
async def take_opt_out(work: Here, given: OptOutGiven) -> Taken:
    """Let a person or a number no longer be called."""
    changed = await opt_out(
        work.session,
        person_id=given.person_id,
        phone=None if given.e164 is None else phone_of(given.e164),
        reason=given.reason,
        said_by=given.said_by,
        how=given.how,
        now=work.now,
    )
    await _tell_holders(work, given.person_id, given.e164)
    subject = "opt_outs" if given.person_id is None else f"person:{given.person_id}"
    await work.note("opt_out_taken", subject, e164=given.e164, reason=given.reason)
    return Taken(changed=changed)


@router.get("/consents", openapi_extra=needs(Right.TAKE_WISHES))
async def list_consents(
    work: Here, asked: Asked, e164: Annotated[E164 | None, Query()] = None
) -> Page[ConsentShown]:
    """Return consents and withdrawals; the query goes on the audit."""
    query = narrowed(sa.select(_CONSENT), e164=(_CONSENT.c.e164, e164))
    await work.note("consents_listed", "consents", e164=e164)
    return await page_of(work, query, _CONSENT.c.consent_id, ConsentShown.model_validate, asked)


@router.post("/consents", status_code=201, openapi_extra=needs(Right.TAKE_WISHES))
async def take_consent(work: Here, given: ConsentGiven) -> Taken:
    """Write down a yes or a no for a number; the newest word counts."""
    await record_consent(
        work.session,
        phone=phone_of(given.e164),
        purpose=given.purpose,
        mode=given.mode,
        granted=given.granted,
        given_by=given.given_by,
        how=given.how,
        now=work.now,
        until=given.valid_until,
    )
    await _tell_holders(work, None, given.e164)
    await work.note("consent_taken", "consents", e164=given.e164, granted=given.granted)
    return Taken(changed=True)


@router.get("/callback-requests", openapi_extra=needs(Right.READ_CALLS))
async def list_callback_requests(
    work: Here, asked: Asked, person_id: Annotated[IdQuery | None, Query()] = None
) -> Page[CallbackShown]:
    """Return the calls that persons asked for."""
    query = narrowed(sa.select(_REQUEST), person=(_REQUEST.c.person_id, person_id))
    return await page_of(
        work, query, _REQUEST.c.callback_request_id, CallbackShown.model_validate, asked
    )


@router.post("/callback-requests", status_code=201, openapi_extra=needs(Right.TAKE_WISHES))
async def ask_for_callback(work: Here, given: CallbackGiven) -> CallbackShown:
    """Take down that a person wants to be called at a time of their own.

    A time the rules forbid is refused; the problem's detail has the next one they allow.
    """
    if not work.now < given.call_at <= work.now + _FURTHEST:
        message = f"{given.call_at.isoformat()} does not lie within the year ahead"
        raise WishError(message)
    unit = await row_of(work, sa.select(_UNIT), _UNIT.c.unit_id, given.unit_id, "unit")
    tied = await work.session.scalar(
        sa.select(
            sa.exists().where(_TIE.c.unit_id == given.unit_id, _TIE.c.person_id == given.person_id)
        )
    )
    if not tied:
        message = f"person {given.person_id} has no tie to unit {given.unit_id}"
        raise WishError(message)
    asked = AskedCall(
        person_id=given.person_id,
        community_id=unit.community_id,
        call_at=given.call_at,
        about=given.about,
    )
    await check_call_time(work.session, asked, desk=work.deps.desk, now=work.now)
    request_id = await request_callback(
        work.session,
        person_id=given.person_id,
        community_id=unit.community_id,
        unit_id=given.unit_id,
        call_at=given.call_at,
        about=given.about,
        now=work.now,
    )
    await work.note("callback_asked", f"person:{given.person_id}", request_id=request_id)
    row = await row_of(
        work,
        sa.select(_REQUEST),
        _REQUEST.c.callback_request_id,
        request_id,
        "callback request",
    )
    await rebuild_soon(work.session, [unit.community_id], now=work.now)
    return CallbackShown.model_validate(row)


async def _tell_holders(work: Work, person_id: int | None, e164: str | None) -> None:
    holders = await work.session.scalars(sa.select(_PHONE.c.person_id).where(_PHONE.c.e164 == e164))
    concerned = set(holders.all()) | ({person_id} if person_id is not None else set())
    await tell_all(work.session, Topic.ACCOUNT, sorted(concerned))
