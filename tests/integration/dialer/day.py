"""A dialer's day for tests: the real engine, a virtual clock and people who do as they are told."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.building import build_lists
from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from callback.tables import DueCall, VerdictRow
from core.clock import Clock, VirtualClock
from core.database import Base
from core.ids import IdSource
from core.money import Money
from customers.account_tables import Charge, WorkOrder
from customers.model import Language, Reason, Role, WorkOrderCategory
from customers.service import record_payment
from customers.tables import Community, Occupancy, Person, Phone, Unit
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    Bridge,
    BridgeError,
    CallEvent,
    EventSink,
    OutboundCall,
    ScriptHost,
    TrunkLimits,
)
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.people import Behaviour, Reaction
from dialer.control import ensure_installation
from dialer.engine.engine import Engine, EngineRules
from dialer.hooks import Transfers
from dialer.model import AnsweredBy
from dialer.outcome import Settlement
from dialer.tables import Attempt, AttemptDueCall
from dialer.talk import TalkHost, TalkRules
from scripts.library import load_library
from scripts.model import Reply, Turn
from tests.integration.dialer.green_homes import GREEN_HOMES

TEN = datetime(2026, 5, 20, 2, tzinfo=UTC)  # ten in the morning in Shanghai, a Wednesday
TODAY = date(2026, 5, 20)
IDENTITY = "2468"


def answers(*keys: str, **changes: Any) -> Behaviour:
    """Return somebody who picks up and presses these keys, then nothing ("" is silence)."""
    fixed: dict[str, Any] = {
        "reaction": Reaction.ANSWER,
        "detected_as": AnsweredBy.HUMAN,
        "answers": keys + ("",) * 20,
    }
    return Behaviour(**fixed | changes)


RINGS_OUT = Behaviour(reaction=Reaction.RING_OUT)


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner with a home and their phones."""

    person_id: int
    unit_id: int
    community_id: int
    phones: tuple[str, ...]


class HeardHost:
    """The real script host; keeps every word that was spoken."""

    def __init__(self, host: ScriptHost, spoken: list[str]) -> None:
        self._host = host
        self._spoken = spoken

    async def open(
        self, attempt_id: Any, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        return self._noted(await self._host.open(attempt_id, answered_by, key=key))

    async def reply(self, attempt_id: Any, reply: Reply, *, key: str | None = None) -> Turn:
        return self._noted(await self._host.reply(attempt_id, reply, key=key))

    async def prepare(self, attempt_id: Any) -> Turn | None:
        return await self._host.prepare(attempt_id)

    async def abandoned(self, attempt_id: Any) -> Turn:
        return self._noted(await self._host.abandoned(attempt_id))

    async def put_through(self, attempt_id: Any, queue: str) -> str | None:
        return await self._host.put_through(attempt_id, queue)

    def _noted(self, turn: Turn) -> Turn:
        self._spoken.extend(turn.say)
        return turn


class HeardBridge(SimulatedBridge):
    """The simulated bridge; what it hears and says can be read afterwards."""

    def __init__(self, carrier: SimulatedCarrier, *, is_real: bool) -> None:
        super().__init__(carrier)
        self.is_real = is_real
        self.spoken: list[str] = []
        self.on_event: Callable[[CallEvent], Awaitable[None]] | None = None
        self.deaf_to: type[CallEvent] | None = None
        self.dies_at_originate: type[Exception] | None = None
        self.before_ring: Callable[[], Awaitable[None]] | None = None
        self.moves_nothing = False

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        if self.moves_nothing:
            message = f"call {attempt_id} is not moved"
            raise BridgeError(message, retryable=True)
        await super().move_to_room(attempt_id, room)

    async def originate(self, call: OutboundCall) -> None:
        if self.dies_at_originate is not None:
            raise self.dies_at_originate
        if self.before_ring is not None:
            happen, self.before_ring = self.before_ring, None
            await happen()
        await super().originate(call)

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        self._heard_by, self.host = sink, host
        await super().start(self, HeardHost(host, self.spoken))

    async def heard(self, event: CallEvent) -> None:
        if self.deaf_to is not None and isinstance(event, self.deaf_to):
            return
        await self._heard_by.heard(event)
        if self.on_event is not None:
            await self.on_event(event)


class Day:
    """One community, its people, and a dialer on a virtual clock."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        *,
        now: datetime = TEN,
        is_real: bool = False,
        test_numbers: tuple[str, ...] = (),
    ) -> None:
        self.sessions = sessions
        self.clock = VirtualClock(now)
        self.phones: dict[str, Behaviour] = {}
        self.faults = Faults()
        self.carrier = SimulatedCarrier(
            self.clock,
            seed=1,
            population=self.phones,
            trunks=[TrunkLimits(name="a", channels=2, calls_per_second=2)],
            faults=self.faults,
            on_payment=self._pays,
        )
        self.bridge = HeardBridge(self.carrier, is_real=is_real)
        self.campaigns = shipped_campaigns()
        self._test_numbers = test_numbers
        self._ids = IdSource(self.clock, random.Random(1))
        self._community_id = 0
        self._numbers = 0
        self.engine = self.dialer()

    async def open(self) -> None:
        """Give the database its installation and a community."""
        async with self.sessions.begin() as session:
            await ensure_installation(session, self._ids.new())
        self._community_id = await self.add(
            Community,
            name="Garden",
            time_zone="Asia/Shanghai",
            region="CN",
            currency="CNY",
            packs=["CN"],
        )

    # The customer file.

    async def owner(self, *behaviours: Behaviour, **person: Any) -> Owner:
        """Let an owner move in with a phone for each behaviour, in their order."""
        number = self._next()
        known: dict[str, Any] = {
            "name": "王小明",
            "honorific": "先生",
            "language": Language.ENGLISH,
            "identity_digits": IDENTITY,
        }
        person_id = await self.add(Person, **known | person)
        unit_id = await self.add(Unit, community_id=self._community_id, label=f"1-1-{number}01")
        await self.add(
            Occupancy,
            unit_id=unit_id,
            person_id=person_id,
            role=Role.OWNER,
            moved_in=date(2020, 1, 1),
        )
        phones = []
        for position, behaviour in enumerate(behaviours, start=1):
            e164 = f"+861380013{self._next():04}"
            self.phones[e164] = behaviour
            phones.append(e164)
            await self.add(Phone, person_id=person_id, e164=e164, position=position)
        return Owner(person_id, unit_id, self._community_id, tuple(phones))

    async def owes(self, owner: Owner, amount: int = 10_000, *, days: int = 10) -> int:
        """Bill an owner something that is so many days past due."""
        return await self.add(
            Charge,
            community_id=owner.community_id,
            unit_id=owner.unit_id,
            liable_person_id=owner.person_id,
            reference=f"C-{self._next()}",
            kind="property fee",
            amount_minor=amount,
            currency="CNY",
            due_on=TODAY - timedelta(days=days),
        )

    async def repaired(self, owner: Owner) -> int:
        """Finish a repair at an owner's home yesterday."""
        return await self.add(
            WorkOrder,
            community_id=owner.community_id,
            unit_id=owner.unit_id,
            reference=f"W-{self._next()}",
            category=WorkOrderCategory.LEAK,
            category_as_given="leak",
            reported_on=TODAY - timedelta(days=5),
            completed_on=TODAY - timedelta(days=1),
        )

    async def pays(self, charge_id: int, amount: int | None = None) -> None:
        """Receive money for a charge; None is all that is open."""
        async with self.sessions.begin() as session:
            charge = await session.get_one(Charge, charge_id)
            left = charge.amount_minor - charge.paid_minor
            await record_payment(
                session,
                charge_id=charge_id,
                amount=Money(
                    amount_minor=left if amount is None else amount, currency=charge.currency
                ),
                received_at=self.clock.now(),
                source="test",
            )

    async def _pays(self, _: str, __: datetime) -> None:
        async with self.sessions() as session:
            charge_ids = (await session.scalars(sa.select(Charge.charge_id))).all()
        for charge_id in charge_ids:
            await self.pays(charge_id)

    # The dialer.

    async def build(self) -> None:
        """Build the lists of this instant."""
        async with self.sessions.begin() as session:
            await build_lists(session, now=self.clock.now(), campaigns=self.campaigns)

    async def dial(self, hours: float = 1.0) -> None:
        """Start a dialer and let it work for so long, and its last calls to their end."""
        self.engine = self.dialer()
        until = self.clock.now() + timedelta(hours=hours)

        async def work() -> None:
            await self.engine.start()
            await self.engine.run(until=until, drain=True)

        await self.clock.run(work())
        await self.clock.drive(until)

    async def until(self, when: datetime) -> None:
        """Let time pass with nobody dialling."""
        await self.clock.drive(when)

    async def write(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> None:
        """Do something in a transaction of its own."""
        async with self.sessions.begin() as session:
            await work(session)

    async def share_number(self, one: Owner, other: Owner) -> None:
        """Let one owner have the other's number."""
        shared = sa.update(Phone).where(Phone.person_id == one.person_id)
        await self.write(lambda session: session.execute(shared.values(e164=other.phones[0])))

    def dialer(
        self,
        bridge: Bridge | None = None,
        *,
        clock: Clock | None = None,
        poll: timedelta | None = None,
        transfers: Transfers | None = None,
        **more: Any,
    ) -> Engine:
        """Return a dialer; by default on the day's own bridge and clock."""
        campaigns, library = self.campaigns, load_library()
        return Engine(
            sessions=self.sessions,
            bridge=bridge or self.bridge,
            clock=clock or self.clock,
            ids=self._ids,
            rules=EngineRules(
                campaigns=campaigns,
                packs=shipped_packs(),
                test_numbers=self._test_numbers,
                batch=20,
                poll=poll,
            ),
            talk=TalkHost(
                sessions=self.sessions,
                clock=clock or self.clock,
                rules=TalkRules(library=library, campaigns=campaigns, house=GREEN_HOMES),
                transfers=transfers,
            ),
            settlement=Settlement(campaigns=campaigns, library=library),
            **more,
        )

    # What came of it.

    @property
    def rung(self) -> list[str]:
        """The numbers the carrier rang, in order."""
        return [call.e164 for call in self.carrier.ledger.calls()]

    async def due(self, reason: Reason) -> list[tuple[str, str | None]]:
        """Return state and why settled of the due calls of a reason, oldest first."""
        rows = await self.rows(
            sa.select(DueCall.state, DueCall.settled_because)
            .where(DueCall.reason == reason)
            .order_by(DueCall.due_call_id)
        )
        return [(row.state.value, row.settled_because) for row in rows]

    async def results(self) -> list[tuple[str, str | None]]:
        """Return telephony result and wrap-up code of every outcome, in order."""
        rows = await self.rows(
            sa.select(AttemptDueCall.telephony_result, AttemptDueCall.wrap_up_code)
            .join(Attempt, Attempt.attempt_id == AttemptDueCall.attempt_id)
            .order_by(Attempt.started_at, Attempt.attempt_id, AttemptDueCall.position)
        )
        return [
            (row.telephony_result.value, row.wrap_up_code and row.wrap_up_code.value)
            for row in rows
        ]

    async def last_rule(self) -> str | None:
        """Return the rule of the last verdict on file."""
        rows = await self.rows(sa.select(VerdictRow.rule).order_by(VerdictRow.verdict_id.desc()))
        return rows[0].rule if rows else None

    async def rows(self, query: sa.Select[*tuple[Any, ...]]) -> Sequence[sa.Row[Any]]:
        """Read something."""
        async with self.sessions() as session:
            return (await session.execute(query)).all()

    async def add(self, table: type[Base], **values: Any) -> int:
        """Write a row and return its id."""
        key = sa.inspect(table).primary_key[0]
        async with self.sessions.begin() as session:
            added = await session.execute(sa.insert(table).values(**values).returning(key))
            return int(added.scalar_one())

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers
