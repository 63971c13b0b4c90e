"""Browsers as phones: the pool that an Asterisk has for them, its certificate, and a Chromium."""

import contextlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from pydantic import SecretStr

from core.settings_model import AsteriskBrowsers
from tests.browser.kit.install import Chromium

# Keeps every connection of a page where a test can look at it; the page's own code knows nothing.
WATCHED = """
  const Made = RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Made {
    constructor(...given) { super(...given); window.connections.push(this); }
  };
"""


def browsers_at(folder: Path) -> AsteriskBrowsers:
    """Return a pool of two on a port of its own, with a certificate made in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as trial:  # of another range than those of the pair
        port = trial.getsockname()[1]
    certificate, key = folder / "wss.crt", folder / "wss.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return AsteriskBrowsers(
        phones=2,
        url=f"wss://127.0.0.1:{port}/ws",
        secret=SecretStr("what the passwords of the tests are made of"),
        listen=f"127.0.0.1:{port}",
        certificate=str(certificate),
        private_key=str(key),
    )


@contextlib.asynccontextmanager
async def chromium_with(
    chromium: Chromium, *, microphone: Path | None = None, further: Sequence[str] = ()
) -> AsyncIterator[Browser]:
    """Hold a browser whose microphone says a file again and again, and asks nobody.

    None: with the microphone of the machine, if any, and what `further` says of it.
    """
    speaks = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.executable,
            args=[
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                *(speaks if microphone else []),
                *further,
                "--ignore-certificate-errors",
            ],
            env={**os.environ, **chromium.environment},
        )
        yield browser
        await browser.close()
