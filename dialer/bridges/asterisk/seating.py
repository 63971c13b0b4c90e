"""Who sits where, as the servers tell it: a book of our own channels, without a wire."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from dialer.bridges.asterisk.legs import Leg, Part
from dialer.bridges.floor import PhoneTrouble

# Q.850 causes. A phone that rang and was not picked up says the same as one that is not there.
_TROUBLES = {17: PhoneTrouble.BUSY, 21: PhoneTrouble.REJECTED}


class Seating:
    """The legs that are up, and where owners' calls are."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}
        self._gone: set[str] = set()  # while a list is being read: it may still name them
        self._reading = 0
        self._troubles: dict[str, tuple[str, PhoneTrouble]] = {}  # by room, with the channel's id
        self._calls: dict[UUID, str] = {}

    # What is known.

    def seats(self, is_known: Callable[[str], bool]) -> dict[str, str]:
        """Return the place of each room whose agent is in it, of places that are known now."""
        seated = [leg for leg in self._of(Part.SEAT) if leg.in_room]
        return {leg.room: leg.place for leg in seated if is_known(leg.place)}

    def seat_of(self, room: str) -> Leg | None:
        """Return the agent's phone of a room, the latest where there are two; it may ring only."""
        of_room = [leg for leg in self._of(Part.SEAT) if leg.room == room]
        return max(of_room, key=_when_made, default=None)

    def older_seats(self) -> list[Leg]:
        """Return phones that are in a room, though the room has a later one."""
        there = sorted((leg for leg in self._of(Part.SEAT) if leg.in_room), key=_when_made)
        latest = {leg.room: leg.channel_id for leg in there}
        return [leg for leg in there if latest[leg.room] != leg.channel_id]

    def guests(self, *, room: str | None = None, call_id: UUID | None = None) -> list[Leg]:
        """Return who was invited into a room, or to a call."""
        return [
            leg
            for leg in self._of(Part.GUEST)
            if (room is None or leg.room == room) and (call_id is None or leg.call_id == call_id)
        ]

    def monitoring(self, endpoint: str) -> list[Leg]:
        """Return what a supervisor's phone takes part in, or rings for."""
        return [leg for leg in self._of(Part.MONITOR) if _phone_of(leg) == endpoint]

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms have no agent in them, where they were rung for."""
        return {room: trouble for room, (_, trouble) in self._troubles.items()}

    def room_of(self, call_id: UUID) -> str | None:
        """Return the room a call is in."""
        return self._calls.get(call_id)

    def count(self, place: str) -> int:
        """Return how many phones hang on a place, or ring there."""
        return sum(leg.place == place for leg in self._of(Part.SEAT))

    # What happens.

    def ring(self, leg: Leg) -> None:
        """Note that a phone is about to be rung."""
        self._legs[leg.channel_id] = leg
        if leg.part is Part.SEAT:
            self._troubles.pop(leg.room, None)

    def rung(self, leg: Leg, *, channel: str) -> None:
        """Note how Asterisk calls a channel of ours; one that is new is of another dialer."""
        known = self._legs.get(leg.channel_id)
        if known is None:
            self.ring(replace(leg, channel=channel))
        else:
            self._legs[leg.channel_id] = replace(known, channel=channel)

    def joined(self, leg: Leg, *, channel: str) -> bool:
        """Note that a channel of ours is in its room; False: it was known."""
        known = self._legs.get(leg.channel_id, leg)
        if known.in_room:
            return False
        self._legs[leg.channel_id] = replace(known, channel=channel, in_room=True)
        if leg.part is Part.SEAT:
            self._troubles.pop(leg.room, None)
        return True

    def failed(self, leg: Leg, *, no_answer: bool) -> bool:
        """Note that a leg could not be had; a hang-up knows the cause better, before or after."""
        told = self._troubles.get(leg.room)
        if told is not None and told[0] == leg.channel_id:
            return False
        trouble = PhoneTrouble.NO_ANSWER if no_answer else PhoneTrouble.UNREACHABLE
        return self._end(leg, trouble)

    def hung_up(self, leg: Leg, *, cause: int, rang: bool) -> bool:
        """Note that a leg is gone."""
        known = self._legs.get(leg.channel_id)
        was_there = known is not None and known.in_room
        told = self._troubles.get(leg.room)
        if known is None and (told is None or told[0] != leg.channel_id):
            return False  # we let it go ourselves, or it is told twice
        not_had = PhoneTrouble.NO_ANSWER if rang else PhoneTrouble.UNREACHABLE
        trouble = _TROUBLES.get(cause, not_had)
        return self._end(leg, PhoneTrouble.HUNG_UP if was_there else trouble)

    def cannot_ring(self, room: str) -> None:
        """Note that there is nothing to ring a phone from."""
        self._troubles[room] = ("", PhoneTrouble.UNREACHABLE)

    def let_go(self, leg: Leg) -> None:
        """Forget a leg that we hang up ourselves."""
        self._legs.pop(leg.channel_id, None)
        self._note_gone(leg.channel_id)

    def call_in(self, call_id: UUID, room: str) -> None:
        """Note that an owner's call has come into a room."""
        self._calls[call_id] = room

    def call_out(self, call_id: UUID) -> None:
        """Note that an owner's call is in no room any more."""
        self._calls.pop(call_id, None)

    def forget(self, place: str) -> None:
        """Give up the legs of a place; if they are there after all, they are read again."""
        for leg in [leg for leg in self._legs.values() if leg.place == place]:
            del self._legs[leg.channel_id]
            if leg.part is Part.SEAT:
                self._troubles[leg.room] = (leg.channel_id, PhoneTrouble.UNREACHABLE)

    # After a login nothing is told again: a list is read, while events go on.

    def begin_list(self) -> frozenset[str]:
        """Note that a list of what is up is asked for; returns the legs that are known."""
        self._reading += 1
        return self.known

    def take_list(
        self, place: str, listed: Iterable[Leg], *, calls: Mapping[UUID, str], before: Iterable[str]
    ) -> None:
        """Take what was up at a place, though events may have told more meanwhile.

        Args:
            place: whose list it is.
            listed: our legs in it.
            calls: the owners' calls in it, with their rooms.
            before: the legs known when it was asked for; those it does not name are gone.
        """
        there = {leg.channel_id: leg for leg in listed if leg.channel_id not in self._gone}
        for channel_id in before:
            known = self._legs.get(channel_id)
            if known is not None and known.place == place and channel_id not in there:
                self._end(known, PhoneTrouble.HUNG_UP)
        for channel_id, leg in there.items():
            known = self._legs.get(channel_id)
            if known is None or not known.in_room:
                self._legs[channel_id] = leg
        for leg in there.values():
            if leg.part is Part.SEAT and leg.in_room:
                self._troubles.pop(leg.room, None)
        self._calls |= calls

    def end_list(self) -> None:
        """Note that a list has been read, or was lost."""
        self._reading -= 1
        if not self._reading:
            self._gone.clear()

    @property
    def known(self) -> frozenset[str]:
        """The ids of all legs that are up."""
        return frozenset(self._legs)

    def _end(self, leg: Leg, trouble: PhoneTrouble) -> bool:
        self._legs.pop(leg.channel_id, None)
        self._note_gone(leg.channel_id)
        if leg.part is not Part.SEAT:
            return True
        if (later := self.seat_of(leg.room)) is None or not later.in_room:
            self._troubles[leg.room] = (leg.channel_id, trouble)
        return True

    def _note_gone(self, channel_id: str) -> None:
        if self._reading:
            self._gone.add(channel_id)

    def _of(self, part: Part) -> list[Leg]:
        return [leg for leg in self._legs.values() if leg.part is part]


def _when_made(leg: Leg) -> UUID:
    return leg.made


def _phone_of(leg: Leg) -> str:
    """Return the endpoint of a leg: Asterisk names its channel so, with a count behind it."""
    return leg.channel.rpartition("-")[0]
