"""What comes in from outside, in the state machine: bills, money, wishes, deaths, repairs."""

from datetime import date, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    rule,
)
from sqlalchemy.ext.asyncio import AsyncSession

from core.money import Money
from core.phone import PhoneNumber
from customers.account_tables import Charge, Extension, WorkOrder
from customers.model import ExtensionState, Purpose, Reason, Role
from customers.service import (
    NotCompletedError,
    add_phone,
    dispute_charges,
    kill_phone,
    mark_deceased,
    opt_out,
    record_payment,
    reopen_work_order,
    request_callback,
    request_extension,
)
from customers.tables import DoNotCall, Occupancy, Person, Phone
from dialer.tables import CampaignSwitch
from tests.integration.laws.house import PHONES, ZONES_OF_NUMBER
from tests.integration.laws.machine import Machine, one, which
from tests.integration.laws.manual_bridge import Line

T = TypeVar("T")


class ThingsComeIn(Machine):
    """Rules about what changes the customer file."""

    @rule(home=which, amount=st.integers(1, 90_000), days=st.integers(-5, 100))
    def a_bill_comes(self, home: int, amount: int, days: int) -> None:
        world = self.world
        self.write(
            lambda session: world.bill(
                session, one(world.homes, home), amount=amount, days_past_due=days
            )
        )

    @rule(charge=which, share=st.sampled_from([1, 1, 2, 3]), watched=st.booleans())
    def money_comes(self, charge: int, share: int, watched: bool) -> None:
        async def pay(session: AsyncSession) -> None:
            found = await session.get_one(Charge, one(self.world.charge_ids, charge))
            amount = (found.amount_minor - found.paid_minor) // share
            if amount:
                await self.receive(session, found, amount)

        self.write(pay)
        self.accounts_changed(watched)

    @rule(charge=which)
    def finance_takes_a_payment_back(self, charge: int) -> None:
        async def correct(session: AsyncSession) -> None:
            found = await session.get_one(Charge, one(self.world.charge_ids, charge))
            if found.paid_minor > 1:
                await self.receive(session, found, -(found.paid_minor // 2))

        self.write(correct)

    @rule(
        rows=st.lists(
            st.tuples(which, st.integers(0, 2), st.integers(-5, 100)), min_size=1, max_size=3
        ),
        watched=st.booleans(),
    )
    def finance_sends_a_workbook(self, rows: list[tuple[int, int, int]], watched: bool) -> None:
        charges = self.world.charge_ids
        named = [(charges[number % len(charges)], halves, days) for number, halves, days in rows]
        self.do(self.world.workbook_of_charges(named))
        self.accounts_changed(watched)

    async def receive(self, session: AsyncSession, charge: Charge, amount: int) -> None:
        await record_payment(
            session,
            charge_id=charge.charge_id,
            amount=Money(amount_minor=amount, currency=charge.currency),
            received_at=self.world.now,
            source="test",
        )

    @rule(
        person=which,
        phone=st.booleans(),
        reason=st.sampled_from([None, None, Reason.OVERDUE, Reason.REPAIR, Reason.PROMISED]),
        watched=st.booleans(),
    )
    def somebody_asks_not_to_be_called(
        self, person: int, phone: bool, reason: Reason | None, watched: bool
    ) -> None:
        number = person % len(PHONES)
        whose: dict[str, Any] = (
            {"phone": PhoneNumber(PHONES[number][0])}
            if phone
            else {"person_id": self.world.person_ids[number]}
        )
        self.write(
            lambda session: opt_out(
                session, **whose, reason=reason, said_by="owner", how="letter", now=self.world.now
            )
        )
        self.accounts_changed(watched)

    @rule(charge=which, watched=st.booleans())
    def a_debt_is_disputed(self, charge: int, watched: bool) -> None:
        async def dispute(session: AsyncSession) -> None:
            found = await session.get_one(Charge, one(self.world.charge_ids, charge))
            await dispute_charges(
                session,
                person_id=found.liable_person_id or 0,
                charge_ids=[found.charge_id],
                now=self.world.now,
            )

        self.write(dispute)
        self.accounts_changed(watched)

    @rule(charge=which, days=st.integers(0, 20), state=st.sampled_from(ExtensionState))
    def more_time_is_asked_for(self, charge: int, days: int, state: ExtensionState) -> None:
        async def ask(session: AsyncSession) -> None:
            found = await session.get_one(Charge, one(self.world.charge_ids, charge))
            await request_extension(
                session,
                person_id=found.liable_person_id or 0,
                charge_ids=[found.charge_id],
                until=self.world.now.date() + timedelta(days=days),
                attempt_id=None,
                now=self.world.now,
            )
            await session.execute(
                sa.update(Extension)
                .where(Extension.charge_id == found.charge_id)
                .values(state=state)
            )

        self.write(ask)

    @rule(person=which, watched=st.booleans())
    def somebody_dies(self, person: int, watched: bool) -> None:
        self.write(
            lambda session: mark_deceased(
                session, person_id=one(self.world.person_ids, person), now=self.world.now
            )
        )
        self.accounts_changed(watched)

    @rule(
        number=st.sampled_from(sorted(ZONES_OF_NUMBER)),
        purpose=st.sampled_from([Purpose.DEBT, Purpose.SERVICE, Purpose.SURVEY]),
        granted=st.booleans(),
        watched=st.booleans(),
    )
    def consent_is_given_or_withdrawn(
        self, number: str, purpose: Purpose, granted: bool, watched: bool
    ) -> None:
        self.write(lambda session: self.world.consent(session, number, purpose, granted=granted))
        self.accounts_changed(watched)

    @rule(person=which, position=st.integers(0, 1), watched=st.booleans())
    def a_phone_dies(self, person: int, position: int, watched: bool) -> None:
        async def die(session: AsyncSession) -> None:
            phone_id = await session.scalar(
                sa.select(Phone.phone_id)
                .where(Phone.person_id == one(self.world.person_ids, person))
                .order_by(Phone.position)
                .offset(position)
                .limit(1)
            )
            if phone_id is not None:
                await kill_phone(session, phone_id=phone_id, because="agent", now=self.world.now)

        self.write(die)
        self.accounts_changed(watched)

    @rule(person=which, position=st.integers(0, 1))
    def an_agent_notes_a_phone(self, person: int, position: int) -> None:
        number = person % len(PHONES)
        self.write(
            lambda session: add_phone(
                session,
                person_id=self.world.person_ids[number],
                phone=PhoneNumber(PHONES[number][position % len(PHONES[number])]),
                source="agent",
            )
        )

    @rule(home=which, person=which)
    def a_home_is_sold(self, home: int, person: int) -> None:
        async def sell(session: AsyncSession) -> None:
            sold = one(self.world.homes, home)
            today = self.world.today(sold)
            ended = await session.execute(
                sa.update(Occupancy)
                .where(
                    Occupancy.unit_id == sold.unit_id,
                    Occupancy.valid_until.is_(None),
                    sa.func.coalesce(Occupancy.valid_from, date.min) < today,
                )
                .values(valid_until=today)
                .returning(Occupancy.occupancy_id)
            )
            if ended.first() is not None:
                session.add(
                    Occupancy(
                        unit_id=sold.unit_id,
                        person_id=one(self.world.person_ids, person),
                        role=Role.OWNER,
                        valid_from=today,
                        moved_in=today,
                    )
                )

        self.write(sell)

    @rule(home=which, days=st.integers(0, 8))
    def a_repair_is_finished(self, home: int, days: int) -> None:
        world = self.world
        self.write(lambda session: world.repair(session, one(world.homes, home), days_ago=days))

    @rule(order=which, watched=st.booleans())
    def a_repair_is_reopened(self, order: int, watched: bool) -> None:
        async def reopen(session: AsyncSession) -> None:
            try:
                await reopen_work_order(
                    session,
                    work_order_id=one(self.world.work_order_ids, order),
                    attempt_id=None,
                    finding=None,
                    now=self.world.now,
                )
            except NotCompletedError:
                return

        self.write(reopen)
        self.accounts_changed(watched)

    @rule(what=st.sampled_from(["wishes", "disputes", "deaths", "rework", "pauses"]))
    def what_held_calls_back_goes_away(self, what: str) -> None:
        now, today = self.world.now, self.world.today(self.world.homes[0])
        mends = {
            "wishes": sa.update(DoNotCall)
            .where(DoNotCall.lifted_at.is_(None))
            .values(lifted_at=now),
            "disputes": sa.update(Charge).values(disputed_at=None),
            "deaths": sa.update(Person).values(deceased_at=None),
            "rework": sa.update(WorkOrder)
            .where(WorkOrder.completed_on.is_(None), WorkOrder.reported_on <= today)
            .values(completed_on=today, reopened_at=None),
            "pauses": sa.delete(CampaignSwitch),
        }
        self.write(lambda session: session.execute(mends[what]))

    @rule(
        home=which,
        about=st.sampled_from([Reason.OVERDUE, Reason.REPAIR, Reason.ENQUIRY]),
        minutes=st.integers(1, 2000),
    )
    def somebody_asks_to_be_called(self, home: int, about: Reason, minutes: int) -> None:
        asking = one(self.world.homes, home)
        self.write(
            lambda session: request_callback(
                session,
                person_id=asking.person_id,
                community_id=asking.community_id,
                unit_id=asking.unit_id,
                call_at=self.world.now + timedelta(minutes=minutes),
                about=about,
                now=self.world.now,
            )
        )

    # How.

    def accounts_changed(self, watched: bool) -> None:
        """Tell the dialer, as every surface does after a change; what only rings is cut then."""
        if watched and self.world.dialers:
            for dialer in self.world.dialers:
                self.run(dialer.engine.accounts_changed())
            self.read(self.nothing_rings_in_vain)

    async def nothing_rings_in_vain(self, session: AsyncSession) -> None:
        """Whoever is paid up, opted out, or dead is not rung any further."""
        for line in self.world.network.up():
            if line.answered_by is None and self.is_carried(line):
                vain = await session.execute(_VAIN, {"attempt_id": line.attempt_id})
                assert not vain.scalars().all(), f"{line.attempt_id} goes on ringing"

    def is_carried(self, line: Line) -> bool:
        """Say whether a dialer that is alive has the call."""
        return any(line.attempt_id in dialer.engine.live for dialer in self.world.dialers)


_VAIN = sa.text("""
    SELECT dc.due_call_id
    FROM attempt a JOIN attempt_due_call adc USING (attempt_id)
    JOIN due_call dc USING (due_call_id) JOIN person p ON p.person_id = dc.person_id
    WHERE a.attempt_id = :attempt_id
    GROUP BY a.attempt_id, dc.due_call_id, p.person_id
    HAVING p.deceased_at IS NOT NULL
        OR EXISTS (
            SELECT FROM do_not_call w
            WHERE w.lifted_at IS NULL AND w.reason IS NULL
              AND (w.person_id = p.person_id OR w.e164 = a.e164)
        )
        OR (dc.reason = 'overdue' AND NOT EXISTS (
            SELECT FROM due_call_charge JOIN charge USING (charge_id)
            WHERE due_call_charge.due_call_id = dc.due_call_id
              AND amount_minor > paid_minor AND disputed_at IS NULL
        ) AND NOT EXISTS (
            SELECT FROM attempt_due_call other
            WHERE other.attempt_id = a.attempt_id AND other.due_call_id <> dc.due_call_id
        ))
""")
