"""The engine's ear: commits what an event changes, with all that follows, before it returns."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core import metrics
from core.database import despite_deadlocks, despite_outages
from core.live import Topic, tell
from dialer import states
from dialer.bridges.port import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    RecordingReady,
    RecordingStarted,
)
from dialer.engine.means import Means
from dialer.model import TelephonyResult
from dialer.outcome import settle
from dialer.progress import note_event
from dialer.recording import note_recording

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Hearing:
    """Hears the bridge, and ourselves where a call never reached it."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def heard(self, event: CallEvent) -> None:
        """Take an event of the bridge and commit what it changes."""
        if isinstance(event, CallEnded):
            await self.settle(event)
        elif isinstance(event, RecordingStarted | RecordingReady):
            await self._recorded(event)
        else:
            await self._note(event)

    async def _note(self, event: CallEvent) -> None:
        calls = self._means.calls

        async def work() -> states.Live | None:
            async with self._means.sessions.begin() as session:
                noted = await note_event(session, event, calls.state(event.attempt_id))
                if noted.changed and noted.state is not None:
                    await self._follow(session, event.attempt_id, noted.state)
                return noted.state

        state = await self._commit(work)
        if state is not None:
            calls.note(state)
        elif isinstance(event, CallSubmitted | CallRinging | CallAnswered):
            # Ended as lost, or taken from us while we were away: it must not ring beside the next.
            log.warning("call_up_after_its_end", attempt_id=str(event.attempt_id))
            await self._means.bridge.hang_up(event.attempt_id)

    async def _recorded(self, event: RecordingStarted | RecordingReady) -> None:
        if not self._means.bridge.is_real:
            return  # nothing was said: there is no audio that could be owed

        async def work() -> None:
            async with self._means.sessions.begin() as session:
                await note_recording(session, event, recording_id=self._means.ids.new())

        await self._commit(work)

    async def settle(self, event: CallEnded, *, placed: bool = True) -> None:
        """Commit an attempt's end; `placed` says that the carrier had the call."""

        async def work() -> states.Ended | None:
            async with self._means.sessions.begin() as session:
                ended = await settle(session, event, self._means.settlement, placed=placed)
                if ended is not None:
                    await self._follow(session, event.attempt_id, ended)
                return ended

        ended = await self._commit(work)
        self._means.calls.release(event.attempt_id)
        if ended is not None:
            metrics.ATTEMPTS.labels(ended.result.value).inc()
            log.info(
                "attempt_ended",
                attempt_id=str(event.attempt_id),
                result=ended.result.value,
                seconds=round(event.seconds, 1),
            )
        self._means.wake.set()

    async def never_rang(self, attempt_id: UUID, result: TelephonyResult) -> None:
        """Settle a call that was claimed and that the carrier never had."""
        end = own_end(attempt_id, result, at=self._means.clock.now())
        await self.settle(end, placed=False)

    async def _follow(self, session: AsyncSession, attempt_id: UUID, state: states.Attempt) -> None:
        for follower in self._means.followers:
            await follower.followed(session, attempt_id, state)
        if self._means.tells:
            await tell(session, Topic.ATTEMPT, str(attempt_id))

    async def _commit(self, work: Callable[[], Awaitable[T]]) -> T:
        """Commit, however long the database is away; what cannot be kept is asked about later."""
        return await despite_outages(lambda: despite_deadlocks(work), sleep=self._means.sleep_real)


def own_end(attempt_id: UUID, result: TelephonyResult, *, at: datetime) -> CallEnded:
    """Return an end that no carrier told: it refused, never had the call, or does not know."""
    return CallEnded(
        attempt_id=attempt_id, at=at, result=result, hangup_cause=None, sip_code=None, seconds=0.0
    )
