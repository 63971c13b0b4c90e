"""Backups and restores in the state machine: the past comes back, what rang since stays rung."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Base
from dialer.found import asked_from, find_rings, longest_retry
from dialer.restored import mark_reconciled, mark_restored, restoration
from ownerline.migrations.tables import import_tables
from tests.integration.laws.machine import Machine, which

import_tables()
_TABLES = [table.name for table in Base.metadata.sorted_tables]
_SEQUENCES = sa.text("""
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = 'public' AND sequencename NOT LIKE 'procrastinate%'
""")
_SET = sa.text("SELECT setval(CAST(:name AS regclass), coalesce(:value, 1), :called)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A copy of every table beside them, and what the test knew at that instant."""

    taken_at: datetime
    sequences: tuple[tuple[str, int | None], ...]
    known: dict[str, Any]
    seen: frozenset[int]
    steps: dict[int, int]


class Restores(Machine):
    """Rules about backups."""

    backup: Backup | None = None

    @rule()
    def a_backup_is_taken(self) -> None:
        self.write(_copy)
        found = self.read(_sequences)
        self.backup = Backup(
            taken_at=self.world.now,
            sequences=found,
            known=self.world.known(),
            seen=frozenset(self.seen),
            steps=dict(self.steps),
        )

    @precondition(lambda self: self.backup is not None)
    @rule(dialer=which, has_book=st.booleans())
    def the_backup_is_restored(self, dialer: int, has_book: bool) -> None:
        """Nothing rings before the carrier was asked, or long enough was waited."""
        world, backup = self.world, self.backup
        assert backup is not None
        for each in tuple(world.dialers):
            self.do(world.crash(each))
        self.write(lambda session: _load(session, backup, now=world.now))
        world.recall(backup.known)
        self.seen, self.steps = set(backup.seen), dict(backup.steps)
        # What those calls were about is lost with the books that said so.
        world.rung = [
            replace(rung, charge_ids=frozenset()) if rung.at >= backup.taken_at else rung
            for rung in world.rung
        ]
        rung = len(world.rung)
        self.do(world.start_dialer())
        self.do(world.dial(10, dialer))
        assert len(world.rung) == rung, "a restored installation rang before it was reconciled"
        world.network.set_has_book(has_book=has_book)
        hold = longest_retry(world.desk.campaigns)
        if not self.run(self.find_what_rang(hold)):
            self.do(world.clock.oversleep(world.now + hold))
        self.write(self.reconciled)
        self.do(world.dial(10, dialer))

    async def find_what_rang(self, hold: timedelta) -> bool:
        """Ask the carrier as an operator does; False where it cannot say and time must pass."""
        world = self.world
        async with self.sessions() as session:
            known = await restoration(session)
            assert known is not None
            since = await asked_from(session, known)
        bridge = world.dialers[0].bridge
        found = await find_rings(self.sessions, bridge, clock=world.clock, since=since, hold=hold)
        await world.network.tell_all()
        return found is not None

    async def reconciled(self, session: AsyncSession) -> None:
        """Let the queue go on, at the whole rate: minutes of real time are not waited for."""
        bridge = self.world.dialers[0].bridge
        await mark_reconciled(session, now=self.world.now, bridge=bridge.name, stand_in=uuid4())
        await session.execute(sa.text("UPDATE dialer_lease SET returned_at = NULL"))


async def _copy(session: AsyncSession) -> None:
    await session.execute(sa.text("DROP SCHEMA IF EXISTS kept CASCADE"))
    await session.execute(sa.text("CREATE SCHEMA kept"))
    for name in _TABLES:
        await session.execute(sa.text(f"CREATE TABLE kept.{name} AS TABLE public.{name}"))


async def _sequences(session: AsyncSession) -> tuple[tuple[str, int | None], ...]:
    return tuple((row[0], row[1]) for row in await session.execute(_SEQUENCES))


async def _load(session: AsyncSession, backup: Backup, *, now: datetime) -> None:
    await session.execute(sa.text(f"TRUNCATE {', '.join(_TABLES)} CASCADE"))
    for name in _TABLES:
        await session.execute(
            sa.text(f"INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE kept.{name}")
        )
    for name, value in backup.sequences:
        await session.execute(_SET, {"name": name, "value": value, "called": value is not None})
    await mark_restored(session, installation_id=uuid4(), now=now, taken_at=backup.taken_at)
