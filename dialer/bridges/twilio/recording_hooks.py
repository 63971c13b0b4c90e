"""What Twilio tells of recordings, and asks before it makes one of an agent's call."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from uuid import UUID

import structlog
from twilio.twiml.voice_response import VoiceResponse

from customers.model import Language
from dialer.bridges.recorded_words import RECORDED_WORDS
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book
from dialer.bridges.twilio.booked import BookedCall
from dialer.bridges.twilio.hook import (
    CALL_SID,
    NOTHING,
    RECORDING_SID,
    Answer,
    Hook,
    Hooks,
    Visit,
    refused,
    twiml,
)
from dialer.bridges.twilio.recording import Recorder
from dialer.bridges.twilio.recording_book import Tape
from dialer.bridges.twilio.words import voices_of
from recordings.model import WHOLE_CALL

log = structlog.get_logger(__name__)

# https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback
_BEGUN, _WHOLE = "in-progress", "completed"
_STATUSES = "in-progress|completed|absent|failed"
_NAME = re.compile(r"call|recording-[0-9]{1,4}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)


class RecordingHooks:
    """Answers for recordings; keeps nothing itself."""

    def __init__(
        self,
        book: Book,
        recorder: Recorder,
        addresses: Addresses,
        *,
        voices: Mapping[str, str] | None = None,
    ) -> None:
        """Put it together; `voices` are by language, as `twilio.voices` has them."""
        self._book = book
        self._recorder = recorder
        self._addresses = addresses
        self._voices = voices_of(voices or {})

    def hooks(self) -> Hooks:
        """Return the addresses it answers."""
        return (
            Hook(
                path="/calls/{call_id}/recordings/{name}",
                answer=self._told,
                form={
                    "CallSid": CALL_SID,
                    "RecordingSid": RECORDING_SID,
                    "RecordingStatus": _STATUSES,
                },
            ),
            # A conference asks, which is no call.
            Hook(path="/calls/{call_id}/announcement", answer=self._announce),
            Hook(path="/calls/{call_id}/announced", answer=self._announced),
        )

    async def _told(self, visit: Visit) -> Answer:
        """Take in how a recording stands."""
        call, name, form = await self._call(visit), visit.path["name"], visit.form
        if call is None or _NAME.fullmatch(name) is None:
            return refused(HTTPStatus.NOT_FOUND, "no such recording")
        if call.sid != form["CallSid"]:
            return refused(HTTPStatus.CONFLICT, "another call's address")
        sid, status = form["RecordingSid"], form["RecordingStatus"]
        if status == _BEGUN:
            if name == WHOLE_CALL:
                await self._recorder.begun(call.call_id, sid)
            return NOTHING
        seconds = form.get("RecordingDuration", "")
        if status == _WHOLE and _SECONDS.fullmatch(seconds) is None:
            return refused(HTTPStatus.UNPROCESSABLE_ENTITY, "RecordingDuration is no number")
        failed = status != _WHOLE
        tape = Tape(call_id=call.call_id, sid=sid, name=name)
        await self._recorder.over(tape, seconds=0 if failed else float(seconds), failed=failed)
        log.info("recording_told", call_id=str(call.call_id), name=name, status=status)
        return NOTHING

    async def _announce(self, visit: Visit) -> Answer:
        """Say to owner and agent that they are recorded from then on."""
        call = await self._call(visit)
        document = VoiceResponse()
        if call is not None and call.ended is None and call.order is not None:
            language = call.order.language
            self._say(document, RECORDED_WORDS[language], language)
            document.redirect(self._addresses.announced(call.call_id), method="POST")
        return twiml(str(document))

    async def _announced(self, visit: Visit) -> Answer:
        """Record them, now that they know."""
        call = await self._call(visit)
        if call is not None and call.ended is None:
            await self._recorder.announced(call.call_id)
        return twiml(str(VoiceResponse()))

    def _say(self, document: VoiceResponse, words: str, language: Language) -> None:
        voice = self._voices[language]
        document.say(words, voice=voice.name, language=voice.language)

    async def _call(self, visit: Visit) -> BookedCall | None:
        try:
            return await self._book.call(UUID(visit.path["call_id"]))
        except ValueError:
            return None
