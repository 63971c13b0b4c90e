"""A real browser as an agent's phone at a real Asterisk: it signs in, is rung, and speaks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import ConsoleMessage, Page

from api.console import sessions
from api.model import ApiRole
from core.settings import BridgeName
from customers.model import Language
from dialer.agents.seats import set_endpoint
from ownerline.asterisk_doctor import examine_asterisk
from tests.asterisk.control_rig import CLOCK
from tests.asterisk.floor_rig import OWNER, FloorRig, floor_rig
from tests.asterisk.kit.browsers import WATCHED, browsers_at, chromium_with
from tests.asterisk.kit.install import Asterisk
from tests.asterisk.kit.pair import Pair, start_pair
from tests.asterisk.kit.phones import Phones
from tests.asterisk.kit.sounds import RATE, Samples, silence, tone, write_wav
from tests.browser.kit.install import Chromium, wanted_chromium
from tests.browser.kit.rig import Served, World, open_served

_NAME = "web-01"
_ROOM = "agent-1"
_MIC_HZ, _OWNER_HZ = 1300, 700
_SILENCE = 0.01  # G.711 has no 0, and a mix is no louder than its parts
# As the desk's bar has it while its agent is on a call, of which this console knows none.
_MUTE_BUTTON = """() => {
  const button = document.createElement("button");
  button.dataset.keyName = "mute";
  button.textContent = "Mute";
  document.querySelector("#desk-state [role=toolbar]").append(button);
}"""
_HEARD = """async () => {
  const connection = window.connections.at(-1);
  const [track] = connection.getReceivers().map((each) => each.track);
  const context = new AudioContext(), analyser = context.createAnalyser();
  analyser.fftSize = 4096;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  await context.resume();
  const bins = new Float32Array(analyser.frequencyBinCount);
  const until = Date.now() + 8000;
  while (Date.now() < until) {
    await new Promise((done) => setTimeout(done, 50));
    analyser.getFloatFrequencyData(bins);
    const at = bins.indexOf(Math.max(...bins));
    if (bins[at] > -50) return at * context.sampleRate / analyser.fftSize;
  }
  return 0;
}"""


@pytest.fixture(scope="module")
def pair(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Ownerline's Asterisk with a pool for browsers, and the owners' phones."""
    browsers = browsers_at(tmp_path_factory.mktemp("wss"))
    pair = start_pair(asterisk, shared=tmp_path_factory.mktemp("shared"), browsers=browsers)
    yield pair
    pair.remove()


@pytest.fixture(scope="module")
def chromium() -> Chromium:
    """Chromium, unpacked on the first run on a machine that has none."""
    return wanted_chromium()


@pytest.fixture
async def rig(pair: Pair, phones: Phones) -> AsyncIterator[FloorRig]:
    async with floor_rig(pair, phones, ring_s=10.0) as rig:
        yield rig


@pytest.fixture
async def served(pair: Pair, database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """A console whose first agent speaks at the browser; its dialer is the test itself."""
    settings = {"bridge": BridgeName.ASTERISK, "asterisk": pair.settings().asterisk}
    world = World(owners=0, dials=False, settings=settings)
    async with open_served(database_url, tmp_path, world) as served:
        async with served.runtime.sessions.begin() as session:
            now = served.runtime.clock.now()
            await set_endpoint(session, served.agent_ids[0], f"PJSIP/{_NAME}", by="a test", now=now)
        yield served


@pytest.fixture
async def page(served: Served, chromium: Chromium, tmp_path: Path) -> AsyncIterator[Page]:
    """The agent's desk, at a browser whose microphone beeps."""
    beeps = np.concatenate([tone(_MIC_HZ, 0.3), silence(0.2)])
    write_wav(tmp_path / "microphone.wav", beeps)
    async with chromium_with(chromium, microphone=tmp_path / "microphone.wav") as browser:
        context = await browser.new_context(ignore_https_errors=True)
        context.set_default_timeout(15_000)
        await context.add_init_script(WATCHED)
        cookie = await served.cookie_of(ApiRole.AGENT, Language.ENGLISH)
        await context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": served.url}])
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(f"raised: {error}"))
        page.on("console", lambda told: complaints.extend(_complaint(told)))
        await page.goto(f"{served.url}/desk")
        yield page
        assert complaints == []
        await context.close()


async def test_a_browser_is_rung_into_its_room_hears_the_owner_and_is_heard(
    page: Page, rig: FloorRig, phones: Phones
) -> None:
    await _stands(page, "ready")
    await page.locator('[data-post="/desk/sit"]').click()
    await page.locator("#desk-state .state--ready").wait_for()
    await rig.quiet(OWNER.digits)
    await rig.rooms.seat(_ROOM, f"PJSIP/{_NAME}")
    await rig.until(lambda: _ROOM in rig.rooms.seats(), "the browser is in the room")
    await _stands(page, "in_room")
    call = await rig.owner_in(_ROOM)
    heard = asyncio.create_task(page.evaluate(_HEARD))
    await phones.say_out(OWNER.digits, phones.sound("beep", tone(_OWNER_HZ, 2.0)))
    assert await heard == pytest.approx(_OWNER_HZ, abs=25)
    await rig.bridge.hang_up(call.attempt_id)
    tape = await phones.heard(OWNER.digits)
    assert _strongest(tape) == pytest.approx(_MIC_HZ, abs=10)

    # Muted, nothing of the microphone leaves the page.
    await page.evaluate(_MUTE_BUTTON)
    await page.locator('[data-key-name="mute"]').click()
    await _stands(page, "muted")
    await phones.tape(OWNER.digits)
    call = await rig.owner_in(_ROOM)
    await rig.until_connected(2)
    await phones.say_out(OWNER.digits, phones.sound("moment", silence(1.0)))
    await rig.bridge.hang_up(call.attempt_id)
    assert np.abs(await phones.heard(OWNER.digits)).max() < _SILENCE
    # The button goes with the call, and the mute with the button.
    await page.evaluate("document.querySelector('[data-key-name=mute]').remove()")
    await _stands(page, "in_room")

    # Loaded again, the old call is over at once, and the room rings the new page.
    await page.reload()
    await rig.until(lambda: _ROOM not in rig.rooms.seats(), "the old page has hung up")
    await _stands(page, "ready")
    await rig.rooms.seat(_ROOM, f"PJSIP/{_NAME}")
    await _stands(page, "in_room")

    # Another window takes the desk, and the phone with it.
    other = await page.context.new_page()
    await other.goto(page.url)
    await _stands(other, "ready")
    await _stands(page, "elsewhere")
    await rig.until(lambda: _ROOM not in rig.rooms.seats(), "the first window has hung up")


def _complaint(told: ConsoleMessage) -> list[str]:
    """Return what a browser complains of, such as a connection that its policy refuses."""
    return [told.text] if told.type in {"error", "warning"} else []


async def _stands(page: Page, state: str) -> None:
    await page.locator(f'#softphone[data-state="{state}"]').wait_for(state="attached")


def _strongest(samples: Samples) -> float:
    """Return the strongest frequency of a tape."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


async def test_the_doctor_says_whether_browsers_can_come_in(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = f"asterisk 127.0.0.1:{pair.dialer.ports.ami}, browsers"
    settings = pair.settings()
    found = [each for each in await examine_asterisk(settings, CLOCK) if each.subject == subject]
    assert [each.sound for each in found] == [True, False]
    assert "web-01 to web-02" in found[0].found
    assert "certificate that is not trusted" in found[1].found
    monkeypatch.setenv("SSL_CERT_FILE", pair.browsers.certificate)
    found = [each for each in await examine_asterisk(settings, CLOCK) if each.subject == subject]
    assert [each.sound for each in found] == [True, True]
