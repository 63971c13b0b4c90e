"""A town by hand: calls, deadlines and promises put on file as they are to be counted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall
from core.columns import table_of
from core.database import Base
from customers.model import CallMode, Language, Purpose, Reason, WrapUpCode
from customers.tables import Community, Person, Phone, Unit
from dialer.model import AttemptState, Direction, TelephonyResult
from dialer.tables import Attempt, AttemptDueCall


@dataclass
class Place:
    """A community with one unit, and a way to make people in it."""

    session: AsyncSession
    community_id: int
    unit_id: int
    zone: str
    numbers: Any = field(default_factory=lambda: count(1))

    @classmethod
    async def found(
        cls, session: AsyncSession, *, name: str = "Elm Court", zone: str = "Europe/London"
    ) -> "Place":
        pack = {"Europe/London": "UK", "Asia/Shanghai": "CN"}[zone]
        community_id = await add(
            session,
            Community,
            name=name,
            time_zone=zone,
            region="GB",
            currency="GBP",
            packs=[pack],
        )
        unit_id = await add(session, Unit, community_id=community_id, label="1-1-101")
        return cls(session=session, community_id=community_id, unit_id=unit_id, zone=zone)

    async def owner(self, name: str = "Ann Lee") -> tuple[int, int, str]:
        """Make somebody with a phone; ids of person and phone, and the number."""
        person_id = await add(
            self.session, Person, name=name, language=Language.ENGLISH, synthetic=True
        )
        e164 = f"+4479{self.community_id % 1000:03}{next(self.numbers):05}"
        phone_id = await add(self.session, Phone, person_id=person_id, e164=e164, position=1)
        return person_id, phone_id, e164

    async def due(
        self,
        due_by: datetime,
        *,
        reason: Reason = Reason.REPAIR,
        state: str = "waiting",
        settled_at: datetime | None = None,
        person_id: int | None = None,
        facts: dict[str, object] | None = None,
    ) -> int:
        """Put a due call on file."""
        due_call_id: int = await add(
            self.session,
            DueCall,
            person_id=person_id or (await self.owner())[0],
            community_id=self.community_id,
            unit_id=self.unit_id,
            reason=reason,
            purpose=Purpose.SERVICE,
            mode=CallMode.AGENT,
            campaign=reason.value,
            script=reason.value,
            subject=f"test:{self.community_id}:{next(self.numbers)}",
            cycle="1",
            facts={"category": "leak"} if facts is None else facts,
            not_before=due_by - timedelta(days=3),
            due_by=due_by,
            next_at=due_by - timedelta(days=3),
            priority=1,
            created_at=due_by - timedelta(days=3),
            state=state,
            settled_at=settled_at,
            settled_because=None if settled_at is None else "test",
        )
        return due_call_id

    async def call(
        self,
        at: datetime,
        result: TelephonyResult = TelephonyResult.ANSWERED,
        *,
        code: WrapUpCode | None = None,
        reason: Reason = Reason.REPAIR,
        outcome: dict[str, object] | None = None,
        agent_id: int | None = None,
        talk_s: int = 60,
        direction: Direction = Direction.OUTBOUND,
        name: str = "Ann Lee",
    ) -> UUID:
        """Put a call that has ended on file, about a due call of its own."""
        person_id, phone_id, e164 = await self.owner(name)
        due_call_id = await self.due(at + timedelta(days=1), reason=reason, person_id=person_id)
        attempt_id = UUID(int=due_call_id + (self.community_id << 64))
        spoken = result is TelephonyResult.ANSWERED
        ended_at = at + timedelta(seconds=talk_s)
        await add(
            self.session,
            Attempt,
            attempt_id=attempt_id,
            person_id=person_id,
            phone_id=phone_id,
            e164=e164,
            bridge="simulated",
            trunk="a",
            mode=CallMode.AGENT,
            campaign=reason.value,
            state=AttemptState.ENDED,
            started_at=at,
            submitted_at=at,
            answered_at=at if spoken else None,
            met_at=at if spoken and agent_id is not None else None,
            ended_at=ended_at,
            telephony_result=result,
            agent_id=agent_id,
            direction=direction,
        )
        await add(
            self.session,
            AttemptDueCall,
            attempt_id=attempt_id,
            due_call_id=due_call_id,
            position=0,
            settled_at=ended_at,
            telephony_result=result,
            wrap_up_code=code,
            outcome=outcome or {},
            wrapped_up_at=None if agent_id is None else ended_at + timedelta(seconds=20),
            wrapped_up_by=None if agent_id is None else "agent",
        )
        return attempt_id


async def add(session: AsyncSession, table: type[Base], **values: object) -> Any:
    """Write a row and return the first column of its key."""
    it = table_of(table)
    key = next(iter(it.primary_key))
    return await session.scalar(sa.insert(it).values(**values).returning(key))
