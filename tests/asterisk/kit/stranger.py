"""A caller whose phone speaks SIP by hand: what it says of itself is anything at all."""

import asyncio
import socket
from urllib.parse import quote
from uuid import uuid4

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\n"
)
_WITHIN_S = 5.0


async def ring_as(caller: str, dialled: str, *, port: int) -> None:
    """Ring an Asterisk on loopback and be answered; both names are escaped as RFC 3261 has it.

    The line stays up until Asterisk finds that nobody acknowledges it.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.0)
        sock.bind(("127.0.0.1", 0))
        sock.connect(("127.0.0.1", port))
        ours = f"127.0.0.1:{sock.getsockname()[1]}"
        unique = uuid4().hex
        to = f"sip:{quote(dialled, safe='')}@127.0.0.1:{port}"
        lines = (
            f"INVITE {to} SIP/2.0",
            f"Via: SIP/2.0/UDP {ours};branch=z9hG4bK{unique}",
            "Max-Forwards: 70",
            f"From: <sip:{quote(caller, safe='')}@127.0.0.1>;tag={unique}",
            f"To: <{to}>",
            f"Call-ID: {unique}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:stranger@{ours}>",
            "Content-Type: application/sdp",
            f"Content-Length: {len(_SDP)}",
            "",
            _SDP,
        )
        await loop.sock_sendall(sock, "\r\n".join(lines).encode())
        async with asyncio.timeout(_WITHIN_S):
            while b" 200 OK" not in (await loop.sock_recv(sock, 4096)).splitlines()[0]:
                continue
