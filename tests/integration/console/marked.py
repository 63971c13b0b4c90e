"""A town whose every free text is markup that would run: whoever shows it must show it as text.

`marked_town` fills it and returns what pages may be asked for by a parameter of their path. A
new table with texts that people write, or that files bring, gets a row there and a line in
`FREE_TEXTS`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from api.model import ApiRole
from api.tables import ApiUser
from core.columns import table_of
from core.database import Base
from customers.account_tables import Charge, Extension, Payment, Promise, PromiseCharge, WorkOrder
from customers.complaint_tables import (
    Complaint,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintStep,
    ComplaintStepKind,
)
from customers.model import (
    CallMode,
    ExtensionState,
    PromiseState,
    Purpose,
    RecordingConsent,
    WorkOrderCategory,
    WrapUpCode,
)
from customers.tables import (
    AgentTask,
    AuditEntry,
    Community,
    Consent,
    DoNotCall,
    Note,
    Person,
    Phone,
    Unit,
)
from customers.waiver_tables import Waiver, WaiverKind, WaiverState
from dialer.agents.tables import Agent
from dialer.model import AnsweredBy, AttemptState, TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from recordings.model import RecordingKind, RecordingState
from recordings.tables import Recording
from tests.integration.api.office import TEN
from tests.integration.api.town import build, debtor
from tests.integration.console.house import House

MARK = "<script>alert(7)</script>\"'><b id=x>{{ 7*7 }}"
# Of what must never stand in a page; escaped it reads &lt;script&gt;alert…
RAW = ("<script>alert(7)", "<b id=x>")
OWN, OTHERS = UUID(int=1), UUID(int=2)  # calls, and their recordings, of the agent and of another

FREE_TEXTS: Mapping[type[Base], Sequence[str]] = {
    Agent: ("name", "team"),
    AgentTask: ("subject",),
    AuditEntry: ("actor", "subject"),
    Charge: ("reference", "kind", "note"),
    Community: ("name",),
    Complaint: ("words", "taken_by", "accountable"),
    ComplaintStep: ("by", "words"),
    Consent: ("given_by", "how"),
    DoNotCall: ("said_by", "how"),
    Extension: ("decided_because",),
    Note: ("written_by", "text"),
    Payment: ("reference",),
    Person: ("name", "honorific", "note"),
    Phone: ("dead_because",),
    Recording: ("name", "held_why", "held_by"),
    Unit: ("label",),
    Waiver: ("because", "asked_by"),
    WorkOrder: ("reference", "category_as_given", "contractor", "description"),
}


async def marked_town(house: House) -> Mapping[str, Sequence[object]]:
    """Fill a town with markup; returns what the parameters of paths may be."""
    office = house.office
    owner = await debtor(office)
    await build(office)
    due_call_id = await office.one("SELECT min(due_call_id) FROM due_call")
    agent_id = await office.one("SELECT min(agent_id) FROM agent")
    other_id = await office.add(
        Agent, name="张伟", team="夜班", room="agent-other", state_since=TEN
    )
    extension_id = await office.add(
        Extension,
        person_id=owner.person_id,
        charge_id=owner.charge_id,
        asked_at=TEN,
        until=office.days_ago(-20),
        state=ExtensionState.REQUESTED,
    )
    waiver_id = await office.add(
        Waiver,
        person_id=owner.person_id,
        charge_id=owner.charge_id,
        kind=WaiverKind.ROUNDING,
        amount_minor=50,
        currency="CNY",
        because="x",
        limit_minor=10,
        asked_at=TEN,
        asked_by="x",
        state=WaiverState.REQUESTED,
    )
    note_id = await office.add(Note, person_id=owner.person_id, at=TEN, written_by="x", text="x")
    await _arrangements(house, owner.person_id, owner.charge_id)
    work_order_id = await office.add(
        WorkOrder,
        community_id=owner.community_id,
        unit_id=owner.unit_id,
        reference="W-1",
        category=WorkOrderCategory.LEAK,
        category_as_given="x",
        reported_on=office.days_ago(9),
        completed_on=office.days_ago(1),
        contractor="x",
        description="x",
    )
    complaint_id = await office.add(
        Complaint,
        community_id=owner.community_id,
        unit_id=owner.unit_id,
        person_id=owner.person_id,
        category=ComplaintCategory.SERVICE,
        channel=ComplaintChannel.HOTLINE,
        words="x",
        serious=False,
        taken_at=TEN,
        taken_by="x",
        accountable="x",
        rules="x",
        reply_by=TEN + timedelta(hours=72),
        replied_at=TEN,
    )
    await office.add(
        ComplaintStep,
        complaint_id=complaint_id,
        cycle=1,
        kind=ComplaintStepKind.REPLIED,
        at=TEN,
        by="x",
        words="x",
    )
    do_not_call_id = await office.add(
        DoNotCall, person_id=owner.person_id, since=TEN, said_by="x", how="x"
    )
    consent_id = await office.add(
        Consent,
        e164="+8613800138000",
        purpose=Purpose.MARKETING,
        mode=CallMode.AGENT,
        granted=True,
        given_at=TEN,
        given_by="x",
        how="x",
    )
    await office.add(
        AgentTask, person_id=owner.person_id, kind="dispute", subject="x", created_at=TEN
    )
    await office.add(
        AuditEntry, at=TEN, actor="x", action="looked_at", subject="x", detail={"x": MARK}
    )
    for call_id, speaker in ((OWN, agent_id), (OTHERS, other_id)):
        await _call(house, call_id, speaker, person_id=owner.person_id, phone_id=owner.phone_id)
        await office.add(
            AttemptDueCall,
            attempt_id=call_id,
            due_call_id=due_call_id,
            position=0,
            settled_at=TEN,
            telephony_result=TelephonyResult.ANSWERED,
            wrap_up_code=WrapUpCode.INFORMATION_GIVEN,
            outcome={"note": MARK, "reason": MARK},
        )
    await mark(house)
    return {
        "agent_id": [agent_id, other_id],
        "api_user_id": [await office.one("SELECT min(api_user_id) FROM api_user")],
        "attempt_id": [OWN, OTHERS],
        "charge_id": [owner.charge_id],
        "community_id": [owner.community_id],
        "complaint_id": [complaint_id],
        "consent_id": [consent_id],
        "do_not_call_id": [do_not_call_id],
        "due_call_id": [due_call_id],
        "extension_id": [extension_id],
        "note_id": [note_id],
        "person_id": [owner.person_id],
        "phone_id": [owner.phone_id],
        "recording_id": [OWN, OTHERS],
        "unit_id": [owner.unit_id],
        "waiver_id": [waiver_id],
        "work_order_id": [work_order_id],
    }


async def mark(house: House) -> None:
    """Put the markup into every free text there is, each row's its own."""
    async with house.office.deps.sessions.begin() as session:
        for model, columns in FREE_TEXTS.items():
            table = table_of(model)
            (key,) = table.primary_key
            for name in columns:
                width = getattr(table.c[name].type, "length", None)
                text = sa.literal(MARK) + sa.cast(key, sa.Text)
                await session.execute(
                    sa.update(table)
                    .values({name: sa.func.left(text, width) if width else text})
                    .where(table.c[name].is_not(None))
                )
        await session.execute(
            sa.update(ApiUser).where(ApiUser.role == ApiRole.INTEGRATOR).values(name=MARK[:64])
        )


async def _arrangements(house: House, person_id: int, charge_id: int) -> None:
    office = house.office
    promise_id = await office.add(
        Promise,
        person_id=person_id,
        amount_minor=100,
        currency="CNY",
        promised_on=office.days_ago(-3),
        made_at=TEN,
        state=PromiseState.OPEN,
    )
    async with office.deps.sessions.begin() as session:
        await session.execute(
            sa.insert(PromiseCharge).values(
                promise_id=promise_id, charge_id=charge_id, paid_minor_before=0
            )
        )
    await office.add(
        Payment,
        charge_id=charge_id,
        amount_minor=1,
        received_at=TEN,
        source="x",
        reference="x",
    )


async def _call(
    house: House, call_id: UUID, agent_id: int, *, person_id: int, phone_id: int
) -> None:
    """Put a call of an agent on file, with its recording."""
    begun = TEN - timedelta(hours=1, minutes=call_id.int)
    await house.office.add(
        Attempt,
        attempt_id=call_id,
        person_id=person_id,
        phone_id=phone_id,
        e164="+8613800138000",
        bridge="simulated",
        trunk="a",
        mode=CallMode.AGENT,
        campaign="overdue",
        state=AttemptState.ENDED,
        started_at=begun,
        submitted_at=begun,
        answered_at=begun,
        ended_at=begun + timedelta(minutes=2),
        answered_by=AnsweredBy.HUMAN,
        telephony_result=TelephonyResult.ANSWERED,
        agent_id=agent_id,
    )
    await house.office.add(
        Recording,
        recording_id=call_id,
        attempt_id=call_id,
        person_id=person_id,
        name=f"call-{call_id.int}",
        kind=next(iter(RecordingKind)),
        location=f"simulated:{call_id.int}",
        consent=RecordingConsent.ANNOUNCE,
        state=RecordingState.OWED,
        started_at=begun,
        held_by="x",
        held_at=TEN,
        held_why="x",
    )
