"""An exchange of phones in a process of its own: answers SIP, and times the first RTP packet.

The kernel stamps packets as they arrive, so that a busy exchange does not look like a slow dialer.
"""

import asyncio
import json
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import cast

from core.clock import SystemClock

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h
_CLOCK = SystemClock()
_PCMU = "PCMU/8000"


@dataclass(kw_only=True, slots=True)
class Answered:
    """One answered call: seconds of the system's clock."""

    number: str
    ok_at: float
    first_at: float | None = None  # the first RTP packet


@dataclass(kw_only=True)
class Exchange(asyncio.DatagramProtocol):
    """Every number answers after a moment, hears, and hangs up when told."""

    calls: dict[str, Answered] = field(default_factory=dict)  # by Call-ID
    invites: int = 0
    ended: int = 0
    most_up: int = 0
    rings_s: float = 0.1
    no_two_alike: bool = False  # each rings up to half as long again, by its number
    _rtp: dict[str, socket.socket] = field(default_factory=dict)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a request; replies to us need nothing."""
        head, _, _ = data.decode("utf-8", "replace").partition("\r\n\r\n")
        lines = head.split("\r\n")
        method = lines[0].split(" ", 1)[0]
        if method.startswith("SIP/"):
            return
        headers = _headers(lines[1:])
        match method:
            case "INVITE" if "tag=" not in headers["to"][0]:
                self._invited(lines[0], headers, addr)
            case "ACK":
                pass
            case _:
                if method in {"BYE", "CANCEL"}:
                    self._over(headers["call-id"][0])
                self._say("200 OK", headers, addr)

    def _invited(
        self, first_line: str, headers: dict[str, list[str]], addr: tuple[str, int]
    ) -> None:
        self.invites += 1
        call_id = headers["call-id"][0]
        number = first_line.split(" ")[1].removeprefix("sip:").partition("@")[0]
        self._say("180 Ringing", headers, addr)
        loop = asyncio.get_running_loop()
        rings_s = self.rings_s
        if self.no_two_alike:
            rings_s *= 1 + int(number[-4:]) * 619 % 1000 / 2000
        loop.call_later(rings_s, self._answer, call_id, number, headers, addr)

    def _answer(
        self, call_id: str, number: str, headers: dict[str, list[str]], addr: tuple[str, int]
    ) -> None:
        ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ear.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)  # noqa: FBT003 - its only parameter
        self._rtp[call_id] = ear
        self.most_up = max(self.most_up, len(self._rtp))
        asyncio.get_running_loop().add_reader(ear, self._heard, call_id)
        sdp = _sdp(ear.getsockname()[1])
        self.calls[call_id] = Answered(number=number, ok_at=_CLOCK.now().timestamp())
        self._say("200 OK", headers, addr, body=sdp)

    def _say(
        self, status: str, headers: dict[str, list[str]], addr: tuple[str, int], *, body: str = ""
    ) -> None:
        port = self._transport.get_extra_info("sockname")[1]
        self._transport.sendto(_reply(status, headers, port=port, body=body), addr)

    def _heard(self, call_id: str) -> None:
        ear = self._rtp[call_id]
        _, ancillary, _, _ = ear.recvmsg(2048, 128)
        asyncio.get_running_loop().remove_reader(ear)  # the first is enough
        for _, kind, value in ancillary:
            if kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("qq", value[:16])
                call = self.calls.get(call_id)
                if call is not None:
                    call.first_at = seconds + nanoseconds / 1e9

    def _over(self, call_id: str) -> None:
        ear = self._rtp.pop(call_id, None)
        if ear is not None:
            self.ended += 1
            asyncio.get_running_loop().remove_reader(ear)
            ear.close()

    def figures(self) -> dict[str, object]:
        """Return what was seen since the last time, for JSON."""
        heard = [c.first_at - c.ok_at for c in self.calls.values() if c.first_at is not None]
        ok_at = [call.ok_at for call in self.calls.values()]
        figures = {
            "invites": self.invites,
            "answered": len(self.calls),
            "ended": self.ended,
            "first_sample_s": heard,
            "span_s": max(ok_at) - min(ok_at) if ok_at else 0.0,
            "most_up": self.most_up,
        }
        self.calls.clear()
        self.invites = self.ended = self.most_up = 0
        return figures


def _headers(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _reply(status: str, headers: dict[str, list[str]], *, port: int, body: str = "") -> bytes:
    to = headers["to"][0]
    lines = [f"SIP/2.0 {status}"]
    lines += [f"Via: {via}" for via in headers["via"]]
    lines += [
        f"From: {headers['from'][0]}",
        f"To: {to if 'tag=' in to else to + ';tag=exchange'}",
        f"Call-ID: {headers['call-id'][0]}",
        f"CSeq: {headers['cseq'][0]}",
        f"Contact: <sip:exchange@127.0.0.1:{port}>",
    ]
    if body:
        lines.append("Content-Type: application/sdp")
    lines += [f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


def _sdp(port: int) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 {_PCMU}\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
    )


async def serve(port: int) -> None:
    """Answer on a port of loopback.

    Each line on stdin says how many seconds a phone rings from now on, with a `~` where no two
    ring alike, and is answered with what was seen since the last one.
    """
    loop = asyncio.get_running_loop()
    _, exchange = await loop.create_datagram_endpoint(Exchange, local_addr=("127.0.0.1", port))
    print(json.dumps({"listening": port}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        exchange.rings_s = float(line.strip("~\n"))
        exchange.no_two_alike = "~" in line
        print(json.dumps(exchange.figures()), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
