"""Learning when people answer from attempts on file, beside the bare aggregate of any hourly mean.

And what the demo's own days come to: its company, its calls, a night's learning before each day.
"""

import asyncio
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import LiteralString

import psycopg

from bench.world import bare_tables
from core.database import create_engine, session_factory
from core.postgres.lease import embedded_server_sync
from core.settings import load_settings
from customers.periods import Period
from dialer.answer_chance import learn_answer_chances
from dialer.answering.learning import ANSWERED, RANG
from dialer.figures.foretold import Tenth, tenths
from ownerline.database import upgrade
from ownerline.demo.home import DemoHome
from ownerline.demo.rehearsal import DEFAULT_DAY, Plan, rehearse

NOW = datetime(2026, 5, 20, 2, tzinfo=UTC)
CALLS = 10  # an owner
TARGET_RATIO = 10.0  # a night's learning over the bare aggregate, at most
TARGET_MB = 200.0  # more than the process had

_TABLES = ("community", "unit", "person", "phone", "due_call", "attempt", "attempt_due_call")

# Owner n has phone n and a due call of long ago that was tried ten times; every fourth has a fixed
# line. An owner answers from one to six times in ten.
_FILL: tuple[LiteralString, ...] = (
    "SELECT setseed(0.42)",
    """INSERT INTO community (name, time_zone, region, currency, packs)
       SELECT 'community ' || n, 'Asia/Shanghai', 'CN', 'CNY', '{CN}'
       FROM generate_series(1, 1 + %(owners)s / 2000) AS n""",
    """INSERT INTO person (name, language) SELECT 'owner ' || n, 'zh-CN'
       FROM generate_series(1, %(owners)s) AS n""",
    """INSERT INTO phone (person_id, e164, position)
       SELECT n, CASE WHEN n %% 4 = 0 THEN '+8621' || 50000000 + n
                      ELSE '+86' || 13800000000 + n END, 1
       FROM generate_series(1, %(owners)s) AS n""",
    """INSERT INTO due_call (person_id, community_id, reason, purpose, mode, campaign, script,
                             subject, cycle, facts, not_before, due_by, next_at, priority, state,
                             created_at, settled_at, settled_because)
       SELECT n, 1 + n / 2001, 'prospect', 'marketing', 'automatic', 'bench', 'bench',
              'person:' || n, '1', '{}', %(now)s, %(now)s, %(now)s, 1, 'done', %(now)s, %(now)s,
              'bench'
       FROM generate_series(1, %(owners)s) AS n""",
    """INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                            state, started_at, ended_at, answered_by, telephony_result)
       SELECT gen_random_uuid(), owner, owner, '+86' || 13800000000 + owner, 'simulated', 'a',
              'automatic', 'bench', 'ended', at, at, CASE WHEN came THEN 'human' END,
              CASE WHEN came THEN 'answered' ELSE 'no_answer' END
       FROM (SELECT 1 + n %% %(owners)s AS owner,
                    %(now)s - (1 + n %% 90) * interval '1 day'
                        + CAST(random() * 10 AS int) * interval '1 hour' AS at,
                    random() < 0.1 + 0.1 * (n %% %(owners)s %% 6) AS came
             FROM generate_series(0, %(owners)s * %(calls)s - 1) AS n) AS made""",
    """INSERT INTO attempt_due_call (attempt_id, due_call_id, position, settled_at,
                                     telephony_result, outcome)
       SELECT attempt_id, person_id, 0, ended_at, telephony_result, '{}' FROM attempt""",
)
_BARE = f"""
    SELECT dc.community_id, extract(isodow FROM at) > 5 AS weekend, extract(hour FROM at) AS hour,
           count(*), count(*) FILTER (WHERE {ANSWERED})
    FROM attempt a
    JOIN attempt_due_call adc ON adc.attempt_id = a.attempt_id AND adc.position = 0
    JOIN due_call dc USING (due_call_id)
    JOIN community USING (community_id)
    CROSS JOIN LATERAL (SELECT a.started_at AT TIME ZONE community.time_zone AS at) AS local
    WHERE {RANG} AND a.started_at > %(now)s - interval '90 days' AND a.started_at <= %(now)s
    GROUP BY 1, 2, 3
"""  # noqa: S608 - conditions of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    """What a night's learning takes; `first_s` reads the kinds of all phones as well."""

    attempts: int
    bare_s: float
    first_s: float
    seconds: float
    more_mb: float

    @property
    def ratio(self) -> float:
        """A night's learning over the bare aggregate."""
        return self.seconds / self.bare_s


def measure(url: str, *, owners: int) -> Learning:
    """Fill an empty database and learn twice."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        given = {"owners": owners, "calls": CALLS, "now": NOW}
        with bare_tables(connection, _TABLES):
            for statement in _FILL:
                connection.execute(statement, given if "%(" in statement else None)
        connection.execute("VACUUM ANALYZE")
        begun = perf_counter()
        connection.execute(_BARE.encode(), {"now": NOW}).fetchall()
        bare_s = perf_counter() - begun
    before = _peak_mb()
    first_s = asyncio.run(_learn(url))
    seconds = asyncio.run(_learn(url))
    return Learning(
        attempts=owners * CALLS,
        bare_s=bare_s,
        first_s=first_s,
        seconds=seconds,
        more_mb=_peak_mb() - before,
    )


def demo(home: Path, *, owners: int, days: int) -> Sequence[Tenth]:
    """Play the demo, and return how its chances held from the second day on."""
    asyncio.run(rehearse(load_settings(home), Plan(owners=owners, days=days)))
    with embedded_server_sync(DemoHome.below(home).folder) as url:
        return asyncio.run(_held(url, days))


async def _learn(url: str) -> float:
    engine = create_engine(url, name="bench", pool_size=1)
    begun = perf_counter()
    async with session_factory(engine).begin() as session:
        await learn_answer_chances(session, now=NOW)
    took_s = perf_counter() - begun
    await engine.dispose()
    return took_s


async def _held(url: str, days: int) -> Sequence[Tenth]:
    engine = create_engine(url, name="bench", pool_size=1)
    first = DEFAULT_DAY.fromordinal(DEFAULT_DAY.toordinal() + 1)
    period = Period.of(first, DEFAULT_DAY.fromordinal(DEFAULT_DAY.toordinal() + days))
    async with session_factory(engine)() as session:
        found = await tenths(session, period.parameters())
    await engine.dispose()
    return found


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts kB
