"""The bridge to the Asterisk servers of the settings, with every part that plugs into it."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from core.clock import Clock
from core.errors import OwnerlineError
from core.settings_model import AsteriskServer, Settings
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.ami import Account
from dialer.bridges.asterisk.announcements import make_early_media
from dialer.bridges.asterisk.announcing import announce_by
from dialer.bridges.asterisk.arrivals import Arrivals
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.recording import Recorder
from dialer.bridges.asterisk.rooms import AsteriskRooms
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.snippets import shared_path
from dialer.bridges.asterisk.sounds import Sounds
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.asterisk.values import Kind, safe
from dialer.bridges.port import Bridge, TrunkLimits
from dialer.inbound.plan import language_of_region
from ownerline.jobs.retention import tidy_speech
from ownerline.runtime import Runtime
from scripts.speech.speaker import make_speaker


class AsteriskSettingsError(OwnerlineError):
    """The settings of [asterisk] do not name servers that could ring anybody."""


@contextlib.asynccontextmanager
async def asterisk_bridge(runtime: Runtime, *, speaks: bool = True) -> AsyncIterator[Bridge]:
    """Hold the bridge of the settings for the block; its user starts and closes it.

    `speaks` gives it talks, rooms and recordings; without them it can only ask about calls, and
    hang them up.

    Raises:
        AsteriskSettingsError: no server is named, or one that cannot be.
        DialError: a trunk's `dial` cannot be used.
        SpeechError: nothing can be spoken, or the shared folder cannot be written.
    """
    trunks, servers = trunks_of(runtime.settings, runtime.clock)
    if not speaks:
        yield AsteriskBridge(trunks, servers, clock=runtime.clock)
        return
    settings = runtime.settings
    asterisk = settings.asterisk
    folder = asterisk.shared_folder or settings.home / "asterisk"
    speaker = await asyncio.to_thread(make_speaker, settings, settings.home)
    try:
        # Retention runs on a worker's machine, which may be another.
        await asyncio.to_thread(tidy_speech, settings, now=runtime.clock.now())
        sounds = Sounds(speaker, folder=folder)
        await sounds.start()
        recorder = Recorder(
            ids=runtime.ids,
            folder=folder,
            agent_calls=settings.recording.agent_calls,
            announcement=announce_by(sounds),
        )
        rooms = AsteriskRooms(ids=runtime.ids, recordings=recorder)
        talks = AsteriskTalks(
            clock=runtime.clock,
            sounds=sounds,
            ids=runtime.ids,
            folder=folder,
            listen=asterisk.agi_listen,
            advertise=asterisk.agi_advertise,
            rooms=rooms,
            recordings=recorder,
            detects=asterisk.detect_machines,
        )
        early = make_early_media(settings)
        yield AsteriskBridge(
            trunks,
            servers,
            clock=runtime.clock,
            talks=talks,
            rooms=rooms,
            arrivals=Arrivals(
                ids=runtime.ids,
                reach=talks,
                region=settings.region,
                language=language_of_region(settings.region),
            ),
            recorder=recorder,
            others=() if early is None else (early,),
        )
    finally:
        await speaker.close()


def trunks_of(
    settings: Settings, clock: Clock
) -> tuple[tuple[Trunk, ...], tuple[ManagedServer, ...]]:
    """Return the trunks of the settings and their servers; those of one host:port share a server.

    Raises:
        AsteriskSettingsError: no server is named, or one that cannot be.
        DialError: a trunk's `dial` cannot be used.
    """
    named = _checked(settings)
    servers: dict[str, ManagedServer] = {}
    trunks = []
    for each in named:
        account = _account(each)
        server = servers.setdefault(
            account.place, ManagedServer(account, name=each.name, clock=clock)
        )
        trunks.append(_trunk(settings, each, server))
    return tuple(trunks), tuple(servers.values())


def _checked(settings: Settings) -> tuple[AsteriskServer, ...]:
    servers = settings.asterisk.servers
    if not servers:
        message = (
            'bridge = "asterisk" and no server is named; add [[asterisk.servers]] with name, '
            "username, secret_file and dial to ownerline.toml (docs/asterisk.md)"
        )
        raise AsteriskSettingsError(message)
    twice = [name for name, count in Counter(each.name for each in servers).items() if count > 1]
    if twice:
        message = f"[[asterisk.servers]] names {', '.join(twice)} twice; a name is one server's"
        raise AsteriskSettingsError(message)
    logins: dict[str, Account] = {}
    for each in servers:
        safe(Kind.TRUNK, each.name)
        account = _account(each)
        if logins.setdefault(account.place, account) != account:
            message = (
                f"several trunks hang on {account.place} with different users or secrets; they "
                f"share one connection: give {each.name} the same"
            )
            raise AsteriskSettingsError(message)
    return servers


def _account(server: AsteriskServer) -> Account:
    if server.secret is None or not server.secret.get_secret_value():
        message = (
            f"server {server.name} has no secret; name the file that holds it in secret_file of "
            "its [[asterisk.servers]]"
        )
        raise AsteriskSettingsError(message)
    return Account(
        host=server.host,
        port=server.port,
        username=server.username,
        secret=server.secret.get_secret_value(),
    )


def _trunk(settings: Settings, named: AsteriskServer, server: ManagedServer) -> Trunk:
    return Trunk(
        limits=TrunkLimits(
            name=named.name,
            channels=0 if named.draining else named.channels,
            calls_per_second=named.calls_per_second,
            caller_id=named.caller_id or "",
            place=server.place,
        ),
        server=server,
        dialect=Dialect.read(
            named.dial,
            region=settings.region,
            home_area=named.home_area,
            out_of_town_prefix=named.out_of_town_prefix,
        ),
        caller_ids=CallerIds(by_community=named.caller_ids, trunk=named.caller_id),
        draining=named.draining,
        shared=shared_path(settings, named),
    )
