"""Calls that come in: told to the desk, sent to the talk; what nobody heard is found afterwards.

The dialplan keeps a mark of each call (family `ownerline-missed` of Asterisk's own database) until
it is on file, so that a call that came while no dialer was there is no call forgotten.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import structlog

from core.errors import OwnerlineError
from core.ids import IdSource
from customers.model import Language
from dialer.bridges.asterisk.book import is_ours
from dialer.bridges.asterisk.callers import caller_number
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.parts import Board
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.inbound import InboundCall, InboundDesk

log = structlog.get_logger(__name__)

T = TypeVar("T")

MARKS = "ownerline-missed"
CONTEXT = "ownerline-inbound"
_EVENT = "OwnerlineInbound"
_NOT_DONE = (ManagerGoneError, ManagerRefusedError)


class Reach(Protocol):
    """The talks of calls that came in; part of `dialer.bridges.asterisk.agi.talks`."""

    def inbound_variables(
        self, call_id: UUID, trunk: Trunk, language: Language
    ) -> Mapping[str, str]:
        """Expect a call, and return the variables it needs to come to its talk."""
        ...

    async def until_said(self, call_id: UUID) -> None:
        """Wait until the talk of a call has taken its last reply in, or a little while."""
        ...


class ArrivalsError(OwnerlineError):
    """Calls that come in were asked for before the bridge has started."""


class Mark(NamedTuple):
    """What the dialplan noted of a call."""

    uniqueid: str
    at: datetime
    written: str
    dialled: str
    presentation: str


class Arrivals:
    """Hears of calls that come in on every server; a part of the bridge."""

    def __init__(
        self,
        *,
        ids: IdSource,
        reach: Reach,
        region: str,
        language: Language = Language.MANDARIN,
        max_seconds: float = 1800.0,
    ) -> None:
        """Make the part.

        Args:
            ids: of the calls.
            reach: how the dialplan reaches the talk.
            region: where numbers without country code belong.
            language: of the apology, when nobody speaks.
            max_seconds: the longest a call that came in may last.
        """
        self._ids = ids
        self._region = region
        self._reach = reach
        self._language = language
        self._max_seconds = max_seconds
        self._board: Board | None = None
        self._desk: InboundDesk | None = None
        self._taking: dict[str, asyncio.Task[UUID | None]] = {}  # by channel, until it is gone
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self, board: Board) -> None:
        """Listen on every server; without a desk calls wait in vain and are found later."""
        self._board, self._desk = board, board.inbound
        if self._desk is None:
            return
        for server in board.servers.values():
            server.on("UserEvent", partial(self._hear, server))
            server.on("Hangup", partial(self._hear_end, server))
            server.on_connected(partial(self._met, server))

    async def close(self) -> None:
        """Finish what was begun; calls go on."""
        self._desk = None
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What a server tells.

    def _hear(self, server: Server, event: ManagerEvent) -> None:
        channel = _channel(server, event.get("Uniqueid"))
        if event.get("UserEvent") != _EVENT or channel in self._taking:
            return
        mark = Mark(
            uniqueid=event.get("Uniqueid"),
            at=self._now(),
            written=event.get("Caller"),
            dialled=event.get("Dialled"),
            presentation=event.get("Presentation"),
        )
        self._take_soon(server, mark, event.get("Channel"))

    def _hear_end(self, server: Server, event: ManagerEvent) -> None:
        channel = _channel(server, event.get("Uniqueid"))
        taking = self._taking.pop(channel, None)
        if taking is not None:
            self._spawn(self._over(channel, taking, self._now()))

    def _take_soon(self, server: Server, mark: Mark, name: str) -> None:
        channel = _channel(server, mark.uniqueid)
        self._taking[channel] = self._spawn(self._take(server, mark, name))

    # One call.

    async def _take(self, server: Server, mark: Mark, name: str) -> UUID | None:
        """Put the call on file, then into its talk; returns its id, None: another dialer has it."""
        desk = self._desk
        if desk is None:
            return None
        trunk = self._trunk(server, name)
        call = self._call(server, mark, trunk)
        if not await desk.take(call):
            return None
        log.info("inbound_call_taken", call_id=str(call.call_id), trunk=trunk.name)
        try:
            await self._send_to_talk(server, name, call, trunk)
            await self._forget(server, mark)
        except _NOT_DONE as err:  # hung up meanwhile, or heard by nobody: it ends as missed
            log.warning("inbound_call_not_sent", call_id=str(call.call_id), error=str(err))
        return call.call_id

    async def _send_to_talk(
        self, server: Server, name: str, call: InboundCall, trunk: Trunk
    ) -> None:
        variables = {
            **self._reach.inbound_variables(call.call_id, trunk, self._language),
            "OWNERLINE_MAX": str(round(self._max_seconds)),
        }
        for variable, value in variables.items():
            headers = {"Channel": name, "Variable": variable, "Value": value}
            await server.act("Setvar", headers)
        target = {"Context": "ownerline", "Exten": "talk", "Priority": "1"}
        await server.act("Redirect", {"Channel": name, **target})

    async def _over(self, channel: str, taking: "asyncio.Task[UUID | None]", at: datetime) -> None:
        """Tell the desk of an end, after what was said last."""
        await asyncio.wait([taking])
        call_id = None if taking.cancelled() or taking.exception() else taking.result()
        if call_id is not None:
            await self._reach.until_said(call_id)
        if self._desk is not None:
            await self._desk.ended(channel, at)

    # What was not told.

    async def _met(self, server: Server) -> None:
        """See to what came and went while nobody listened, and to who waits at this moment."""
        desk, at = self._desk, self._now()
        if desk is None:
            return
        try:
            channels = {
                each.get("Uniqueid"): each for each in await server.list("CoreShowChannels")
            }
            marks = await self._marks(server)
        except _NOT_DONE as err:
            log.warning("missed_calls_not_listed", server=server.name, error=str(err))
            return
        up = {_channel(server, uniqueid) for uniqueid in channels}
        for trunk in self._trunks(server):
            await desk.compare(trunk.name, up, at)
        for mark in marks:
            channel = _channel(server, mark.uniqueid)
            waiting = channels.get(mark.uniqueid)
            if waiting is None:
                await desk.missed(self._call(server, mark, self._trunk(server, "")))
                await self._forget(server, mark)
            elif waiting.get("Context") == CONTEXT and channel not in self._taking:
                self._take_soon(server, mark, waiting.get("Channel"))
        for uniqueid in channels:  # whoever carries them, their end is told to all
            if is_ours(uniqueid) is None:
                channel = _channel(server, uniqueid)
                self._taking.setdefault(channel, self._spawn(_another_dialers()))

    async def _marks(self, server: Server) -> list[Mark]:
        try:
            rows = await server.list("DBGetTree", {"Family": MARKS})
        except ManagerRefusedError as err:
            if "not found" not in str(err):
                raise
            return []
        found = (_read_mark(row.get("Key"), row.get("Val")) for row in rows)
        return [mark for mark in found if mark is not None]

    async def _forget(self, server: Server, mark: Mark) -> None:
        await server.act("DBDel", {"Family": MARKS, "Key": mark.uniqueid})

    # Values.

    def _call(self, server: Server, mark: Mark, trunk: Trunk) -> InboundCall:
        return InboundCall(
            call_id=self._ids.new(),
            at=mark.at,
            channel=_channel(server, mark.uniqueid),
            caller=caller_number(
                mark.written,
                presentation=mark.presentation,
                region=self._region,
                dialled=mark.dialled or trunk.caller_ids.trunk or "",
            ),
            dialled=mark.dialled,
            trunk=trunk.name,
        )

    def _trunks(self, server: Server) -> Iterator[Trunk]:
        trunks = () if self._board is None else self._board.trunks.values()
        yield from (each for each in trunks if each.server.place == server.place)

    def _trunk(self, server: Server, name: str) -> Trunk:
        """Return the trunk a channel came over, as its name says; else the server's first."""
        trunks = list(self._trunks(server))
        technology, _, rest = name.partition("/")
        endpoint = f"@{rest.rpartition('-')[0]}"
        for trunk in trunks:
            template = trunk.dialect.template
            if template.startswith(f"{technology}/") and template.endswith(endpoint):
                return trunk
        return trunks[0]

    def _now(self) -> datetime:
        if self._board is None:
            message = "calls that come in were heard before the bridge has started"
            raise ArrivalsError(message)
        return self._board.clock.now()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # logged already


async def _logged(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except Exception:  # the edge of a call that came in: the others go on; retried at a connect
        log.exception("inbound_call_failed")
        raise


async def _another_dialers() -> None:
    """Stand for a call that this process did not take."""


def _channel(server: Server, uniqueid: str) -> str:
    """Return the name of a channel that no other server's channel has."""
    return f"{server.place}/{uniqueid}"


def _read_mark(key: str, value: str) -> Mark | None:
    """Read a mark as the dialplan writes it; None: somebody else wrote it."""
    seconds, *rest = value.split(":")
    if not seconds.isdecimal() or len(rest) not in {2, 3}:
        log.warning("mark_not_understood", key=key)
        return None
    written, dialled, presentation = (*rest, "")[:3]
    return Mark(
        uniqueid=key.rpartition("/")[2],
        at=datetime.fromtimestamp(int(seconds), tz=UTC),
        written=written,
        dialled=dialled,
        presentation=presentation,
    )
