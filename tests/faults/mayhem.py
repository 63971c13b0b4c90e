"""Kills dialers and PostgreSQL at random moments, and starts the dialers again at once."""

import asyncio
import os
import random
import signal
from collections import Counter
from multiprocessing.process import BaseProcess

import psycopg

from core.errors import OwnerlineError
from core.postgres.processes import postmaster_of
from tests.faults.carrying import Scene
from tests.faults.dialing import dial
from tests.faults.nursery import Nursery
from tests.faults.world import World

_LOOK_S = 0.1
_BACK_WITHIN_S = 60.0
# Of the server's kills: the postmaster, or one backend, upon which it restarts all of them.
_POSTMASTER_SHARE = 0.7
_BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class ServerNotBackError(OwnerlineError):
    """PostgreSQL was killed, and its supervisor did not bring it back."""


class Mayhem:
    """The dialers of a run, and what is done to them; `kills` counts by what was killed."""

    def __init__(self, scene: Scene, world: World, nursery: Nursery, rng: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self._scene = scene
        self._world = world
        self._nursery = nursery
        self._rng = rng
        self._seats: dict[int, BaseProcess] = {}

    def start(self) -> None:
        """Start the dialers."""
        for seat in range(self._scene.plan.dialers):
            self._sit_down(seat)

    async def rage(self) -> None:
        """Kill as often as the plan says, each kill at a random moment of its time."""
        plan = self._scene.plan
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill_dialers(self._moments(plan.dialer_kills)))
            group.create_task(self._kill_servers(self._moments(plan.server_kills)))

    async def attend(self) -> None:
        """Start each dialer again that has ended, for good."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for seat, dialer in self._seats.items():
                if not dialer.is_alive():
                    self.kills["dialers that ended by themselves"] += 1
                    self._sit_down(seat)

    async def end(self) -> None:
        """Tell the dialers to end, and wait until they have."""
        for dialer in self._seats.values():
            dialer.terminate()
        for dialer in self._seats.values():
            await asyncio.to_thread(dialer.join, _BACK_WITHIN_S)

    def _sit_down(self, seat: int) -> None:
        self._seats[seat] = self._nursery.start(f"dialer-{seat}", dial, self._scene)

    def _moments(self, count: int) -> list[float]:
        return sorted(self._rng.uniform(0, self._scene.plan.killing_s) for _ in range(count))

    async def _kill_dialers(self, moments: list[float]) -> None:
        began_s = asyncio.get_running_loop().time()
        for moment_s in moments:
            await asyncio.sleep(began_s + moment_s - asyncio.get_running_loop().time())
            seat = self._rng.randrange(len(self._seats))
            dialer = self._seats[seat]
            dialer.kill()
            dialer.join()
            self.kills["dialers killed"] += 1
            self._sit_down(seat)

    async def _kill_servers(self, moments: list[float]) -> None:
        began_s = asyncio.get_running_loop().time()
        for moment_s in moments:
            await asyncio.sleep(began_s + moment_s - asyncio.get_running_loop().time())
            if self._rng.random() < _POSTMASTER_SHARE:
                await self._kill_postmaster()
            else:
                await self._kill_backend()
        await (await self._connected()).close()

    async def _kill_postmaster(self) -> None:
        await (await self._connected()).close()
        found = postmaster_of(self._world.layout.data)
        if found is None:
            message = "PostgreSQL takes connections, and nobody serves its folder"
            raise ServerNotBackError(message)
        os.kill(found[0], signal.SIGKILL)
        self.kills["postmasters killed"] += 1

    async def _kill_backend(self) -> None:
        async with await self._connected() as connection:
            rows = await (await connection.execute(_BACKENDS)).fetchall()
        pids = sorted(row[0] for row in rows)
        if pids:
            os.kill(self._rng.choice(pids), signal.SIGKILL)
            self.kills["backends killed"] += 1
        else:
            await self._kill_postmaster()

    async def _connected(self) -> "psycopg.AsyncConnection[tuple[int, ...]]":
        """Return a connection as soon as there is a server."""
        give_up = asyncio.get_running_loop().time() + _BACK_WITHIN_S
        while True:
            try:
                return await psycopg.AsyncConnection.connect(
                    self._world.database_url, connect_timeout=5
                )
            except psycopg.Error as err:
                if asyncio.get_running_loop().time() > give_up:
                    message = f"PostgreSQL did not come back within {_BACK_WITHIN_S:g} s: {err}"
                    raise ServerNotBackError(message) from err
                await asyncio.sleep(_LOOK_S)
