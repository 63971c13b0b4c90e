"""Keeps agents, their phones and their calls in line, in the process that carries the calls."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock, Signal
from core.database import despite_deadlocks
from dialer.agents.calls import AgentCalls
from dialer.agents.carrying import Carrier
from dialer.agents.desk import Desk
from dialer.agents.phones import Phones
from dialer.agents.seats import PhonesSeen, look_after_phones, take_off_calls
from dialer.agents.strays import Stray, take_strays, to_hang_up
from dialer.agents.sweep import SweepReport, next_sweep_at, sweep
from dialer.bridges.port import Bridge, BridgeError

log = structlog.get_logger(__name__)

# A lost agent's call must not go on in an empty room: looked for as often as switches are.
SWEEP_EVERY = timedelta(seconds=1)
_A_MOMENT = timedelta(seconds=1)
# An apology takes a few seconds; a line that is up later is hung up.
_APOLOGY = timedelta(seconds=15)


class Keeper:
    """Sweeps, sees to phones and commands, moves or ends the calls that have lost their agent."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        bridge: Bridge,
        clock: Clock,
        desk: Desk,
        calls: AgentCalls,
        live: Callable[[], Collection[UUID]],
        poll: timedelta | None = SWEEP_EVERY,
    ) -> None:
        """Put a keeper together.

        Args:
            sessions: its database.
            bridge: that carries the calls.
            clock: its time.
            desk: campaigns and limits.
            calls: of the same engine; learns which calls to follow.
            live: returns the calls this process carries.
            poll: how often to look; None: only when something runs out by the clock, which
                heartbeats then go by too, or after `nudge`.
        """
        self._sessions = sessions
        self._bridge = bridge
        self._clock = clock
        self._desk = desk
        self._calls = calls
        self._live = live
        self._poll = poll
        self._phones = Phones(bridge)
        self._carrier = Carrier(
            sessions=sessions,
            bridge=bridge,
            clock=clock,
            desk=desk,
            phones=self._phones,
            calls=calls,
        )
        self._apologised: dict[UUID, datetime] = {}
        self._wake = Signal()
        self._ending = False
        if bridge.floor is not None:
            bridge.floor.on_seats(self._wake.set)

    def nudge(self) -> None:
        """Look again now."""
        self._wake.set()

    def end(self) -> None:
        """Let `run` return after its present look."""
        self._ending = True
        self._wake.set()

    async def run(self, *, until: datetime | None = None) -> None:
        """Look until the instant, or until ended."""
        while not self._ending and (until is None or self._clock.now() < until):
            next_at = await self.look()
            await self._clock.wait(self._wake, _earlier(next_at, until))

    async def look(self) -> datetime | None:
        """Sweep once, see to phones, commands and stray calls; return when to look again."""
        now = self._clock.now()
        ring_at = await self._see_to_phones(now)
        await self._carrier.carry_out(self._live())

        async def work() -> tuple[SweepReport, list[Stray], datetime | None]:
            async with self._sessions.begin() as session:
                swept = await sweep(
                    session, desk=self._desk, now=now, screen_now=self._screen_now(now)
                )
                mine = self._live()
                untold = set(mine) - self._apologised.keys()
                left = await take_off_calls(session, self._phones, mine=mine, now=now)
                unwanted = await to_hang_up(session, untold)
                strays = [Stray(attempt_id=each, room=None) for each in unwanted]
                strays += await take_strays(
                    session,
                    mine=untold,
                    has_rooms=self._bridge.capabilities.rooms,
                    desk=self._desk,
                    now=now,
                    phones=self._phones,
                    left=left,
                )
                await self._calls.adopt(session)
                if self._poll is not None:
                    return swept, strays, now + self._poll
                return swept, strays, await next_sweep_at(session, desk=self._desk)

        swept, strays, next_at = await despite_deadlocks(work)
        if swept:
            log.info(
                "agents_swept",
                lost=swept.lost,
                late=swept.late,
                caught_up=swept.caught_up,
                settled=swept.settled,
            )
        for stray in [*strays, *self._after_their_apology(now)]:
            if not await self._see_to(stray):
                next_at = _earlier(next_at, now)
        next_at = _earlier(next_at, ring_at)
        if self._apologised:
            next_at = _earlier(next_at, now + _APOLOGY)
        # What somebody else held at this instant is looked at in a moment, not in a tight circle.
        return None if next_at is None else max(next_at, now + _A_MOMENT)

    def _screen_now(self, now: datetime) -> datetime | None:
        return None if self._poll else now

    async def _see_to_phones(self, now: datetime) -> datetime | None:
        """Ring and let go agents' phones; return when the next is rung by itself."""
        floor = self._bridge.floor
        if floor is None:
            return None

        async def work() -> PhonesSeen:
            async with self._sessions.begin() as session:
                return await look_after_phones(session, floor, screen_now=self._screen_now(now))

        seen = await despite_deadlocks(work)
        for order in seen.orders:
            try:
                if order.endpoint is None:
                    await floor.unseat(order.room)
                else:
                    await floor.seat(order.room, order.endpoint)
            except BridgeError as err:  # it shows among the floor's troubles, and is tried again
                log.warning("phone_order_refused", agent_id=order.agent_id, error=str(err))
        return seen.next_ring_at

    def _after_their_apology(self, now: datetime) -> list[Stray]:
        """Return calls that are up though they have been told that nobody is there."""
        live = self._live()
        self._apologised = {each: at for each, at in self._apologised.items() if each in live}
        late = [each for each, at in self._apologised.items() if now - at >= _APOLOGY]
        return [Stray(attempt_id=each, room=None) for each in late]

    async def _see_to(self, stray: Stray) -> bool:
        """Move or end a call; False when the carrier refused: it is found again at the next look.

        What another agent took over and could not be moved ends.
        """
        log.info("call_moved_or_ended", attempt_id=str(stray.attempt_id), room=stray.room)
        if stray.room is not None:
            try:
                await self._bridge.move_to_room(stray.attempt_id, stray.room)
            except BridgeError as err:
                log.warning("move_refused", attempt_id=str(stray.attempt_id), error=str(err))
            else:
                return True
        if stray.somebody_listens and await self._apologise(stray.attempt_id):
            return True
        try:
            await self._bridge.hang_up(stray.attempt_id)
        except BridgeError as err:
            log.warning("hang_up_refused", attempt_id=str(stray.attempt_id), error=str(err))
            return False
        return True

    async def _apologise(self, attempt_id: UUID) -> bool:
        """Tell an owner that nobody is there any more; False where the bridge cannot."""
        if self._bridge.floor is None:
            return False
        try:
            await self._bridge.floor.apologise(attempt_id)
        except BridgeError as err:
            log.warning("apology_refused", attempt_id=str(attempt_id), error=str(err))
            return False
        self._apologised[attempt_id] = self._clock.now()
        return True


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
