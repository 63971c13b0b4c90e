"""How long the console's pages take with many calls on file, beside the bare SQL they rest on."""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import aiohttp
import psycopg
import sqlalchemy as sa

from api.console.sessions import COOKIE
from bench.console.floor import prepare
from bench.console.load import console
from bench.world import bare_tables
from core.clock import SystemClock
from core.database import create_engine, session_factory
from dialer.figures.kept import keep_days

DAYS = 30
TARGETS_MS: Mapping[str, float] = {"/reports": 500.0, "/campaigns": 100.0}

_TABLES = ("due_call", "attempt", "attempt_due_call", "verdict", "person", "phone")
_SPAN = {"days": DAYS}
_ALL = 1000  # days of the queue's own past, too

# Calls of the last month, in office hours; one in three is answered, one in eight by an agent. A
# due call had a call and a half.
_FILL: tuple[LiteralString, ...] = (
    "SELECT setseed(0.42)",
    """CREATE TEMPORARY TABLE placed AS
       SELECT n, 1 + n * 2 / 3 AS due, 1 + (n * 7919) %% %(owners)s AS owner,
              date_trunc('day', now()) - (n %% %(days)s) * interval '1 day' + interval '1 hour'
                  + random() * interval '10 hours' AS at,
              (ARRAY['answered', 'no_answer', 'no_answer', 'answered', 'busy', 'machine',
                     'answered', 'abandoned', 'rejected'])[1 + CAST(floor(random() * 9) AS int)]
                  AS result,
              (ARRAY['overdue', 'repair', 'survey'])[1 + n * 2 / 3 %% 3] AS reason
       FROM generate_series(0, %(attempts)s - 1) AS n""",
    """INSERT INTO due_call (due_call_id, person_id, community_id, unit_id, reason, purpose, mode,
                             campaign, script, subject, cycle, facts, not_before, due_by, next_at,
                             priority, state, created_at, settled_at, settled_because, attempts)
       OVERRIDING SYSTEM VALUE
       SELECT DISTINCT ON (due) 10000000 + due, person_id, unit.community_id, unit_id, reason,
              CASE reason WHEN 'overdue' THEN 'debt' WHEN 'repair' THEN 'service'
                          ELSE 'survey' END,
              'automatic', reason, reason, 'bench:' || due, '1', '{"category": "leak"}',
              at - interval '1 day', at + interval '1 day', at, 50,
              CASE WHEN result = 'answered' THEN 'done' ELSE 'exhausted' END, at, at,
              result, 1
       FROM placed JOIN occupancy ON person_id = owner JOIN unit USING (unit_id)
       ORDER BY due, n DESC""",
    """INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                            state, started_at, submitted_at, ringing_at, answered_at, ended_at,
                            answered_by, telephony_result, agent_id, met_at, talk)
       SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0')
                   || '7000a' || lpad(to_hex(n), 15, '0') AS uuid),
              person_id, phone_id, e164, 'simulated', 'a',
              CASE WHEN n %% 8 = 0 THEN 'agent' ELSE 'automatic' END, reason, 'ended', at, at,
              at + interval '3 seconds',
              CASE WHEN result IN ('answered', 'machine') THEN at + interval '12 seconds' END,
              at + interval '90 seconds', CASE result WHEN 'answered' THEN 'human' END, result,
              CASE WHEN n %% 8 = 0 THEN 1 + n / 8 %% %(agents)s END,
              CASE WHEN n %% 8 = 0 AND result = 'answered' THEN at + interval '12 seconds' END,
              jsonb_build_object('state', repeat('x', 200))
       FROM placed JOIN phone ON person_id = owner ORDER BY at""",
    """INSERT INTO attempt_due_call (attempt_id, due_call_id, position, settled_at,
                                     telephony_result, wrap_up_code, outcome, wrapped_up_at)
       SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0')
                   || '7000a' || lpad(to_hex(n), 15, '0') AS uuid),
              10000000 + due, 0, at + interval '90 seconds', result,
              CASE result WHEN 'answered' THEN
                  (ARRAY['satisfied', 'dissatisfied', 'promise_to_pay', 'hung_up', 'refused'])
                      [1 + n %% 5] END,
              jsonb_build_object('reason', 'the lift ' || n %% 12),
              CASE WHEN n %% 8 = 0 AND result = 'answered' THEN at + interval '2 minutes' END
       FROM placed ORDER BY at""",
    """INSERT INTO verdict (at, due_call_id, person_id, decision, rule, layer, until, facts)
       SELECT now() - interval '1 hour', due_call_id, person_id, 'defer', 'house_hours', 'house',
              now() + interval '1 hour', '{}'
       FROM due_call WHERE state = 'waiting'""",
    "SELECT setval(pg_get_serial_sequence('due_call', 'due_call_id'), 20000000)",
)
# The least a page's figures can be had for: one look at the calls of the period, counted once.
_PLACED: LiteralString = """
    FROM attempt a
    JOIN attempt_due_call served ON served.attempt_id = a.attempt_id AND served.position = 0
    JOIN due_call dc USING (due_call_id)
    JOIN community c USING (community_id)
    WHERE a.direction = 'outbound' AND a.state = 'ended'
      AND a.started_at >= now() - %(days)s * interval '1 day'
"""
_BARE: Mapping[str, LiteralString] = {
    "/reports": """
        SELECT a.campaign, dc.reason, a.telephony_result, a.agent_id, served.wrap_up_code,
               date_trunc('hour', a.started_at AT TIME ZONE c.time_zone), count(*)
    """
    + _PLACED
    + "GROUP BY 1, 2, 3, 4, 5, 6",
    "/reports/answers": """
        SELECT date_trunc('hour', a.started_at AT TIME ZONE c.time_zone), a.telephony_result,
               count(*)
    """
    + _PLACED
    + "GROUP BY 1, 2",
    "/campaigns": """
        SELECT campaign, state, count(*), min(next_at), min(due_by) FROM due_call
        WHERE settled_at IS NULL GROUP BY 1, 2
    """,
}
PAGES = (
    "/reports",
    "/reports/answers",
    "/reports/outcomes",
    "/reports/abandonment",
    "/reports/agents",
    "/reports/deadlines",
    "/reports/complaints",
    "/campaigns",
    "/wall",
    "/agents",
    "/recordings",
    "/complaints",
    "/approvals",
    "/quality",
    "/audit",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """A page's times in ms, and those of the bare SQL where there is one to compare with."""

    page: str
    p50: float
    p95: float
    bare_p50: float | None
    status: int

    @property
    def ratio(self) -> float | None:
        """Our median over the bare SQL's."""
        return self.p50 / self.bare_p50 if self.bare_p50 else None


def measure(
    url: str, *, attempts: int, waiting: int, rounds: int, home: Path, pages: Sequence[str] = PAGES
) -> list[Timed]:
    """Fill an empty database and time each page, signed in as a supervisor."""
    cast = prepare(url, waiting=waiting, agents=8, supervisors=1)
    with psycopg.connect(url, autocommit=True) as connection:
        _fill(connection, attempts=attempts, owners=waiting)
        asyncio.run(_keep(url))
        with console(url, home) as (base, _):
            found = asyncio.run(_ask(base, cast.supervisors[0].token, pages, rounds))
        return [
            _timed(page, status, took, _bare(connection, page, rounds))
            for page, (status, took) in found.items()
        ]


def _fill(connection: psycopg.Connection[object], *, attempts: int, owners: int) -> None:
    parameters = {"attempts": attempts, "owners": owners, "agents": 8, "days": DAYS}
    with bare_tables(connection, _TABLES):
        for statement in _FILL:
            connection.execute(statement, parameters)
    connection.execute("VACUUM ANALYZE")


async def _keep(url: str) -> None:
    """Do what the night's job does."""
    engine = create_engine(url, name="bench")
    async with session_factory(engine).begin() as session:
        await keep_days(session, now=SystemClock().now(), most=_ALL)
    async with engine.connect() as connection:
        sweeping = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await sweeping.execute(sa.text("ANALYZE call_figure"))
    await engine.dispose()


async def _ask(
    base: str, token: str, pages: Sequence[str], rounds: int
) -> dict[str, tuple[int, list[float]]]:
    today = SystemClock().now().date()
    days = f"?from={today - timedelta(days=DAYS - 1)}&to={today + timedelta(days=1)}"
    found: dict[str, tuple[int, list[float]]] = {}
    async with aiohttp.ClientSession(
        headers={"Cookie": f"{COOKIE}={token}"}, cookie_jar=aiohttp.DummyCookieJar()
    ) as browser:
        for page in pages:
            took, status = [], 0
            address = base + page + (days if page.startswith("/reports") else "")
            for nth in range(rounds + 1):  # the first one warms what is kept
                began = time.perf_counter()
                async with browser.get(address) as answer:
                    await answer.read()
                    status = answer.status
                if nth:
                    took.append((time.perf_counter() - began) * 1000)
            found[page] = (status, took)
    return found


def _bare(connection: psycopg.Connection[object], page: str, rounds: int) -> float | None:
    if page not in _BARE:
        return None
    took = []
    for nth in range(rounds + 1):
        began = time.perf_counter()
        connection.execute(_BARE[page], _SPAN).fetchall()
        if nth:
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _timed(page: str, status: int, took: list[float], bare_p50: float | None) -> Timed:
    ordered = sorted(took)
    return Timed(
        page=page,
        p50=statistics.median(ordered),
        p95=ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        bare_p50=bare_p50,
        status=status,
    )
