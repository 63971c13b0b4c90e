"""One Asterisk under supervision: connected, listened to, and connected again when it breaks.

Every connection is a new one, and what happened between two of them is told by nobody: whoever
needs to know asks after `on_connected`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from core.clock import Clock
from core.errors import OwnerlineError
from dialer.bridges.asterisk.ami import ANSWER_WITHIN_S, Account, Connection
from dialer.bridges.asterisk.lines import (
    Asked,
    ManagerDownError,
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
)

log = structlog.get_logger(__name__)

_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# Who was refused is refused again, until somebody has changed a file.
_REFUSED_PAUSE_S = 30.0
_BOOTED_WITHIN_S = 20.0
# A connection that tells nothing for so long is asked, and dropped when it does not answer.
PING_EVERY_S = 5.0
PING_WITHIN_S = 5.0


class ManagerNotReadyError(OwnerlineError):
    """Asterisk let us in and does not say that it has booted."""


class ManagedServer:
    """Implements `Server` over connections that are made as long as it is started."""

    def __init__(
        self,
        account: Account,
        *,
        name: str,
        clock: Clock,
        ping_every_s: float = PING_EVERY_S,
        ping_within_s: float = PING_WITHIN_S,
    ) -> None:
        self.name = name
        self.place = account.place
        self._account = account
        self._clock = clock
        self._ping_every_s = ping_every_s
        self._ping_within_s = ping_within_s
        self._connection: Connection | None = None  # in use: logged in, and booted
        self._booted: asyncio.Future[ManagerEvent] | None = None
        self._broken: asyncio.Future[str] | None = None
        self._booted_at: datetime | None = None
        self._gone_at: datetime | None = None
        self._hearers: dict[str, list[Callable[[ManagerEvent], None]]] = defaultdict(list)
        self._meeters: list[Callable[[], Awaitable[None]]] = []
        self._keeper: asyncio.Task[None] | None = None
        self._meeting: set[asyncio.Task[None]] = set()

    @property
    def is_up(self) -> bool:
        """Whether actions are answered now."""
        return self._connection is not None and self._connection.is_up

    @property
    def booted_at(self) -> datetime | None:
        """When this Asterisk was started, as far as known: what it remembers is from then on."""
        return self._booted_at

    @property
    def down_s(self) -> float:
        """How long it has been away; 0 while it is up."""
        if self.is_up or self._gone_at is None:
            return 0.0
        return (self._clock.now() - self._gone_at).total_seconds()

    def on(self, name: str, hear: Callable[[ManagerEvent], None]) -> None:
        """Call this for every event of a kind, in their order; it must return at once."""
        self._hearers[name].append(hear)

    def on_connected(self, meet: Callable[[], Awaitable[None]]) -> None:
        """Call this after each login: nothing that happened before is told again."""
        self._meeters.append(meet)
        if self.is_up:
            self._spawn(self._met(meet))

    async def start(self) -> None:
        """Begin to connect; returns when the first try has come to something.

        Raises:
            ManagerLoginError: we are not let in. Whoever does not answer is tried again.
        """
        if self._keeper is not None:
            return
        self._gone_at = self._clock.now()
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.get_running_loop().create_task(self._keep(first))
        try:
            await first
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect; calls are left alone."""
        tasks = [*self._meeting, *([] if self._keeper is None else [self._keeper])]
        self._keeper = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def act(
        self,
        action: str,
        headers: Mapping[str, str] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        within_s: float = ANSWER_WITHIN_S,
    ) -> Mapping[str, str]:
        """Send an action and return the headers of its response; see `Server`."""
        return await self._in_use(action).act(
            action, headers or {}, variables=variables or {}, within_s=within_s
        )

    def has_let(self, action: str) -> bool:
        """Say whether Asterisk has done such an action on this connection."""
        return self.is_up and self._in_use(action).has_let(action)

    async def act_in_turn(
        self, first: Asked, then: Asked, *, within_s: float = ANSWER_WITHIN_S
    ) -> None:
        """Send two actions in one piece, and wait for both answers; see `Server`."""
        await self._in_use(then.action).act_in_turn(first, then, within_s=within_s)

    async def list(
        self, action: str, headers: Mapping[str, str] | None = None
    ) -> list[ManagerEvent]:
        """Send an action that answers with a list, and return its entries; see `Server`."""
        return await self._in_use(action).ask_list(action, headers or {})

    def _in_use(self, action: str) -> Connection:
        if self._connection is None or not self._connection.is_up:
            message = f"Asterisk {self.name} at {self.place} is down: {action} was not sent"
            raise ManagerDownError(message)
        return self._connection

    # The supervisor.

    async def _keep(self, first: "asyncio.Future[None]") -> None:
        """Connect again and again, with growing pauses; a connection that held resets them."""
        tries = 0
        while True:
            pause_s = _BACK_OFF_S[min(tries, len(_BACK_OFF_S) - 1)]
            tries += 1
            try:
                connection = await self._connect()
            except (ManagerGoneError, ManagerNotReadyError) as err:
                if tries == 1:
                    log.warning("asterisk_not_reached", server=self.name, error=str(err))
                _settle(first)
            except Exception as err:
                # The edge of the supervisor: told to whoever starts it, later tried again.
                if not first.done():
                    first.set_exception(err)
                    return
                bug = not isinstance(err, OwnerlineError)
                log.warning("asterisk_refused", server=self.name, error=str(err), exc_info=bug)
                pause_s = _REFUSED_PAUSE_S
            else:
                tries = 0
                _settle(first)
                await self._use(connection)
            await asyncio.sleep(pause_s)

    async def _connect(self) -> Connection:
        """Connect, log in and wait until Asterisk has booted."""
        loop = asyncio.get_running_loop()
        self._booted, self._broken = loop.create_future(), loop.create_future()
        connection = await Connection.open(self._account, hear=self._heard, lost=self._lost)
        try:
            async with asyncio.timeout(_BOOTED_WITHIN_S):
                both: list[asyncio.Future[Any]] = [self._booted, self._broken]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as err:
            await connection.close()
            message = (
                f"Asterisk {self.name} at {self.place} does not say FullyBooted; give user "
                f"{self._account.username!r} read = system,call,user,dtmf in manager.conf"
            )
            raise ManagerNotReadyError(message) from err
        except BaseException:
            await connection.close()
            raise
        if not self._booted.done():
            await connection.close()
            message = f"Asterisk {self.name} at {self.place} closed the connection as it booted"
            raise ManagerGoneError(message)
        up_s = self._booted.result().get("Uptime")
        if up_s.isdecimal():
            self._booted_at = self._clock.now() - timedelta(seconds=int(up_s))
        return connection

    async def _use(self, connection: Connection) -> None:
        """Let actions through until the connection breaks or falls silent."""
        broken = self._broken
        if broken is None:
            return
        self._connection, self._gone_at = connection, None
        log.info("asterisk_up", server=self.name, place=self.place)
        for meet in self._meeters:
            self._spawn(self._met(meet))
        try:
            while not broken.done():
                await asyncio.wait([broken], timeout=self._ping_every_s)
                if not broken.done() and connection.silent_s >= self._ping_every_s:
                    await self._ping(connection)
            log.warning("asterisk_lost", server=self.name, why=broken.result())
        finally:
            self._connection, self._gone_at = None, self._clock.now()
            await connection.close()

    async def _ping(self, connection: Connection) -> None:
        try:
            await connection.act("Ping", {}, variables={}, within_s=self._ping_within_s)
        except ManagerGoneError as err:
            connection.drop(f"silent: {err}")
        except ManagerRefusedError:  # it lives
            return

    def _heard(self, event: ManagerEvent) -> None:
        if event.name == "FullyBooted" and self._booted is not None and not self._booted.done():
            self._booted.set_result(event)
        for hear in self._hearers.get(event.name, ()):
            try:
                hear(event)
            except Exception:  # the edge of an event: the next hearer and event are not to suffer
                log.exception("manager_event_failed", server=self.name, event_type=event.name)

    def _lost(self, why: str) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(why)

    async def _met(self, meet: Callable[[], Awaitable[None]]) -> None:
        try:
            await meet()
        except (ManagerGoneError, ManagerRefusedError) as err:
            log.warning("meeting_cut_short", server=self.name, error=str(err))
        except Exception:  # the edge of a part: the others meet the server all the same
            log.exception("meeting_failed", server=self.name)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._meeting.add(task)
        task.add_done_callback(self._meeting.discard)


def _settle(first: "asyncio.Future[None]") -> None:
    if not first.done():
        first.set_result(None)
