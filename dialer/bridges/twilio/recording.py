"""Recordings at Twilio: both sides of a call, a channel each, paused and resumed.

What is wanted lies with the call in the database, whichever process the wish came to; whoever has
asked Twilio for something looks afterwards whether it is still what is wanted.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import structlog

from core.clock import Clock
from customers.model import RecordingConsent
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.booked import BookedCall
from dialer.bridges.twilio.collecting import location_of
from dialer.bridges.twilio.recording_book import RecordingBook, Standing, Tape
from dialer.bridges.twilio.rest import RestRefusedError
from dialer.bridges.twilio.tapes import TROUBLES, Tapes
from recordings.model import WHOLE_CALL

log = structlog.get_logger(__name__)

_ROUNDS = 4  # of asking Twilio for what is wanted by now
# A turn that must not be recorded waits so long for the silence; Twilio waits 15 s for its words.
_SILENT_WITHIN_S = 3.0
_LEAVES_WITHIN_S = 10.0  # whoever stops a process waits for about half a minute


class Recorder:
    """Records calls as far as turns, agents and rule packs let it, on whichever process."""

    def __init__(
        self,
        book: RecordingBook,
        tapes: Tapes,
        *,
        clock: Clock,
        agent_calls: bool = False,
        desk: InboundDesk | None = None,
    ) -> None:
        """Put a recorder together.

        Args:
            book: of recordings.
            tapes: asks Twilio.
            clock: the time.
            agent_calls: record owners and agents from the moment they meet, where rules allow.
            desk: of calls that came in; keeps the words that callers leave.
        """
        self._book = book
        self._tapes = tapes
        self._clock = clock
        self._agent_calls = agent_calls
        self._desk = desk
        self._tasks: set[asyncio.Task[None]] = set()

    async def settled(self) -> None:
        """Wait until all that was asked of Twilio in the background is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self, *, within_s: float = _LEAVES_WITHIN_S) -> None:
        """Wait for what is under way, but not for ever; a callback or the next turn goes on."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within_s)
        for task in late:
            task.cancel()
        if late:
            log.warning("recordings_left_under_way", tasks=len(late))
            await asyncio.gather(*late, return_exceptions=True)

    # Talks by script.

    async def follow(self, call: BookedCall, *, recorded: bool) -> None:
        """Record a call's next turn, or nothing of it; a call goes on whatever becomes of this.

        Returns when what must not be recorded is not, so that its document may go out.
        """
        order = call.order
        if not recorded and order is not None and order.recording is RecordingConsent.NEVER:
            return
        now = self._clock.now()
        standing = await self._book.follow_turn(call.call_id, recorded=recorded, at=now)
        if standing is None:
            return
        task = self._spawn(self._reconcile(standing))
        if not standing.is_to_sound and standing.recording_sid is not None:
            _, late = await asyncio.wait({task}, timeout=_SILENT_WITHIN_S)
            if late:
                log.warning("recording_not_silent_yet", call_id=str(call.call_id))

    # Agents' calls.

    async def met(self, call_id: UUID, conference_sid: str) -> None:
        """Record an owner who has come into an agent's room, after its announcement."""
        standing = await self._book.standing(call_id)
        if standing is None or standing.order is None or standing.is_over:
            return
        if standing.recording_sid is not None or (
            self._agent_calls and standing.order.recording is RecordingConsent.ONE_PARTY
        ):
            self._spawn(self._want(call_id))
        elif self._agent_calls and standing.order.recording is RecordingConsent.ANNOUNCE:
            now = self._clock.now()
            if await self._book.claim_announcement(call_id, at=now):
                self._spawn(self._tapes.announce(call_id, conference_sid))

    async def announced(self, call_id: UUID) -> None:
        """Record an owner and an agent who have heard that they are recorded."""
        if self._agent_calls and await self._book.is_announced(call_id):
            self._spawn(self._want(call_id))

    async def pause(self, attempt_id: UUID) -> None:
        """Record silence until `resume`; where nothing is recorded there is nothing to pause.

        Raises:
            BridgeError: it may go on being recorded.
        """
        standing = await self._book.silence(attempt_id, silent=True)
        try:
            await self._come_to(standing)
        except TROUBLES as err:
            message = f"the recording of call {attempt_id} is not paused: {err}"
            raise BridgeError(message, retryable=not isinstance(err, RestRefusedError)) from err

    async def resume(self, attempt_id: UUID) -> None:
        """Record what is said again, or begin to where the owner has now been asked.

        Raises:
            BridgeError: it is not recorded; the text says why.
        """
        standing = await self._book.silence(attempt_id, silent=False)
        if standing is None or standing.recording_sid is None:
            self._check_may_begin(attempt_id, standing)
        standing = await self._book.want(attempt_id)
        try:
            await self._come_to(standing)
        except TROUBLES as err:
            message = f"call {attempt_id} is not recorded: {err}"
            raise BridgeError(message, retryable=not isinstance(err, RestRefusedError)) from err

    def _check_may_begin(self, call_id: UUID, standing: Standing | None) -> None:
        why = None
        if standing is None or standing.order is None:
            why = "which rules apply to it is not known here"
        elif standing.is_over:
            why = "it is over"
        elif standing.order.recording is RecordingConsent.NEVER:
            why = "its rule packs forbid recording"
        elif not self._agent_calls:
            why = "recording.agent_calls is off in the settings"
        if why is not None:
            message = f"call {call_id} is not recorded: {why}"
            raise BridgeError(message, retryable=False)

    # Free answers.

    async def answered(self, call: BookedCall, *, name: str, sid: str, seconds: float) -> None:
        """Take a free answer in; returns when it is on file, before the script hears of it."""
        await self.over(Tape(call_id=call.call_id, sid=sid, name=name), seconds=seconds)

    async def throw_away(self, call: BookedCall, *, name: str, sid: str) -> None:
        """Keep nothing of an answer: a key was pressed instead, or nothing was said."""
        tape = Tape(call_id=call.call_id, sid=sid, name=name)
        await self._book.throw_away(tape, at=self._clock.now())
        self._spawn(self._tapes.delete(sid))

    # What Twilio tells.

    async def begun(self, call_id: UUID, sid: str) -> None:
        """Hear that the recording of a call runs, should its beginner not have lived to."""
        await self._book.begun(Tape(call_id=call_id, sid=sid), at=self._clock.now())
        standing = await self._book.standing(call_id)
        if standing is not None:
            self._spawn(self._reconcile(standing))

    async def over(self, tape: Tape, *, seconds: float, failed: bool = False) -> None:
        """Hear that a recording is whole, or that there is none; what came in late is known."""
        now = self._clock.now()
        if not await self._book.over(tape, at=now, seconds=seconds, failed=failed):
            self._spawn(self._tapes.delete(tape.sid))
            return
        standing = None if tape.name == WHOLE_CALL else await self._book.standing(tape.call_id)
        if standing is not None and standing.order is None and self._desk is not None:
            location = location_of(tape.sid)
            await self._desk.recorded(tape.call_id, tape.name, location, seconds)

    # How Twilio is asked.

    async def _want(self, call_id: UUID) -> None:
        standing = await self._book.want(call_id)
        if standing is not None:
            await self._reconcile(standing)

    async def _reconcile(self, standing: Standing) -> None:
        try:
            await self._come_to(standing)
        except TROUBLES as err:
            log.warning(
                "call_not_recorded_as_it_should", call_id=str(standing.call_id), error=str(err)
            )

    async def _come_to(self, standing: Standing | None) -> None:
        """Ask Twilio for what is wanted, until it is what was asked for."""
        for _ in range(_ROUNDS):
            if standing is None or standing.is_over or standing.call_sid is None:
                return
            if standing.recording_sid is None:
                if not standing.is_to_sound or not await self._begin(standing, standing.call_sid):
                    return
            elif standing.is_paused == standing.is_to_sound:
                silent = not standing.is_to_sound
                await self._tapes.silence(standing.call_sid, standing.recording_sid, silent=silent)
                await self._book.note_paused(standing.recording_sid, paused=silent)
            else:
                return
            standing = await self._book.standing(standing.call_id)

    async def _begin(self, standing: Standing, call_sid: str) -> bool:
        """Begin a recording; False: another process does, or the call is over.

        Raises:
            OwnerlineError: Twilio does not; one of `TROUBLES`. It is on file as missing.
        """
        call_id, now = standing.call_id, self._clock.now()
        if not await self._book.claim_beginning(call_id, at=now):
            return False
        try:
            sid = await self._tapes.begin(call_id, call_sid)
        except TROUBLES:
            await self._book.not_begun(standing, at=now)
            raise
        if sid is None:
            return False
        await self._book.begun(Tape(call_id=call_id, sid=sid), at=now)
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._clock.spawn(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # the edge of what runs beside a request: the call goes on
        log.exception("recording_failed")
