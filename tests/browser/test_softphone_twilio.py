"""A browser as an agent's phone at Twilio, without Twilio: its signalling is ours.

No call is rung and no audio flows here: what is seen is that the SDK is set up, signs in with our
token, and that its page says how it stands.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, WebSocketRoute
from pydantic import SecretStr

from api.console import sessions
from api.model import ApiRole
from core.settings import BridgeName
from core.settings_model import TwilioSettings
from customers.model import Language
from dialer.agents.seats import set_endpoint
from tests.asterisk.kit.browsers import chromium_with
from tests.asterisk.kit.sounds import silence, write_wav
from tests.browser.kit.install import Chromium
from tests.browser.kit.rig import Served, World

_SIGNALLING = "wss://voice-js.roaming.twilio.com/**"


class Signalling:
    """Answers where Twilio would, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self.refuses = False

    def take(self, socket: WebSocketRoute) -> None:
        """Take a connection of the SDK."""

        def heard(message: str | bytes) -> None:
            if not str(message).strip():
                return  # it shows that it lives
            told = json.loads(message)
            self.told.append(told)
            if told["type"] == "listen" and self.refuses:
                error = {"error": {"code": 20101, "message": "Invalid access token"}}
                socket.send(json.dumps({"type": "error", "payload": error}))
            elif told["type"] == "listen":
                socket.send(json.dumps({"type": "connected", "payload": {"region": "us1"}}))
            elif told["type"] == "register":
                socket.send(json.dumps({"type": "ready", "payload": {}}))

        socket.on_message(heard)


@pytest.fixture
def world() -> World:
    twilio = TwilioSettings(
        account_sid="AC00000000000000000000000000000001",
        api_key_sid="SK00000000000000000000000000000001",
        api_key_secret=SecretStr("a key of the tests, as long as those of the account"),
    )
    return World(owners=0, dials=False, settings={"bridge": BridgeName.TWILIO, "twilio": twilio})


@pytest.fixture
def signalling() -> Signalling:
    return Signalling()


@pytest_asyncio.fixture(loop_scope="session")
async def page(
    served: Served, chromium: Chromium, signalling: Signalling, tmp_path: Path
) -> AsyncIterator[Page]:
    """A browser with a microphone, signed in as the agent whose phone it is."""
    async with served.runtime.sessions.begin() as session:
        now = served.runtime.clock.now()
        await set_endpoint(session, served.agent_ids[0], "client:li", by="a test", now=now)
    write_wav(tmp_path / "microphone.wav", silence(1.0))
    async with chromium_with(chromium, microphone=tmp_path / "microphone.wav") as browser:
        context = await browser.new_context()
        context.set_default_timeout(15_000)
        await context.route("https://*.twilio.com/**", lambda route: route.fulfill(status=200))
        await context.route_web_socket(_SIGNALLING, signalling.take)
        cookie = await served.cookie_of(ApiRole.AGENT, Language.ENGLISH)
        await context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": served.url}])
        yield await context.new_page()


async def test_the_page_signs_in_at_twilio_with_a_token_of_its_own_and_says_so(
    page: Page, served: Served, signalling: Signalling
) -> None:
    response = await page.goto(f"{served.url}/desk")
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "connect-src 'self' https://eventgw.twilio.com wss://voice-js.roaming" in policy
    assert "script-src 'self';" in policy
    await page.locator('#softphone[data-state="ready"]').wait_for()
    listen = next(each for each in signalling.told if each["type"] == "listen")
    payload = listen["payload"]
    assert isinstance(payload, dict)
    assert str(payload["token"]).count(".") == 2, "a token of ours, signed"


async def test_a_token_that_twilio_refuses_is_said_on_the_page(
    page: Page, served: Served, signalling: Signalling
) -> None:
    signalling.refuses = True
    await page.goto(f"{served.url}/desk")
    await page.locator('#softphone[data-state="rejected"]').wait_for()
    await page.locator(".softphone__button").click()
    assert "refuses this phone" in await page.locator("#softphone-card [data-said]").inner_text()
