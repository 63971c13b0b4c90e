"""A browser as an agent's phone that gets no microphone: what its page says, and how it goes on.

The exchange is ours, on the wire (kit/registrar.py); the microphone is Chromium's, or is not there.
"""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from pydantic import SecretStr

from api.console import sessions
from api.model import ApiRole
from core.settings import BridgeName
from core.settings_model import AsteriskBrowsers, AsteriskServer, AsteriskSettings
from customers.model import Language
from dialer.agents.seats import set_endpoint
from tests.asterisk.kit.browsers import chromium_with
from tests.browser.kit.install import Chromium
from tests.browser.kit.registrar import URL, Registrar
from tests.browser.kit.rig import Served, World

_NAME = "web-01"
_ELSEWHERE = "console.example"  # a name that no browser takes for its own machine
_DEVICE = "--use-fake-device-for-media-stream"
_PATIENCE_MS = 30_000


@pytest.fixture
def registrar() -> Registrar:
    return Registrar()


@pytest.fixture
def world() -> World:
    browsers = AsteriskBrowsers(phones=2, url=URL, secret=SecretStr("a secret of the tests"))
    server = AsteriskServer(name="a", secret=SecretStr("not asked for: nothing dials"))
    asterisk = AsteriskSettings(servers=(server,), browsers=browsers)
    settings = {"bridge": BridgeName.ASTERISK, "asterisk": asterisk}
    return World(owners=0, dials=False, settings=settings)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _phone_of_the_agent(served: Served) -> None:
    async with served.runtime.sessions.begin() as session:
        now = served.runtime.clock.now()
        await set_endpoint(session, served.agent_ids[0], f"PJSIP/{_NAME}", by="a test", now=now)


@contextlib.asynccontextmanager
async def _desk(
    served: Served, chromium: Chromium, registrar: Registrar, *further: str, host: str = "127.0.0.1"
) -> AsyncIterator[Page]:
    """Open a page for the agent at a browser run with these arguments; nothing is allowed yet."""
    url = f"http://{host}:{urlsplit(served.url).port}"
    async with chromium_with(chromium, further=further) as browser:
        context = await browser.new_context()
        context.set_default_timeout(_PATIENCE_MS)
        await context.route_web_socket(URL, registrar.take)
        cookie = await served.cookie_of(ApiRole.AGENT, Language.ENGLISH)
        await context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": url}])
        page = await context.new_page()
        raised: list[str] = []
        page.on("pageerror", lambda error: raised.append(str(error)))
        yield page
        assert raised == []


async def _permit(page: Page, setting: str) -> None:
    """Let the person at the browser say what they say of the microphone: granted or denied."""
    talk = await page.context.new_cdp_session(page)
    target = (await talk.send("Target.getTargetInfo"))["targetInfo"]
    told = {
        "permission": {"name": "microphone"},
        "setting": setting,
        "browserContextId": target["browserContextId"],
    }
    await talk.send("Browser.setPermission", told)
    await talk.detach()


async def _stands(page: Page, state: str, *words: str) -> None:
    """Wait until the phone stands so; the words are on the screen without a press."""
    await page.locator(f'#softphone[data-state="{state}"]').wait_for(timeout=_PATIENCE_MS)
    for each in words:
        await expect(page.locator("#softphone-card p[role=status]")).to_contain_text(each)
    if words:
        await expect(page.locator("#softphone-card")).to_be_visible()


async def test_a_microphone_that_is_refused_is_said_and_once_it_is_allowed_the_phone_signs_in(
    served: Served, chromium: Chromium, registrar: Registrar
) -> None:
    async with _desk(served, chromium, registrar, _DEVICE) as page:
        await _permit(page, "denied")
        await page.goto(f"{served.url}/desk")
        words = ("refuses the microphone", "allow the microphone, then connect again")
        await _stands(page, "refused", *words)
        await page.locator("#softphone-card [data-again]").click()
        await _stands(page, "refused", *words)
        # At work without a phone: nothing has signed in, and the desk does not say it has.
        await page.locator('[data-post="/desk/sit"]').click()
        await page.locator("#desk-state .state--ready").wait_for()
        await expect(page.locator("#desk-state")).not_to_contain_text("Phone is there")
        assert registrar.said == []

        await _permit(page, "granted")
        await _stands(page, "ready")
        await expect(page.locator("#softphone-card")).to_be_hidden()


async def test_a_machine_without_a_microphone_is_told_to_plug_one_in(
    served: Served, chromium: Chromium, registrar: Registrar
) -> None:
    async with _desk(served, chromium, registrar, "--use-fake-ui-for-media-stream") as page:
        await page.goto(f"{served.url}/desk")
        await _stands(page, "missing", "No microphone is found", "Plug in the headset")
        await page.locator("#softphone-card [data-again]").click()
        await _stands(page, "missing", "No microphone is found")
        assert registrar.said == []


async def test_an_address_that_is_not_https_is_said_to_be_why_there_is_no_microphone(
    served: Served, chromium: Chromium, registrar: Registrar
) -> None:
    rule = f"--host-resolver-rules=MAP {_ELSEWHERE} 127.0.0.1"
    async with _desk(served, chromium, registrar, _DEVICE, rule, host=_ELSEWHERE) as page:
        await page.goto(f"http://{_ELSEWHERE}:{urlsplit(served.url).port}/desk")
        await _stands(page, "insecure", "not HTTPS", "https address", "docs/https.md")
        assert registrar.said == []
