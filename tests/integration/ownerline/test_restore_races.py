"""A restore against a claim in flight, a ringing call and an answered one: whoever comes first.

The dialer stood still until its lease had run out, so that the restore does not refuse. It wakes
on connections of its own, which the swap has cut, and goes on where it was.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only
from structlog.testing import capture_logs

from callback.campaigns import shipped_campaigns
from core.clock import VirtualClock
from core.database import create_engine, session_factory
from dialer.bridges.port import OutboundCall, TrunkLimits
from dialer.found import Found, find_rings, longest_retry
from dialer.model import AnsweredBy
from dialer.restored import mark_reconciled
from dialer.tables import Attempt
from tests.integration.dialer.day import TEN
from tests.integration.dialer.posts import PATIENT, Posts, Wire
from tests.integration.laws.manual_bridge import Line
from tests.integration.ownerline.vault import Vault

_ONE_CHANNEL = (TrunkLimits(name="a", channels=1, calls_per_second=20.0),)
_A_DAY = longest_retry(shipped_campaigns())


class Stage(StrEnum):
    """How far a call had come."""

    RINGING = "ringing"
    ANSWERED = "answered"


class Race:
    """Two owners who are due a call, a dialer that rings one at a time, and a backup."""

    def __init__(self, vault: Vault, own: AsyncEngine) -> None:
        self.vault, self.day, self.own = vault, vault.day, own
        self.posts = Posts(self.day)
        self.source: Path | None = None

    async def begin(self, *, trunks: tuple[TrunkLimits, ...] = _ONE_CHANNEL) -> None:
        """Let the dialer stand ready, and back up what is before its first call."""
        self.one = self.posts.post(trunks=trunks, sessions=session_factory(self.own))
        await self.one.start()
        await self.posts.repairs(2)
        await self.backs_up()

    async def backs_up(self) -> None:
        """Take the backup that is restored later."""
        self.source = await self.vault.backup(f"{uuid4()}.backup")

    async def stands_still_over_the_restore(self) -> None:
        """Let the dialer be silent for longer than its lease, and the backup be restored."""
        await self.posts.loses_its_lease(self.one)
        await self.restores()

    async def restores(self) -> None:
        """Restore the backup; the lease has run out by the dialer's own clock too."""
        self.one.real_time.seconds += PATIENT.lease_s
        assert self.source is not None
        await self.vault.restore(self.source)

    async def line(self, stage: Stage) -> Line:
        """Return the line of the first call, when it has come so far."""
        await self.one.work()
        (line,) = self.one.wire.up()
        self.one.wire.ring(line)
        if stage is Stage.ANSWERED:
            self.one.wire.answer(line, AnsweredBy.HUMAN)
        await self.one.hears()
        if stage is Stage.ANSWERED:
            assert await self.one.wire.say(line, None) is not None
        return line

    async def wakes(self, line: Line) -> None:
        """Let the dialer beat, hear what happened meanwhile, and be asked what to say."""
        await self.one.passes(2)
        if line.up and line.answered_by is None:
            self.one.wire.ring(line)
            self.one.wire.answer(line, AnsweredBy.HUMAN)
        await self.one.hears()
        turn = await self.one.wire.say(line, None)
        assert turn is None or turn.say == (), "nothing of the old world is said"
        await self.one.hears()
        await self.one.work()

    async def reconcile(self) -> Found:
        """Ask the carrier as the command does, by a door and on connections of its own."""
        clock = VirtualClock(self.one.clock.now())
        wire = Wire(
            clock=clock,
            on_ring=_nobody,
            trunks=_ONE_CHANNEL,
            lines=self.posts.lines,
            has_book=True,
        )
        await clock.run(self.day.dialer(wire, clock=clock).start())
        found: list[Found | None] = []

        async def ask() -> None:
            found.append(
                await find_rings(self.day.sessions, wire, clock=clock, since=TEN, hold=_A_DAY)
            )

        await clock.run(ask())
        await clock.run(wire.tell_all())
        assert wire.up() == [], "reconciling hangs up what is up"
        async with self.day.sessions.begin() as session:
            await mark_reconciled(session, now=clock.now(), bridge=wire.name, stand_in=uuid4())
        (answer,) = found
        assert answer is not None
        return answer

    async def goes_on(self) -> None:
        """Let a new dialer work beside the old one, and nobody be rung twice by the network."""
        fresh = self.posts.post(trunks=_ONE_CHANNEL)
        await self.posts.meet(self.one, fresh)
        both = (self.one, fresh)
        for post in both * 2:
            await post.work()
            for line in post.wire.up():
                post.wire.end(line)
            for each in both:
                await each.hears()
        assert sorted(self.rung) == sorted(self.day.phones), "each once"

    @property
    def rung(self) -> list[str]:
        """The numbers the network rang, in order."""
        return [line.call.to.e164 for line in self.posts.lines.values()]

    async def on_file(self) -> list[tuple[str, str]]:
        """Return campaign and state of every attempt of the present database."""
        async with self.day.sessions() as session:
            rows = await session.execute(sa.text("SELECT campaign, state FROM attempt"))
            return [(row.campaign, row.state) for row in rows]


async def _nobody(call: OutboundCall) -> None:
    message = f"reconciling rang {call.attempt_id}"
    raise AssertionError(message)


@pytest.fixture
async def race(database: AsyncEngine, database_url: str, tmp_path: Path) -> AsyncIterator[Race]:
    vault = Vault(database_url, tmp_path, database)
    await vault.day.open()
    own = create_engine(database_url, name="dialer")
    with capture_logs():  # each cut connection is a traceback, slow to print
        yield Race(vault, own)
    await own.dispose()


def _once(engine: AsyncEngine, moment: str, happen: Callable[[], Awaitable[None]]) -> None:
    """Let something happen in the engine's next claim: with its rows locked, or at its commit."""
    done: list[str] = []

    @sa.event.listens_for(engine.sync_engine, "before_cursor_execute")
    def look(_: object, __: object, statement: str, *___: object) -> None:
        if "INTO attempt_due_call" in statement:
            done.append("locked")
        if done == ["locked"] and moment != "COMMIT":
            done.append(moment)
            await_only(happen())

    @sa.event.listens_for(engine.sync_engine, "commit")
    def last(_: object) -> None:
        if done == ["locked"] and moment == "COMMIT":
            done.append(moment)
            await_only(happen())


async def test_a_claim_that_is_open_at_the_swap_is_kept_nowhere_and_rings_nobody(
    race: Race,
) -> None:
    await race.begin()
    _once(race.own, "LOCKED", race.stands_still_over_the_restore)
    await race.one.work(1.5)

    assert race.rung == []
    assert await race.on_file() == []
    assert (await race.reconcile()).rings == 0
    await race.goes_on()


async def test_a_claim_that_had_its_last_word_before_the_swap_does_not_commit_after_it(
    race: Race,
) -> None:
    await race.begin()
    restored: list[bool] = []

    async def soon_runs_out() -> None:  # it holds its lease from its last word on
        await race.posts.run(
            "UPDATE dialer_lease SET lease_until = clock_timestamp() + interval '0.5 s'"
        )

    async def restores_when_it_has_run_out() -> None:
        await race.posts.run(
            "SELECT pg_sleep(extract(epoch FROM max(lease_until) - clock_timestamp()))"
            " FROM dialer_lease"
        )
        await race.restores()
        restored.append(True)

    _once(race.own, "LOCKED", soon_runs_out)
    _once(race.own, "COMMIT", restores_when_it_has_run_out)
    await race.one.clock.run(race.one.engine._step(TEN))  # noqa: SLF001 - no beat in between
    await race.one.passes(2)

    assert restored
    assert race.rung == []
    assert await race.on_file() == []
    assert (await race.reconcile()).rings == 0
    await race.goes_on()


async def test_a_dialer_that_slept_over_a_restore_claims_nothing_by_what_it_knew(
    race: Race,
) -> None:
    await race.begin()
    await race.stands_still_over_the_restore()
    await race.one.work(1.5)

    assert race.rung == []
    assert await race.on_file() == []
    assert race.one.engine.idle_reason is not None
    assert race.one.engine.idle_reason.reason == "not_reconciled"
    await race.reconcile()
    await race.goes_on()


@pytest.mark.parametrize("reconciled", [False, True], ids=["not reconciled", "reconciled"])
async def test_what_was_claimed_before_the_swap_is_not_handed_over_after_it(
    race: Race, reconciled: bool
) -> None:
    await race.begin(trunks=(TrunkLimits(name="a", channels=2, calls_per_second=20.0),))

    claimed: list[UUID] = []

    async def meanwhile(_: OutboundCall) -> None:
        race.one.wire.after_ring = None
        claimed.extend(row.attempt_id for row in await race.day.rows(sa.select(Attempt.attempt_id)))
        await race.stands_still_over_the_restore()
        if reconciled:
            assert (await race.reconcile()).rings == 1
        await race.one.clock.sleep(1.2)  # it beats: its lease runs again, of another world

    race.one.wire.after_ring = meanwhile
    await race.one.work(1)
    first, second = claimed
    assert second not in race.posts.lines
    line = race.posts.lines[first]
    await race.wakes(line)

    assert not line.up
    on_file = {row.attempt_id for row in await race.day.rows(sa.select(Attempt.attempt_id))}
    assert on_file & set(claimed) == ({first} if reconciled else set())
    if not reconciled:
        assert (await race.reconcile()).rings == 1
    await race.goes_on()


@pytest.mark.parametrize("stage", Stage)
async def test_a_call_of_before_the_swap_is_hung_up_by_a_dialer_that_wakes_after_it(
    race: Race, stage: Stage
) -> None:
    await race.begin()
    line = await race.line(stage)
    await race.stands_still_over_the_restore()
    await race.wakes(line)

    assert not line.up
    assert await race.on_file() == []
    assert (await race.reconcile()).rings == 1
    await race.goes_on()


@pytest.mark.parametrize("stage", Stage)
async def test_a_call_of_before_the_swap_is_hung_up_by_reconciling_and_counts(
    race: Race, stage: Stage
) -> None:
    await race.begin()
    line = await race.line(stage)
    await race.stands_still_over_the_restore()
    assert (await race.reconcile()).rings == 1
    assert not line.up
    await race.wakes(line)

    assert ("unknown", "ended") in await race.on_file()
    await race.goes_on()


async def test_a_call_that_the_backup_knows_ends_under_its_own_id(race: Race) -> None:
    await race.begin()
    line = await race.line(Stage.ANSWERED)
    await race.backs_up()
    await race.stands_still_over_the_restore()
    await race.wakes(line)
    assert not line.up
    assert (await race.reconcile()).rings == 0

    ((campaign, state),) = await race.on_file()
    assert (campaign == "unknown", state) == (False, "ended")
    await race.goes_on()
