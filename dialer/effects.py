"""What an outcome causes in the customer file, by wrap-up code, in the settling transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from callback import subject_names
from callback.campaigns import Campaigns
from callback.places import may_build_now, places
from callback.promised import build_promised
from callback.rebuild import rebuild_soon
from callback.tables import DueCall, DueCallCharge
from core.columns import AnyRow
from core.money import Money
from core.phone import PhoneNumber
from customers.account_tables import Charge, WorkOrder
from customers.complaint_calls import answered_by_call
from customers.complaint_tables import Complaint
from customers.model import CallMode, Reason, WrapUpCode
from customers.service import (
    add_note,
    dispute_charges,
    kill_phone,
    mark_deceased,
    open_agent_task,
    opt_out,
    record_promise,
    record_survey_answers,
    reopen_work_order,
    request_callback,
    request_extension,
)
from customers.tables import Community, Phone
from customers.waiver_tables import WaiverKind
from customers.waivers import ImpossibleWaiverError, ask_waiver
from dialer.agents.model import Unwrapped
from dialer.agents.tables import Agent
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

_BY_SCRIPT = "script"
_UNWRAPPED = frozenset(Unwrapped)  # what was said must still be written down by a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """One due call's outcome; `due_call` is its row, `data` what the talk's branch set."""

    attempt_id: UUID
    person_id: int
    phone_id: int
    e164: str
    due_call: AnyRow
    code: WrapUpCode | None
    data: Mapping[str, Any]
    at: datetime
    dead_because: str | None  # of the phone that was rung; None: it lives


# What an outcome must say to be acted on; a list's own script that says less is a talk to finish.
_NEEDS: Mapping[WrapUpCode, frozenset[str]] = {
    WrapUpCode.CALLBACK_REQUESTED: frozenset({"callback_at"}),
    WrapUpCode.PROMISE_TO_PAY: frozenset({"promised_amount_minor", "promised_on"}),
    WrapUpCode.EXTENSION_REQUESTED: frozenset({"extension_until"}),
}


async def apply_effects(session: AsyncSession, settled: Settled, campaigns: Campaigns) -> None:
    """Write what the outcome causes: promise, rework notice, opt-out, a task for an agent."""
    if settled.dead_because is not None:
        await _phone_died(session, settled, settled.dead_because)
    if "waiver" in settled.data:
        await _waiver_asked(session, settled)
    if settled.code is not None and _NEEDS.get(settled.code, frozenset()) - settled.data.keys():
        await _wants_an_agent(session, settled)
    elif settled.code is WrapUpCode.CALLBACK_REQUESTED:
        await _callback_requested(session, settled, campaigns)
    elif settled.code is not None and (effect := _EFFECTS.get(settled.code)) is not None:
        await effect(session, settled)


async def _promised_to_pay(session: AsyncSession, settled: Settled) -> None:
    charges = await _open_charges(session, settled)
    if not charges:
        await _note(session, settled, "promised to pay, but nothing is open any more")
        return
    await record_promise(
        session,
        person_id=settled.person_id,
        charge_ids=[charge.charge_id for charge in charges],
        amount=Money(
            amount_minor=settled.data["promised_amount_minor"], currency=charges[0].currency
        ),
        promised_on=date.fromisoformat(settled.data["promised_on"]),
        pay_by=settled.data.get("pay_by"),
        attempt_id=settled.attempt_id,
        now=settled.at,
    )


async def _says_paid(session: AsyncSession, settled: Settled) -> None:
    await _note(session, settled, "says it is paid; finance is asked to check")


async def _disputed(session: AsyncSession, settled: Settled) -> None:
    charges = await _open_charges(session, settled)
    await dispute_charges(
        session,
        person_id=settled.person_id,
        charge_ids=[charge.charge_id for charge in charges],
        now=settled.at,
    )


async def _extension_asked(session: AsyncSession, settled: Settled) -> None:
    charges = await _open_charges(session, settled)
    if not charges:
        await _note(session, settled, "asked for more time, but nothing is open on file")
        return
    await request_extension(
        session,
        person_id=settled.person_id,
        charge_ids=[charge.charge_id for charge in charges],
        until=date.fromisoformat(settled.data["extension_until"]),
        attempt_id=settled.attempt_id,
        now=settled.at,
    )


async def _waiver_asked(session: AsyncSession, settled: Settled) -> None:
    """Waive the late fees of what the due call speaks of, or ask for it, all or none at once."""
    wish = settled.data["waiver"]
    charges = [each for each in await _open_charges(session, settled) if each.late_fee_minor > 0]
    if not charges:
        await _note(session, settled, "a waiver was asked for, but there is no late fee")
        return
    total = sum(each.late_fee_minor for each in charges)
    limit = int(wish["limit_minor"])
    for charge in charges:
        fee = Money(amount_minor=charge.late_fee_minor, currency=charge.currency)
        try:
            await ask_waiver(
                session,
                person_id=settled.person_id,
                charge_id=charge.charge_id,
                kind=WaiverKind.LATE_FEE,
                amount=fee,
                because=wish["because"],
                asked_by=wish.get("asked_by", _BY_SCRIPT),
                limit_minor=limit if total <= limit else 0,
                attempt_id=settled.attempt_id,
                now=settled.at,
            )
        except ImpossibleWaiverError as err:  # asked for already, or somebody else owes it
            await _note(session, settled, f"no waiver: {err}")


async def _dissatisfied(session: AsyncSession, settled: Settled) -> None:
    root = await _root(session, settled)
    if await _answered_complaint(session, settled):
        return
    if root.reason is not Reason.REPAIR:
        await _note(session, settled, "not satisfied")
        return
    work_order_id = subject_names.number_in(root.subject)
    stands = await session.scalar(
        sa.select(WorkOrder.work_order_id)
        .where(
            WorkOrder.work_order_id == work_order_id,
            WorkOrder.completed_on.is_not(None),
            WorkOrder.cycle == int(root.cycle),
        )
        .with_for_update()
    )
    if stands is None:
        await _note(session, settled, "not satisfied; the work order was open again already")
        return
    await reopen_work_order(
        session,
        work_order_id=work_order_id,
        attempt_id=settled.attempt_id,
        finding=_finding(settled.data),
        now=settled.at,
    )


async def _answered_complaint(session: AsyncSession, settled: Settled) -> bool:
    """Step the complaint on that a talk was about; False where it was about none.

    A complaint that was taken down again, or settled, while they spoke is left as it stands.
    """
    row = settled.due_call
    about = Reason(row.facts["about"]) if row.reason is Reason.PROMISED else row.reason
    if about is not Reason.COMPLAINT or settled.code is None:
        return False
    root = await _root(session, settled)
    found = Complaint.callback_request_id == subject_names.number_in(root.subject)
    if root.reason is Reason.COMPLAINT:
        found = Complaint.complaint_id == subject_names.number_in(root.subject)
    complaint_id = await session.scalar(sa.select(Complaint.complaint_id).where(found))
    if complaint_id is None:
        return False
    await answered_by_call(
        session,
        complaint_id=complaint_id,
        code=settled.code,
        words=_finding(settled.data) or "",
        by=await _speaker(session, settled),
        now=settled.at,
    )
    return True


async def _told(session: AsyncSession, settled: Settled) -> None:
    await _answered_complaint(session, settled)


async def _speaker(session: AsyncSession, settled: Settled) -> str:
    """Return who spoke: the agent by name, else the script."""
    name = await session.scalar(
        sa.select(Agent.name)
        .join(Attempt, Attempt.agent_id == Agent.agent_id)
        .where(Attempt.attempt_id == settled.attempt_id)
    )
    return name or _BY_SCRIPT


def _finding(data: Mapping[str, Any]) -> str | None:
    """Return what was found wanting: what was recorded, else what was written down of it."""
    said: Mapping[str, str] = data.get("said", {})
    return data.get("recording") or said.get("recording") or data.get("reason")


async def _answered_survey(session: AsyncSession, settled: Settled) -> None:
    answers: Mapping[str, Any] = settled.data.get("answers", {})
    root = await _root(session, settled)
    if root.reason is not Reason.SURVEY:
        return  # the answers of an uploaded list stand in its outcome
    await record_survey_answers(
        session,
        survey_target_id=subject_names.number_in(root.subject),
        scores={name: each for name, each in answers.items() if isinstance(each, int)},
        recordings={name: each for name, each in answers.items() if isinstance(each, str)},
        now=settled.at,
    )


async def _opted_out(session: AsyncSession, settled: Settled) -> None:
    """Take the wish for the person and for the number: whoever pressed the key is rung no more."""
    how = f"attempt:{settled.attempt_id}"
    # The number first: it locks everybody who has it, in the one order all lock persons in.
    for whose in ({"phone": PhoneNumber(settled.e164)}, {"person_id": settled.person_id}):
        await opt_out(session, **whose, said_by="owner", how=how, now=settled.at)


async def _wants_an_agent(session: AsyncSession, settled: Settled) -> None:
    await open_agent_task(
        session,
        person_id=settled.person_id,
        kind="wrap_up" if settled.data.get("reason") in _UNWRAPPED else "talk",
        subject=f"due_call:{settled.due_call.due_call_id}",
        detail={"attempt_id": str(settled.attempt_id), **settled.data},
        now=settled.at,
    )


async def _died(session: AsyncSession, settled: Settled) -> None:
    await mark_deceased(session, person_id=settled.person_id, now=settled.at)


async def _callback_requested(
    session: AsyncSession, settled: Settled, campaigns: Campaigns
) -> None:
    row = settled.due_call
    zone = await session.scalar(
        sa.select(Community.time_zone).where(Community.community_id == row.community_id)
    )
    call_at = datetime.fromisoformat(settled.data["callback_at"])
    if call_at.tzinfo is None:
        call_at = call_at.replace(tzinfo=ZoneInfo(str(zone)))
    about = Reason(row.facts["about"]) if row.reason is Reason.PROMISED else row.reason
    await request_callback(
        session,
        person_id=settled.person_id,
        community_id=row.community_id,
        unit_id=row.unit_id,
        call_at=call_at,
        about=about,
        about_due_call_id=row.due_call_id,
        # Who asked an agent for it, or was promised it by one, is called by a person.
        mode=CallMode.AGENT if "callback_to" in settled.data else None,
        agent_id=settled.data.get("agent_id"),
        now=settled.at,
    )
    if not await may_build_now(session):  # an outcome does not wait for a morning's lists
        await rebuild_soon(session, [row.community_id], now=settled.at)
        return
    async with places(session, now=settled.at, day=None, community_ids=[row.community_id]):
        await build_promised(session, campaigns, now=settled.at)


async def _phone_died(session: AsyncSession, settled: Settled, because: str) -> None:
    """Kill the phone, not the person, and ask for a better one when none is left."""
    await kill_phone(session, phone_id=settled.phone_id, because=because, now=settled.at)
    alive = await session.scalar(
        sa.select(sa.func.count()).where(
            Phone.person_id == settled.person_id, Phone.dead_at.is_(None)
        )
    )
    if not alive:
        await open_agent_task(
            session,
            person_id=settled.person_id,
            kind="better_number",
            subject=f"person:{settled.person_id}",
            now=settled.at,
        )


_EFFECTS: Mapping[WrapUpCode, Callable[[AsyncSession, Settled], Awaitable[None]]] = {
    WrapUpCode.PROMISE_TO_PAY: _promised_to_pay,
    WrapUpCode.ALREADY_PAID: _says_paid,
    WrapUpCode.DISPUTE: _disputed,
    WrapUpCode.EXTENSION_REQUESTED: _extension_asked,
    WrapUpCode.SATISFIED: _told,
    WrapUpCode.INFORMATION_GIVEN: _told,
    WrapUpCode.DISSATISFIED: _dissatisfied,
    WrapUpCode.SURVEY_COMPLETE: _answered_survey,
    WrapUpCode.SURVEY_PARTIAL: _answered_survey,
    WrapUpCode.OPTED_OUT: _opted_out,
    WrapUpCode.TRANSFERRED: _wants_an_agent,
    WrapUpCode.DECEASED: _died,
}


async def _open_charges(session: AsyncSession, settled: Settled) -> list[AnyRow]:
    """Return the open charges the due call speaks of, in one currency, locked."""
    rows = await session.execute(
        sa.select(Charge.charge_id, Charge.currency, Charge.late_fee_minor)
        .join(DueCallCharge, DueCallCharge.charge_id == Charge.charge_id)
        .where(
            DueCallCharge.due_call_id == settled.due_call.due_call_id,
            Charge.amount_minor > Charge.paid_minor,
        )
        .order_by(Charge.charge_id)
        .with_for_update(of=Charge)
    )
    return list(rows)


async def _root(session: AsyncSession, settled: Settled) -> AnyRow:
    """Return the due call whose subject the talk was about: of a promised one, its origin."""
    origin = settled.due_call.facts.get("about_due_call_id")
    if settled.due_call.reason is not Reason.PROMISED or origin is None:
        return settled.due_call
    rows = await session.execute(
        sa.select(DueCall.reason, DueCall.subject, DueCall.cycle).where(
            DueCall.due_call_id == origin
        )
    )
    return rows.one()


async def _note(session: AsyncSession, settled: Settled, text: str) -> None:
    await add_note(
        session,
        person_id=settled.person_id,
        unit_id=settled.due_call.unit_id,
        written_by=_BY_SCRIPT,
        text=text,
        now=settled.at,
    )
