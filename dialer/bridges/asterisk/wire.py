"""The socket of a manager connection, and the library asterisk-ami on it (decision 0029).

The library reads and parses in a thread of its own; what it finds is put onto the event loop.
"""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from asterisk.ami import Action, AMIClient, AMIClientListener

from dialer.bridges.asterisk.lines import Asked, ManagerEvent

# A loop that is so far behind has lost the thread of its calls: they are compared anew.
_MOST_WAITING = 50_000
_READ_BYTES = 64 * 1024
# Actions of a moment fit into it; a peer that lets it fill up does not read any more.
_SEND_BYTES = 1024 * 1024
_NO_LINGER = struct.pack("ii", 1, 0)  # socket(7)
_NO_LINE_END = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)|(?<!\r)\n")


def pack_of(asked: Asked, *, action_id: str) -> str:
    """Return an action as it is sent."""
    headers = {**asked.headers, "ActionID": action_id}
    return f"{Action(asked.action, headers, dict(asked.variables))}\r\n"


async def connected(host: str, port: int) -> socket.socket:
    """Return a socket to a manager interface.

    Raises:
        OSError: nobody answers there.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, kind, proto, _, address = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.settimeout(0.0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        # What has not left when we go, or are killed, is not sent after us: a call that this
        # dialer gave up must not ring minutes later, when a cut network is whole again.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
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
    if pack.splitlines() == pack.split("\r\n"):  # as nearly all are, and it is a tenth of the work
        return pack
    return _NO_LINE_END.sub(" ", pack)


class Wire(AMIClient):  # type: ignore[misc]  # the library has no types
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

    def send(self, packs: str) -> bool:
        """Send at once and whole, from the loop; False: the other end does not read any more.

        All is sent by one thread, so that two actions are never mixed.
        """
        data = packs.encode()
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
