"""What is decided elsewhere while calls are up: the switches, and accounts that changed."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from dialer.bridges.port import BridgeError
from dialer.control import Switches, switches
from dialer.engine.means import Means
from dialer.watch import calls_to_cut

log = structlog.get_logger(__name__)

# Where changed accounts are told, everybody is looked at only so often, should word be lost.
LOOK_AT_ALL_EVERY = timedelta(seconds=5)


class Watch:
    """Keeps the switches as they were last read, obeys a stop, cuts what has lost its reason."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._turned: Switches | None = None
        self._forgotten = 0  # how often
        self._stop_obeyed = False
        self._changed: set[int] = set()
        self._looked_at_all: datetime | None = None

    @property
    def turned(self) -> Switches | None:
        """The switches as they were last read; None: they may have changed since."""
        return self._turned

    @property
    def is_stale(self) -> bool:
        """Whether the switches must be read before anybody goes by them."""
        return self._turned is None

    def forget(self) -> None:
        """Let the switches be read anew before they are gone by."""
        self._turned = None
        self._forgotten += 1

    def note_change(self, person_id: int | None) -> None:
        """Let the next look see to this person's calls; None: to everybody's."""
        if person_id is None:
            self._looked_at_all = None
        else:
            self._changed.add(person_id)

    async def switches(self) -> Switches:
        """Return how the installation stands; read anew when it may have changed."""
        return self._turned or await self.look()

    async def look(self) -> Switches:
        """Read the switches, and hang up everything when dialling was stopped."""
        forgotten = self._forgotten
        async with self._means.sessions.begin() as session:
            turned = await switches(session)
        if forgotten == self._forgotten:  # else they were turned again while we read
            self._turned = turned
        if turned.stopped and not self._stop_obeyed:
            await self._stop()
        if not turned.stopped:
            self._stop_obeyed = False
        return turned

    async def _stop(self) -> None:
        calls = self._means.calls
        log.warning("stop_obeyed", live=len(calls.live))
        for attempt_id in calls.on_the_way:
            calls.unwant(attempt_id)
        try:
            await self._means.bridge.stop_all()
        except BridgeError as err:  # at the next look again
            log.warning("stop_refused", error=str(err))
        else:
            self._stop_obeyed = True

    async def cut_what_changed(self) -> None:
        """Look at the calls of those who changed since the last look; now and then at all."""
        for attempt_id in self._means.calls.unwanted:
            await self._hang_up(attempt_id)
        changed, self._changed = self._changed, set()
        try:
            await self._cut_of(changed)
        except BaseException:
            self._looked_at_all = None  # at the next look at everybody
            raise

    async def _cut_of(self, changed: Collection[int]) -> None:
        now = self._means.clock.now()
        told = self._means.tells and self._looked_at_all is not None
        every = LOOK_AT_ALL_EVERY * self._means.clock_factor
        if told and now < (self._looked_at_all or now) + every:
            if changed:
                await self.cut_what_lost_its_reason(changed)
            return
        self._looked_at_all = now  # before we read: who is to look at all meanwhile says so again
        await self.cut_what_lost_its_reason()

    async def cut_what_lost_its_reason(self, person_ids: Collection[int] | None = None) -> None:
        """Hang up what only rings and should not (design decision 5); None: look at everybody."""
        means = self._means
        unanswered = means.calls.unanswered()
        if not unanswered:
            return
        turned = await self.switches()
        async with means.sessions.begin() as session:
            cut = await calls_to_cut(
                session,
                unanswered,
                person_ids=person_ids,
                now=means.clock.now(),
                basis=means.basis(turned),
                campaigns=means.rules.campaigns,
                packs=means.rules.packs,
            )
        for attempt_id in cut:
            log.info("ringing_call_cut", attempt_id=str(attempt_id))
            means.calls.unwant(attempt_id)
            await self._hang_up(attempt_id)
        if cut:
            means.wake.set()

    async def _hang_up(self, attempt_id: UUID) -> None:
        try:
            await self._means.bridge.hang_up(attempt_id)
        except BridgeError as err:  # at the next look again
            log.warning("hang_up_refused", attempt_id=str(attempt_id), error=str(err))
