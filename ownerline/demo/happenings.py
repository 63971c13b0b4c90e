"""What comes in from outside during the day: payments, letters, a death; drawn from the seed."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.model import DueCallState
from callback.tables import DueCall
from core.clock import Clock
from core.money import Money
from customers.account_tables import Charge, Promise
from customers.model import PromiseState, Reason
from customers.service import mark_deceased, opt_out, record_payment
from dialer.bridges.port import CallEvent, CallRinging
from dialer.bridges.simulated.draws import stable_random
from dialer.bridges.simulated.ledger import Ledger
from dialer.bridges.simulated.people import Behaviour
from dialer.engine.engine import Engine

_PAYS_DURING_DAY_SHARE = 0.07  # of those on the overdue list
_PAYS_WHILE_IT_RINGS_SHARE = 0.04
_PAYS_IN_CALL_SHARE = 0.03  # of all phones; only who owes something does
_WRITES_SHARE = 0.012  # of everybody on a list: wants no more calls
_DIES_SHARE = 0.0015
_KEEPS_PROMISE_SHARE = 0.6
_PART_PAYMENT_SHARE = 0.2
_OPENS_AFTER = timedelta(hours=2, minutes=40)  # after the lists are built, at 06:00
_OPEN_FOR_S = 11 * 3600
_PAYS_AFTER_RINGS_S = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that comes in at an instant, about one person."""

    at: datetime
    person_id: int
    kind: str  # payment, letter or death
    in_full: bool = True


def with_payers(population: Mapping[str, Behaviour], *, seed: int) -> dict[str, Behaviour]:
    """Return the population in which some pay while they are on the line."""
    rng = stable_random(seed, "pays in call")
    return {
        e164: replace(behaviour, pays_after_turns=rng.randint(2, 5))
        if rng.random() < _PAYS_IN_CALL_SHARE
        else behaviour
        for e164, behaviour in sorted(population.items())
    }


class Outside:
    """Brings in what comes from outside and tells the engine whose account has changed."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clock: Clock,
        *,
        seed: int,
        ledger: Ledger,
    ) -> None:
        self.engine: Engine | None = None
        self._payments = 0
        self._ledger = ledger
        self._sessions = sessions
        self._clock = clock
        self._seed = seed
        self._pays_when_it_rings: frozenset[str] = frozenset()
        self._coming: list[asyncio.Task[None]] = []

    async def plan(self, day: date) -> None:
        """Draw what this day brings, once its lists are built, and let it come."""
        rng = stable_random(self._seed, "outside", day)
        async with self._sessions.begin() as session:
            overdue, others = await _listed(session)
            promised = await _promised_for(session, day)
        happenings = [
            Happening(
                at=self._clock.now() + _OPENS_AFTER + timedelta(seconds=rng.randrange(_OPEN_FOR_S)),
                person_id=person_id,
                kind=kind,
                in_full=rng.random() >= _PART_PAYMENT_SHARE,
            )
            for people, share, kind in (
                (overdue, _PAYS_DURING_DAY_SHARE, "payment"),
                (promised, _KEEPS_PROMISE_SHARE, "payment"),
                (overdue + others, _WRITES_SHARE, "letter"),
                (others, _DIES_SHARE, "death"),
            )
            for person_id in people
            if rng.random() < share
        ]
        self._pays_when_it_rings = frozenset(
            str(person_id) for person_id in overdue if rng.random() < _PAYS_WHILE_IT_RINGS_SHARE
        )
        for happening in sorted(happenings, key=lambda each: (each.at, each.person_id)):
            self._let(self._happen(happening))

    def check(self) -> None:
        """Raise what went wrong with anything that has come in."""
        for task in self._coming:
            if task.done():
                task.result()
        self._coming = [task for task in self._coming if not task.done()]

    async def paid_in_call(self, person: str, _: datetime) -> None:
        """Take the payment of somebody who pays while we speak with them; the carrier's hook."""
        if person.isdecimal():  # a number nobody has on file is no person's key
            await self._pay(int(person), in_full=True)

    async def heard(self, event: CallEvent) -> None:
        """Let some pay while their phone rings; an observer of the calls."""
        if isinstance(event, CallRinging):
            call = self._ledger.get(event.attempt_id)
            if call is not None and call.person in self._pays_when_it_rings:
                self._let(self._pay_while_it_rings(int(call.person)))

    async def _happen(self, happening: Happening) -> None:
        await self._clock.sleep_until(happening.at)
        if happening.kind == "payment":
            await self._pay(happening.person_id, in_full=happening.in_full)
            return
        async with self._sessions.begin() as session:
            if happening.kind == "letter":
                await opt_out(
                    session,
                    person_id=happening.person_id,
                    said_by="owner",
                    how="letter",
                    now=self._clock.now(),
                )
            else:
                await mark_deceased(session, person_id=happening.person_id, now=self._clock.now())
        await self._tell(happening.person_id)

    async def _pay_while_it_rings(self, person_id: int) -> None:
        await self._clock.sleep(_PAYS_AFTER_RINGS_S)
        await self._pay(person_id, in_full=True)

    def _let(self, coming: Coroutine[Any, Any, None]) -> None:
        self._coming.append(self._clock.spawn(coming))

    async def _pay(self, person_id: int, *, in_full: bool) -> None:
        """Pay what is open of a person's due charges, or a part of the first."""
        async with self._sessions.begin() as session:
            charges = await _open_charges(session, person_id)
            for charge in charges if in_full else charges[:1]:
                open_minor = charge.amount_minor - charge.paid_minor
                self._payments += 1
                await record_payment(
                    session,
                    charge_id=charge.charge_id,
                    amount=Money(
                        amount_minor=open_minor if in_full else max(1, open_minor // 3),
                        currency=charge.currency,
                    ),
                    received_at=self._clock.now(),
                    source="demo",
                    reference=f"{self._clock.now():%Y%m%d}-{self._payments:05d}",
                )
        if charges:
            await self._tell(person_id)

    async def _tell(self, person_id: int) -> None:
        if self.engine is not None:
            await self.engine.accounts_changed()


async def _listed(session: AsyncSession) -> tuple[list[int], list[int]]:
    """Return who is on the overdue list, and who is on another list only."""
    rows = await session.execute(
        sa.select(DueCall.person_id, sa.func.bool_or(DueCall.reason == Reason.OVERDUE))
        .where(DueCall.state == DueCallState.WAITING)
        .group_by(DueCall.person_id)
        .order_by(DueCall.person_id)
    )
    found = [(row[0], row[1]) for row in rows]
    return [person for person, owes in found if owes], [
        person for person, owes in found if not owes
    ]


async def _promised_for(session: AsyncSession, day: date) -> Sequence[int]:
    rows = await session.scalars(
        sa.select(Promise.person_id)
        .where(Promise.state == PromiseState.OPEN, Promise.promised_on == day)
        .distinct()
        .order_by(Promise.person_id)
    )
    return list(rows)


async def _open_charges(session: AsyncSession, person_id: int) -> Sequence[Charge]:
    rows = await session.scalars(
        sa.select(Charge)
        .where(Charge.liable_person_id == person_id, Charge.amount_minor > Charge.paid_minor)
        .order_by(Charge.due_on, Charge.charge_id)
    )
    return list(rows)
