"""The bridge's own book of calls, kept by each Asterisk in its database (decision 0029).

An entry is written ahead of each Originate, by the same thread of Asterisk, so that a call without
one was never placed. Entries lie in a family for each day, and whole days are forgotten together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from core.phone import PhoneNumber
from dialer.bridges.asterisk.lines import Asked, ManagerEvent, ManagerRefusedError, Server
from dialer.bridges.port import PlacedCall

# A backup older than this cannot be reconciled by asking.
KEPT_DAYS = 31
NOTES = "DBPut"
_FAMILY = "ownerline-calls-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A call as the book has it."""

    attempt_id: UUID
    to: PhoneNumber
    trunk: str
    placed_at: datetime

    def placed(self, *, ended_by: datetime) -> PlacedCall:
        """Return the call as the port tells it: of its end only the latest instant is known."""
        return PlacedCall(
            attempt_id=self.attempt_id,
            to=self.to,
            trunk=self.trunk,
            placed_at=self.placed_at,
            answered_at=None,
            ended_at=ended_by,
            result=None,
        )


def made_at(attempt_id: UUID) -> datetime:
    """Return the instant of a UUIDv7 (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((attempt_id.int >> 80) / 1000, tz=UTC)


def is_ours(channel_id: str) -> UUID | None:
    """Return the attempt of a channel id; None when it is no id of an attempt."""
    try:
        found = UUID(channel_id)
    except ValueError:
        return None
    return found if str(found) == channel_id and found.version == 7 else None  # noqa: PLR2004


def noted(entry: Entry) -> Asked:
    """Return the action that writes a call down."""
    value = f"{entry.placed_at.timestamp():.3f}:{entry.to.e164}:{entry.trunk}"
    key = {"Family": _family(made_at(entry.attempt_id).date()), "Key": str(entry.attempt_id)}
    return Asked(action=NOTES, headers={**key, "Val": value})


async def has(server: Server, attempt_id: UUID) -> bool:
    """Say whether the server was ever told to place a call; errors as `Server.act`."""
    key = {"Family": _family(made_at(attempt_id).date()), "Key": str(attempt_id)}
    try:
        return bool(await server.list("DBGet", key))
    except ManagerRefusedError as err:
        if "not found" in str(err):
            return False
        raise


async def since(server: Server, instant: datetime, *, now: datetime) -> list[Entry]:
    """Return what the server was told to place at or after the instant; errors as `Server.list`."""
    found: list[Entry] = []
    day = instant.astimezone(UTC).date()
    while day <= now.astimezone(UTC).date():
        try:
            rows = await server.list("DBGetTree", {"Family": _family(day)})
        except ManagerRefusedError as err:
            if "not found" not in str(err):
                raise
            rows = []
        found += [entry for entry in _read(rows) if entry.placed_at >= instant]
        day += timedelta(days=1)
    return found


async def forget_old(server: Server, *, now: datetime) -> None:
    """Drop the days that nobody asks about any more; errors as `Server.act`."""
    last = now.astimezone(UTC).date() - timedelta(days=KEPT_DAYS)
    for back in range(KEPT_DAYS):  # also those of a time when nobody was here to forget
        family = {"Family": _family(last - timedelta(days=back))}
        try:
            await server.act("DBDelTree", family)
        except ManagerRefusedError:  # nothing was placed on that day
            continue


def _family(day: date) -> str:
    return f"{_FAMILY}{day:%Y%m%d}"


def _read(rows: Iterable[ManagerEvent]) -> Iterable[Entry]:
    for row in rows:
        attempt_id = is_ours(row.get("Key").rpartition("/")[2])
        placed, _, rest = row.get("Val").partition(":")
        to, _, trunk = rest.partition(":")
        if attempt_id is not None and to:
            placed_at = datetime.fromtimestamp(float(placed), tz=UTC)
            yield Entry(attempt_id=attempt_id, to=PhoneNumber(to), trunk=trunk, placed_at=placed_at)
