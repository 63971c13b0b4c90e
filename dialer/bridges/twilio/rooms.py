"""The documents of a room: what puts an owner, an agent's phone or a guest into its conference."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Dial, Say, VoiceResponse

from customers.model import Language
from dialer.bridges.apology import SORRY_WORDS
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.words import voices_of

# Twilio's longest call; without a limit a phone would leave its room after four hours.
# https://www.twilio.com/docs/voice/twiml/dial#timelimit
LONGEST_S = 86_400

_OWNER_LIMIT_S = 14_400  # the call's own limit is shorter
_KEY_WITHIN_S = 10
_PASS_RINGS_S = 60
_EVENTS = "end join leave"
_NAME = re.compile(r"ownerline-[0-9a-f]{8}-(.+)")

_PRESS_A_KEY: Mapping[Language, str] = MappingProxyType(
    {
        Language.MANDARIN: "这里是坐席电话，请按任意键上线。",
        Language.ENGLISH: "This is your phone at work. Press any key to take your seat.",
    }
)


class Part(StrEnum):
    """What a phone on our side does in a room."""

    SEAT = "seat"  # the agent's own
    GUEST = "guest"
    LISTEN = "listen"
    WHISPER = "whisper"
    JOIN = "join"
    OUTSIDE = "outside"  # in no room: whom an owner was passed on to


SUPERVISING = (Part.LISTEN, Part.WHISPER, Part.JOIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomDocuments:
    """Renders the documents that lead into rooms, and out of them.

    Every document of a room names the same address for its events: Twilio takes it from whoever
    comes first.
    """

    addresses: Addresses
    installation_id: UUID
    voices: Mapping[str, str] = field(default_factory=dict)  # by language, in Twilio's words

    def conference(self, room: str) -> str:
        """Return the name of a room's conference, which no other installation has."""
        return f"ownerline-{self.installation_id.hex[:8]}-{room}"

    def owner(self, room: str, language: Language, *, limit_s: int = _OWNER_LIMIT_S) -> str:
        """Return what puts an owner into a room; alone there they hear music.

        A room that cannot be entered leaves them with the apology, not with silence.
        """
        document = VoiceResponse()
        dial = document.dial(time_limit=limit_s)
        self._conference(dial, room)
        self._say(document, SORRY_WORDS[language], language)
        document.hangup()
        return str(document)

    def phone(self, room: str, part: Part, *, coached: str | None = None) -> str:
        """Return what puts a phone of our side into a room.

        Args:
            room: whose.
            part: what the phone does there.
            coached: with part whisper, the call of the agent who alone hears it.
        """
        document = VoiceResponse()
        dial = document.dial(time_limit=LONGEST_S)
        match part:
            case Part.SEAT:
                self._conference(dial, room, wait_url="")  # silence until an owner comes
            case Part.LISTEN:
                self._conference(dial, room, wait_url="", muted=True)
            case Part.WHISPER:
                self._conference(dial, room, wait_url="", coach=coached)
            case _:
                self._conference(dial, room)
        return str(document)

    def key_first(self, seat_id: UUID, language: Language) -> str:
        """Return what asks for a key: a mailbox that picks up must not take a seat."""
        document = VoiceResponse()
        gather = document.gather(
            action=self.addresses.phone_answer(seat_id),
            input="dtmf",
            num_digits=1,
            finish_on_key="",
            timeout=_KEY_WITHIN_S,
        )
        self._say(gather, _PRESS_A_KEY[language], language)
        document.hangup()
        return str(document)

    def pass_on(self, call_id: UUID, e164: str, *, shown: str) -> str:
        """Return what connects an owner with an outside number."""
        document = VoiceResponse()
        dial = document.dial(
            caller_id=shown, timeout=_PASS_RINGS_S, action=self.addresses.passed_on(call_id)
        )
        dial.number(e164)
        return str(document)

    def sorry(self, language: Language) -> str:
        """Return the apology, and the end."""
        document = VoiceResponse()
        self._say(document, SORRY_WORDS[language], language)
        document.hangup()
        return str(document)

    def bye(self) -> str:
        """Return the end."""
        document = VoiceResponse()
        document.hangup()
        return str(document)

    def _conference(self, dial: Dial, room: str, **more: str | bool | None) -> None:
        """Put the noun into the verb; nobody's going ends it, and nobody's coming is heard."""
        dial.conference(
            self.conference(room),
            beep="false",
            start_conference_on_enter=True,
            end_conference_on_exit=False,
            status_callback=self.addresses.room_events(room),
            status_callback_event=_EVENTS,
            status_callback_method="POST",
            **more,
        )

    def _say(self, into: TwiML, words: str, language: Language) -> None:
        voice = voices_of(self.voices)[language]
        into.append(Say(words, voice=voice.name, language=voice.language))


def room_of(conference: str) -> str | None:
    """Return the room of a conference's name; None: it is none of ours."""
    found = _NAME.fullmatch(conference)
    return found[1] if found else None
