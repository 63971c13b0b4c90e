"""What `ownerline doctor` tries on an Asterisk: rooms, music, the shared folder and the way to us.

Every trial runs over Local channels, which end inside Asterisk; no phone rings.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from core.settings_model import AsteriskSettings, Settings
from dialer.bridges.asterisk.audio_places import FOLDER
from dialer.bridges.asterisk.lines import ManagerEvent, ManagerRefusedError
from dialer.bridges.asterisk.places import Place
from dialer.bridges.asterisk.snippets import shared_path
from dialer.bridges.asterisk.values import UnsafeValueError
from ownerline.asterisk_checks import Checks
from ownerline.finding import Finding

_TRIED_WITHIN_S = 2.0
_REACHED_WITHIN_S = 8.0  # Asterisk itself gives a FastAGI connection two seconds
_LASTS_S = 8  # a channel that is left over ends by itself
_ROOMS = {
    "ownerline_agent": "Local/seat@ownerline-floor/n",
    "ownerline_owner": "Local/room@ownerline/n",
    "ownerline_caller": "Local/room@ownerline/n",
    "ownerline_guest": "Local/join@ownerline-floor/n",
}


@dataclass(kw_only=True)
class AgiDoor:
    """The address at which Asterisk reaches the dialer, held by us while none runs."""

    address: str
    is_ours: bool
    findings: list[Finding]
    visitors: set[str] = field(default_factory=set)  # the checks that came

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AsteriskSettings) -> AsyncIterator["AgiDoor"]:
        """Listen where the dialer would, for the block; who listens there already is left alone."""
        listen = settings.agi_listen
        host, _, port = listen.rpartition(":")
        door = cls(address=settings.agi_advertise or listen, is_ours=False, findings=[])
        try:
            server = await asyncio.start_server(door._meet, host or None, int(port))
        except (OSError, ValueError) as err:
            if getattr(err, "errno", None) != errno.EADDRINUSE:
                found = f"{listen} cannot be listened on: {err}; mend asterisk.agi_listen"
                door.findings.append(Finding(subject="agi_listen", found=found, sound=False))
            yield door
            return
        async with server:
            door.is_ours = True
            if door.address.endswith(":0"):  # any port: the dialer will have another than we
                bound = server.sockets[0].getsockname()[1]
                door.address = f"{door.address.removesuffix(':0')}:{bound}"
            yield door

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            # Whoever comes and says nothing of use is no visitor: the trial says what is missing.
            async with asyncio.timeout(_TRIED_WITHIN_S):
                header = (await reader.readuntil(b"\n\n")).decode("utf-8", "replace")
            for line in header.splitlines():
                name, _, value = line.partition(": ")
                if name == "agi_arg_1":
                    self.visitors.add(value)
        writer.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedFolder:
    """The folder of audio, as we and as one Asterisk see it."""

    settings: Settings
    place: Place
    ours: Path | None  # None: we cannot use it ourselves

    @property
    def theirs(self) -> str:
        """The folder as Asterisk sees it."""
        return shared_path(self.settings, self.place.servers[0])

    def file(self, check: str, of: str) -> Path:
        """Return where a check's file of ours or theirs lies."""
        return (self.ours or Path()) / FOLDER / f"doctor-{check}.{of}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trials:
    """Trials on one Asterisk."""

    checks: Checks
    shared: SharedFolder
    door: AgiDoor

    async def all(self) -> AsyncIterator[Finding]:
        """Try rooms, music, the shared folder and the way to the dialer."""
        rooms = (self._room(profile, channel) for profile, channel in _ROOMS.items())
        for each in await asyncio.gather(*rooms, self._music()):
            yield each
        async for each in self._look():
            yield each

    async def _room(self, profile: str, channel: str) -> Finding:
        room = f"ownerline-doctor-{uuid4().hex[:8]}"

        def joined(event: ManagerEvent) -> bool:
            return event.name == "ConfbridgeJoin" and event.get("Conference") == room

        given = {"OWNERLINE_INBOUND": "yes"} if profile == "ownerline_caller" else {}
        leg = await self._ring(channel, {"OWNERLINE_ROOM": room, **given})
        came = leg and await self.checks.heard(joined, within_s=_TRIED_WITHIN_S)
        await self._end(leg)
        if came:
            return self.checks.finding(f"room of {profile}", "can be entered")
        found = (
            f"cannot be entered: include ownerline/confbridge.conf, which has {profile} and "
            "ownerline_room, and say `module reload app_confbridge.so`"
        )
        return self.checks.finding(f"room of {profile}", found, sound=False)

    async def _music(self) -> Finding:
        leg = await self._ring("Local/hold@ownerline/n", {"OWNERLINE_MAX": str(_LASTS_S)})

        def plays(event: ManagerEvent) -> bool:
            ours = event.name == "MusicOnHoldStart" and event.get("Uniqueid") == f"{leg}-2"
            return ours and event.get("Class") == "ownerline"  # not what stands in for it

        heard = leg and await self.checks.heard(plays, within_s=_TRIED_WITHIN_S)
        await self._end(leg)
        if heard:
            return self.checks.finding("music on hold", "plays")
        found = (
            f"does not play: include ownerline/musiconhold.conf; {self.shared.theirs}/hold needs "
            "audio that Asterisk can read (`ownerline asterisk config` and dialers put it there); "
            "then touch musiconhold.conf, or nothing is looked at anew, and say `moh reload`"
        )
        return self.checks.finding("music on hold", found, sound=False)

    async def _look(self) -> AsyncIterator[Finding]:
        check = uuid4().hex[:16]
        ours, theirs = self.shared.file(check, "ours"), self.shared.file(check, "theirs")
        if self.shared.ours is not None:
            await asyncio.to_thread(_write, ours, check)
        try:
            given = {"OWNERLINE_CHECK": check, "OWNERLINE_AGI": self.door.address}
            leg = await self._ring("Local/look@ownerline-doctor/n", given)
            read = await self._told(check, "read") if leg else None
            written = await self._told(check, "written") if leg else None
            if self.shared.ours is not None:
                yield self._folder(read, check)
                yield self._writing(written, theirs=theirs)
            yield self._way(check, await self._told(check, "agi") if leg else None)
            await self._end(leg)
        finally:
            if self.shared.ours is not None:
                await asyncio.to_thread(_remove, ours, theirs)

    async def _told(self, check: str, about: str) -> str | None:
        event = await self.checks.heard(
            lambda e: e.get("Check") == check and e.get("About") == about,
            within_s=_REACHED_WITHIN_S,
        )
        return None if event is None else event.get("Found")

    def _folder(self, read: str | None, check: str) -> Finding:
        seen = f"{self.shared.ours}, there {self.shared.theirs}"
        if read == check:
            return self.checks.finding("shared folder", f"{seen}: what we write it reads")
        found = (
            f"{seen}: it does not read what we write there; let both be one folder, its `shared` "
            "in the settings say its name there, and Asterisk's user be in the folder's group"
        )
        return self.checks.finding("shared folder", found, sound=False)

    def _writing(self, written: str | None, *, theirs: Path) -> Finding:
        about = "recordings"
        if theirs.exists():
            return self.checks.finding(about, "what it writes we see")
        if written == "1":
            found = f"what it writes into {self.shared.theirs}/{FOLDER} does not come to us"
            return self.checks.finding(about, f"{found}: they are two folders", sound=False)
        found = (
            f"it cannot write into {self.shared.theirs}/{FOLDER}: give that folder the group of "
            "Asterisk's user, and mode 2770"
        )
        return self.checks.finding(about, found, sound=False)

    def _way(self, check: str, status: str | None) -> Finding:
        about, address = "way to the dialer", self.door.address
        if check in self.door.visitors:
            return self.checks.finding(about, f"it reaches us at {address}")
        if status not in {None, "", "FAILURE"} and not self.door.is_ours:
            return self.checks.finding(about, f"somebody answers it at {address}: a dialer runs")
        found = (
            f"it does not reach {address}: set asterisk.agi_advertise to the address by which it "
            "reaches this machine, agi_listen to one of this machine, and open the firewall"
        )
        return self.checks.finding(about, found, sound=False)

    async def _ring(self, channel: str, variables: Mapping[str, str]) -> str | None:
        """Begin a trial and return its channel; None: that was refused."""
        leg = f"ownerline-doctor-{uuid4().hex}"
        headers = {
            "Channel": channel,
            "Application": "Wait",
            "Data": str(_LASTS_S),
            "Timeout": str(_LASTS_S * 1000),
            "Async": "true",
            "ChannelId": leg,
            "OtherChannelId": f"{leg}-2",
        }
        try:
            await self.checks.connection.act(
                "Originate", headers, variables=variables, within_s=_TRIED_WITHIN_S
            )
        except (ManagerRefusedError, UnsafeValueError):  # the finding says what was not possible
            return None
        return leg

    async def _end(self, leg: str | None) -> None:
        if leg is None:
            return
        with suppress(ManagerRefusedError):  # it has ended already
            await self.checks.connection.act(
                "Hangup", {"Channel": leg}, variables={}, within_s=_TRIED_WITHIN_S
            )


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
