"""What `ownerline doctor` asks an Asterisk: version, our rights, modules, dialplan, trunks."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.errors import OwnerlineError
from core.settings_model import AsteriskServer, Settings
from dialer.bridges.asterisk.ami import Connection
from dialer.bridges.asterisk.dialplan import read_dialplan, told_steps
from dialer.bridges.asterisk.lines import ManagerEvent, ManagerRefusedError
from dialer.bridges.asterisk.places import Place
from dialer.bridges.asterisk.snippets import (
    endpoint_of,
    render_dialplan,
    required_modules,
)
from ownerline.finding import Finding

KNOWN = range(18, 23)
_VERSION = re.compile(r"(?:certified[/-]|GIT-)?(?P<major>\d+)[.-]")
_BOOTED_WITHIN_S = 10.0
_APART_S = 2.0
_NO_CHANNEL = "ownerline-doctor-none"
# One action for each class of rights that does nothing: what it names is not there.
_HARMLESS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "system": ("MixMonitor", {"Channel": _NO_CHANNEL}),
    "call": (
        "Redirect",
        {"Channel": _NO_CHANNEL, "Context": "ownerline", "Exten": "bye", "Priority": "1"},
    ),
    "originate": ("Originate", {}),
    "reporting": ("ConfbridgeList", {"Conference": _NO_CHANNEL}),
    "user": ("UserEvent", {"UserEvent": "OwnerlineDoctor", "About": "rights"}),
}
_NOT_ASKED = frozenset({"NonQualified", "Unknown", "Created"})
_ASKED_WITHIN_S = 6.0  # a contact has three seconds to answer
_INBOUND = "ownerline-inbound"


class NotLookedAtError(OwnerlineError):
    """The rest was not looked at: mend that first."""

    def __init__(self) -> None:
        super().__init__("the rest was not looked at: mend that first")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """One Asterisk that has let us in, and what it has told since."""

    place: Place
    settings: Settings
    connection: Connection
    clock: Clock
    told: list[ManagerEvent]
    came: asyncio.Event

    @property
    def subject(self) -> str:
        """What findings on this Asterisk are about."""
        return f"asterisk {self.place}"

    def finding(self, about: str, found: str, *, sound: bool = True) -> Finding:
        """Return a finding on this Asterisk."""
        return Finding(subject=f"{self.subject}, {about}", found=found, sound=sound)

    async def all(self) -> AsyncIterator[Finding]:
        """Look at everything that is only asked for.

        Raises:
            NotLookedAtError: without what was found missing, the rest cannot be told.
        """
        yield await self._booted()
        rights = await self._rights()
        yield rights
        if not rights.sound:
            raise NotLookedAtError
        yield await self._version()
        yield await self._apart()
        yield await self._modules()
        for server in self.place.servers:
            async for each in self._trunk(server):
                yield each
        async for each in self._registrations():
            yield each
        dialplan = await self._dialplan()
        yield dialplan
        if not dialplan.sound:
            raise NotLookedAtError

    async def heard(
        self, wanted: Callable[[ManagerEvent], bool], *, within_s: float
    ) -> ManagerEvent | None:
        """Return the first event that is wanted, told already or within the time; None: none."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self.came.clear()
                    if found := next((each for each in self.told if wanted(each)), None):
                        return found
                    await self.came.wait()
        except TimeoutError:
            return None

    async def _booted(self) -> Finding:
        booted = await self.heard(lambda e: e.name == "FullyBooted", within_s=_BOOTED_WITHIN_S)
        if booted is None:
            found = (
                f"it does not say within {_BOOTED_WITHIN_S:.0f} s that it has booted: wait, or "
                "give our user read = system (ownerline/manager.conf)"
            )
            return self.finding("login", found, sound=False)
        user = self.place.servers[0].username
        return self.finding("login", f"user {user!r} is let in, and it has booted")

    async def _version(self) -> Finding:
        answer = await self.connection.act("CoreSettings", {}, variables={}, within_s=5.0)
        version = answer.get("AsteriskVersion", "")
        found = _VERSION.match(version)
        if found is not None and int(found["major"]) in KNOWN:
            return self.finding("version", version)
        wanted = f"{version or 'unknown'}: Ownerline is tried with {KNOWN[0]} to {KNOWN[-1]}"
        return self.finding("version", f"{wanted}; install one of these", sound=False)

    async def _rights(self) -> Finding:
        lacking = [f"write = {name}" for name in _HARMLESS if not await self._may(name)]
        heard = await self.heard(lambda e: e.get("About") == "rights", within_s=1.0)
        if heard is None and "write = user" not in lacking:
            lacking.append("read = user")
        if not lacking:
            return self.finding("rights", "all that is needed")
        found = (
            f"our user lacks {', '.join(lacking)}: include ownerline/manager.conf, which has "
            "them, and say `manager reload`"
        )
        return self.finding("rights", found, sound=False)

    async def _may(self, name: str) -> bool:
        action, headers = _HARMLESS[name]
        try:
            await self.connection.act(action, headers, variables={}, within_s=5.0)
        except ManagerRefusedError as err:
            return "permission denied" not in str(err).lower()
        return True

    async def _modules(self) -> Finding:
        missing = [name for name in required_modules() if not await self.has_module(name)]
        if not missing:
            return self.finding("modules", f"all {len(required_modules())} are loaded")
        found = (
            f"not loaded: {', '.join(missing)}; load them in modules.conf (package "
            "asterisk-modules), what for says modules.txt"
        )
        return self.finding("modules", found, sound=False)

    async def has_module(self, module: str) -> bool:
        """Say whether a module is loaded."""
        try:
            await self.connection.act("ModuleCheck", {"Module": module}, variables={}, within_s=5.0)
        except ManagerRefusedError:
            return False
        return True

    async def _dialplan(self) -> Finding:
        missing, others = [], []
        ours = read_dialplan(render_dialplan(self.settings, self.place))
        for context, steps in ours.items():
            try:
                entries = await self.connection.ask_list("ShowDialPlan", {"Context": context})
            except ManagerRefusedError:
                missing.append(context)
                continue
            theirs = told_steps(entries)
            lacking = {each.extension for each in steps} - {each.extension for each in theirs}
            missing += [f"{context},{extension}" for extension in sorted(lacking)]
            if not lacking and theirs != steps:
                others.append(context)
        if missing:
            found = (
                f"not there: {', '.join(missing)}; include ownerline/extensions.conf at the end "
                "of extensions.conf and say `dialplan reload`"
            )
            return self.finding("dialplan", found, sound=False)
        if others:
            found = (
                f"{', '.join(others)} differ from what this version writes with these settings; "
                "unless that is meant: `ownerline asterisk config`, `dialplan reload`"
            )
            return self.finding("dialplan", found)
        return self.finding("dialplan", f"all {len(ours)} contexts, as written")

    async def _trunk(self, server: AsteriskServer) -> AsyncIterator[Finding]:
        about = f"trunk {server.name}"
        endpoint = endpoint_of(server.dial)
        if endpoint is None:
            yield self.finding(about, f"{server.dial} is not of PJSIP and was not looked at")
            return
        try:
            told = await self._endpoint(endpoint)
        except ManagerRefusedError:
            found = f"there is no endpoint {endpoint!r}: pjsip.conf must have it (docs/asterisk.md)"
            yield self.finding(about, found, sound=False)
            return
        yield self._contact(about, endpoint, told)
        context = next((e.get("Context") for e in told if e.name == "EndpointDetail"), "")
        if context != _INBOUND:
            found = f"who rings back comes to the context {context!r}, not to {_INBOUND!r}"
            yield self.finding(about, f"{found}; let its extension Goto there, if that is meant")

    async def _endpoint(self, endpoint: str) -> list[ManagerEvent]:
        """Return what is told of an endpoint; one that was not asked yet is asked now."""
        asked = {"Endpoint": endpoint}
        told = await self.connection.ask_list("PJSIPShowEndpoint", asked)
        if not any(each.get("Status") in _NOT_ASKED for each in told):
            return told
        aors = {
            each.get("ObjectName")
            for each in told
            if each.name == "AorDetail" and each.get("QualifyFrequency") not in {"", "0"}
        }
        if not aors:
            return told
        await self.connection.act("PJSIPQualify", asked, variables={}, within_s=5.0)
        await self.heard(
            lambda e: e.name == "ContactStatus" and e.get("AOR") in aors, within_s=_ASKED_WITHIN_S
        )
        return await self.connection.ask_list("PJSIPShowEndpoint", asked)

    def _contact(self, about: str, endpoint: str, told: list[ManagerEvent]) -> Finding:
        states = {
            each.get("URI"): each.get("Status")
            for each in told
            if each.name == "ContactStatusDetail"
        }
        shown = ", ".join(f"{uri} {status}" for uri, status in states.items())
        if "Reachable" in states.values():
            return self.finding(about, shown)
        if not states:
            mend = f"{endpoint!r} has no contact: its aor needs contact = sip:CARRIER"
        elif set(states.values()) <= _NOT_ASKED:
            mend = (
                f"{shown}: whether it lives is not known; set qualify_frequency = 30 in its aor, "
                "or a dead trunk is noticed after 32 s a call"
            )
        else:
            mend = (
                f"{shown}: it does not answer OPTIONS; compare address and port with the "
                "carrier's, and open the firewall for SIP"
            )
        return self.finding(about, mend, sound=False)

    async def _registrations(self) -> AsyncIterator[Finding]:
        try:
            told = await self.connection.ask_list("PJSIPShowRegistrationsOutbound", {})
        except ManagerRefusedError:  # res_pjsip_outbound_registration lacks, which is told already
            return
        for each in told:
            if each.name == "OutboundRegistrationDetail" and each.get("Status") != "Registered":
                found = (
                    f"{each.get('ObjectName')} is {each.get('Status')} at {each.get('ServerUri')}: "
                    "compare user, password and server_uri with the carrier's; right after a "
                    "start it may take ten seconds"
                )
                yield self.finding("registration", found, sound=False)

    async def _apart(self) -> Finding:
        before = self.clock.now()
        answer = await self.connection.act("Ping", {}, variables={}, within_s=5.0)
        after = self.clock.now()
        try:
            theirs = float(answer.get("Timestamp", ""))
        except ValueError:
            return self.finding("clock", "it does not tell its time")
        off = max(before.timestamp() - theirs, theirs - after.timestamp(), 0.0)
        if off <= _APART_S:
            return self.finding("clock", f"within {off:.1f} s of ours")
        found = f"{off:.0f} s from ours: let both machines follow NTP"
        return self.finding("clock", found, sound=False)
