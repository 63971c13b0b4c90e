"""What `ownerline doctor` asks of browsers as phones: their endpoints, and the way there."""

import asyncio
import base64
import secrets
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from core.errors import OwnerlineError
from dialer.bridges.asterisk.browser_pool import MODULES, pool_of
from dialer.bridges.asterisk.lines import ManagerRefusedError
from ownerline.asterisk_checks import Checks
from ownerline.finding import Finding

_ABOUT = "browsers"
_CONTEXT = "ownerline-phones"
_WITHIN_S = 5.0


async def examine_browsers(checks: Checks) -> AsyncIterator[Finding]:
    """Look at the pool of browsers' phones at one Asterisk; nothing is said where there is none."""
    browsers = checks.settings.asterisk.browsers
    try:
        pool = pool_of(browsers, checks.place)
    except OwnerlineError as err:
        yield checks.finding(_ABOUT, str(err), sound=False)
        return
    if not pool:
        return
    missing = [name for name in MODULES if not await checks.has_module(name)]
    if missing:
        found = f"not loaded: {', '.join(missing)}; load them in modules.conf and restart Asterisk"
        yield checks.finding(_ABOUT, found, sound=False)
        return
    yield await _endpoints(checks, first=pool[0].name, last=pool[-1].name)
    if browsers.url is None:
        found = "where they reach it is not said: url = wss://… under [asterisk.browsers]"
        yield checks.finding(_ABOUT, found, sound=False)
        return
    yield await _way(checks, browsers.url)


async def _endpoints(checks: Checks, *, first: str, last: str) -> Finding:
    for name in (first, last):
        try:
            told = await checks.connection.ask_list("PJSIPShowEndpoint", {"Endpoint": name})
        except ManagerRefusedError:
            found = (
                f"there is no endpoint {name!r}: `ownerline asterisk config` writes it, "
                "`pjsip reload` loads it"
            )
            return checks.finding(_ABOUT, found, sound=False)
        context = next((e.get("Context") for e in told if e.name == "EndpointDetail"), "")
        if context != _CONTEXT:
            found = f"{name!r} may ring out by the context {context!r}: it must be {_CONTEXT!r}"
            return checks.finding(_ABOUT, found, sound=False)
    return checks.finding(_ABOUT, f"endpoints {first} to {last}, which ring nobody")


async def _way(checks: Checks, url: str) -> Finding:
    """Knock as a browser would; its certificate must be one that browsers trust."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            answer = await _knock(url)
    except ssl.SSLCertVerificationError as err:
        found = (
            f"{url} shows a certificate that is not trusted here ({err.verify_message}); browsers "
            "refuse it without a word: docs/https.md"
        )
        return checks.finding(_ABOUT, found, sound=False)
    except (OSError, TimeoutError) as err:
        found = (
            f"{url} is not reached ({str(err) or 'no answer'}): include ownerline/http.conf in "
            "http.conf, `module reload http`, open the port"
        )
        return checks.finding(_ABOUT, found, sound=False)
    if " 101 " not in answer:
        found = f"{url} takes no WebSocket ({answer[:60] or 'it hung up'}): is its path /ws?"
        return checks.finding(_ABOUT, found, sound=False)
    return checks.finding(_ABOUT, f"{url} takes them")


async def _knock(url: str) -> str:
    """Return the first line of the answer to the wish for a WebSocket of SIP (RFC 7118)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    context = await asyncio.to_thread(ssl.create_default_context)
    reader, writer = await asyncio.open_connection(host, parts.port or 443, ssl=context)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    try:
        lines = [
            f"GET {parts.path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Protocol: sip",
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await writer.drain()
        return (await reader.readline()).decode(errors="replace").strip()
    finally:
        writer.transport.abort()
