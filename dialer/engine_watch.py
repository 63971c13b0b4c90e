"""What is decided elsewhere while calls are up: the switches, and accounts that changed."""

from collections.abc import Collection

import structlog

from dialer.control import Switches, switches
from dialer.engine_means import Means
from dialer.watch import calls_to_cut

log = structlog.get_logger(__name__)


class Watch:
    """Keeps the switches as they were last read, obeys a stop, cuts what has lost its reason."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._turned: Switches | None = None
        self._stop_obeyed = False

    @property
    def is_stale(self) -> bool:
        """Whether the switches must be read before anybody goes by them."""
        return self._turned is None

    def forget(self) -> None:
        """Let the switches be read anew before they are gone by."""
        self._turned = None

    async def switches(self) -> Switches:
        """Return how the installation stands; read anew when it may have changed."""
        return self._turned or await self.look()

    async def look(self) -> Switches:
        """Read the switches, and hang up everything when dialling was stopped."""
        async with self._means.sessions.begin() as session:
            turned = await switches(session)
        self._turned = turned
        if turned.stopped and not self._stop_obeyed:
            log.warning("stop_obeyed", live=len(self._means.calls.live))
            for attempt_id in self._means.calls.on_the_way:
                self._means.calls.unwant(attempt_id)
            await self._means.bridge.stop_all()
        self._stop_obeyed = turned.stopped
        return turned

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
            await means.bridge.hang_up(attempt_id)
        means.wake.set()
