"""The Asterisks of the settings: entries that share a manager interface are one place."""

from dataclasses import dataclass

from core.errors import OwnerlineError
from core.settings_model import AsteriskServer, AsteriskSettings


class PlaceUnknownError(OwnerlineError):
    """Which Asterisk the files are for is not clear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One Asterisk: all entries of the settings that share its manager interface."""

    host: str
    port: int
    servers: tuple[AsteriskServer, ...]

    def __str__(self) -> str:
        """Return host:port."""
        return f"{self.host}:{self.port}"


def places(settings: AsteriskSettings) -> tuple[Place, ...]:
    """Return each Asterisk of the settings in their order; one on loopback if they name none."""
    servers = settings.servers or (AsteriskServer(name="a"),)
    at = {(server.host, server.port): None for server in servers}
    return tuple(
        Place(
            host=host,
            port=port,
            servers=tuple(each for each in servers if (each.host, each.port) == (host, port)),
        )
        for host, port in at
    )


def place_of(settings: AsteriskSettings, server: str | None) -> Place:
    """Return the Asterisk that a server of the settings names; None: the only one.

    Raises:
        PlaceUnknownError: there is none of that name, or several and no name.
    """
    found = places(settings)
    names = ", ".join(each.name for place in found for each in place.servers)
    if server is None:
        if len(found) == 1:
            return found[0]
        message = f"the settings have {len(found)} Asterisk servers ({names}); name one: --server"
        raise PlaceUnknownError(message)
    for place in found:
        if any(each.name == server for each in place.servers):
            return place
    message = f"the settings have no Asterisk server {server!r}, only {names}"
    raise PlaceUnknownError(message)
