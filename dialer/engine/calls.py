"""The calls of one dialer: their channels, their last committed states, when to ask after them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from dialer.bridges.port import TrunkLimits
from dialer.claim import Claimed
from dialer.states import Answered, Live
from dialer.trunks import TrunkGate

# A call that should have ended so long ago has lost its last event.
OVERDUE_MARGIN = timedelta(seconds=90)


class CallsUp:
    """What this process knows of its calls; the database knows the rest."""

    def __init__(self, trunks: Iterable[TrunkLimits]) -> None:
        self.gate = TrunkGate(trunks)
        self._states: dict[UUID, Live] = {}
        self._overdue_at: dict[UUID, datetime] = {}
        self._on_the_way: set[UUID] = set()  # about to be committed, and not yet with the carrier
        self._unwanted: set[UUID] = set()  # lost their reason on the way, and have not ended

    @property
    def live(self) -> frozenset[UUID]:
        """The calls that are up."""
        return self.gate.live

    @property
    def on_the_way(self) -> frozenset[UUID]:
        """The calls that are committed, or about to be, and not yet with the carrier."""
        return frozenset(self._on_the_way)

    def set_out(self, calls: Iterable[Claimed]) -> None:
        """Note that these are about to be committed and handed over."""
        self._on_the_way |= {call.attempt_id for call in calls}

    def place(self, call: Claimed, *, now: datetime, longest: timedelta) -> None:
        """Take the channel of a call that is handed over now and lasts no longer than `longest`."""
        self.gate.take(call.trunk, call.attempt_id, now)
        self._overdue_at[call.attempt_id] = now + longest + OVERDUE_MARGIN

    def arrived(self, attempt_id: UUID) -> None:
        """Note that a call is with the carrier, or will never be."""
        self._on_the_way.discard(attempt_id)
        self._unwanted &= self._on_the_way | self.gate.live

    def adopt(self, attempt_id: UUID, trunk: str, *, now: datetime) -> None:
        """Count a call that another process placed."""
        self.gate.adopt(attempt_id, trunk)
        self._overdue_at[attempt_id] = now + OVERDUE_MARGIN

    def abandon(self, calls: Iterable[Claimed]) -> None:
        """Forget calls that were to be handed over; who asks after them finds them in the books."""
        for call in calls:
            self.arrived(call.attempt_id)

    def release(self, attempt_id: UUID) -> None:
        """Forget a call that has ended, or that somebody else carries now."""
        self.gate.release(attempt_id)
        self._overdue_at.pop(attempt_id, None)
        self._states.pop(attempt_id, None)
        self._unwanted.discard(attempt_id)

    def state(self, attempt_id: UUID) -> Live | None:
        """Return the state that was last committed, if it is known here."""
        return self._states.get(attempt_id)

    def note(self, state: Live) -> None:
        """Keep the state of a call that is ours; the state of another's call is not kept up."""
        if state.attempt_id in self.gate.live:
            self._states[state.attempt_id] = state

    def unanswered(self) -> set[UUID]:
        """Return the calls nobody has picked up, as far as we heard."""
        return {
            attempt_id
            for attempt_id in self.gate.live | self._on_the_way
            if not isinstance(self._states.get(attempt_id), Answered)
        }

    def unwant(self, attempt_id: UUID) -> None:
        """Let a call that is on its way not be handed over."""
        self._unwanted |= {attempt_id} & self._on_the_way

    def is_unwanted(self, attempt_id: UUID) -> bool:
        """Say whether the call has lost its reason since it was claimed."""
        return attempt_id in self._unwanted

    @property
    def unwanted(self) -> frozenset[UUID]:
        """The calls that lost their reason on the way and are with the carrier all the same."""
        return frozenset(self._unwanted - self._on_the_way)

    def overdue(self, now: datetime) -> list[UUID]:
        """Return the calls that outlived the longest call; each is named again after a while."""
        found = [attempt_id for attempt_id, at in self._overdue_at.items() if at <= now]
        for attempt_id in found:
            self._overdue_at[attempt_id] = now + OVERDUE_MARGIN
        return found

    def next_overdue_at(self) -> datetime | None:
        """Return when the next call outlives the longest call."""
        return min(self._overdue_at.values(), default=None)
