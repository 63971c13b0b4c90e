"""The talk with whoever is on a line: each request takes one step, in whichever process it comes.

A step is what the host keeps, then what the book keeps. A process that ends between the two is
asked again, and the host says the same turn again by the step's key.
"""

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol

import structlog

from core.clock import Clock
from customers.model import Language
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import OutboundCall, ScriptHost
from dialer.bridges.twilio.book import Book, BookedCall, Told
from dialer.bridges.twilio.documents import Documents
from dialer.bridges.twilio.hook import Answer, Visit, refused, twiml
from dialer.bridges.twilio.pages import Page, page_of
from dialer.bridges.twilio.replies import (
    answer_name,
    is_late_pound,
    pound_may_come,
    reply_of,
)
from dialer.bridges.twilio.rooms import RoomDocuments
from dialer.bridges.twilio.twiml import Renderer
from dialer.model import AnsweredBy
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn

log = structlog.get_logger(__name__)

MOST_TURNS = 300  # of one talk: an hour of them at most; scripts end long before
MOST_AGAINS = 3  # of one document by the fallback: it would fail for ever
_OPEN_KEY, _MACHINE_KEY = "open", "machine"
_LOOK_EVERY_S = 0.2
_STEP = re.compile(r"/steps/(?P<turn_no>[0-9]{1,9})(?:\?.*)?\Z", re.ASCII)


class Seats(Protocol):
    """What talks need of `dialer.bridges.twilio.seats.SeatBook`."""

    async def is_seated(self, room: str) -> bool:
        """Say whether an agent's phone is in the room now."""
        ...


class Recorder(Protocol):
    """What talks need of `dialer.bridges.twilio.recording.Recorder`."""

    async def follow(self, call: BookedCall, *, recorded: bool) -> None:
        """Record the turn that follows, or do not."""
        ...

    async def answered(self, call: BookedCall, *, name: str, sid: str, seconds: float) -> None:
        """Take a free answer in; returns when it is on file."""
        ...

    async def throw_away(self, call: BookedCall, *, name: str, sid: str) -> None:
        """Drop a recording that is no answer."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What talks work with; without a recorder nothing is recorded."""

    book: Book
    host: ScriptHost
    desk: InboundDesk
    renderer: Renderer
    documents: Documents
    seats: Seats
    rooms: RoomDocuments
    clock: Clock
    language: Language = Language.MANDARIN  # of callers whose own is not known
    recorder: Recorder | None = None


class Talking:
    """Takes the steps of talks."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def begin(self, call: BookedCall, visit: Visit, *, who: AnsweredBy) -> Answer:
        """Say the first turn, or put a person through to the agent who is to speak."""
        order = call.order
        is_machine = who is AnsweredBy.MACHINE
        if order is not None and order.room is not None and not is_machine:
            return await self._with_agent(call, order, order.room, visit)
        key = _MACHINE_KEY if is_machine else _OPEN_KEY
        turn = await self._open(call, who, key=key)
        return await self._say(call, page_of(turn, is_machines=is_machine), turn, visit)

    async def found_machine(self, call: BookedCall, visit: Visit) -> Answer:
        """Begin anew with what a machine is told."""
        turn = await self._open(call, AnsweredBy.MACHINE, key=_MACHINE_KEY)
        return await self._say(call, page_of(turn, is_machines=True), turn, visit)

    async def go_on(self, call: BookedCall, visit: Visit) -> Answer:
        """Take what came back from the turn that is heard, and say the next one.

        Raises:
            ReplyFormError: the form has keys or seconds that are none.
        """
        page, key = call.page, str(call.turn_no)
        turn = None if page is None else page.turn
        if page is None or turn is None or (turn.ask is None and turn.transfer is None):
            return refused(HTTPStatus.CONFLICT, "nothing was asked")
        if call.turn_no >= MOST_TURNS:
            log.error("twilio_talk_without_end", call_id=str(call.call_id), turns=call.turn_no)
            return await self._give_up(call, turn.language, visit)
        if turn.ask is None:
            queue = "" if turn.transfer is None else turn.transfer.queue
            return await self._put_through(call, queue, visit, key=key)
        if page.pound and is_late_pound(turn.ask, visit.form):
            return await self._say_without_pound(call, turn, visit)
        reply = await self._reply(call, turn.ask, visit)
        following = await self._next(call, reply, key=key)
        pound = following.ask is not None and pound_may_come(turn.ask, visit.form)
        return await self._say(call, page_of(following, pound=pound), following, visit)

    async def recover(self, call: BookedCall, visit: Visit) -> Answer:
        """Go on after an address of the talk failed: its process has ended, or failed us.

        A step that was not taken is taken now; of one that was, the document is said again.
        Twilio tells the address, and all that came to it.

        Raises:
            ReplyFormError: the form has keys or seconds that are none.
        """
        page = call.page
        if page is None or call.document is None:
            return await self.begin(call, visit, who=call.answered_by or AnsweredBy.UNSURE)
        failed = _STEP.search(visit.form.get("ErrorUrl", ""))
        if failed is not None and failed["turn_no"] == str(call.turn_no):
            return await self.go_on(call, visit)
        return await self._say_again(call, page, visit)

    async def _say_again(self, call: BookedCall, page: Page, visit: Visit) -> Answer:
        language = self.language_of(call)
        if page.agains >= MOST_AGAINS or call.document is None:
            log.error("twilio_document_failed", call_id=str(call.call_id), turn_no=call.turn_no)
            return await self._give_up(call, language, visit)
        counted = replace(page, agains=page.agains + 1)
        await self._stage.book.keep_page(
            call.call_id,
            counted,
            turn_no=call.turn_no,
            token=visit.token,
            document=call.document,
        )
        return self._send(call, call.document, call.turn_no)

    def as_kept(self, call: BookedCall) -> Answer | None:
        """Return the document of the turn that is heard; None: there is none yet."""
        return None if call.document is None else self._send(call, call.document, call.turn_no)

    def sorry(self, language: Language | None = None) -> Answer:
        """Apologise and hang up."""
        return twiml(self._stage.renderer.sorry(language or self._stage.language))

    def language_of(self, call: BookedCall) -> Language:
        """Return the language of who is on a line, as far as it is known."""
        if call.order is not None:
            return call.order.language
        turn = None if call.page is None else call.page.turn
        return self._stage.language if turn is None else turn.language

    # Turns.

    async def _open(self, call: BookedCall, who: AnsweredBy, *, key: str) -> Turn:
        if call.order is None:
            return await self._stage.desk.open(call.call_id, key=key)
        return await self._stage.host.open(call.call_id, who, key=key)

    async def _next(self, call: BookedCall, reply: Reply, *, key: str) -> Turn:
        if call.order is None:
            return await self._stage.desk.reply(call.call_id, reply, key=key)
        return await self._stage.host.reply(call.call_id, reply, key=key)

    async def _reply(self, call: BookedCall, ask: Ask, visit: Visit) -> Reply:
        """Read a reply; what was recorded is on file before the script hears of it."""
        reply = reply_of(ask, visit.form, turn_no=call.turn_no)
        sid, recorder = visit.form.get("RecordingSid", ""), self._stage.recorder
        if ask.kind is AskKind.RECORD and sid and recorder is not None:
            name = answer_name(call.turn_no)
            if reply.kind is ReplyKind.RECORDING:
                await recorder.answered(call, name=name, sid=sid, seconds=reply.seconds)
            else:
                await recorder.throw_away(call, name=name, sid=sid)
        return reply

    # Agents.

    async def _with_agent(
        self, call: BookedCall, order: OutboundCall, room: str, visit: Visit
    ) -> Answer:
        """Put a person through to the agent who is to speak; abandoned if that one is not there."""
        answered_at = call.answered_at or visit.at
        left_s = order.room_within_s - (visit.at - answered_at).total_seconds()
        if await self._is_seated(room, within_s=left_s):
            return await self._into_room(call, room, visit)
        log.info("call_abandoned", attempt_id=str(call.call_id), room=room)
        await self._stage.book.told(call.call_id, Told(is_abandoned=True))
        turn = await self._stage.host.abandoned(call.call_id)
        return await self._say(call, page_of(turn), turn, visit)

    async def _is_seated(self, room: str, *, within_s: float) -> bool:
        left_s = within_s
        while not (seated := await self._stage.seats.is_seated(room)) and left_s > 0:
            await self._stage.clock.sleep(min(_LOOK_EVERY_S, left_s))
            left_s -= _LOOK_EVERY_S
        return seated

    async def _into_room(self, call: BookedCall, room: str, visit: Visit) -> Answer:
        document = self._stage.rooms.owner(room, self.language_of(call))
        await self._stage.book.told(call.call_id, Told(room=room))
        return await self._keep(call, Page(room=room), document, visit)

    async def _put_through(self, call: BookedCall, queue: str, visit: Visit, *, key: str) -> Answer:
        stage = self._stage
        source = stage.desk if call.order is None else stage.host
        room = await source.put_through(call.call_id, queue)
        if room is not None:
            return await self._into_room(call, room, visit)
        if call.order is None:  # the desk offers to ring back
            turn = await stage.desk.open(call.call_id, key=key)
        else:
            turn = Turn(step="nobody", language=self.language_of(call), say=(), hang_up=True)
        return await self._say(call, page_of(turn), turn, visit)

    # Documents.

    async def _say(self, call: BookedCall, page: Page, turn: Turn, visit: Visit) -> Answer:
        document = await self._stage.renderer.turn(
            turn, call_id=call.call_id, turn_no=call.turn_no + 1, pound_may_come=page.pound
        )
        if self._stage.recorder is not None:
            await self._stage.recorder.follow(call, recorded=turn.recorded)
        return await self._keep(call, page, document, visit)

    async def _say_without_pound(self, call: BookedCall, turn: Turn, visit: Visit) -> Answer:
        """Say a turn again that the # of the entry before it has interrupted."""
        document = await self._stage.renderer.turn(turn, call_id=call.call_id, turn_no=call.turn_no)
        await self._stage.book.keep_page(
            call.call_id, page_of(turn), turn_no=call.turn_no, token=visit.token, document=document
        )
        return self._send(call, document, call.turn_no)

    async def _give_up(self, call: BookedCall, language: Language, visit: Visit) -> Answer:
        document = self._stage.renderer.sorry(language)
        return await self._keep(call, Page(), document, visit)

    async def _keep(self, call: BookedCall, page: Page, document: str, visit: Visit) -> Answer:
        """Keep the document of the next turn and send it; another request may have been first."""
        call_id, turn_no = call.call_id, call.turn_no + 1
        kept = await self._stage.book.keep_document(
            call_id, turn_no=turn_no, document=document, token=visit.token, page=page
        )
        if not kept:
            return refused(HTTPStatus.CONFLICT, "another request has taken this step")
        return self._send(call, document, turn_no)

    def _send(self, call: BookedCall, document: str, turn_no: int) -> Answer:
        return self._stage.documents.first(document, call_id=call.call_id, turn_no=turn_no)
