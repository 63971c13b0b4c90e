"""The carrier's side of many dialers: each call's events and questions go to whoever carries it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from core.clock import Clock, Signal
from customers.model import Language
from dialer.bridges.port import CallEnded, CallEvent
from dialer.bridges.simulated.remote.link import AskFailedError, Link, LinkLostError
from dialer.bridges.simulated.remote.wire import NextTurn, OpenTalk, Question, WireError, news_of
from dialer.model import AnsweredBy
from scripts.model import Reply, ReplyKind, Turn

HOST_ANSWERS_WITHIN_S = 30.0  # real seconds; a dialer may have to wait for its database
HELLO_INTO_SILENCE = timedelta(seconds=20)
_TURN = TypeAdapter(Turn)
_NOBODY = Turn(step="nobody", language=Language.MANDARIN, say=(), hang_up=True)


class Switchboard:
    """Event sink and script host of the carrier: finds the dialer of each call.

    Events of a call whose dialer is away are lost, as a real carrier's are. A talk waits a while
    for somebody to go on with it; then the person, who said hello into silence, hangs up.

    `keep_talk` is given a line of JSON for everything a dialer was asked in a talk: the step that
    waited, the reply, and the step that came back; null when the dialer broke down over it.
    """

    def __init__(self, clock: Clock, *, keep_talk: Callable[[str], object] | None = None) -> None:
        self._clock = clock
        self._keep_talk = keep_talk
        self._links: dict[UUID, Link] = {}  # by dialer, of those that listen
        self._carried_by: dict[UUID, UUID] = {}  # dialer by call
        self._waiting: dict[UUID, Signal] = {}  # by call: its talk waits for a dialer
        self._last_turn: dict[UUID, Turn] = {}

    def joined(self, dialer: UUID, link: Link) -> None:
        """Tell a dialer of its calls from now on; an older connection of it is given up."""
        before = self._links.get(dialer)
        self._links[dialer] = link
        if before is not None:
            before.lose()
        for attempt_id, carrier in self._carried_by.items():
            if carrier == dialer:
                self._wake(attempt_id)

    def left(self, dialer: UUID, link: Link) -> None:
        """Forget a connection; its calls stay up."""
        if self._links.get(dialer) is link:
            del self._links[dialer]

    def takes(self, attempt_id: UUID, dialer: UUID) -> None:
        """Let a dialer carry a call from now on: it placed it, or adopted it."""
        self._carried_by[attempt_id] = dialer
        self._wake(attempt_id)

    def drop(self, attempt_id: UUID) -> None:
        """Forget a call that was never taken."""
        self._carried_by.pop(attempt_id, None)

    def carrier_of(self, attempt_id: UUID) -> UUID | None:
        """Return the dialer that carries a call; None when nobody does."""
        return self._carried_by.get(attempt_id)

    async def heard(self, event: CallEvent) -> None:
        """Tell the call's dialer, if it is there."""
        link = self._link_of(event.attempt_id)
        if link is not None:
            link.send(news_of(event))
        if isinstance(event, CallEnded):
            self._carried_by.pop(event.attempt_id, None)
            self._last_turn.pop(event.attempt_id, None)

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Ask the call's dialer for the first turn."""
        del key  # this carrier's process outlives the dialers
        opening = OpenTalk(attempt_id=attempt_id, answered_by=answered_by)
        turn = await self._turn(attempt_id, opening, again=opening)
        self._last_turn[attempt_id] = turn
        return turn

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Bring the call's dialer a reply and return its next turn.

        A reply is never brought twice: the dialer that broke down over it may have committed it,
        and it would answer the next question too. Who goes on hears silence, and asks again.
        """
        del key
        question = NextTurn(attempt_id=attempt_id, reply=reply)
        if reply.kind is ReplyKind.HUNG_UP:
            if self._link_of(attempt_id) is None:
                return _NOBODY
            silence = question
        else:
            silence = NextTurn(attempt_id=attempt_id, reply=Reply(kind=ReplyKind.SILENCE))
        turn = await self._turn(attempt_id, question, again=silence)
        self._last_turn[attempt_id] = turn
        return turn

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Know nothing: invented people hear no audio."""
        del attempt_id
        return None

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Hang up: invented agents are always there."""
        del attempt_id
        return _NOBODY

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        """Find nobody: the wire has no word for it."""
        del attempt_id, queue
        return None

    async def _turn(self, attempt_id: UUID, question: Question, *, again: Question) -> Turn:
        until = self._clock.now() + HELLO_INTO_SILENCE
        while True:
            link = self._link_of(attempt_id)
            if link is None:
                if not await self._somebody_comes(attempt_id, until):
                    return _NOBODY
                continue
            try:
                value = await link.ask(question, within_s=HOST_ANSWERS_WITHIN_S)
            except LinkLostError:
                link.lose()  # also when it only took too long: nobody speaks there
                self._note(question, None)
                question = again
                continue
            except AskFailedError:
                self._note(question, None)
                raise
            turn = _turn_of(value)
            self._note(question, turn)
            return turn

    async def _somebody_comes(self, attempt_id: UUID, until: datetime) -> bool:
        signal = self._waiting[attempt_id] = Signal()
        try:
            return await self._clock.wait(signal, until)
        finally:
            del self._waiting[attempt_id]

    def _link_of(self, attempt_id: UUID) -> Link | None:
        dialer = self._carried_by.get(attempt_id)
        link = None if dialer is None else self._links.get(dialer)
        return link if link is not None and link.is_up else None

    def _wake(self, attempt_id: UUID) -> None:
        if (signal := self._waiting.get(attempt_id)) is not None:
            signal.set()

    def _note(self, question: Question, turn: Turn | None) -> None:
        if self._keep_talk is None:
            return
        asked = self._last_turn.get(question.attempt_id)
        reply, value = (
            ("open", question.answered_by.value)
            if isinstance(question, OpenTalk)
            else (question.reply.kind.value, question.reply.value)
        )
        line = {
            "call_id": str(question.attempt_id),
            "at": self._clock.now().isoformat(),
            "asked": None if asked is None else asked.step,
            "reply": reply,
            "value": value,
            "then": None if turn is None else turn.step,
        }
        self._keep_talk(json.dumps(line, ensure_ascii=False) + "\n")


def _turn_of(value: object) -> Turn:
    try:
        return _TURN.validate_python(value)
    except ValidationError as err:
        message = f"a dialer's turn cannot be read: {err.error_count()} problems"
        raise WireError(message) from err
