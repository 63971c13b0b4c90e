"""One connection to a manager interface, around the library asterisk-ami (decision 0029).

Every action has an id of ours and a deadline, and a connection that broke is done with.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from core.errors import OwnerlineError
from dialer.bridges.asterisk.lines import (
    Asked,
    ManagerDownError,
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    ManagerTornError,
)
from dialer.bridges.asterisk.values import Kind, safe
from dialer.bridges.asterisk.wire import Wire, connected, pack_of

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 5.0
_CLOSE_WITHIN_S = 2.0


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

    action: str
    action_id: str
    pack: str
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
        self._let: set[str] = set()  # actions that were done
        self._listing = ""  # the action whose list is coming in
        self._is_up = True
        self._over = asyncio.Event()  # the thread has ended
        self._wire = Wire(sock, self._loop, take=self._take, over=self._gone)

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
                sock = await connected(account.host, account.port)
        except (OSError, TimeoutError) as err:
            message = f"Asterisk at {account.place} does not answer: {_why(err)}"
            raise ManagerGoneError(message) from err
        connection = cls(sock, place=account.place, hear=hear, lost=lost)
        connection._wire.start(f"ami-{account.place}")
        try:
            login = {
                "Username": safe(Kind.VALUE, account.username),
                "Secret": safe(Kind.PASSWORD, account.secret),
            }
            await connection._ask(Asked(action="Login", headers=login))
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
        asked = _checked(Asked(action=action, headers=headers, variables=variables))
        return await self._ask(asked, within_s=within_s)

    def has_let(self, action: str) -> bool:
        """Say whether such an action was done on this connection."""
        return action in self._let

    async def act_in_turn(self, first: Asked, then: Asked, *, within_s: float) -> None:
        """Send two actions in one piece, and wait for both answers; see `Server.act_in_turn`."""
        await self._ask(_checked(then), ahead=_checked(first), within_s=within_s)

    async def ask_list(
        self, action: str, headers: Mapping[str, str], *, within_s: float = ANSWER_WITHIN_S
    ) -> list[ManagerEvent]:
        """Send an action that answers with a list, and return its entries; see `Server.list`."""
        entries: list[ManagerEvent] = []
        asked = _checked(Asked(action=action, headers=headers))
        await self._ask(asked, entries=entries, within_s=within_s)
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
        asked: Asked,
        *,
        ahead: Asked | None = None,
        entries: list[ManagerEvent] | None = None,
        within_s: float = ANSWER_WITHIN_S,
    ) -> Mapping[str, str]:
        if not self._is_up:
            message = (
                f"the connection to Asterisk at {self._place} is down: {asked.action} was not sent"
            )
            raise ManagerDownError(message)
        first = None if ahead is None else self._question(ahead)
        question = self._question(asked, entries)
        questions = [each for each in (first, question) if each is not None]
        try:
            async with asyncio.timeout(within_s):
                if not self._wire.send("".join(each.pack for each in questions)):
                    self._break("it takes nothing more")
                response = await question.answer
        except TimeoutError as err:
            message = (
                f"Asterisk at {self._place} has not answered {asked.action} within {within_s} s"
            )
            raise ManagerGoneError(message) from err
        finally:
            for each in questions:
                del self._questions[each.action_id]
        if first is not None and ahead is not None:  # answers come in the order of the actions
            _raise_torn(first, ahead, asked)
        return response

    def _question(self, asked: Asked, entries: list[ManagerEvent] | None = None) -> _Question:
        action_id = asked.headers.get("ActionID") or str(uuid4())
        question = _Question(
            action=asked.action,
            action_id=action_id,
            pack=pack_of(asked, action_id=action_id),
            answer=self._loop.create_future(),
            entries=entries,
        )
        # One that nobody waits for any more may be refused.
        question.answer.add_done_callback(_looked_at)
        self._questions[action_id] = question
        return question

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
            self._let.discard(question.action)
            message = response.get("Message", "no reason given")
            if not question.answer.done():
                question.answer.set_exception(ManagerRefusedError(message))
            return
        self._let.add(question.action)
        if question.entries is None or "EventList" not in response:
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


def _looked_at(answer: "asyncio.Future[Mapping[str, str]]") -> None:
    if not answer.cancelled():
        answer.exception()


def _raise_torn(first: _Question, ahead: Asked, asked: Asked) -> None:
    """Raise ManagerTornError where the first of two actions was refused, and the second done."""
    refused = first.answer.exception() if first.answer.done() else None
    if isinstance(refused, ManagerRefusedError):
        message = f"Asterisk did {asked.action}, and not {ahead.action} before it: {refused}"
        raise ManagerTornError(message) from refused


def _checked(asked: Asked) -> Asked:
    """Return an action that says no more to Asterisk than it means.

    Raises:
        UnsafeValueError: it may not be sent.
    """
    safe(Kind.NAME, asked.action)
    for name, value in asked.headers.items():
        safe(Kind.NAME, name)
        safe(Kind.VALUE, value)
    for name, value in asked.variables.items():
        safe(Kind.VARIABLE, name)
        safe(Kind.VALUE, value)
    return asked


def _is_end(pack: ManagerEvent) -> bool:
    """Say whether a list is over; what somebody's number says in an entry ends none."""
    is_over = pack.get("EventList").lower() in {"complete", "cancelled"}
    return is_over and pack.name.endswith("Complete")


def _why(err: OSError) -> str:
    return str(err) or f"not within {CONNECT_WITHIN_S} s"
