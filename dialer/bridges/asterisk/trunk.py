"""One trunk of the bridge: a server of the settings, its dialect and what it carries."""

from dataclasses import dataclass

from core.phone import PhoneNumber
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.lines import Server
from dialer.bridges.port import TrunkLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class Trunk:
    """Where calls of one name go; several trunks may hang on one server."""

    limits: TrunkLimits  # no channels while it drains
    server: Server
    dialect: Dialect
    caller_ids: CallerIds
    draining: bool = False
    shared: str = ""  # the shared folder as the server sees it

    @property
    def name(self) -> str:
        """The name calls are ordered by."""
        return self.limits.name

    def dial_string(self, to: PhoneNumber) -> str:
        """Return what Asterisk is to dial; see `Dialect.dial_string`."""
        return self.dialect.dial_string(to)
