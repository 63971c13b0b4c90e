"""What `ownerline asterisk config` writes loads on a real Asterisk, and `doctor` knows when not."""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.settings_model import AsteriskServer, Settings
from dialer.bridges.asterisk.dialplan import read_dialplan, told_steps
from dialer.bridges.asterisk.lines import ManagerEvent
from dialer.bridges.asterisk.places import place_of
from dialer.bridges.asterisk.snippets import FOLDER, render_dialplan
from ownerline.asterisk_doctor import examine_asterisk
from ownerline.finding import Finding
from tests.asterisk.kit.install import Asterisk
from tests.asterisk.kit.instance import WATCHER, Instance, free_ports
from tests.asterisk.kit.manager import Manager, ManagerSaidNoError, manager_at
from tests.asterisk.kit.pair import DIAL, SECRET, Pair, dialer_instance

NEEDED = {
    "Originate": "originate",
    "Redirect": "call",
    "Hangup": "call",
    "Setvar": "call",
    "Getvar": "call",
    "MixMonitor": "system",
    "MixMonitorMute": "call",
    "StopMixMonitor": "call",
    "ConfbridgeKick": "call",
    "ConfbridgeMute": "call",
    "ConfbridgeUnmute": "call",
    "ConfbridgeList": "reporting",
    "CoreShowChannels": "reporting",
    "CoreSettings": "reporting",
    "Status": "call",
    "DBPut": "system",
    "DBDel": "system",
    "DBGet": "reporting",
    "DBGetTree": "reporting",
    "UserEvent": "user",
    "ModuleCheck": "system",
    "ShowDialPlan": "reporting",
    "PJSIPShowEndpoint": "system",
}
REFUSED = ("Command", "AGI", "UpdateConfig", "CreateConfig", "MessageSend")


class Own:
    """The Asterisk, and an installation on it."""

    def __init__(self, instance: Instance, shared: Path) -> None:
        self.instance = instance
        self.shared = shared

    def settings(self, *, agi_advertise: str | None = None, **changes: object) -> Settings:
        """Return the settings of the installation, its server changed."""
        server = {"name": "a", "port": self.instance.ports.ami, "secret": SECRET, "dial": DIAL}
        return Settings(
            bridge="asterisk",
            asterisk={
                "agi_listen": "127.0.0.1:0",
                "agi_advertise": agi_advertise,
                "shared_folder": self.shared,
                "servers": (AsteriskServer.model_validate(server | changes),),
            },
        )

    async def wrong(self, **changes: object) -> dict[str, str]:
        """Return what `doctor` finds wrong, by subject without the address."""
        settings = self.settings(**changes)  # type: ignore[arg-type]  # changes are few
        return _wrong(await examine_asterisk(settings, SystemClock()))

    def etc(self, name: str) -> Path:
        """Return a file of Ownerline's beside Asterisk's own."""
        return self.instance.folder / "etc" / FOLDER / name


def _wrong(findings: list[Finding]) -> dict[str, str]:
    return {
        each.subject.partition(", ")[2] or "asterisk": each.found
        for each in findings
        if not each.sound
    }


@pytest.fixture(scope="module")
def own(asterisk: Asterisk, pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """An Asterisk of these tests alone, which they may break and mend."""
    shared = tmp_path_factory.mktemp("own")
    (shared / "hold").mkdir()
    for name in ("sorry.wav", "hold/music.wav"):
        (shared / name).write_bytes((pair.shared / name).read_bytes())
    instance = dialer_instance(
        asterisk,
        ports=free_ports(taken={pair.sipp_port}),
        phones=pair.phones.ports.sip,
        sipp=pair.sipp_port,
        shared=shared,
    )
    instance.start()
    yield Own(instance, shared)
    instance.remove()


def test_everything_loads_without_a_complaint(own: Own) -> None:
    own.instance.restart()
    assert own.instance.complaints() == []


async def test_rooms_lack_no_module_that_they_use(own: Own) -> None:
    await own.wrong()  # enters them
    assert own.instance.complaints() == []


async def test_asterisk_has_the_dialplan_as_we_read_it(own: Own) -> None:
    settings = own.settings()
    plan = read_dialplan(render_dialplan(settings, place_of(settings.asterisk, None)))
    assert "ownerline" in plan
    async with _watching(own) as watcher:
        for context, steps in plan.items():
            assert await _shown(watcher, context) == steps


async def test_the_manager_user_may_do_what_is_needed_and_no_more(own: Own) -> None:
    async with manager_at(own.instance.ports.ami, username="ownerline", secret=SECRET) as manager:
        for action in NEEDED:
            assert "denied" not in await _answer(manager, action), action
        for action in REFUSED:
            assert "denied" in await _answer(manager, action), action


@pytest.mark.parametrize("left_out", ["system", "call", "originate", "reporting", "user"])
async def test_every_right_of_the_manager_user_is_needed(own: Own, left_out: str) -> None:
    manager_conf = own.etc("manager.conf")
    written = manager_conf.read_text()
    line = next(line for line in written.splitlines() if line.startswith("write = "))
    rights = [each for each in line.removeprefix("write = ").split(",") if each != left_out]
    manager_conf.write_text(written.replace(line, f"write = {','.join(rights)}"))
    try:
        await _reload(own, "manager reload")
        async with manager_at(
            own.instance.ports.ami, username="ownerline", secret=SECRET
        ) as manager:
            denied = {action for action in NEEDED if "denied" in await _answer(manager, action)}
        assert denied, f"nothing needs {left_out}"
        assert denied <= {action for action, right in NEEDED.items() if right == left_out}
        wrong = await own.wrong()
        assert f"write = {left_out}" in wrong["rights"]
    finally:
        manager_conf.write_text(written)
        await _reload(own, "manager reload")


async def test_doctor_finds_a_sound_asterisk_sound(own: Own) -> None:
    findings = await examine_asterisk(own.settings(), SystemClock())
    assert _wrong(findings) == {}
    assert {each.subject.partition(", ")[2] for each in findings} >= {
        *("login", "rights", "version", "clock", "modules", "trunk a", "dialplan"),
        *("room of ownerline_owner", "music on hold", "shared folder", "recordings"),
        "way to the dialer",
    }
    assert list((own.shared / "recordings").iterdir()) == []


async def test_doctor_rings_nobody(own: Own) -> None:
    async with _watching(own) as watcher:
        channels: list[str] = []
        watcher.listen(
            lambda event: (
                channels.append(event["Channel"]) if event["Event"] == "Newchannel" else None
            )
        )
        await examine_asterisk(own.settings(), SystemClock())
        await watcher.act("Ping")
    assert channels
    assert all(channel.startswith("Local/") for channel in channels)


SETTINGS_WRONG = {
    "no secret": ({"secret": None}, "asterisk", "secret_file"),
    "no number dialled": ({"dial": "PJSIP/12345@phones"}, "asterisk", "{digits}"),
    "a wrong secret": ({"secret": "another-secret"}, "asterisk", "manager.conf"),
    "nobody listens": ({"port": 9}, "asterisk", "does not answer"),
    "no such endpoint": ({"dial": "PJSIP/{digits}@nosuch"}, "trunk a", "'nosuch'"),
    "a dead trunk": ({"dial": "PJSIP/{digits}@unavailable"}, "trunk a", "Unreachable"),
    "a trunk nobody asks": ({"dial": "PJSIP/{digits}@nowhere"}, "trunk a", "qualify_frequency"),
    "no way to us": ({"agi_advertise": "127.0.0.1:9"}, "way to the dialer", "agi_advertise"),
}


@pytest.mark.parametrize(
    ("changes", "subject", "mend"), SETTINGS_WRONG.values(), ids=SETTINGS_WRONG
)
async def test_doctor_names_what_is_wrong_with_the_settings(
    own: Own, changes: dict[str, object], subject: str, mend: str
) -> None:
    if subject == "trunk a":
        await asyncio.to_thread(_until_qualified, own)
    wrong = await own.wrong(**changes)
    assert list(wrong) == [subject]
    assert mend in wrong[subject]


BROKEN = {
    "a module": (
        "module unload app_amd.so",
        "module load app_amd.so",
        {"modules": "app_amd"},
    ),
    "the dialplan": (
        "dialplan remove context ownerline-floor",
        "dialplan reload",
        {"dialplan": "ownerline-floor", "asterisk": "mend that first"},
    ),
    "an extension": (
        "dialplan remove extension hold@ownerline",
        "dialplan reload",
        {"dialplan": "ownerline,hold", "asterisk": "mend that first"},
    ),
}


@pytest.mark.parametrize(("break_it", "mend_it", "expected"), BROKEN.values(), ids=BROKEN)
async def test_doctor_names_what_an_asterisk_lacks(
    own: Own, break_it: str, mend_it: str, expected: dict[str, str]
) -> None:
    own.instance.say(break_it)
    try:
        wrong = await own.wrong()
    finally:
        own.instance.say(mend_it)
    assert wrong.keys() == expected.keys()
    assert all(words in wrong[subject] for subject, words in expected.items())


async def test_doctor_enters_rooms_and_listens_to_music(own: Own) -> None:
    kept = {name: own.etc(name).read_text() for name in ("confbridge.conf", "musiconhold.conf")}
    try:
        own.etc("confbridge.conf").write_text(
            kept["confbridge.conf"].replace("[ownerline_owner]", "[somebody]")
        )
        own.etc("musiconhold.conf").write_text(
            kept["musiconhold.conf"].replace("[ownerline]", "[somebody]")
        )
        await _reload(own, "module reload app_confbridge.so")
        await _reload(own, "moh reload")
        wrong = await own.wrong()
    finally:
        for name, text in kept.items():
            own.etc(name).write_text(text)
        await _reload(own, "module reload app_confbridge.so")
        await _reload(own, "moh reload")
    assert wrong.keys() == {"room of ownerline_owner", "music on hold"}


async def test_doctor_notices_that_the_folder_is_not_shared(own: Own, tmp_path: Path) -> None:
    settings = own.settings()
    elsewhere = settings.asterisk.model_copy(update={"shared_folder": tmp_path})
    findings = await examine_asterisk(
        settings.model_copy(update={"asterisk": elsewhere}), SystemClock()
    )
    assert _wrong(findings).keys() == {"shared folder", "recordings"}


async def _answer(manager: Manager, action: str) -> str:
    headers = {"Channel": "none", "Conference": "none", "Module": "none", "UserEvent": "Trial"}
    headers |= {"Family": "none", "Key": "none", "Val": "none", "Variable": "NONE", "Value": "1"}
    headers |= {"Context": "none", "Exten": "none", "Priority": "1", "Endpoint": "none"}
    try:
        await manager.act(action, **headers)
    except ManagerSaidNoError as err:
        return str(err)
    return "done"


async def _shown(watcher: Manager, context: str) -> frozenset[object]:
    told: list[ManagerEvent] = []
    over = asyncio.Event()

    def hear(event: dict[str, str]) -> None:
        told.append(ManagerEvent(name=event["Event"], headers=event))
        if event["Event"] == "ShowDialPlanComplete":
            over.set()

    watcher.listen(hear)
    await watcher.act("ShowDialPlan", Context=context)
    async with asyncio.timeout(5):
        await over.wait()
    return frozenset(told_steps(each for each in told if each.get("Context") == context))


def _watching(own: Own) -> contextlib.AbstractAsyncContextManager[Manager]:
    return manager_at(own.instance.ports.ami, username=WATCHER, secret=WATCHER)


async def _reload(own: Own, command: str) -> None:
    await asyncio.to_thread(own.instance.say, command)


def _until_qualified(own: Own) -> None:
    """Wait until Asterisk knows of each trunk whether it lives: it asks within seconds."""
    until = time.monotonic() + 10
    while re.search(r"Contact: +unavailable/\S+ +\S+ +(Unavail)", _contacts(own)) is None:
        assert time.monotonic() < until, _contacts(own)


def _contacts(own: Own) -> str:
    return own.instance.say("pjsip show contacts")
