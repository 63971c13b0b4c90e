"""What comes in while dialers are killed: payments and letters, each surely committed."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock
from core.money import Money
from customers.account_tables import Charge
from customers.service import opt_out, record_payment

# What a server that is killed does to those who are using it.
T = TypeVar("T")

SERVER_AWAY = (sa.exc.DBAPIError, psycopg.Error, ConnectionError, TimeoutError)
_AGAIN_S = 0.1
# So many of the payers pay at the very moment their phone rings, where one does.
_WHILE_IT_RINGS = 0.5


class ArrivalKind(StrEnum):
    """What may come in."""

    PAYMENT = "payment"  # of everything that is open
    LETTER = "letter"  # no more calls


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """Something that came in; by `committed_at`, an instant of the day, it was surely on file."""

    kind: ArrivalKind
    person_id: int
    committed_at: datetime


class Outside:
    """Brings in what the plan says, at random moments; each is tried until it is on file."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clock: Clock,
        rng: random.Random,
        *,
        book: Path,
    ) -> None:
        self.arrivals: list[Arrival] = []
        self._sessions = sessions
        self._clock = clock
        self._rng = rng
        self._ringing = _Ringing(book)

    async def come_in(self, *, payers: int, letters: int, within_s: float) -> None:
        """Let it all come in, spread over so many real seconds."""
        overdue, everybody = await despite_kills(self._listed)
        kinds = [ArrivalKind.PAYMENT] * payers + [ArrivalKind.LETTER] * letters
        self._rng.shuffle(kinds)
        gaps = sorted(self._rng.uniform(0, within_s) for _ in kinds)
        came: set[int] = set()
        for before_s, at_s, kind in zip([0.0, *gaps], gaps, kinds, strict=False):
            await asyncio.sleep(at_s - before_s)
            among = overdue if kind is ArrivalKind.PAYMENT else everybody
            person_id = self._who(among - came)
            if person_id is not None:
                came.add(person_id)
                await self._comes(kind, person_id)

    def _who(self, among: set[int]) -> int | None:
        ringing = self._ringing.now() & among
        if ringing and self._rng.random() < _WHILE_IT_RINGS:
            return self._rng.choice(sorted(ringing))
        return self._rng.choice(sorted(among)) if among else None

    async def _comes(self, kind: ArrivalKind, person_id: int) -> None:
        async def work(session: AsyncSession) -> None:
            if kind is ArrivalKind.PAYMENT:
                await self._pay(session, person_id)
            else:
                await opt_out(
                    session,
                    person_id=person_id,
                    said_by="owner",
                    how="letter",
                    now=self._clock.now(),
                )

        async def commit() -> None:
            async with self._sessions.begin() as session:
                await work(session)

        await despite_kills(commit)
        self.arrivals.append(
            Arrival(kind=kind, person_id=person_id, committed_at=self._clock.now())
        )

    async def _pay(self, session: AsyncSession, person_id: int) -> None:
        rows = await session.execute(
            sa.select(Charge.charge_id, Charge.amount_minor - Charge.paid_minor, Charge.currency)
            .where(Charge.liable_person_id == person_id, Charge.amount_minor > Charge.paid_minor)
            .order_by(Charge.charge_id)
        )
        for charge_id, open_minor, currency in rows.all():
            await record_payment(
                session,
                charge_id=charge_id,
                amount=Money(amount_minor=open_minor, currency=currency),
                received_at=self._clock.now(),
                source="fault run",
                reference=str(charge_id),
            )

    async def _listed(self) -> tuple[set[int], set[int]]:
        async with self._sessions.begin() as session:
            rows = (
                await session.execute(
                    sa.text("""
                        SELECT person_id, bool_or(reason = 'overdue') AS owes
                        FROM due_call WHERE state = 'waiting' GROUP BY person_id
                    """)
                )
            ).all()
        return {row.person_id for row in rows if row.owes}, {row.person_id for row in rows}


async def despite_kills(work: Callable[[], Awaitable[T]]) -> T:
    """Do a transaction again until it is on file; its work may be done twice."""
    while True:
        try:
            return await work()
        except SERVER_AWAY:
            await asyncio.sleep(_AGAIN_S)


class _Ringing:
    """Reads the carrier's book as it grows, and knows whose phone rings."""

    def __init__(self, book: Path) -> None:
        self._book = book
        self._read_to = 0
        self._persons: dict[str, int] = {}  # by call

    def now(self) -> set[int]:
        """Return the persons whose phone rings."""
        if not self._book.exists():
            return set()
        with self._book.open("rb") as lines:
            lines.seek(self._read_to)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read_to += len(line)
                self._note(json.loads(line))
        return set(self._persons.values())

    def _note(self, call: dict[str, str | None]) -> None:
        name, person = str(call["call_id"]), call["person"]
        rings = call["ringing_at"] and not call["answered_at"] and not call["ended_at"]
        if rings and person is not None:
            self._persons[name] = int(person)
        else:
            self._persons.pop(name, None)
