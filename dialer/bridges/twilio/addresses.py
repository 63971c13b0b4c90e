"""The addresses by which Twilio reaches us: one home for every path of a webhook."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from dialer.bridges.twilio.hook import PREFIX


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Makes addresses below the public URL (without a slash at its end)."""

    public_url: str

    def at(self, path: str) -> str:
        """Return the address of a path below the prefix."""
        return f"{self.public_url}{PREFIX}{path}"

    def answer(self, call_id: UUID) -> str:
        """Return where the first document of a call comes from."""
        return self.at(f"/calls/{call_id}/answer")

    def step(self, call_id: UUID, turn_no: int) -> str:
        """Return where the reply to a turn goes."""
        return self.at(f"/calls/{call_id}/steps/{turn_no}")

    def part(self, call_id: UUID, turn_no: int, part: int) -> str:
        """Return where a turn goes on that is too long for one document; the first part is 1."""
        return self.at(f"/calls/{call_id}/steps/{turn_no}/parts/{part}")

    def again(self, call_id: UUID) -> str:
        """Return where Twilio goes when an address failed: the turn that is due is said again."""
        return self.at(f"/calls/{call_id}/again")

    def status(self, call_id: UUID) -> str:
        """Return where a call's progress is told."""
        return self.at(f"/calls/{call_id}/status")

    def machine(self, call_id: UUID) -> str:
        """Return where a detection that runs beside the talk tells its result."""
        return self.at(f"/calls/{call_id}/machine")

    def recording(self, call_id: UUID, name: str) -> str:
        """Return where a recording's progress is told."""
        return self.at(f"/calls/{call_id}/recordings/{quote(name, safe='')}")

    def announcement(self, call_id: UUID) -> str:
        """Return what owner and agent hear before their talk is recorded."""
        return self.at(f"/calls/{call_id}/announcement")

    def announced(self, call_id: UUID) -> str:
        """Return where Twilio goes once they have heard it."""
        return self.at(f"/calls/{call_id}/announced")

    def phone_answer(self, seat_id: UUID) -> str:
        """Return where a phone on our side of a room gets its document."""
        return self.at(f"/phones/{seat_id}/answer")

    def phone_status(self, seat_id: UUID) -> str:
        """Return where the end of such a phone's call is told."""
        return self.at(f"/phones/{seat_id}/status")

    def room_events(self, room: str) -> str:
        """Return where is told who comes into a room, and who goes."""
        return self.at(f"/rooms/{quote(room, safe='')}/events")

    def passed_on(self, call_id: UUID) -> str:
        """Return where is told how an outside number took a call that was passed on."""
        return self.at(f"/calls/{call_id}/passed-on")

    def came_in(self) -> str:
        """Return where a call to a number of ours gets its first document, or gets it again."""
        return self.at("/inbound")

    def came_in_status(self) -> str:
        """Return where the end of a call to a number of ours is told."""
        return self.at("/inbound/status")

    def check(self) -> str:
        """Return where `ownerline doctor` asks whether a signed request reaches us."""
        return self.at("/check")

    def audio(self, token: str) -> str:
        """Return where a spoken sentence lies."""
        return self.at(f"/audio/{token}.wav")
