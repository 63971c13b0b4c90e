"""One connection to a manager interface, around the library asterisk-ami (decision 0029).

The library reads and parses in a thread of its own; here its events and responses come onto the
event loop, every action has an id of ours and a deadline, and a connection that broke is done with.
"""

import asyncio
import contextlib
import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from asterisk.ami import Action, AMIClient, AMIClientListener

from core.errors import OwnerlineError
from dialer.bridges.asterisk.lines import (
    ManagerDownError,
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
)
from dialer.bridges.asterisk.values import Kind, safe

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 5.0
_CLOSE_WITHIN_S = 2.0
# A loop that is so far behind has lost the thread of its calls: they are compared anew.
_MOST_WAITING = 50_000
_READ_BYTES = 64 * 1024
# Actions of a moment fit into it; a peer that lets it fill up does not read any more.
_SEND_BYTES = 1024 * 1024
_NO_LINE_END = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)|(?<!\r)\n")


class ManagerLoginError(OwnerlineError):
    """Asterisk does not let us in: user name, secret or permitted addresses are wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where a manager interface listens, and as whom we log in."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)

    @property
    def place(self) -> str:
        """Return host:port."""
        return f"{self.host}:{self.port}"


@dataclass(kw_only=True, slots=True)
class _Question:
    """An action that was sent; its list, where it asks for one, comes in events."""

    answer: asyncio.Future[Mapping[str, str]]
    entries: list[ManagerEvent] | None = None
    response: Mapping[str, str] = field(default_factory=dict)


class Connection:
    """A connection that is logged in; made by `open`, of no use once `lost` was called."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        place: str,
        hear: Callable[[ManagerEvent], None],
        lost: Callable[[str], None],
    ) -> None:
        self._place = place
        self._hear = hear
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._questions: dict[str, _Question] = {}
        self._listing = ""  # the action whose list is coming in
        self._is_up = True
        self._over = asyncio.Event()  # the thread has ended
        self._wire = _Wire(sock, self._loop, take=self._take, over=self._gone)

    @classmethod
    async def open(
        cls,
        account: Account,
        *,
        hear: Callable[[ManagerEvent], None],
        lost: Callable[[str], None],
    ) -> "Connection":
        """Connect and log in; from then on events are heard, and the loss is told once.

        Raises:
            ManagerGoneError: nobody answers there, or in another way than a manager interface.
            ManagerLoginError: we are not let in.
        """
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                sock = await _connected(account.host, account.port)
        except (OSError, TimeoutError) as err:
            message = f"Asterisk at {account.place} does not answer: {_why(err)}"
            raise ManagerGoneError(message) from err
        connection = cls(sock, place=account.place, hear=hear, lost=lost)
        connection._wire.start(f"ami-{account.place}")
        try:
            login = {"Username": safe(Kind.VALUE, account.username)}
            await connection._ask("Login", login | {"Secret": safe(Kind.PASSWORD, account.secret)})
        except ManagerRefusedError as err:
            await connection.close()
            message = (
                f"Asterisk at {account.place} does not let user {account.username!r} in: {err}; "
                "compare username and secret with its manager.conf, and permit= with our address"
            )
            raise ManagerLoginError(message) from err
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def is_up(self) -> bool:
        """Whether actions can be sent."""
        return self._is_up

    @property
    def silent_s(self) -> float:
        """How long ago anything was heard."""
        return self._loop.time() - self._heard_at

    async def act(
        self,
        action: str,
        headers: Mapping[str, str],
        *,
        variables: Mapping[str, str],
        within_s: float,
    ) -> Mapping[str, str]:
        """Send an action and return the headers of its response; see `Server.act`."""
        safe(Kind.NAME, action)
        for name, value in headers.items():
            safe(Kind.NAME, name)
            safe(Kind.VALUE, value)
        for name, value in variables.items():
            safe(Kind.VARIABLE, name)
            safe(Kind.VALUE, value)
        return await self._ask(action, headers, variables=variables, within_s=within_s)

    async def ask_list(
        self, action: str, headers: Mapping[str, str], *, within_s: float = ANSWER_WITHIN_S
    ) -> list[ManagerEvent]:
        """Send an action that answers with a list, and return its entries; see `Server.list`."""
        safe(Kind.NAME, action)
        for name, value in headers.items():
            safe(Kind.NAME, name)
            safe(Kind.VALUE, value)
        entries: list[ManagerEvent] = []
        await self._ask(action, headers, entries=entries, within_s=within_s)
        return entries

    async def close(self) -> None:
        """Let go of the socket and see the thread to its end."""
        self._break("closed")
        with contextlib.suppress(TimeoutError):  # the thread is a daemon: it holds up no exit
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._over.wait()

    def drop(self, why: str) -> None:
        """Give the connection up: the other end is silent, or we are."""
        self._break(why)

    async def _ask(
        self,
        action: str,
        headers: Mapping[str, str],
        *,
        variables: Mapping[str, str] | None = None,
        entries: list[ManagerEvent] | None = None,
        within_s: float = ANSWER_WITHIN_S,
    ) -> Mapping[str, str]:
        if not self._is_up:
            message = f"the connection to Asterisk at {self._place} is down: {action} was not sent"
            raise ManagerDownError(message)
        action_id = headers.get("ActionID") or str(uuid4())
        question = _Question(answer=self._loop.create_future(), entries=entries)
        self._questions[action_id] = question
        sent = Action(action, {**headers, "ActionID": action_id}, dict(variables or {}))
        try:
            async with asyncio.timeout(within_s):
                if not self._wire.send(sent):
                    self._break("it takes nothing more")
                return await question.answer
        except TimeoutError as err:
            message = f"Asterisk at {self._place} has not answered {action} within {within_s} s"
            raise ManagerGoneError(message) from err
        finally:
            self._questions.pop(action_id, None)

    def _take(self, pack: ManagerEvent | Mapping[str, str]) -> None:
        """Take one event or response, in the loop."""
        self._heard_at = self._loop.time()
        if not self._is_up:
            return
        if not isinstance(pack, ManagerEvent):
            self._answered(pack)
            return
        if self._listing and pack.get("ActionID") != self._listing:
            return  # Asterisk sends a list in one piece: somebody's number has an event in it
        if self._listing and _is_end(pack):
            self._listing = ""
        question = self._questions.get(pack.get("ActionID"))
        if question is None or question.entries is None:
            self._hear(pack)
        elif _is_end(pack):
            _settle(question.answer, question.response)
        else:
            question.entries.append(pack)

    def _answered(self, response: Mapping[str, str]) -> None:
        question = self._questions.get(response.get("ActionID", ""))
        if question is None:
            return
        self._listing = response["ActionID"] if "EventList" in response else ""
        if response["Response"].lower() == "error":
            message = response.get("Message", "no reason given")
            if not question.answer.done():
                question.answer.set_exception(ManagerRefusedError(message))
        elif question.entries is None or "EventList" not in response:
            _settle(question.answer, response)
        else:
            question.response = response

    def _gone(self, why: str) -> None:
        self._over.set()
        self._break(why)

    def _break(self, why: str) -> None:
        if not self._is_up:
            return
        self._is_up = False
        self._wire.close()
        for question in self._questions.values():
            if not question.answer.done():
                message = f"the connection to Asterisk at {self._place} broke: {why}"
                question.answer.set_exception(ManagerGoneError(message))
        self._lost(why)


def _settle(answer: "asyncio.Future[Mapping[str, str]]", value: Mapping[str, str]) -> None:
    if not answer.done():
        answer.set_result(value)


def _is_end(pack: ManagerEvent) -> bool:
    """Say whether a list is over; what somebody's number says in an entry ends none."""
    is_over = pack.get("EventList").lower() in {"complete", "cancelled"}
    return is_over and pack.name.endswith("Complete")


def _why(err: OSError) -> str:
    return str(err) or f"not within {CONNECT_WITHIN_S} s"


async def _connected(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, kind, proto, _, address = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.settimeout(0.0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    sock.settimeout(None)
    return sock


def one_line_each(pack: str) -> str:
    """Return a pack in which nothing but its own line ends parts lines.

    The library splits where `str.splitlines` does: a caller's name could say a header of its own.
    """
    return _NO_LINE_END.sub(" ", pack)


class _Wire(AMIClient):  # type: ignore[misc]  # the library has no types
    """The library's client on a socket of ours, in a thread that only puts onto the loop."""

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        *,
        take: Callable[[ManagerEvent | Mapping[str, str]], None],
        over: Callable[[str], None],
    ) -> None:
        # Without a time-out: the library's would end the thread after so long without an event.
        super().__init__(timeout=None, buffer_size=_READ_BYTES)
        self._socket = sock
        self.finished = threading.Event()
        self._loop = loop
        self._take = take
        self._over = over
        self._waiting: deque[ManagerEvent | Mapping[str, str]] = deque()
        self._called = False  # the loop will look
        self.add_listener(AMIClientListener(**_handlers(self._response, self._event)))

    def _decode_pack(self, pack: bytes) -> str:
        return one_line_each(super()._decode_pack(pack))

    def start(self, name: str) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def send(self, pack: Any) -> bool:
        """Send at once and whole, from the loop; False: the other end does not read any more.

        All is sent by one thread, so that two actions are never mixed.
        """
        data = f"{pack}\r\n".encode()
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT) == len(data)
        except OSError:  # full, or gone: the caller gives it up
            return False

    def close(self) -> None:
        """Wake the thread, which then ends; also from another thread."""
        self.finished.set()
        with contextlib.suppress(OSError):  # not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        why = "Asterisk closed it"
        try:
            self.listen()
        except StopIteration:  # it closed before it said who it is
            pass
        except Exception as err:  # noqa: BLE001 - the edge of the thread: told to the loop
            why = f"{type(err).__name__}: {err}"
        finally:
            self._socket.close()
            with contextlib.suppress(RuntimeError):  # the loop has gone: nobody is to be told
                self._loop.call_soon_threadsafe(self._over, why)

    def _event(self, source: Any, event: Any) -> None:
        headers: dict[str, str] = {}
        for name, value in event.keys.items():
            if isinstance(value, dict):  # ChanVariable
                headers |= {f"{name}({key})": each for key, each in value.items()}
            else:
                headers[name] = value
        self._put(ManagerEvent(name=event.name, headers=headers))

    def _response(self, source: Any, response: Any) -> None:
        self._put({"Response": response.status, **response.keys})

    def _put(self, pack: ManagerEvent | Mapping[str, str]) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self.close()
            return
        self._waiting.append(pack)
        if not self._called:
            self._called = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._called = False  # before we look: what is put from now on calls anew
        for _ in range(len(self._waiting)):
            self._take(self._waiting.popleft())


def _handlers(response: Callable[..., None], event: Callable[..., None]) -> dict[str, Any]:
    def ignore(**_: Any) -> None:
        """Take no notice."""

    others = ("on_action", "on_connect", "on_disconnect", "on_unknown")
    return {"on_response": response, "on_event": event, **dict.fromkeys(others, ignore)}
