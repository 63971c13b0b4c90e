"""A town whose due calls, calls and agents are put down by hand, for who counts them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.tables import DueCall, VerdictRow
from core.columns import table_of
from customers.model import CallMode, Language, Purpose, Reason, Role
from customers.tables import Community, Occupancy, Person, Phone, Unit
from dialer.agents.service import add_agent
from dialer.agents.tables import Agent
from dialer.bridges.port import TrunkLimits
from dialer.explaining import HeldBack
from dialer.tables import Attempt, AttemptDueCall
from dialer.wall.lately import look_lately
from dialer.wall.look import Basis, Wall, look
from tests.integration.api.office import TEN, Office

PURPOSES = {
    Reason.OVERDUE: Purpose.DEBT,
    Reason.SURVEY: Purpose.SURVEY,
    Reason.PROSPECT: Purpose.MARKETING,
}
_ZONE = "Asia/Shanghai"


@dataclass
class FloorTown:
    """One community at ten in the morning, in which a test makes whatever it counts."""

    office: Office
    community_id: int = 0
    people: int = 0
    statements: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, database: AsyncEngine) -> "FloorTown":
        """Open an office over an empty database with a community in it."""
        town = await cls.of(await Office.open(database))
        await town.dialer()
        return town

    @classmethod
    async def of(cls, office: Office) -> "FloorTown":
        """Put a community into an office."""
        community_id = await office.add(
            Community,
            name="翠湖花园",
            time_zone="Asia/Shanghai",
            region="CN",
            currency="CNY",
            packs=["CN"],
        )
        return cls(office=office, community_id=community_id)

    async def dialer(self) -> None:
        """Let a dialer's lease run."""
        await self.write(
            "INSERT INTO dialer_lease (dialer_id, bridge, host, pid, joined_at, lease_until)"
            " VALUES (gen_random_uuid(), 'simulated', 'here', 1, clock_timestamp(),"
            " clock_timestamp() + interval '1 hour')"
        )

    async def write(self, statement: str, **facts: object) -> None:
        """Change the database by hand."""
        async with self.office.deps.sessions.begin() as session:
            await session.execute(sa.text(statement), facts)

    async def owner(self, *, language: Language = Language.MANDARIN) -> int:
        """Put an owner with a home and a phone on file."""
        self.people += 1
        unit_id = await self.office.add(
            Unit, community_id=self.community_id, label=f"1-1-{self.people:04}"
        )
        person_id: int = await self.office.add(
            Person, name=f"业主{self.people}", language=language, synthetic=True
        )
        await self.office.add(Occupancy, unit_id=unit_id, person_id=person_id, role=Role.OWNER)
        await self.office.add(
            Phone, person_id=person_id, e164=f"+8613800{self.people:06}", position=1
        )
        return person_id

    async def due(
        self,
        reason: Reason = Reason.REPAIR,
        *,
        by: timedelta = timedelta(days=3),
        rule: str | None = None,
        person_id: int | None = None,
        **values: Any,
    ) -> int:
        """Make a call due, `by` so long from now; `rule` is of its last verdict."""
        person = await self.owner() if person_id is None else person_id
        due_by = TEN + by
        given: dict[str, Any] = {
            "person_id": person,
            "community_id": self.community_id,
            "reason": reason,
            "purpose": PURPOSES.get(reason, Purpose.SERVICE),
            "mode": CallMode.AUTOMATIC,
            "campaign": reason.value,
            "script": reason.value,
            "subject": f"test:{person}:{self.people}:{len(values)}:{by}",
            "cycle": "1",
            "facts": {},
            "not_before": min(TEN, due_by) - timedelta(days=1),
            "due_by": due_by,
            "next_at": TEN,
            "priority": 50,
            "created_at": TEN - timedelta(days=5),
        }
        due_call_id: int = await self.office.add(DueCall, **(given | values))
        if rule is not None:
            await self.office.add(
                VerdictRow,
                at=TEN,
                due_call_id=due_call_id,
                person_id=person,
                decision="deny",
                rule=rule,
                layer="house",
                facts={},
            )
        return due_call_id

    async def attempt(
        self, due_call_id: int | None, *, ago: timedelta = timedelta(), **values: Any
    ) -> UUID:
        """Put a call down that began so long ago; it serves the due call."""
        began = TEN - ago
        attempt_id = self.office.deps.ids.new() if not ago else _id_at(began, self.people)
        self.people += 1
        person_id = await self.owner()
        phone_id = await self.office.one(
            "SELECT phone_id FROM phone WHERE person_id = :person_id", person_id=person_id
        )
        given: dict[str, Any] = {
            "attempt_id": attempt_id,
            "person_id": person_id,
            "phone_id": phone_id,
            "e164": f"+8613900{self.people:06}",
            "bridge": "simulated",
            "trunk": "north",
            "mode": CallMode.AUTOMATIC,
            "campaign": "repair",
            "state": "ringing",
            "started_at": began,
        }
        given |= values
        if given.get("telephony_result") is not None:
            given |= {"state": "ended", "ended_at": began + timedelta(minutes=1)}
        async with self.office.deps.sessions.begin() as session:
            await session.execute(sa.insert(table_of(Attempt)).values(**given))
            if due_call_id is not None:
                await session.execute(
                    sa.insert(table_of(AttemptDueCall)).values(
                        attempt_id=attempt_id, due_call_id=due_call_id, position=0
                    )
                )
        return attempt_id

    async def agent(self, name: str, *, state: str = "ready", **values: Any) -> int:
        """Put an agent on the roster who stands somewhere."""
        given = {
            key: values.pop(key)
            for key in ("team", "skills", "languages", "weight", "endpoint")
            if key in values
        }
        async with self.office.deps.sessions.begin() as session:
            agent_id = await add_agent(session, name=name, now=TEN, **given)
            await session.execute(
                sa.update(table_of(Agent))
                .where(table_of(Agent).c.agent_id == agent_id)
                .values(**{"state": state, "state_since": TEN, **values})
            )
        return agent_id

    async def look(
        self,
        *,
        now: datetime = TEN,
        trunks: Sequence[TrunkLimits] = (),
        held_back: HeldBack | None = None,
    ) -> Wall:
        """Return what a wallboard shows; the statements it took are kept."""
        self.statements.clear()
        engine = self.office.deps.sessions.kw["bind"].sync_engine

        def keep(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            self.statements.append(statement)

        event.listen(engine, "before_cursor_execute", keep)
        try:
            async with self.office.deps.sessions() as session:
                lately = await look_lately(
                    session,
                    now=now,
                    zone=_ZONE,
                    packs=self.office.deps.desk.packs,
                    held_back=held_back,
                )
                given = Basis(desk=self.office.deps.desk, zone=_ZONE, trunks=trunks)
                return await look(session, given, now=now, lately=lately)
        finally:
            event.remove(engine, "before_cursor_execute", keep)


def _id_at(at: datetime, salt: int) -> UUID:
    return UUID(int=((int(at.timestamp() * 1000)) << 80) | (0x7 << 76) | (0b10 << 62) | salt)
