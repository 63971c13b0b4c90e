"""The live feed: coalesced NOTIFYs of ids, heard over one LISTEN connection a process.

What is told carries no fact, only where to look; a listener that missed something looks anew.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import psycopg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import libpq_url

log = structlog.get_logger(__name__)

CHANNEL = "ownerline"
_RECONNECT_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_CONNECT_TIMEOUT_S = 10

_TELL = sa.text("SELECT pg_notify(:channel, :payload)")
_TELL_ALL = sa.text(
    "SELECT pg_notify(:channel, payload) FROM unnest(CAST(:payloads AS text[])) AS payload"
)


class Topic(StrEnum):
    """What has changed; the key says which one."""

    SWITCHES = "switches"  # key: installation, or the campaign's name
    ACCOUNT = "account"  # key: the person's id
    DUE_CALL = "due_call"  # key: a community's id; its lists have changed
    ATTEMPT = "attempt"  # key: the attempt's id
    AGENT = "agent"  # key: the agent's id
    CARRIER = "carrier"  # key: a call's id; its carrier told something of it (webhooks)
    MISSED = "missed"  # anything may have changed: the connection was away, or a file came in


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """One thing that changed, told once however often it changed in a transaction."""

    topic: Topic
    key: str


async def tell(session: AsyncSession, topic: Topic, key: str | int) -> None:
    """Tell every process, when the caller's transaction commits, that something has changed."""
    await session.execute(_TELL, {"channel": CHANNEL, "payload": payload(topic, key)})


async def tell_all(session: AsyncSession, topic: Topic, keys: Iterable[str | int]) -> None:
    """Tell of many in one statement; what was told already in the transaction is told once."""
    payloads = [payload(topic, key) for key in keys]
    if payloads:
        await session.execute(_TELL_ALL, {"channel": CHANNEL, "payloads": payloads})


def payload(topic: Topic, key: str | int) -> str:
    """Return what is told on `CHANNEL`, for a statement that tells as it changes something."""
    return json.dumps([topic.value, str(key)])


class LiveFeed:
    """Hears the news of the whole installation and hands each piece to the subscribers.

    A subscriber is called on the event loop and must not block: it sets a signal or fills a queue.
    After a lost connection it hears `MISSED` once the feed is back.
    """

    def __init__(self, url: str) -> None:
        self._url = libpq_url(url)
        self._subscribers: list[Callable[[News], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection | None = None
        self._connected = asyncio.Event()

    def subscribe(self, hear: Callable[[News], None]) -> Callable[[], None]:
        """Call `hear` with every piece of news; the result ends the subscription."""
        self._subscribers.append(hear)
        return lambda: self._subscribers.remove(hear)

    async def start(self) -> None:
        """Connect; returns once news is heard.

        Raises:
            psycopg.OperationalError: the server does not take the first connection.
        """
        connection = await self._connect()
        self._task = asyncio.get_running_loop().create_task(self._listen(connection))

    async def close(self) -> None:
        """Hear nothing more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            await self._connection.close()  # the task may have ended before it had begun

    @property
    def is_connected(self) -> bool:
        """Whether news is heard at this moment."""
        return self._connected.is_set()

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            application_name="ownerline live feed",
            # It only listens: without these a server whose machine died is silent for hours.
            keepalives_idle=5,
            keepalives_interval=5,
            keepalives_count=2,
        )
        self._connection = connection
        await connection.execute(f"LISTEN {CHANNEL}")
        self._connected.set()
        return connection

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            try:
                async with connection:
                    async for notice in connection.notifies():
                        self._hand_on(_read(notice.payload))
            except psycopg.Error as err:
                log.warning("live_feed_lost", error=type(err).__name__)
            self._connected.clear()
            connection = await self._reconnect()
            self._hand_on(News(topic=Topic.MISSED, key=""))

    async def _reconnect(self) -> psycopg.AsyncConnection:
        tries = 0
        while True:
            await asyncio.sleep(_RECONNECT_S[min(tries, len(_RECONNECT_S) - 1)])
            tries += 1
            try:
                connection = await self._connect()
            except (psycopg.Error, OSError) as err:
                log.warning("live_feed_still_lost", error=type(err).__name__, tries=tries)
            else:
                log.info("live_feed_back", tries=tries)
                return connection

    def _hand_on(self, news: News) -> None:
        for hear in tuple(self._subscribers):
            hear(news)


def _read(payload: str) -> News:
    """Read what was told; what a newer version or a stranger told may be anything."""
    try:
        topic, key = json.loads(payload)
        return News(topic=Topic(topic), key=str(key))
    except (ValueError, TypeError):
        log.warning("live_feed_not_understood", length=len(payload))
        return News(topic=Topic.MISSED, key="")
