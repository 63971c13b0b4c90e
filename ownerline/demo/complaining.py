"""The complaints of the demo's register: waiting, late, answered, closed and opened again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.complaint_tables import ComplaintCategory, ComplaintChannel, ComplaintStepKind
from customers.complaints import ComplaintGiven, register_complaint, take_step

_Step, _Channel, _Category = ComplaintStepKind, ComplaintChannel, ComplaintCategory
_BY = "demo"
_HOUR = timedelta(hours=1)

# Owners who owe nothing; what complaints are shown beside is their own.
_WHOSE = sa.text("""
    SELECT DISTINCT ON (p.person_id) p.person_id, o.unit_id
    FROM person p
    JOIN occupancy o ON o.person_id = p.person_id AND o.role = 'owner' AND o.valid_until IS NULL
    WHERE p.deceased_at IS NULL
      AND NOT EXISTS (SELECT FROM charge WHERE liable_person_id = p.person_id)
    ORDER BY p.person_id DESC
    LIMIT :most
""")
_AGENTS = sa.text("SELECT agent_id, name FROM agent ORDER BY agent_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """A complaint of so many hours ago, and what was done about it, by hours after."""

    words: str
    category: ComplaintCategory
    channel: ComplaintChannel
    hours_ago: int
    serious: bool = False
    steps: tuple[tuple[int, ComplaintStepKind, str], ...] = ()


_COMPLAINTS = (
    _Told(
        words="电梯一周停了两次，希望有人回电说明原因。",
        category=_Category.SERVICE,
        channel=_Channel.HOTLINE,
        hours_ago=52,
    ),
    _Told(
        words="地下车库照明坏了五天，晚上不安全。",
        category=_Category.SERVICE,
        channel=_Channel.VISIT,
        hours_ago=30,
        serious=True,
        steps=((3, _Step.MANAGER_TOLD, "赵经理"),),
    ),
    _Told(
        words="外墙渗水修了两次还在漏。",
        category=_Category.QUALITY,
        channel=_Channel.VISIT,
        hours_ago=60,
    ),
    _Told(
        words="门岗登记时态度很差。",
        category=_Category.ATTITUDE,
        channel=_Channel.MESSAGE,
        hours_ago=44,
        steps=((6, _Step.REPLIED, "已向业主道歉，当班人员重新培训"),),
    ),
    _Told(
        words="公共水电分摊说不清楚。",
        category=_Category.FEES,
        channel=_Channel.LETTER,
        hours_ago=120,
        steps=(
            (20, _Step.REPLIED, "寄去分摊明细"),
            (40, _Step.CLOSED, "业主核对无误"),
            (48, _Step.SATISFIED, "回访满意"),
        ),
    ),
    _Told(
        words="楼上半夜装修，说了几次没人管。",
        category=_Category.OTHER,
        channel=_Channel.OUR_CALL,
        hours_ago=90,
        steps=(
            (10, _Step.REPLIED, "已上门制止"),
            (30, _Step.CLOSED, "施工时间已约定"),
            (60, _Step.DISSATISFIED, "昨晚又开始了"),
        ),
    ),
)


async def complain(session: AsyncSession, *, now: datetime) -> None:
    """Put complaints on the register; agents answer for them in turn."""
    owners = (await session.execute(_WHOSE, {"most": len(_COMPLAINTS)})).all()
    agents = (await session.execute(_AGENTS)).all()
    for nth, (owner, told) in enumerate(zip(owners, _COMPLAINTS, strict=False)):
        agent = agents[nth % len(agents)] if agents else None
        at = now - told.hours_ago * _HOUR
        complaint_id, _ = await register_complaint(
            session,
            ComplaintGiven(
                person_id=owner.person_id,
                unit_id=owner.unit_id,
                category=told.category,
                channel=told.channel,
                words=told.words,
                serious=told.serious,
                accountable="客服主管" if agent is None else agent.name,
                agent_id=None if agent is None else agent.agent_id,
            ),
            taken_by=_BY,
            now=at,
        )
        for hours, kind, words in told.steps:
            await take_step(
                session,
                complaint_id=complaint_id,
                kind=kind,
                words=words,
                by=_BY,
                now=at + hours * _HOUR,
            )
