"""What Twilio asks and tells of calls with owners: documents, progress, who picked up.

Requests come to any process, twice, late and out of order. A request of the past, or of a call
that is over, changes nothing and is refused: it is a replay.
"""

import re
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import structlog

from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import Book, BookedCall, Told
from dialer.bridges.twilio.hook import (
    CALL_SID,
    NOTHING,
    RECORDING_SID,
    Answer,
    Hook,
    Hooks,
    Visit,
    refused,
)
from dialer.bridges.twilio.replies import ReplyFormError
from dialer.bridges.twilio.reports import told_by_form
from dialer.bridges.twilio.talking import Talking
from dialer.model import AnsweredBy
from scripts.model import AskKind

log = structlog.get_logger(__name__)

# A callback may be half a minute late; one that is later than this was kept by somebody.
_TOLD_WITHIN = timedelta(minutes=10)
# A line that went while its owner spoke: what they said comes after the end.
_SAID_WITHIN = timedelta(minutes=1)
_TRIES = 3
_WORD = r"[a-z]{1,20}(?:[-_][a-z]{1,20}){0,3}"
_CALLED = {"CallSid": CALL_SID}


class Lines(Protocol):
    """What answering needs of `dialer.bridges.twilio.lines.Lines`."""

    async def lead(self, sid: str, address: str) -> bool:
        """Have a call go on with the document of an address; False: it is gone."""
        ...


class Answering:
    """Answers for owners' calls; keeps nothing itself."""

    def __init__(self, talking: Talking, book: Book, *, lines: Lines, addresses: Addresses) -> None:
        self._talking = talking
        self._book = book
        self._lines = lines
        self._addresses = addresses

    def hooks(self) -> Hooks:
        """Return the addresses that are answered here."""
        call = "/calls/{call_id:uuid}"
        return (
            Hook(path=f"{call}/answer", answer=self._answer, form=_CALLED),
            Hook(path=f"{call}/steps/{{turn_no}}", answer=self._step, form=_CALLED),
            Hook(path=f"{call}/again", answer=self._again, form=_CALLED),
            Hook(path=f"{call}/status", answer=self._status, form={**_CALLED, "CallStatus": _WORD}),
            Hook(
                path=f"{call}/machine", answer=self._machine, form={**_CALLED, "AnsweredBy": _WORD}
            ),
        )

    # Documents.

    async def _answer(self, visit: Visit) -> Answer:
        """Say the first document."""
        call = await self._met(visit)
        if not isinstance(call, BookedCall):
            return call
        if call.document is not None:
            return self._retried(call, visit) or _replayed("the call was answered before")
        told = told_by_form(visit.form, at=visit.at)
        await self._book.told(
            call.call_id, replace(told, answered_at=told.answered_at or visit.at, gone=None)
        )
        who = told.answered_by or call.answered_by or AnsweredBy.UNSURE
        log.info("call_met", attempt_id=str(call.call_id), answered_by=who.value)
        answer = await self._talking.begin(call, visit, who=who)
        is_detected_beside = call.order is not None and call.order.detect_machine
        if told.answered_by is not None or not is_detected_beside:
            return answer
        return await self._unless_found(call.call_id, answer, visit)

    async def _unless_found(self, call_id: UUID, answer: Answer, visit: Visit) -> Answer:
        """Return a first document, or a machine's own where one was found while it was made."""
        call = await self._book.call(call_id)
        if call is None or call.answered_by is not AnsweredBy.MACHINE or not _may_be_told(call):
            return answer
        return await self._talking.found_machine(call, visit)

    async def _step(self, visit: Visit) -> Answer:
        """Take what came back from a turn, and say the next one."""
        call = await self._met(visit, said_late=True)
        if not isinstance(call, BookedCall):
            return call
        if (again := self._retried(call, visit)) is not None:
            return again
        if visit.path["turn_no"] != str(call.turn_no):
            return _replayed("another turn is being said")
        try:
            return await self._talking.go_on(call, visit)
        except ReplyFormError as err:
            log.warning("twilio_reply_refused", call_id=str(call.call_id), turn_no=call.turn_no)
            return refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(err))

    async def _again(self, visit: Visit) -> Answer:
        """Go on after an address failed; what fails here too ends with the apology."""
        call = await self._met(visit)
        if not isinstance(call, BookedCall):
            return call
        if (again := self._retried(call, visit)) is not None:
            return again
        log.warning(
            "twilio_fell_back",
            call_id=str(call.call_id),
            turn_no=call.turn_no,
            code=visit.form.get("ErrorCode", "")[:10],
        )
        try:
            return await self._talking.recover(call, visit)
        except Exception:  # a call session's edge: else Twilio says what nobody understands
            log.exception("twilio_talk_failed", call_id=str(call.call_id))
            return self._talking.sorry(self._talking.language_of(call))

    # What is told.

    async def _status(self, visit: Visit) -> Answer:
        """Note how a call stands."""
        told = told_by_form(visit.form, at=visit.at)
        call_id, heard_since = UUID(visit.path["call_id"]), visit.at - _TOLD_WITHIN
        if await self._book.told(call_id, told, ended_after=heard_since):
            return NOTHING
        call = await self._told_of(visit)
        return NOTHING if isinstance(call, BookedCall) else call

    async def _machine(self, visit: Visit) -> Answer:
        """Note who was found to be there; a machine hears what machines are told instead."""
        call = await self._told_of(visit)
        if not isinstance(call, BookedCall):
            return call
        told = told_by_form(visit.form, at=visit.at)
        await self._book.told(call.call_id, replace(told, gone=None, answered_at=None))
        if told.answered_by is AnsweredBy.MACHINE and await self._is_its_turn(call.call_id, visit):
            await self._lines.lead(visit.form["CallSid"], self._addresses.again(call.call_id))
        return NOTHING

    async def _is_its_turn(self, call_id: UUID, visit: Visit) -> bool:
        """Have what a machine is told be the document that is due; False: nothing is to change.

        Read after it was noted who is there, and anew where a step was taken meanwhile: whoever
        comes later of this and a document that is being made sees the other.
        """
        for _ in range(_TRIES):
            call = await self._book.call(call_id)
            if call is None or call.ended is not None or call.page is None:
                return False
            if call.page.is_machines:
                return call.token == visit.token  # else it is told twice
            if not _may_be_told(call):
                return False
            answer = await self._talking.found_machine(call, visit)
            if answer.status is HTTPStatus.OK:
                return True
        log.error("twilio_machine_not_told", call_id=str(call_id))
        return False

    # Whose it is.

    async def _met(self, visit: Visit, *, said_late: bool = False) -> BookedCall | Answer:
        """Return the call of a request for a document, or what is said to one that is none."""
        call = await self._book.call(UUID(visit.path["call_id"]))
        if call is None:
            log.warning("twilio_call_unknown", call_id=visit.path["call_id"])
            return self._talking.sorry()
        if not _is_its(call, visit):
            log.error("twilio_call_is_another", call_id=str(call.call_id))
            return self._talking.sorry(self._talking.language_of(call))
        if call.ended is None and call.is_cut:  # hung up by us, and Twilio has not heard of it
            log.info("twilio_call_was_cut", call_id=str(call.call_id))
            return self._talking.sorry(self._talking.language_of(call))
        if call.ended is None or (said_late and _was_said(call, visit)):
            return call
        if call.document is None:  # given up as never placed, and up after all: it is hung up
            await self._book.told(call.call_id, Told(sid=visit.form["CallSid"]))
            return self._talking.sorry(self._talking.language_of(call))
        return _replayed("the call is over")

    async def _told_of(self, visit: Visit) -> BookedCall | Answer:
        """Return the call that something is told of, or why it is not taken."""
        call = await self._book.call(UUID(visit.path["call_id"]))
        if call is None:
            return refused(HTTPStatus.NOT_FOUND, "no such call")
        if not _is_its(call, visit):
            return refused(HTTPStatus.CONFLICT, "the call has another CallSid")
        if call.ended is not None and visit.at - call.ended.at > _TOLD_WITHIN:
            return _replayed("the call is over")
        return call

    def _retried(self, call: BookedCall, visit: Visit) -> Answer | None:
        """Return the document that this very request got before, if it is Twilio's own retry."""
        is_retry = bool(visit.token) and visit.token == call.token
        return self._talking.as_kept(call) if is_retry else None


def _may_be_told(call: BookedCall) -> bool:
    """Say whether a machine is to be told its own: not yet so, and no agent hears it."""
    return call.page is not None and not call.page.is_machines and call.page.room is None


def _is_its(call: BookedCall, visit: Visit) -> bool:
    return call.sid is None or call.sid == visit.form["CallSid"]


def _was_said(call: BookedCall, visit: Visit) -> bool:
    """Say whether a free answer comes from a line that has just gone."""
    return (
        call.ended is not None
        and call.page is not None
        and call.page.ask is not None
        and call.page.ask.kind is AskKind.RECORD
        and re.fullmatch(RECORDING_SID, visit.form.get("RecordingSid", "")) is not None
        and visit.at - call.ended.at <= _SAID_WITHIN
    )


def _replayed(why: str) -> Answer:
    return refused(HTTPStatus.GONE, why)
