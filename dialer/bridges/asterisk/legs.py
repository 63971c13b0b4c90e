"""The channels of our own side: agents' phones, who was invited, supervisors; told by their ids.

The ids are ours, so that a dialer that has just started knows every one of them by its name alone.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Part(StrEnum):
    """What a channel of ours is there for."""

    SEAT = "seat"
    GUEST = "guest"
    MONITOR = "monitor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One channel of ours; `channel` is Asterisk's own name of it, empty until it is told."""

    part: Part
    room: str
    place: str
    channel_id: str
    made: UUID  # orders the legs of a room: the id holds the time it was made
    call_id: UUID | None = None  # of a guest: the call they were invited to
    channel: str = ""
    in_room: bool = False  # it rings until then


def leg_id(part: Part, room: str, *, unique: UUID, call_id: UUID | None = None) -> str:
    """Return the channel id of a new leg."""
    words = [part.value, room, *([] if call_id is None else [call_id.hex]), unique.hex]
    return "-".join(words)


def read_leg(channel_id: str, place: str) -> Leg | None:
    """Return the leg of a channel id; None: the channel is none of ours."""
    word, _, rest = channel_id.partition("-")
    if word not in set(Part):
        return None
    part = Part(word)
    ids = 2 if part is Part.GUEST else 1
    room, *made = rest.rsplit("-", ids)
    try:
        uuids = [UUID(hex=each) for each in made]
    except ValueError:
        return None
    if len(uuids) != ids or not room:
        return None
    return Leg(
        part=part,
        room=room,
        place=place,
        channel_id=channel_id,
        made=uuids[-1],
        call_id=uuids[0] if part is Part.GUEST else None,
    )
