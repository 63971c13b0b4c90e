"""A small world to try the laws in: five people, three communities, a network cranked by hand."""

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import (
    Dialling,
)
from callback.packs import shipped_packs
from core.database import Base
from core.ids import IdSource
from customers.account_tables import Charge, WorkOrder
from customers.importing.run import import_file
from customers.model import CallMode, Language, Purpose, Role, WorkOrderCategory
from customers.tables import Community, Consent, Occupancy, Person, Phone, Unit
from dialer.agents import service
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk
from dialer.agents.keeper import Keeper
from dialer.bridges.port import OutboundCall
from dialer.control import ensure_installation
from dialer.engine.engine import Engine, EngineRules
from dialer.fleet.fleet import Fleet
from dialer.fleet.model import FleetRules
from dialer.fleet.tables import DialerLease
from dialer.outcome import Settlement
from dialer.talk import TalkHost, TalkRules
from scripts.library import Library
from tests.integration.laws.house import (
    COMMUNITIES,
    HOUSE,
    PHONES,
    TEST_NUMBER,
    UNITS,
    ZONES_OF_NUMBER,
    campaigns_with,
)
from tests.integration.laws.manual_bridge import PowerCut
from tests.integration.laws.network import Dialer, NappingClock, Network, OwnClock
from tests.integration.laws.oracle import Instant, Rung, judge_ring

# Leases run in real time, which plays no part: they run out when the world says so. Beats are rare,
# as each costs a round trip and a day has many seconds.
_RULES = FleetRules(lease_s=3600.0, beat_s=30.0, grace_s=0.0, pause_s=86400.0)
MOST_DIALERS = 2
_DESTINATIONS = ("+86", "+1")
_KNOWN = ("homes", "person_ids", "charge_ids", "work_order_ids", "list_ids", "agent_ids")


@dataclass(frozen=True, slots=True)
class Home:
    """A unit and its first owner."""

    community_id: int
    unit_id: int
    person_id: int
    time_zone: str
    currency: str


class World:
    """The database, the clock, the network, and up to two dialers."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        start: datetime,
        is_real: bool,
        library: Library,
        dialling: Dialling | None = None,
    ) -> None:
        self.sessions = sessions
        self.clock = NappingClock(start)
        self.network = Network(clock=self.clock, on_ring=self._rang, is_real=is_real)
        self.dialers: list[Dialer] = []
        self.homes: list[Home] = []
        self.person_ids: list[int] = []
        self.charge_ids: list[int] = []
        self.work_order_ids: list[int] = []
        self.list_ids: list[int] = []
        self.agent_ids: list[int] = []
        self.rung: list[Rung] = []
        self.desk = Desk(
            settlement=Settlement(campaigns=campaigns_with(dialling), library=library),
            packs=shipped_packs(),
            bridge="manual",
            bridge_is_real=is_real,
            test_numbers=(TEST_NUMBER,),
            destinations=_DESTINATIONS,
        )
        self._ids = IdSource(self.clock, random.Random(7))
        self._library = library
        self._numbers = 0

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def number(self) -> int:
        """Return a number never given before."""
        self._numbers += 1
        return self._numbers

    def today(self, home: Home) -> date:
        """Return the home's own day."""
        return self.now.astimezone(ZoneInfo(home.time_zone)).date()

    def known(self) -> dict[str, list[Any]]:
        """Return what is known of the tables' ids at this instant."""
        return {name: list(getattr(self, name)) for name in _KNOWN}

    def recall(self, known: dict[str, list[Any]]) -> None:
        """Know what was known then."""
        for name, ids in known.items():
            setattr(self, name, list(ids))

    # People and what they owe.

    async def settle_in(self) -> None:
        """Empty the database and let the people move in."""
        async with self.sessions.begin() as session:
            tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
            await session.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            await ensure_installation(session, self._ids.new())
            places = [
                await _add(
                    session,
                    Community,
                    name=name,
                    time_zone=zone,
                    region=region,
                    currency=currency,
                    packs=[region],
                )
                for name, zone, region, currency in COMMUNITIES
            ]
            for number, phones in enumerate(PHONES):
                self.person_ids.append(
                    await _add(
                        session,
                        Person,
                        name=f"Owner {number}",
                        language=Language.ENGLISH if number % 2 else Language.MANDARIN,
                        identity_digits="2468",
                    )
                )
                for position, e164 in enumerate(phones, start=1):
                    await _add(
                        session,
                        Phone,
                        person_id=self.person_ids[-1],
                        e164=e164,
                        position=position,
                    )
            for number, (place, owner) in enumerate(UNITS):
                _, zone, _, currency = COMMUNITIES[place]
                home = Home(
                    places[place],
                    await _add(session, Unit, community_id=places[place], label=f"1-1-{number}01"),
                    self.person_ids[owner],
                    zone,
                    currency,
                )
                self.homes.append(home)
                await _add(
                    session,
                    Occupancy,
                    unit_id=home.unit_id,
                    person_id=home.person_id,
                    role=Role.OWNER,
                    moved_in=date(2020, 1, 1),
                )
                await self.bill(session, home, amount=10_000 + number, days_past_due=number * 9 - 3)
                await self.repair(session, home, days_ago=number % 3)
            for name in ("Li", "Wang"):
                self.agent_ids.append(
                    await service.add_agent(session, name=name, now=self.clock.now())
                )
            for e164 in ("+12127363100", "+12127363200"):
                for purpose in (Purpose.DEBT, Purpose.SERVICE):
                    await self.consent(session, e164, purpose, granted=True)

    async def bill(
        self, session: AsyncSession, home: Home, *, amount: int, days_past_due: int
    ) -> None:
        self.charge_ids.append(
            await _add(
                session,
                Charge,
                community_id=home.community_id,
                unit_id=home.unit_id,
                liable_person_id=home.person_id,
                reference=f"C-{self.number()}",
                kind="property fee",
                amount_minor=amount,
                currency=home.currency,
                due_on=self.today(home) - timedelta(days=days_past_due),
            )
        )

    async def workbook_of_charges(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Import what finance says of some charges: charge, halves of it paid, days past due.

        Each row also bills its home something new.
        """
        lines = ["小区,房号,费用项目,账单号,应收金额,已收金额,应缴日期"]
        async with self.sessions.begin() as session:
            for charge_id, halves, days_past_due in rows:
                charge = await session.get_one(Charge, charge_id)
                unit = await session.get_one(Unit, charge.unit_id)
                place = await session.get_one(Community, unit.community_id)
                due_on = self.now.date() - timedelta(days=days_past_due)
                paid_minor = charge.amount_minor * halves // 2
                billed = _plain(charge.amount_minor)
                where = f"{place.name},{unit.label},{charge.kind}"
                lines += [
                    f"{where},{charge.reference},{billed},{_plain(paid_minor)},{charge.due_on}",
                    f"{where},F-{self.number()},{billed},,{due_on}",
                ]
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "charges.csv"
                path.write_text("\n".join(lines), encoding="utf-8")
                result = await import_file(session, path, now=self.now)
            assert [kind.rejected for kind in result.kinds] == [0]
            self.charge_ids = list(
                await session.scalars(sa.select(Charge.charge_id).order_by(Charge.charge_id))
            )

    async def repair(self, session: AsyncSession, home: Home, *, days_ago: int) -> None:
        done = self.today(home) - timedelta(days=days_ago)
        self.work_order_ids.append(
            await _add(
                session,
                WorkOrder,
                community_id=home.community_id,
                unit_id=home.unit_id,
                reference=f"W-{self.number()}",
                category=WorkOrderCategory.LEAK,
                category_as_given="leak",
                reported_on=done - timedelta(days=2),
                completed_on=done,
            )
        )

    async def consent(
        self, session: AsyncSession, e164: str, purpose: Purpose, *, granted: bool
    ) -> None:
        await _add(
            session,
            Consent,
            e164=e164,
            purpose=purpose,
            mode=CallMode.AUTOMATIC,
            granted=granted,
            given_at=self.now,
            given_by="owner",
            how="counter",
        )

    # The dialer.

    async def start_dialer(self) -> None:
        """Start one more dialer; it takes over what nobody alive carries."""
        desk, clock, bridge = self.desk, OwnClock(self.clock), self.network.connect()
        calls = AgentCalls(desk, ids=self._ids)
        fleet = Fleet(sessions=self.sessions, bridge=bridge, rules=_RULES)
        engine = Engine(
            sessions=self.sessions,
            bridge=bridge,
            clock=clock,
            ids=self._ids,
            rules=EngineRules(
                campaigns=desk.campaigns,
                packs=desk.packs,
                destinations=desk.destinations,
                test_numbers=desk.test_numbers,
                batch=10,
                poll=None,
            ),
            talk=TalkHost(
                sessions=self.sessions,
                clock=clock,
                rules=TalkRules(library=self._library, campaigns=desk.campaigns, house=HOUSE),
            ),
            settlement=desk.settlement,
            sources=(calls,),
            followers=(calls,),
            fleet=fleet,
        )
        keeper = Keeper(
            sessions=self.sessions,
            bridge=bridge,
            clock=clock,
            desk=desk,
            calls=calls,
            live=lambda: engine.live,
            poll=None,
        )
        dialer = Dialer(clock=clock, bridge=bridge, fleet=fleet, engine=engine, keeper=keeper)
        self.dialers.append(dialer)
        # It waits for what the dead hold, and an hour of their leases is an hour of real time.
        await self.leases_run_out()
        await self.clock.run(engine.start())

    async def crash(self, dialer: Dialer, *, lapsed: bool = True) -> None:
        """Let a process die: what it knew and what it was about to hear is gone.

        Once its lease has lapsed the others may take over what it carried.
        """
        self.dialers.remove(dialer)
        await dialer.clock.kill()
        await dialer.bridge.close()
        if lapsed:
            await self.leases_run_out()

    async def leases_run_out(self) -> None:
        """Let so much time pass that the dead are known to be dead."""
        async with self.sessions.begin() as session:
            await session.execute(
                sa.update(DialerLease)
                .where(DialerLease.dialer_id.not_in([d.fleet.dialer_id for d in self.dialers]))
                .values(lease_until=sa.func.clock_timestamp() - sa.text("interval '1 s'"))
            )

    async def dial(self, seconds: float, which: int = 0) -> None:
        """Let one of the dialers work for so long; the others do their small duties."""
        if not self.dialers:
            return
        dialer = self.dialers[which % len(self.dialers)]
        try:
            await self.clock.run(dialer.engine.run(until=self.now + timedelta(seconds=seconds)))
        except PowerCut:
            await self.crash(dialer)

    async def _rang(self, call: OutboundCall) -> None:
        up = {line.attempt_id for line in self.network.up()}
        instant = Instant(
            now=self.now,
            is_real=self.network.is_real,
            test_number=TEST_NUMBER,
            zones_of_number=ZONES_OF_NUMBER,
            up=[rung for rung in self.rung if rung.call.attempt_id in up],
            before=list(self.rung),
        )
        async with self.sessions.begin() as session:
            self.rung.append(await judge_ring(session, call, instant))


async def _add(session: AsyncSession, table: type[Base], **values: Any) -> int:
    key = sa.inspect(table).primary_key[0]
    added = await session.execute(sa.insert(table).values(**values).returning(key))
    return int(added.scalar_one())


def _plain(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02}"
