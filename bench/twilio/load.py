"""Calls at Twilio as webhooks see them: each tells its progress, is answered, and presses 1 twice.

Requests go out when they are due, whether earlier ones were answered or not, and their time counts
from then. Web processes, database and load share the machine's cores.
"""

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

import aiohttp
import psycopg
from twilio.request_validator import RequestValidator
from yarl import URL

from bench.queue_world import NOW, fill_queue
from bench.twilio.web import ACCOUNT, BARE_PATH, CPU_PATH, PUBLIC_URL, TOKEN, Web, serve
from core.clock import SystemClock
from dialer.bridges.twilio.addresses import Addresses
from ownerline.database import upgrade
from ownerline.services.web import listen

RATE = 200.0  # requests a second
PROCESSES = 2
TARGET_P99_MS = 50.0
_BETWEEN_S = 0.5  # the requests of one call
_WARM_UP = 0.2  # of the calls are not counted
_PATIENCE_S = 60.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_MACHINE_WORDS = {"AnsweredBy": "human", "From": "+12025550123", "To": "+8613800000001"}

_CALLS = """
    WITH made AS (
        INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                             state, started_at, submitted_at, answered_at, answered_by)
        SELECT CAST(lpad(to_hex(d.due_call_id), 32, '0') AS uuid), d.person_id, p.phone_id, p.e164,
               'twilio', 'twilio', 'automatic', 'repair', 'answered', %(now)s, %(now)s, %(now)s,
               'human'
        FROM due_call d JOIN phone p ON p.person_id = d.person_id
        WHERE d.reason = 'repair' AND d.state = 'waiting'
        ORDER BY d.due_call_id LIMIT %(calls)s
        RETURNING attempt_id, person_id, e164
    ), serving AS (
        INSERT INTO attempt_due_call (attempt_id, due_call_id, position)
        SELECT m.attempt_id, d.due_call_id, 0
        FROM made m JOIN due_call d ON d.person_id = m.person_id AND d.reason = 'repair'
    )
    INSERT INTO twilio_call (call_id, direction, trunk, e164, shown, "order", placed_at, ends_by)
    SELECT attempt_id, 'outbound', 'twilio', e164, '+12025550123',
           '{"caller_id": "", "ring_timeout_s": 30, "max_seconds": 600, "detect_machine": true,
             "room": null, "room_within_s": 2, "language": "zh-CN", "recording": "never",
             "community": ""}',
           %(now)s, %(now)s + interval '1 hour'
    FROM made RETURNING call_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """How long requests took, the shortest first, how many were refused, and what each cost."""

    took_s: Sequence[float]
    refused: int
    cpu_s: float  # of all web processes, a request

    def share(self, part: float) -> float:
        """Return the milliseconds within which so great a part was answered."""
        return self.took_s[min(int(len(self.took_s) * part), len(self.took_s) - 1)] * 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One request: where, and what is told."""

    target: str
    form: dict[str, str]


def prepare(url: str, calls: int) -> list[UUID]:
    """Let so many calls be on their way in an empty database."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill_queue(connection, 2 * calls)
        made = connection.execute(_CALLS, {"calls": calls, "now": NOW}).fetchall()
        connection.execute("VACUUM ANALYZE")
    return [row[0] for row in made]


def requests_of(call_id: UUID) -> list[_Asked]:
    """Return what Twilio asks and tells of a call, in its order."""
    at = Addresses(public_url=PUBLIC_URL)
    named = {"AccountSid": ACCOUNT, "CallSid": f"CA{call_id.hex}", "Direction": "outbound-api"}
    up = {**named, "CallStatus": "in-progress", **_MACHINE_WORDS}
    steps = [
        (at.status(call_id), {**named, "CallStatus": "initiated"}),
        (at.status(call_id), {**named, "CallStatus": "ringing"}),
        (at.status(call_id), {**named, "CallStatus": "in-progress"}),
        (at.answer(call_id), up),
        (at.step(call_id, 1), {**up, "Digits": "1"}),
        (at.step(call_id, 2), {**up, "Digits": "1"}),
        (at.status(call_id), {**named, "CallStatus": "completed", "CallDuration": "20"}),
    ]
    return [_Asked(target=url.removeprefix(PUBLIC_URL), form=form) for url, form in steps]


def bare_requests(call_id: UUID) -> list[_Asked]:
    """Return as many requests, all to the bare route."""
    return [_Asked(target=BARE_PATH, form=each.form) for each in requests_of(call_id)]


def measure(url: str | None, calls: Sequence[Sequence[_Asked]]) -> Answered:
    """Ask at `RATE` and return how long each request took; `url` None: of the bare route."""
    with _webs(Web(url=url, origin=SystemClock().now())) as webs:
        return asyncio.run(_load(calls, webs))


@contextmanager
def _webs(web: Web) -> Iterator[list[int]]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    listeners = [listen("127.0.0.1", 0) for _ in range(PROCESSES)]
    crew = [spawn.Process(target=serve, args=(web, each, there)) for each in listeners]
    for process in crew:
        process.start()
    try:
        for _ in crew:
            if not here.poll(_PATIENCE_S):
                message = f"a web process was not up within {_PATIENCE_S:g} s"
                raise TimeoutError(message)
            here.recv()
        yield [each.getsockname()[1] for each in listeners]
    finally:
        for process in crew:
            process.kill()
            process.join()
        for listener in listeners:
            listener.close()


async def _load(calls: Sequence[Sequence[_Asked]], ports: Sequence[int]) -> Answered:
    a_call_s = len(calls[0]) / RATE
    warm = int(len(calls) * _WARM_UP)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)  # servers close after 5 s
    door, took, refused = itertools.cycle(ports), list[float](), 0
    warm_s = 0.0

    async def one(number: int, asked: Sequence[_Asked], session: aiohttp.ClientSession) -> None:
        nonlocal refused, warm_s
        for n, each in enumerate(asked):
            due_s = began_s + number * a_call_s + n * _BETWEEN_S
            await asyncio.sleep(due_s - time.perf_counter())
            if (number, n) == (warm, 0):
                warm_s = await _cpu_s(session, ports)
            status = await _ask(session, next(door), each)
            if number >= warm:
                took.append(time.perf_counter() - due_s)
                refused += status >= 400  # noqa: PLR2004 - of HTTP

    async with aiohttp.ClientSession(connector=connector) as session:
        began_s = time.perf_counter() + 0.5
        await asyncio.gather(*(one(n, asked, session) for n, asked in enumerate(calls)))
        cpu_s = (await _cpu_s(session, ports) - warm_s) / len(took)
    return Answered(took_s=sorted(took), refused=refused, cpu_s=cpu_s)


async def _cpu_s(session: aiohttp.ClientSession, ports: Sequence[int]) -> float:
    """Return the seconds of a core that the web processes have used."""
    used = 0.0
    for port in ports:
        async with session.get(f"http://127.0.0.1:{port}{CPU_PATH}") as answer:
            used += float(await answer.text())
    return used


async def _ask(session: aiohttp.ClientSession, port: int, asked: _Asked) -> int:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + asked.target, asked.form)
    headers = {
        **_FORM,
        "X-Twilio-Signature": signature,
        "I-Twilio-Idempotency-Token": f"i-{time.perf_counter_ns()}",
    }
    url = URL(f"http://127.0.0.1:{port}{asked.target}", encoded=True)
    async with session.post(url, data=urlencode(asked.form), headers=headers) as answer:
        await answer.read()
        return answer.status
