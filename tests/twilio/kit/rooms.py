"""Conferences at the emulated carrier, and who is in them."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import Clock
from tests.twilio.kit.legs import Leg, stamp
from tests.twilio.kit.post import Postman
from tests.twilio.kit.verbs import TwimlError, Verb, read

_TOGETHER = 2
_SPOKEN = frozenset({"Say", "Play", "Pause"})  # twilio.com/docs/api/errors/13238


@dataclass(kw_only=True, eq=False)
class Member:
    """A call in a conference."""

    leg: Leg
    joined_at: datetime
    muted: bool = False
    hold: bool = False
    coached: str | None = None  # the call that is whispered to
    starts: bool = True
    ends: bool = False
    label: str | None = None
    left: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(kw_only=True, eq=False)
class Conference:
    """A conference; its callback is that of whoever came first."""

    sid: str
    name: str
    created_at: datetime
    callback: str
    events: frozenset[str]
    status: str = "init"
    members: dict[str, Member] = field(default_factory=dict)
    was_in: list[Leg] = field(default_factory=list)
    sequence: int = 0
    why_ended: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """How a call comes into a conference."""

    callback: str = ""
    events: frozenset[str] = frozenset()
    muted: bool = False
    starts: bool = True
    ends: bool = False
    label: str | None = None
    coached: str | None = None

    @classmethod
    def of_verb(cls, verb: Verb) -> "Entry":
        """Read the attributes of a Conference."""
        return cls(
            callback=verb.get("statusCallback"),
            events=frozenset(verb.get("statusCallbackEvent").split()),
            muted=verb.flag("muted", default=False),
            starts=verb.flag("startConferenceOnEnter", default=True),
            ends=verb.flag("endConferenceOnExit", default=False),
            label=verb.get("participantLabel") or None,
            coached=verb.get("coach") or None,
        )

    @classmethod
    def of_form(cls, form: Mapping[str, Sequence[str]]) -> "Entry":
        """Read the form that creates a participant."""

        def flag(name: str, *, default: bool) -> bool:
            return form.get(name, ["true" if default else "false"])[0] == "true"

        return cls(
            callback=form.get("ConferenceStatusCallback", [""])[0],
            events=frozenset(
                part
                for each in form.get("ConferenceStatusCallbackEvent", [])
                for part in each.split()
            ),
            muted=flag("Muted", default=False),
            starts=flag("StartConferenceOnEnter", default=True),
            ends=flag("EndConferenceOnExit", default=False),
            label=form.get("Label", [None])[0],
            coached=form.get("CallSidToCoach", [None])[0],
        )


class Rooms:
    """All conferences of the account."""

    def __init__(self, *, account_sid: str, clock: Clock, postman: Postman) -> None:
        self._account_sid = account_sid
        self._clock = clock
        self._postman = postman
        self.all: list[Conference] = []
        self._changed = asyncio.Event()
        self._speaking: set[asyncio.Task[None]] = set()

    def named(self, name: str) -> Conference | None:
        """Return the conference of a name, or of a SID, that has not ended."""
        for each in self.all:
            if name in {each.name, each.sid} and each.status != "completed":
                return each
        return None

    def open(self, name: str, entry: Entry) -> Conference:
        """Return the conference of a name, a new one where none is."""
        found = self.named(name)
        if found is None:
            found = Conference(
                sid=f"CF{secrets.token_hex(16)}",
                name=name,
                created_at=self._clock.now(),
                callback=entry.callback,
                events=entry.events,
            )
            self.all.append(found)
        return found

    async def stay(self, leg: Leg, name: str, entry: Entry) -> None:
        """Have a call in a conference until it leaves."""
        room = self.open(name, entry)
        member = Member(
            leg=leg,
            joined_at=self._clock.now(),
            muted=entry.muted,
            starts=entry.starts,
            ends=entry.ends,
            label=entry.label,
            coached=entry.coached,
        )
        room.members[leg.sid] = member
        room.was_in.append(leg)
        self._note_change()
        self._tell(room, "participant-join", "join", member)
        if room.status == "init" and self._can_start(room):
            room.status = "in-progress"
            self._tell(room, "conference-start", "start")
        try:
            await member.left.wait()
        finally:
            self.remove(room, leg.sid)

    async def until(self, name: str, *, members: int) -> Conference:
        """Wait until a conference has so many members."""
        while (room := self.named(name)) is None or len(room.members) != members:
            await self._changed.wait()
        return room

    def remove(self, room: Conference, call_sid: str) -> None:
        """Take a call out; the last one, or one that ends it, ends the conference."""
        member = room.members.pop(call_sid, None)
        if member is None:
            return
        member.left.set()
        self._note_change()
        self._tell(room, "participant-leave", "leave", member)
        if member.ends or not room.members:
            why = (
                "participant-with-end-conference-on-exit-left"
                if member.ends
                else "last-participant-left"
            )
            self.end(room, why=why, by=call_sid)

    def end(self, room: Conference, *, why: str, by: str | None = None) -> None:
        """End a conference; who is in it goes on with what comes after it."""
        if room.status == "completed":
            return
        room.status = "completed"
        room.why_ended, room.ended_by = why, by
        for member in tuple(room.members.values()):
            self.remove(room, member.leg.sid)
        self._tell(room, "conference-end", "end")

    def change(self, room: Conference, member: Member, form: Mapping[str, Sequence[str]]) -> None:
        """Change how a call is in a conference."""
        for name, event in (("Muted", "mute"), ("Hold", "hold")):
            if name in form:
                value = form[name][0] == "true"
                setattr(member, name.lower(), value)
                self._tell(room, f"participant-{'' if value else 'un'}{event}", event, member)
        if "EndConferenceOnExit" in form:
            member.ends = form["EndConferenceOnExit"][0] == "true"
        if "Coaching" in form or "CallSidToCoach" in form:
            is_coaching = form.get("Coaching", ["true"])[0] == "true"
            member.coached = form["CallSidToCoach"][0] if is_coaching else None
            self._tell(room, "participant-modify", "modify", member)

    def announce(self, room: Conference, url: str) -> None:
        """Speak the document of an address to everybody in a conference."""
        task = asyncio.create_task(self._announce(room, url))
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    async def _announce(self, room: Conference, url: str) -> None:
        said = {
            "AccountSid": self._account_sid,
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
        }
        while url:
            reply = await self._postman.ask(url, said)
            url = ""
            for verb in read(reply.body, media_type=reply.media_type) if reply.is_fine else ():
                if verb.name == "Redirect":
                    url = verb.text
                    break
                if verb.name not in _SPOKEN:
                    raise TwimlError(13238, f"{verb.name} in an announcement")
                for member in room.members.values():
                    member.leg.heard.append(verb.text)

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _can_start(self, room: Conference) -> bool:
        return len(room.members) >= _TOGETHER and any(each.starts for each in room.members.values())

    def _tell(self, room: Conference, event: str, kind: str, member: Member | None = None) -> None:
        if not room.callback or kind not in room.events:
            return
        room.sequence += 1
        said = {
            "AccountSid": self._account_sid,
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
            "SequenceNumber": str(room.sequence),
            "StatusCallbackEvent": event,
            "Timestamp": stamp(self._clock.now()),
        }
        if member is not None:
            said |= {
                "CallSid": member.leg.sid,
                "Muted": _flag(member.muted),
                "Hold": _flag(member.hold),
                "Coaching": _flag(member.coached is not None),
                "StartConferenceOnEnter": _flag(member.starts),
                "EndConferenceOnExit": _flag(member.ends),
            }
            if member.label is not None:
                said["ParticipantLabel"] = member.label
            if member.coached is not None:
                said["CallSidToCoach"] = member.coached
        if event == "conference-end" and room.why_ended is not None:
            said["ReasonConferenceEnded"] = room.why_ended
            if room.ended_by is not None:
                said["CallSidEndingConference"] = room.ended_by
        self._postman.tell(room.callback, said, of=room.sid)


def _flag(value: bool) -> str:
    return "true" if value else "false"
