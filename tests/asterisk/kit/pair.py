"""Ownerline's Asterisk and the phones' side by side, set up with what Ownerline itself writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.settings_model import AsteriskBrowsers, AsteriskServer, Settings
from dialer.bridges.asterisk.snippets import FOLDER, render_snippets
from tests.asterisk.kit.install import Asterisk
from tests.asterisk.kit.instance import Instance, Ports, free_ports
from tests.asterisk.kit.sounds import make_phone_sounds, silence, speech, tone, write_wav

SECRET = "a-secret-of-the-tests"
AGENTS = tuple(f"agent-{n}" for n in range(1, 9))
TRUNK = "a"
DIAL = "PJSIP/{digits}@phones"  # or @sipp, @nowhere, @unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Both instances; `shared` is the folder of audio that dialer and Asterisk see alike."""

    dialer: Instance
    phones: Instance
    sipp_port: int
    shared: Path
    browsers: AsteriskBrowsers = field(default_factory=AsteriskBrowsers)

    def server(self, **changes: Any) -> AsteriskServer:
        """Return the settings of the trunk to the phones, or of one that is like it."""
        plain: dict[str, Any] = {
            "name": TRUNK,
            "port": self.dialer.ports.ami,
            "secret": SECRET,
            "dial": DIAL,
            "channels": 200,
            "calls_per_second": 50,
        }
        return AsteriskServer(**plain | changes)

    def settings(
        self, *servers: AsteriskServer, asterisk: Mapping[str, Any] | None = None, **changes: Any
    ) -> Settings:
        """Return settings of an installation on this Asterisk; None named: one server."""
        table = {
            "agi_listen": "127.0.0.1:0",
            "caller_id": "075512345678",
            "shared_folder": self.shared,
            "browsers": self.browsers,
            "servers": servers or (self.server(),),
            **(asterisk or {}),
        }
        return Settings(bridge="asterisk", asterisk=table, **changes)

    def say_little(self) -> None:
        """Let what this Asterisk says by itself be short: a dialer in service leaves its own."""
        write_wav(self.shared / "sorry.wav", speech(1.0, seed=3))

    def remove(self) -> None:
        """Stop both and remove their folders."""
        self.dialer.remove()
        self.phones.remove()


def start_pair(
    asterisk: Asterisk, *, shared: Path, browsers: AsteriskBrowsers | None = None
) -> Pair:
    """Start both; `shared` is filled with what Asterisk itself plays."""
    browsers = browsers or AsteriskBrowsers()
    taken: set[int] = set()
    dialer, phones = free_ports(taken=taken), free_ports(taken=taken)
    sipp = free_ports(taken=taken).sip
    write_wav(shared / "hold/music.wav", tone(300, 9))
    pair = Pair(
        dialer=dialer_instance(
            asterisk,
            ports=dialer,
            phones=phones.sip,
            sipp=sipp,
            shared=shared,
            browsers=browsers,
        ),
        phones=_phones_instance(asterisk, ports=phones, dialer=dialer.sip),
        sipp_port=sipp,
        shared=shared,
        browsers=browsers,
    )
    pair.say_little()
    try:
        pair.phones.start()
        pair.dialer.start()
    except BaseException:  # a process may be up
        pair.remove()
        raise
    return pair


def dialer_instance(
    asterisk: Asterisk,
    *,
    ports: Ports,
    phones: int,
    sipp: int,
    shared: Path,
    browsers: AsteriskBrowsers | None = None,
) -> Instance:
    """Return an Asterisk as an administrator sets it up for Ownerline, not yet started."""
    server = AsteriskServer(name=TRUNK, port=ports.ami, secret=SECRET, dial=DIAL)
    browsers = browsers or AsteriskBrowsers()
    table = {"shared_folder": shared, "servers": (server,), "browsers": browsers}
    snippets = render_snippets(Settings(bridge="asterisk", asterisk=table))
    return Instance(
        asterisk=asterisk,
        role="dialer",
        ports=ports,
        values={"phones": phones, "sipp": sipp, "agents": AGENTS},
        extra={f"{FOLDER}/{name}": text for name, text in snippets.items()},
        with_browsers=bool(browsers.phones),
    )


def _phones_instance(asterisk: Asterisk, *, ports: Ports, dialer: int) -> Instance:
    instance = Instance(asterisk=asterisk, role="phones", ports=ports, values={}, extra={})
    sounds = instance.folder / "sounds"
    make_phone_sounds(sounds)
    write_wav(sounds / "moment.wav", silence(0.1))
    instance.values = {"dialer": dialer, "sounds": sounds}
    return instance
