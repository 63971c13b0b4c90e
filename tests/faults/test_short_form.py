"""The short fault run: eight dialers and two servers killed, nobody rung twice, nothing lost."""

import asyncio
from pathlib import Path

from tests.faults.plan import short
from tests.faults.run import play

_LIMIT_S = 90.0


async def test_killed_dialers_and_servers_ring_nobody_twice_and_lose_nothing(
    tmp_path: Path,
) -> None:
    plan = short(seed=1)
    async with asyncio.timeout(_LIMIT_S):
        result = await play(plan, tmp_path, print)
    assert result.is_sound, result.table()
