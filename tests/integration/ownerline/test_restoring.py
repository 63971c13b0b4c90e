"""A restored installation rings nobody until the carrier was asked, and then nobody twice."""

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import shipped_campaigns
from core.clock import SystemClock
from dialer.bridges.port import PlacedCall
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.control import arm, stop, switches
from dialer.found import Found, find_rings, longest_retry
from dialer.restored import mark_reconciled, restoration
from dialer.tables import Attempt
from ownerline.backups.backup import take_backup
from ownerline.backups.leftovers import left_behind
from ownerline.backups.quiet import DialersAliveError
from ownerline.backups.restore import abandon, restore
from ownerline.database import upgrade
from ownerline.sole import DialerRunsError, nobody_dials
from tests.integration.dialer.day import RINGS_OUT, Owner, answers
from tests.integration.ownerline.vault import Vault

_OWNERLINE = Path(sys.executable).with_name("ownerline")
_LONGEST_S = 60
_A_DAY = longest_retry(shipped_campaigns())


@pytest.fixture
async def vault(database: AsyncEngine, database_url: str, tmp_path: Path) -> Vault:
    vault = Vault(database_url, tmp_path, database)
    await vault.day.open()
    return vault


async def _owners(vault: Vault, count: int = 3) -> list[Owner]:
    owners = []
    for behaviour in (RINGS_OUT, answers("1"), answers())[:count]:
        owner = await vault.day.owner(behaviour)
        await vault.day.repaired(owner)
        owners.append(owner)
    return owners


async def _ask(vault: Vault, since: timedelta = timedelta(hours=2)) -> Found | None:
    """Reconcile as the command does, on the day's clock and bridge."""
    day = vault.day
    found = None

    async def work() -> None:
        nonlocal found
        found = await find_rings(
            day.sessions, day.bridge, clock=day.clock, since=day.clock.now() - since, hold=_A_DAY
        )

    await day.clock.run(work())
    async with day.sessions.begin() as session:
        await mark_reconciled(
            session, now=day.clock.now(), bridge=day.bridge.name, stand_in=uuid4()
        )
    return found


async def test_a_restored_installation_is_disarmed_new_and_silent(vault: Vault) -> None:
    await _owners(vault)
    await vault.day.build()
    await vault.day.write(lambda s: arm(s, by="tester", now=vault.day.clock.now()))
    before = await vault.value("SELECT installation_id FROM installation")
    await vault.restore(await vault.backup())

    async with vault.day.sessions() as session:
        turned = await switches(session)
        known = await restoration(session)
    assert not turned.armed
    assert turned.stopped
    assert not turned.reconciled
    assert turned.installation_id != before
    assert known is not None
    assert known.restored_from_at == vault.day.clock.now()
    await vault.day.dial(1)
    assert vault.day.rung == []
    assert vault.day.engine.idle_reason is not None
    assert vault.day.engine.idle_reason.reason == "not_reconciled"


async def test_after_reconciling_the_queue_goes_on(vault: Vault) -> None:
    await _owners(vault)
    await vault.day.build()
    await vault.restore(await vault.backup())
    found = await _ask(vault)
    assert found == Found(rings=0, of_unknown_numbers=0, held_until=None)
    await vault.day.dial(0.5)
    assert len(vault.day.rung) == 3


async def test_rings_placed_after_the_backup_are_not_repeated(vault: Vault) -> None:
    await _owners(vault)
    await vault.day.build()
    source = await vault.backup()
    await vault.day.dial(1)
    rung = vault.day.rung
    assert len(set(rung)) == 3
    await vault.restore(source)

    found = await _ask(vault)
    assert found is not None
    assert (found.rings, found.of_unknown_numbers) == (len(rung), 0)
    await vault.day.dial(8)

    assert vault.day.rung == rung
    assert await vault.day.last_rule() == "retry_interval"
    on_file = await vault.day.rows(sa.select(Attempt.e164).order_by(Attempt.started_at))
    assert sorted(row.e164 for row in on_file) == sorted(rung)


async def test_after_the_longest_interval_they_are_rung_again(vault: Vault) -> None:
    await _owners(vault, 1)
    await vault.day.build()
    source = await vault.backup()
    await vault.day.dial(0.5)
    assert len(vault.day.rung) == 1
    await vault.restore(source)
    found = await _ask(vault)
    assert found is not None
    assert found.held_until is not None
    await vault.day.until(found.held_until)
    await vault.day.dial(1)
    assert len(vault.day.rung) == 2


async def test_lists_built_anew_do_not_ring_who_was_rung_either(vault: Vault) -> None:
    await _owners(vault)
    source = await vault.backup()  # before the list was built
    await vault.day.build()
    await vault.day.dial(1)
    rung = vault.day.rung
    await vault.restore(source)
    await _ask(vault)
    await vault.day.build()
    await vault.day.dial(5)
    assert vault.day.rung == rung


async def test_owners_imported_again_are_not_rung_anew(vault: Vault) -> None:
    source = await vault.backup()  # before there were any owners
    (owner,) = await _owners(vault, 1)
    await vault.day.build()
    await vault.day.dial(0.5)
    rung = vault.day.rung
    await vault.restore(source)
    found = await _ask(vault)
    assert found is not None
    assert found.of_unknown_numbers == 1
    again = await vault.day.owner(RINGS_OUT)
    await vault.do(sa.text("UPDATE phone SET e164 = :e164").bindparams(e164=owner.phones[0]))
    await vault.day.repaired(again)
    await vault.day.build()
    await vault.day.dial(5)
    assert vault.day.rung == rung


async def test_a_call_that_was_up_at_the_backup_ends_as_the_carrier_has_it(vault: Vault) -> None:
    await _owners(vault, 1)
    await vault.day.build()
    vault.day.bridge.on_event = None
    taken: list[Path] = []

    async def back_up(_: object) -> None:
        if not taken:
            taken.append(vault.folder / "live.backup")
            await take_backup(vault.settings, vault.url, taken[0], clock=vault.day.clock)

    vault.day.bridge.on_event = back_up
    await vault.day.dial(0.5)
    assert len(vault.day.rung) == 1
    await vault.restore(taken[0])
    assert await vault.value("SELECT count(*) FROM attempt WHERE state <> 'ended'") == 1

    await vault.day.dial(0.1)  # a start asks what became of it; nothing is rung
    assert await vault.day.results() == [("no_answer", None)]
    await _ask(vault)
    await vault.day.dial(1)
    assert len(vault.day.rung) == 1


class _SilentBridge(SimulatedBridge):
    """A carrier that keeps no book for its customers."""

    async def placed_since(self, instant: object) -> tuple[PlacedCall, ...] | None:
        return None


async def test_a_carrier_that_cannot_say_is_told_apart_from_one_that_placed_nothing(
    vault: Vault,
) -> None:
    day = vault.day
    found = await find_rings(
        day.sessions,
        _SilentBridge(day.carrier),
        clock=SystemClock(),
        since=day.clock.now(),
        hold=_A_DAY,
    )
    assert found is None


async def test_a_backup_of_an_unreconciled_restore_asks_from_the_first_one_on(
    vault: Vault,
) -> None:
    first = vault.day.clock.now()
    await vault.restore(await vault.backup("first.backup"))
    await vault.day.until(first + timedelta(hours=3))
    await vault.restore(await vault.backup("second.backup"))
    async with vault.day.sessions() as session:
        known = await restoration(session)
    assert known is not None
    assert known.restored_from_at == first


@pytest.mark.parametrize("by", ["somebody", "restore"])
async def test_a_stop_by_a_person_outlives_a_restore(vault: Vault, by: str) -> None:
    await vault.day.write(lambda s: stop(s, by=by, now=vault.day.clock.now()))
    await vault.restore(await vault.backup())
    left = await vault.value("SELECT stopped_by FROM installation")
    assert left == ("somebody" if by == "somebody" else None)


async def test_a_living_dialer_keeps_a_restore_away_and_is_not_stopped_by_it(vault: Vault) -> None:
    await _owners(vault, 1)
    source = await vault.backup()
    await vault.do(
        "INSERT INTO dialer_lease (dialer_id, bridge, host, pid, joined_at, lease_until) VALUES"
        " (gen_random_uuid(), 'simulated', 'here', 1, now(), now() + interval '1 minute')"
    )
    with pytest.raises(DialersAliveError, match=r"here \(process 1\)"):
        await vault.restore(source)
    assert await vault.value("SELECT stopped_at FROM installation") is None
    async with vault.day.sessions() as session:
        assert await left_behind(session) is None
    await vault.do("UPDATE dialer_lease SET lease_until = now()")
    await vault.restore(source)


async def test_a_dialer_of_this_home_and_a_restore_exclude_each_other(vault: Vault) -> None:
    source = await vault.backup()
    with nobody_dials(vault.settings), pytest.raises(DialerRunsError):
        await vault.restore(source)


async def test_a_dialer_that_runs_over_the_swap_finds_itself_paused(vault: Vault) -> None:
    """It came in after the restore had looked, on connections that the swap cuts."""
    await _owners(vault)
    await vault.day.build()
    source = await vault.backup()
    await vault.value("SELECT 1")  # a connection lies in the pool
    await restore(vault.settings, source, clock=vault.day.clock, actor="tester", over_data=True)
    with pytest.raises(sa.exc.OperationalError, match="terminating connection"):
        await vault.value("SELECT 1")
    await vault.day.dial(1)
    assert vault.day.rung == []


async def test_an_older_backup_is_brought_to_this_version(
    vault: Vault, empty_database_url: str
) -> None:
    upgrade(empty_database_url, "0001")
    source = vault.folder / "old.backup"
    await take_backup(vault.settings, empty_database_url, source, clock=vault.day.clock)
    await vault.restore(source)
    found = await vault.value("SELECT version_num FROM alembic_version")
    assert found != "0001"


def _start_restore(vault: Vault, source: Path) -> "subprocess.Popen[bytes]":
    others = {k: v for k, v in os.environ.items() if not k.startswith("OWNERLINE_")}
    ours = {"OWNERLINE_HOME": str(vault.settings.home), "OWNERLINE_DATABASE_URL": vault.url}
    return subprocess.Popen(
        [_OWNERLINE, "restore", source, "--replace"],
        env=others | ours,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def test_killed_at_any_moment_it_leaves_the_one_or_the_other_and_says_how_to_go_on(
    vault: Vault, database: AsyncEngine
) -> None:
    await _owners(vault)
    await vault.day.build()
    source = await vault.backup()
    await vault.do("UPDATE person SET name = 'present'")
    chance = random.Random(7)
    moments = [chance.uniform(0.7, 1.9) for _ in range(3)]
    for moment in moments:
        await database.dispose()
        process = _start_restore(vault, source)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(_LONGEST_S)
        names = await vault.value("SELECT count(*) FROM person WHERE name = 'present'")
        assert names in {0, 3}
        async with vault.day.sessions() as session:
            turned = await switches(session)
            left = await left_behind(session)
        assert turned.stopped or left is not None or names == 3
        await vault.day.dial(0.1)
        if names == 0:
            assert not turned.reconciled
            assert vault.day.rung == []
            break
        await abandon(vault.settings)
        async with vault.day.sessions() as session:
            assert await left_behind(session) is None
            assert not (await switches(session)).stopped
    await database.dispose()
    await restore(vault.settings, source, clock=SystemClock(), actor="tester", over_data=True)
    assert await vault.value("SELECT count(*) FROM person WHERE name = 'present'") == 0
