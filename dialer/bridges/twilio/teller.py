"""Tells the engine what the book has of this dialer's calls: in order, until it has heard.

Whoever was told by Twilio has written it into the book; here it is read, when news of it comes or
once a second, and marked as told after the engine has committed it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from core.clock import Clock
from core.database import may_pass_later
from core.live import LiveFeed, News, Topic
from dialer.bridges.port import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallInRoom,
    CallRinging,
    EventSink,
    ScriptHost,
)
from dialer.bridges.twilio.book import Book, BookedCall
from dialer.model import AnsweredBy
from scripts.model import Reply, ReplyKind

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=CallEvent)

POLL_S = 1.0  # news may be lost
_LEAVE_WITHIN_S = 5.0
# Twilio detects for 30 s unless it is told otherwise; then it says that it does not know.
_DETECTED_WITHIN = timedelta(seconds=40)
LAST_REPLY = "hung-up"  # the key of it: told once, whoever tells


class Teller:
    """Carries calls: those that were placed here, and those that were taken over."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        *,
        feed: LiveFeed | None = None,
        waits_for_detection: bool = False,
        poll_s: float = POLL_S,
    ) -> None:
        """Make a teller of nothing yet.

        Args:
            book: of the calls.
            clock: of the events.
            feed: says which call has news; without it the book is read once a second.
            waits_for_detection: who answered is told before anything is said, so an answer is
                told with it.
            poll_s: how often the book is read without news.
        """
        self._book = book
        self._clock = clock
        self._feed = feed
        self._waits = waits_for_detection
        self._poll_s = poll_s
        self._sink: EventSink | None = None
        self._host: ScriptHost | None = None
        self._carried: dict[UUID, list[CallEvent]] = {}  # with what only we know of
        self._told_at: dict[UUID, datetime] = {}  # the instant of the last event
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._workers: dict[UUID, asyncio.Task[bool]] = {}
        self._failing: set[UUID] = set()  # the last try was not heard
        self._due: set[UUID] = set()
        self._bell = asyncio.Event()
        self._run: asyncio.Task[None] | None = None
        self._forget: Callable[[], None] | None = None

    @property
    def carried(self) -> frozenset[UUID]:
        """The calls whose events are told here."""
        return frozenset(self._carried)

    def open(self, sink: EventSink, host: ScriptHost) -> None:
        """Tell this sink from now on; the host hears of lines that go in the midst of a talk."""
        self._sink, self._host = sink, host
        if self._feed is not None:
            self._forget = self._feed.subscribe(self._hear)
        self._run = asyncio.get_running_loop().create_task(self._rounds())

    async def close(self) -> None:
        """Tell nothing more; what is being told is seen to its end."""
        if self._forget is not None:
            self._forget()
            self._forget = None
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)
            self._run = None
        if self._workers:
            _, late = await asyncio.wait(self._workers.values(), timeout=_LEAVE_WITHIN_S)
            for task in late:
                task.cancel()
        self._sink = self._host = None
        self._carried.clear()
        self._told_at.clear()

    def carry(self, call_id: UUID, *events: CallEvent) -> None:
        """Tell of a call from now on, these first."""
        self._carried.setdefault(call_id, []).extend(events)
        self._ring(call_id)

    async def bring_up(self, call_id: UUID) -> bool:
        """Tell of a call what is untold, and return when it was heard; False: it could not be."""
        self._carried.setdefault(call_id, [])
        return await self._tell(call_id)

    def _hear(self, news: News) -> None:
        if news.topic is Topic.MISSED:
            self._ring(*self._carried)
        elif news.topic is Topic.CARRIER:
            with contextlib.suppress(ValueError):
                self._ring(UUID(news.key))

    def _ring(self, *call_ids: UUID) -> None:
        self._due |= self._carried.keys() & set(call_ids)
        if self._due:
            self._bell.set()

    async def _rounds(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._bell.wait()
            self._bell.clear()
            due, self._due = self._due or set(self._carried), set()
            try:
                await self._round(due)
            except Exception as err:
                # The edge of a round: the database is away; the next one finds out.
                log.warning("calls_not_read", error=type(err).__name__, exc_info=True)

    async def _round(self, due: set[UUID]) -> None:
        rows = await self._book.calls(due)
        now = self._clock.now()
        found = {
            row.call_id for row in rows if self._carried.get(row.call_id) or self._of(row, now)
        }
        for call_id in found:
            if call_id in self._workers:
                self._due.add(call_id)
                continue
            work = asyncio.get_running_loop().create_task(self._tell(call_id))
            self._workers[call_id] = work
            work.add_done_callback(lambda _, call_id=call_id: self._worked(call_id))  # type: ignore[misc]

    def _worked(self, call_id: UUID) -> None:
        del self._workers[call_id]
        if call_id in self._due:
            self._bell.set()

    async def _tell(self, call_id: UUID) -> bool:
        """Tell what is untold of a call; False: something was not heard, and will be told again."""
        async with self._locks.setdefault(call_id, asyncio.Lock()):
            try:
                done = await self._told_all(call_id)
            except Exception:  # a call session's edge: told again at the next round, logged once
                if call_id not in self._failing:
                    log.exception("events_not_told", attempt_id=str(call_id))
                self._failing.add(call_id)
                return False
            else:
                if call_id in self._failing:
                    self._failing.discard(call_id)
                    log.info("events_told_after_all", attempt_id=str(call_id))
                return done
            finally:
                if call_id not in self._carried:
                    self._locks.pop(call_id, None)

    async def _told_all(self, call_id: UUID) -> bool:
        sink, own = self._sink, self._carried.get(call_id, [])
        if sink is None:
            return False
        while own:
            await sink.heard(own[0])
            self._told_at[call_id] = own[0].at
            del own[0]
        call = await self._book.call(call_id)
        if call is None:
            self._drop(call_id)
            return True
        for event in self._of(call, self._clock.now()):
            told = _not_before(event, self._told_at.get(call_id, call.placed_at))
            self._told_at[call_id] = told.at
            if isinstance(told, CallEnded):
                await self._last_word(call)
            await sink.heard(told)
            await self._mark(told)
        if call.ended is not None:
            self._drop(call_id)
        return True

    def _drop(self, call_id: UUID) -> None:
        self._carried.pop(call_id, None)
        self._told_at.pop(call_id, None)

    async def _last_word(self, call: BookedCall) -> None:
        """Let the script hear that the line has gone while it waited for a reply."""
        if self._host is None or not call.is_asking:
            return
        try:
            await self._host.reply(call.call_id, Reply(kind=ReplyKind.HUNG_UP), key=LAST_REPLY)
        except Exception as err:
            if may_pass_later(err):
                raise
            # A call session's edge: whatever ails the script, the line has gone and is told.
            log.exception("last_word_not_heard", attempt_id=str(call.call_id))

    async def _mark(self, event: CallEvent) -> None:
        match event:
            case CallRinging():
                await self._book.mark_told(event.attempt_id, ringing=True)
            case CallAnswered():
                await self._book.mark_told(event.attempt_id, answered=True)
            case CallInRoom(room=room):
                await self._book.mark_told(event.attempt_id, in_room=room)
            case CallEnded():
                await self._book.mark_told(event.attempt_id, ended=True)

    def _of(self, call: BookedCall, now: datetime) -> list[CallEvent]:
        return untold(call, detected_by=now - _DETECTED_WITHIN if self._waits else now)


def untold(call: BookedCall, *, detected_by: datetime) -> list[CallEvent]:
    """Return what the engine has not heard of a call, in the order of a call's life.

    An answer is told with who it is: not before that is known, but where it came before
    `detected_by`.
    """
    of, found = call.call_id, list[CallEvent]()
    answered_at = call.answered_at
    rang_at = call.ringing_at or answered_at  # what was picked up has rung, told or not
    if rang_at is not None and not (call.told_ringing or call.told_answered):
        found.append(CallRinging(attempt_id=of, at=rang_at))
    if answered_at is not None and not call.told_answered:
        detects = call.order is not None and call.order.detect_machine
        is_known = not detects or call.answered_by is not None or call.ended is not None
        if not is_known and answered_at > detected_by:
            return found
        who = call.answered_by or AnsweredBy.UNSURE
        found.append(CallAnswered(attempt_id=of, at=answered_at, answered_by=who))
    if call.in_room_at is not None and call.room is not None and call.room != call.told_in_room:
        found.append(CallInRoom(attempt_id=of, at=call.in_room_at, room=call.room))
    if call.ended is not None and not call.told_ended:
        found.append(ended_of(call))
    return found


def ended_of(call: BookedCall) -> CallEnded:
    """Return the last event of a call that has ended."""
    if call.ended is None:
        message = f"call {call.call_id} has not ended"
        raise ValueError(message)
    return CallEnded(
        attempt_id=call.call_id,
        at=call.ended.at,
        result=call.ended.result,
        hangup_cause=call.ended.hangup_cause,
        sip_code=call.ended.sip_code,
        seconds=call.ended.seconds,
    )


def _not_before(event: E, instant: datetime) -> E:
    """Return an event that is not before those that it follows: Twilio tells whole seconds."""
    return event if event.at >= instant else replace(event, at=instant)
