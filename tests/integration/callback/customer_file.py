"""A small customer file to build lists from, written in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.building import BuildReport, build_lists
from callback.tables import DueCall, DueCallCharge
from core.database import Base
from customers.account_tables import (
    Charge,
    Extension,
    Promise,
    PromiseCharge,
    Survey,
    SurveyTarget,
    WorkOrder,
)
from customers.model import (
    ExtensionState,
    Language,
    PromiseState,
    Reason,
    Role,
    WorkOrderCategory,
)
from customers.tables import CallbackRequest, Community, Occupancy, Person, Unit

TODAY = date(2026, 5, 20)
NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)  # noon of that day in Shanghai


@dataclass(frozen=True, slots=True)
class Home:
    """A unit with its owner."""

    community_id: int
    unit_id: int
    person_id: int


class CustomerFile:
    """Writes rows of the customer file and reads due calls back."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._number = 0

    async def community(self, *, time_zone: str = "Asia/Shanghai", currency: str = "CNY") -> int:
        """Add a community."""
        return await self._add(
            Community,
            name=f"community {self._next()}",
            time_zone=time_zone,
            region="CN",
            currency=currency,
            packs=["cn"],
        )

    async def unit(self, community_id: int) -> int:
        """Add a unit."""
        return await self._add(Unit, community_id=community_id, label=f"1-1-{self._next()}")

    async def person(self) -> int:
        """Add a person."""
        return await self._add(Person, name=f"person {self._next()}", language=Language.MANDARIN)

    async def lives(
        self,
        person_id: int,
        unit_id: int,
        *,
        role: Role = Role.OWNER,
        since: date | None = None,
        until: date | None = None,
        moved_in: date | None = date(2020, 1, 1),
    ) -> None:
        """Tie a person to a unit."""
        await self._add(
            Occupancy,
            person_id=person_id,
            unit_id=unit_id,
            role=role,
            valid_from=since,
            valid_until=until,
            moved_in=moved_in,
        )

    async def home(self, community_id: int | None = None) -> Home:
        """Add a unit with an owner who has moved in."""
        place = await self.community() if community_id is None else community_id
        home = Home(place, await self.unit(place), await self.person())
        await self.lives(home.person_id, home.unit_id)
        return home

    async def charge(
        self,
        home: Home,
        *,
        days_past_due: int = 10,
        amount: int = 10_000,
        currency: str = "CNY",
        liable: int | None = None,
    ) -> int:
        """Bill something that is due so many days before `TODAY`."""
        return await self._add(
            Charge,
            community_id=home.community_id,
            unit_id=home.unit_id,
            liable_person_id=home.person_id if liable is None else liable,
            reference=f"C-{self._next()}",
            kind="property fee",
            amount_minor=amount,
            currency=currency,
            due_on=TODAY - timedelta(days=days_past_due),
        )

    async def change_charge(self, charge_id: int, **values: object) -> None:
        """Write something else on a charge."""
        await self.session.execute(
            sa.update(Charge).where(Charge.charge_id == charge_id).values(**values)
        )

    async def pay(self, charge_id: int, amount: int = 10_000) -> None:
        """Receive money for a charge."""
        await self.change_charge(charge_id, paid_minor=Charge.paid_minor + amount)

    async def die(self, person_id: int) -> None:
        """Note a death."""
        await self.session.execute(
            sa.update(Person).where(Person.person_id == person_id).values(deceased_at=NOON)
        )

    async def promise(self, home: Home, charge_id: int, *, on: date, amount: int = 10_000) -> int:
        """Promise to pay a charge."""
        promise_id = await self._add(
            Promise,
            person_id=home.person_id,
            amount_minor=amount,
            currency="CNY",
            promised_on=on,
            made_at=NOON,
            state=PromiseState.OPEN,
        )
        await self._add(
            PromiseCharge, promise_id=promise_id, charge_id=charge_id, paid_minor_before=0
        )
        return promise_id

    async def promise_state(self, promise_id: int) -> PromiseState:
        """Return what became of a promise."""
        found = await self.session.execute(
            sa.select(Promise.state).where(Promise.promise_id == promise_id)
        )
        return found.scalar_one()

    async def extend(
        self, home: Home, charge_id: int, *, until: date, state: ExtensionState
    ) -> None:
        """Ask for more time for a charge."""
        await self._add(
            Extension,
            person_id=home.person_id,
            charge_id=charge_id,
            asked_at=NOON,
            until=until,
            state=state,
        )

    async def work_order(
        self,
        home: Home,
        *,
        completed_on: date | None = TODAY,
        category: WorkOrderCategory = WorkOrderCategory.OTHER,
    ) -> int:
        """Add a repair."""
        return await self._add(
            WorkOrder,
            community_id=home.community_id,
            unit_id=home.unit_id,
            reference=f"WO-{self._next()}",
            category=category,
            category_as_given=category.value,
            reported_on=date(2026, 1, 1),
            completed_on=completed_on,
        )

    async def change_work_order(self, work_order_id: int, **values: object) -> None:
        """Write something else on a work order."""
        await self.session.execute(
            sa.update(WorkOrder).where(WorkOrder.work_order_id == work_order_id).values(**values)
        )

    async def ask_for_call(
        self, home: Home, *, call_at: datetime, about: Reason, about_due_call_id: int | None = None
    ) -> int:
        """Ask to be called at a time."""
        return await self._add(
            CallbackRequest,
            person_id=home.person_id,
            community_id=home.community_id,
            unit_id=home.unit_id,
            asked_at=NOON,
            call_at=call_at,
            about=about,
            about_due_call_id=about_due_call_id,
        )

    async def survey_targets(self, survey: str) -> dict[int, int]:
        """Return person_id → community_id of those drawn."""
        found = await self.session.execute(
            sa.select(SurveyTarget.person_id, SurveyTarget.community_id)
            .join(Survey, Survey.survey_id == SurveyTarget.survey_id)
            .where(Survey.name == survey)
            .order_by(SurveyTarget.survey_target_id)
        )
        return {row[0]: row[1] for row in found}

    async def calls(self, reason: Reason) -> Sequence[sa.Row[Any]]:
        """Return due calls of a reason, oldest first."""
        found = await self.session.execute(
            sa.select(DueCall.__table__)
            .where(DueCall.reason == reason)
            .order_by(DueCall.due_call_id)
        )
        return found.all()

    async def waiting(self, reason: Reason) -> list[sa.Row[Any]]:
        """Return the waiting due calls of a reason, oldest first."""
        return [call for call in await self.calls(reason) if call.state == "waiting"]

    async def steps(self, due_call_id: int) -> dict[int, int]:
        """Return charge_id → step of what a due call speaks of."""
        found = await self.session.execute(
            sa.select(DueCallCharge.charge_id, DueCallCharge.step).where(
                DueCallCharge.due_call_id == due_call_id
            )
        )
        return {row[0]: row[1] for row in found}

    async def settle(self, due_call_id: int, *, state: str = "done", at: datetime = NOON) -> None:
        """Bring a due call to its end."""
        await self.session.execute(
            sa.update(DueCall)
            .where(DueCall.due_call_id == due_call_id)
            .values(state=state, settled_at=at, settled_because="test")
        )

    async def claim(self, due_call_id: int) -> None:
        """Take a due call for dialling."""
        await self.session.execute(
            sa.update(DueCall).where(DueCall.due_call_id == due_call_id).values(state="claimed")
        )

    async def change_owner(self, home: Home, person_id: int, *, on: date) -> None:
        """Sell a unit to a person."""
        await self.session.execute(
            sa.update(Occupancy)
            .where(Occupancy.unit_id == home.unit_id, Occupancy.role == Role.OWNER)
            .values(valid_until=on)
        )
        await self.lives(person_id, home.unit_id, since=on, moved_in=on)

    async def build(self, days_later: int = 0, **arguments: Any) -> BuildReport:
        """Build the lists at noon of `TODAY`, or so many days later."""
        now = arguments.pop("now", NOON + timedelta(days=days_later))
        return await build_lists(self.session, now=now, **arguments)

    async def _add(self, table: type[Base], **values: object) -> int:
        key = sa.inspect(table).primary_key[0]
        added = await self.session.execute(sa.insert(table).values(**values).returning(key))
        return int(added.scalar_one())

    def _next(self) -> int:
        self._number += 1
        return self._number
