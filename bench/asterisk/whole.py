"""A whole dialer in a process of its own: database, claims, scripts, speech, outcomes on file."""

import asyncio
import json
import resource
import sys
from collections.abc import Coroutine
from datetime import UTC
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.dialing import only_warnings
from bench.queue_world import NOW
from core.clock import ScaledClock, SystemClock
from core.settings import Settings
from core.settings_model import AsteriskServer
from dialer.model import AttemptState
from dialer.tables import Attempt
from ownerline.asterisk_bridge import asterisk_bridge
from ownerline.runtime import Runtime, open_runtime
from ownerline.wiring import make_dialing

_LOOK_S = 0.5


def settings_for(
    url: str, *, home: Path, ami: int, secret: str, shared: Path, calls: int, per_s: float
) -> Settings:
    """Return the settings of an installation on the stage."""
    server = AsteriskServer(
        name="a",
        port=ami,
        secret=secret,
        dial="PJSIP/{national}@phones",
        channels=calls,
        calls_per_second=per_s,
    )
    return Settings(
        home=home,
        database_url=url,
        bridge="asterisk",
        callback_number="+862151082000",
        company="Green Homes",
        dialing={"return_from": 1.0},
        asterisk={
            "agi_listen": "127.0.0.1:0",
            "caller_id": "075512345678",
            "detect_machines": False,  # the phones are silent, and the first word is timed
            "shared_folder": shared,
            "servers": (server,),
        },
    )


async def dial(settings: Settings, *, until_ended: int) -> dict[str, float]:
    """Dial until so many attempts have ended; return the cost of the live calls."""
    clock = ScaledClock(NOW, factor=1.0, origin=SystemClock().now().astimezone(UTC))
    async with open_runtime(settings, clock=clock) as runtime, asterisk_bridge(runtime) as bridge:
        dialing = make_dialing(runtime, bridge)
        await dialing.engine.start()
        running = asyncio.create_task(dialing.engine.run())
        before_cpu, before_memory = _processor_s(), _memory()
        loop = asyncio.get_running_loop()
        seconds_of_calls, most_memory, looked_at = 0.0, before_memory, loop.time()
        while await _ended(runtime) < until_ended:
            await asyncio.sleep(_LOOK_S)
            now = loop.time()
            seconds_of_calls += len(dialing.engine.live) * (now - looked_at)
            looked_at, most_memory = now, max(most_memory, _memory())
        dialing.engine.end()
        await running
        await dialing.engine.close()
        await clock.cancel_all()
        return {
            "cpu_s": _processor_s() - before_cpu,
            "call_seconds": seconds_of_calls,
            "grew_bytes": float(most_memory - before_memory),
        }


async def _ended(runtime: Runtime) -> int:
    async with runtime.sessions() as session:
        count = sa.select(sa.func.count()).where(
            Attempt.state == AttemptState.ENDED, Attempt.bridge == "asterisk"
        )
        return int((await session.execute(count)).scalar_one())


def _memory() -> int:
    """Return the bytes of memory this process holds (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _run(work: Coroutine[Any, Any, dict[str, float]]) -> None:
    only_warnings()
    print(json.dumps(asyncio.run(work)), flush=True)


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    ends = order.pop("until_ended")
    home, shared = Path(order.pop("home")), Path(order.pop("shared"))
    _run(dial(settings_for(**order, home=home, shared=shared), until_ended=ends))
