"""Links to take a recording away: for minutes, for one browser of one person, and no other."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from core.errors import OwnerlineError

LASTS = timedelta(minutes=5)

_FOR = b"ownerline recording "
_LONGEST_MARK = 64


class LinkExpiredError(OwnerlineError):
    """The link has expired; ask for a new one beside the recording."""


class LinkForgedError(OwnerlineError):
    """The link was not made for this browser and this recording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What stands in the address: until when, in seconds since 1970, and its maker's mark."""

    until: int
    mark: str

    @property
    def until_at(self) -> datetime:
        """When the link expires."""
        return datetime.fromtimestamp(self.until, tz=UTC)


def make_link(secret: str, recording_id: UUID, *, now: datetime) -> Link:
    """Return a link that whoever has the secret can use; the secret itself is not in it."""
    until = int((now + LASTS).timestamp())
    return Link(until=until, mark=_mark(secret, recording_id, until))


def check_link(secret: str, recording_id: UUID, link: Link, *, now: datetime) -> None:
    """See whether a link is good.

    Raises:
        LinkForgedError: another secret, recording or time made the mark.
        LinkExpiredError: its minutes are over.
    """
    right = _mark(secret, recording_id, link.until)
    if not hmac.compare_digest(right.encode(), link.mark[:_LONGEST_MARK].encode()):
        message = "this link was not made for you here; ask for one beside the recording"
        raise LinkForgedError(message)
    if now >= link.until_at or link.until_at > now + LASTS:
        minutes = int(LASTS.total_seconds() // 60)
        message = f"links last {minutes} minutes and this one is over; ask for a new one"
        raise LinkExpiredError(message)


def _mark(secret: str, recording_id: UUID, until: int) -> str:
    said = _FOR + recording_id.bytes + str(until).encode()
    return hmac.new(secret.encode(), said, sha256).hexdigest()
