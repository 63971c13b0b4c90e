"""An installation with a day behind it: something stands on every page."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api.model import ApiRole
from api.tables import ApiUser
from callback import workshop
from customers.complaint_tables import ComplaintCategory, ComplaintChannel
from customers.complaints import ComplaintGiven, register_complaint
from customers.model import CallMode, Role, WrapUpCode
from customers.tables import Occupancy, Unit
from dialer.agents.model import BreakReason
from dialer.agents.service import become_ready, sign_in, take_break
from dialer.model import AnsweredBy, AttemptState, TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from dialer.whatif.keeping import begin_rehearsal
from ownerline.demo.furnishing import furnish
from recordings.quality_tables import QualityItem, QualitySample
from recordings.tables import Recording
from tests.browser.kit.rig import Served, World, open_served

SCRIPT, SPOILT = "survey", "overdue-7"
STRANGER = UUID(int=7)  # a recording nobody has
_CALLS = 18
_TALKED_S = 5  # a recording of theirs is made in a moment
_WRAP_UPS = (
    WrapUpCode.PROMISE_TO_PAY,
    WrapUpCode.INFORMATION_GIVEN,
    WrapUpCode.DISSATISFIED,
    WrapUpCode.CALLBACK_REQUESTED,
)
_DUE = sa.text("""
    SELECT DISTINCT ON (person_id) due_call_id, campaign, person_id, phone_id, e164
    FROM due_call JOIN phone USING (person_id)
    ORDER BY person_id, phone_id
    LIMIT :most
""")
_UNANSWERED = (TelephonyResult.NO_ANSWER, TelephonyResult.BUSY, TelephonyResult.MACHINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Furnished:
    """What is served, and what the parameters of its paths may be."""

    served: Served
    known: Mapping[str, object]

    async def owes_password(self, role: ApiRole, *, owes: bool) -> None:
        """Let the role's user have a first password, or one of their own."""
        async with self.served.runtime.sessions.begin() as session:
            await session.execute(
                sa.update(ApiUser)
                .where(ApiUser.api_user_id == self.served.users[role])
                .values(must_change_password=owes)
            )


@contextlib.asynccontextmanager
async def open_furnished(database_url: str, home: Path) -> AsyncIterator[Furnished]:
    """Serve it for the block; no call is placed while it is looked at."""
    async with open_served(database_url, home, World(dials=False)) as served:
        now = served.runtime.clock.now()
        async with served.runtime.sessions.begin() as session:
            await _talk(session, served, now=now)
        await furnish(served.runtime, now=now, live_from=now)
        async with served.runtime.sessions.begin() as session:
            known = await _known(session, served, now=now)
        yield Furnished(served=served, known=known)


async def _talk(session: AsyncSession, served: Served, *, now: datetime) -> None:
    """Put yesterday's and this morning's calls on file, and somebody on the line."""
    due = (await session.execute(_DUE, {"most": _CALLS})).all()
    for nth, row in enumerate(due):
        talked = nth % 3 != 2
        begun = now - timedelta(hours=22 if nth % 2 else 1, minutes=13 * nth % 60 + 5)
        answered = begun + timedelta(seconds=9) if talked else None
        result = TelephonyResult.ANSWERED if talked else _UNANSWERED[nth % 9 // 3]
        session.add(
            Attempt(
                attempt_id=UUID(int=100 + nth),
                person_id=row.person_id,
                phone_id=row.phone_id,
                e164=row.e164,
                bridge="simulated",
                trunk="simulated",
                mode=CallMode.AGENT,
                campaign=row.campaign,
                state=AttemptState.ENDED,
                started_at=begun,
                submitted_at=begun,
                answered_at=answered,
                met_at=answered,
                ended_at=begun + timedelta(seconds=9 + _TALKED_S),
                answered_by=AnsweredBy.HUMAN if talked else None,
                telephony_result=result,
                agent_id=served.agent_ids[nth % 2] if talked else None,
            )
        )
        await session.flush()
        session.add(
            AttemptDueCall(
                attempt_id=UUID(int=100 + nth),
                due_call_id=row.due_call_id,
                position=0,
                settled_at=begun + timedelta(minutes=1),
                telephony_result=result,
                wrap_up_code=_WRAP_UPS[nth % 4] if talked else None,
                outcome={},
            )
        )
    ready, resting, *_ = served.agent_ids
    for agent_id in (ready, resting):
        await sign_in(session, agent_id, now=now)
        await become_ready(session, agent_id, now=now)
    await take_break(session, resting, BreakReason.LUNCH, now=now)


async def _known(session: AsyncSession, served: Served, *, now: datetime) -> dict[str, object]:
    """Make what `furnish` does not, and return the ids of what there is."""
    own = sa.select(Attempt.person_id, Attempt.attempt_id).where(
        Attempt.agent_id == served.agent_ids[0]
    )
    person_id, attempt_id = (await session.execute(own.order_by(Attempt.attempt_id))).first() or (
        0,
        STRANGER,
    )
    given = ComplaintGiven(
        person_id=person_id,
        unit_id=None,
        category=ComplaintCategory.SERVICE,
        channel=ComplaintChannel.HOTLINE,
        words="电梯一周停了两次，物业没有通知",
        serious=True,
        accountable="王磊",
    )
    await register_complaint(session, given, taken_by="陈静", now=now)
    await _edit_script(session, now=now)
    recording = sa.select(Recording.recording_id).where(Recording.attempt_id == attempt_id)
    return {
        "agent_id": served.agent_ids[0],
        "api_user_id": served.users[ApiRole.AGENT],
        "community_id": await session.scalar(sa.select(sa.func.min(Unit.community_id))),
        "item_id": await session.scalar(sa.select(sa.func.min(QualityItem.item_id))),
        "person_id": person_id,
        "recording_id": await session.scalar(recording),
        "rehearsal_id": await _rehearsal(session, now=now),
        "sample_id": await session.scalar(sa.select(sa.func.min(QualitySample.sample_id))),
        "unit_id": await _shared_unit(session, person_id, now=now),
        "version": (await workshop.versions_in_use(session))[SCRIPT],
    }


async def _shared_unit(session: AsyncSession, person_id: int, *, now: datetime) -> int:
    """Let a person hold another's unit, too: its page has a choice then; return the unit."""
    other = sa.select(sa.func.max(Occupancy.unit_id)).where(Occupancy.person_id != person_id)
    unit_id = (await session.scalars(other)).one()
    session.add(
        Occupancy(
            person_id=person_id,
            unit_id=unit_id,
            role=Role.TENANT,
            valid_from=now.date() - timedelta(days=90),
        )
    )
    return int(unit_id)


async def _rehearsal(session: AsyncSession, *, now: datetime) -> int:
    """Begin to rehearse tomorrow; return the rehearsal."""
    day = f"{now + timedelta(days=1):%Y-%m-%d}"
    typed = {"day": day, "agents": "4", "key": "", "campaign": "", "value": ""}
    asked = {"typed": typed, "day": day}
    return await begin_rehearsal(session, asked=asked, by="何莉", now=now)


async def _edit_script(session: AsyncSession, *, now: datetime) -> None:
    """Publish an edition of a script and begin to change it again; spoil the draft of another."""
    text = await _drafted(session, SCRIPT, ("谢谢您的支持", "多谢您的支持"), now=now)
    await workshop.publish(session, SCRIPT, saves=text, by="何莉", now=now)
    await _drafted(session, SCRIPT, ("多谢您的支持", "谢谢您的支持"), now=now)
    await _drafted(session, SPOILT, ("steps:", "stray: 1\nsteps:"), now=now)


async def _drafted(
    session: AsyncSession, name: str, change: tuple[str, str], *, now: datetime
) -> int:
    """Keep a draft of a script in which one text stands for another; returns how often saved."""
    await workshop.begin_draft(session, name, by="何莉", now=now)
    draft = await workshop.draft_of(session, name)
    assert draft is not None
    assert change[0] in draft.text, name
    text = draft.text.replace(*change, 1)
    await workshop.save_draft(session, name, text, saves=draft.saves, by="何莉", now=now)
    return int(draft.saves) + 1
