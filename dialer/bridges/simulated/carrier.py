"""A carrier that is an object of its own: places calls to invented people and keeps its book.

It knows nothing of our database and holds its customers to their trunks: a dialer that ignores
channels or calls per second is refused, and that is counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn, Protocol
from uuid import UUID

from core.clock import Clock
from dialer.bridges.port import BridgeError, OutboundCall, SubmissionUnknownError, TrunkLimits
from dialer.bridges.simulated.draws import stable_random
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.ledger import CarrierCall, Ledger
from dialer.bridges.simulated.line import Line, PaymentHook
from dialer.bridges.simulated.people import (
    ANSWERS,
    CANCELLED,
    ENDINGS,
    RING_TIMEOUT,
    RINGS,
    Behaviour,
    Ending,
    Population,
    Reaction,
    behaviour_of,
    meet,
)
from dialer.bridges.simulated.rate import TrunkRate
from dialer.bridges.simulated.rooms import Rooms
from dialer.bridges.simulated.talker import Talker
from dialer.model import AnsweredBy, TelephonyResult

_NOBODY_SPEAKS_S = 20.0  # how long a person says hello into silence
_DOWN = Ending(result=TelephonyResult.CARRIER_ERROR, hangup_cause=38, sip_code=503)


class Listener(Protocol):
    """Who hears what becomes of the calls; called in the call's own task."""

    async def progress(self, line: Line) -> None:
        """Take a new stage of a call."""
        ...

    async def answered(self, line: Line) -> None:
        """Speak with whoever answered; the carrier waits for the end when this returns."""
        ...


class SimulatedCarrier:
    """Places calls on its trunks and meets its population there.

    `ledger` is its book, `refusals` counts what it refused by reason: down, fault, duplicate,
    trunk, channels, rate. `faults` may be changed at any time.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int,
        population: Population,
        trunks: Iterable[TrunkLimits],
        ledger: Ledger | None = None,
        faults: Faults | None = None,
        on_payment: PaymentHook | None = None,
    ) -> None:
        self.trunks = tuple(trunks)
        self.ledger = ledger if ledger is not None else Ledger()
        self.faults = faults if faults is not None else Faults()
        self.refusals: Counter[str] = Counter()  # by reason
        self.on_payment = on_payment
        self.rooms = Rooms()
        self.clock = clock
        self._seed = seed
        self._population = population
        self._listener: Listener | None = None
        self._lines: dict[UUID, Line] = {}
        self._calls_to: Counter[str] = Counter()  # ever, by number
        self._up_to: Counter[str] = Counter()  # now, by number
        self._up_on: Counter[str] = Counter()  # now, by trunk
        self._rates = {trunk.name: TrunkRate(trunk, clock.now()) for trunk in self.trunks}
        self._up = True

    def attach(self, listener: Listener | None) -> None:
        """Tell this listener from now on; None tells nobody, and the calls go on."""
        self._listener = listener

    def live(self) -> tuple[UUID, ...]:
        """Return the calls that are up, in the order they were placed."""
        return tuple(self._lines)

    def place(self, order: OutboundCall, *, max_seconds: float) -> None:
        """Take a call and carry it in a task of its own.

        Raises:
            BridgeError: refused, nothing rings.
            SubmissionUnknownError: the answer was lost; it may ring or not.
        """
        self._admit(order)
        if self.faults.strikes("lose_submissions"):
            raise SubmissionUnknownError(_lost(order))
        self._rates[order.trunk].take()
        line = self._line(order)
        self._lines[order.attempt_id] = line
        self._up_to[order.to.e164] += 1
        self._up_on[order.trunk] += 1
        self.clock.spawn(self._carry(line, max_seconds))
        if self.faults.strikes("lose_answers"):
            raise SubmissionUnknownError(_lost(order))

    def hang_up(self, call_id: UUID) -> None:
        """End a call; one that is gone or never was changes nothing."""
        line = self._lines.get(call_id)
        if line is not None:
            line.hang_up()

    def answers_fates(self) -> bool:
        """Say whether a question for a call's fate is answered now."""
        return self._up and not self.faults.strikes("deaf_fates")

    def go_down(self) -> None:
        """Fail: every call is cut, no event is told, and nothing is placed or answered for."""
        self._up = False
        for line in self._lines.values():
            line.hang_up(_DOWN)

    def come_back(self) -> None:
        """Work again; the book is whole."""
        self._up = True

    def _admit(self, order: OutboundCall) -> None:
        now = self.clock.now()
        rate = self._rates.get(order.trunk)
        if not self._up:
            self._refuse("down", "the carrier does not answer; try later")
        if self.faults.refuse_all:
            self._refuse("fault", "the carrier refuses every call; try later")
        if self.ledger.get(order.attempt_id) is not None:
            message = f"call {order.attempt_id} was placed before; ask for its fate instead"
            self._refuse("duplicate", message, retryable=False)
        if rate is None:
            message = f"there is no trunk {order.trunk!r}; known: {', '.join(self._rates)}"
            self._refuse("trunk", message, retryable=False)
        elif self._up_on[order.trunk] >= rate.trunk.channels:
            self._refuse("channels", f"all {rate.trunk.channels} channels of {order.trunk} are up")
        elif not rate.allows(now):
            per_second = rate.trunk.calls_per_second
            self._refuse("rate", f"{order.trunk} takes {per_second} calls a second, no more")

    def _refuse(self, reason: str, message: str, *, retryable: bool = True) -> NoReturn:
        self.refusals[reason] += 1
        raise BridgeError(message, retryable=retryable)

    def _line(self, order: OutboundCall) -> Line:
        e164, now = order.to.e164, self.clock.now()
        nth = self._calls_to[e164]
        self._calls_to[e164] += 1
        found = behaviour_of(self._population, e164)
        encounter = meet(found, seed=self._seed, e164=e164, nth=nth, at=now)
        if self._up_to[e164]:
            encounter = replace(encounter, reaction=Reaction.BUSY)
        behaviour = found or Behaviour()
        call = CarrierCall(
            call_id=order.attempt_id,
            e164=e164,
            person=behaviour.person,
            trunk=order.trunk,
            placed_at=now,
        )
        self.ledger.write(call)
        talker = Talker(
            behaviour,
            temper=encounter.temper,
            rng=stable_random(self._seed, e164, nth, "talk"),
            is_machine=encounter.reaction is Reaction.MACHINE,
        )
        return Line(
            order,
            call=call,
            encounter=encounter,
            behaviour=behaviour,
            clock=self.clock,
            talker=talker,
            on_payment=self.on_payment,
        )

    async def _carry(self, line: Line, max_seconds: float) -> None:
        try:
            await self._tell(line)
            if await self._picked_up(line):
                await self._talk(line, max_seconds)
        finally:  # also when the listener failed: a line does not outlive its task
            self._close(line)
        await self._tell(line)

    async def _picked_up(self, line: Line) -> bool:
        """Let it ring; otherwise the line ends by what the phone did."""
        encounter = line.encounter
        await line.hold(encounter.post_dial_s)
        if not line.is_up():
            return False
        if encounter.reaction not in RINGS:
            line.hang_up(ENDINGS[encounter.reaction])
            return False
        self._note(line, ringing_at=self.clock.now())
        await self._tell(line)
        ring_timeout_s = line.order.ring_timeout_s
        await line.hold(min(encounter.ring_s, ring_timeout_s))
        if not line.is_up():
            return False
        if encounter.ring_s >= ring_timeout_s:
            line.hang_up(RING_TIMEOUT)
        elif encounter.reaction not in ANSWERS:
            line.hang_up(ENDINGS[encounter.reaction])
        return line.is_up()

    async def _talk(self, line: Line, max_seconds: float) -> None:
        now, encounter = self.clock.now(), line.encounter
        is_machine = encounter.reaction is Reaction.MACHINE
        truth = AnsweredBy.MACHINE if is_machine else AnsweredBy.HUMAN
        line.limit(now + timedelta(seconds=max_seconds))
        self._note(line, answered_at=now, answered_by=truth)
        if line.order.detect_machine:
            await line.hold(encounter.detection_s)
        await self._tell(line)
        if line.is_up() and self._listener is not None:
            await self._listener.answered(line)
        if line.is_up():
            await line.hold(_NOBODY_SPEAKS_S)

    def _close(self, line: Line) -> None:
        line.hang_up()
        del self._lines[line.order.attempt_id]
        self._up_to[line.order.to.e164] -= 1
        self._up_on[line.order.trunk] -= 1
        ending = line.ending or CANCELLED
        result = ending.result
        if line.call.answered_at is not None:
            is_machine = line.heard_as is AnsweredBy.MACHINE
            result = TelephonyResult.MACHINE if is_machine else TelephonyResult.ANSWERED
        if line.is_abandoned:
            result = TelephonyResult.ABANDONED
        self._note(
            line,
            ended_at=self.clock.now(),
            result=result,
            hangup_cause=ending.hangup_cause,
            sip_code=ending.sip_code,
        )

    def _note(self, line: Line, **news: Any) -> None:
        line.call = replace(line.call, **news)
        self.ledger.write(line.call)

    async def _tell(self, line: Line) -> None:
        if self._listener is not None and self._up and not self.faults.strikes("drop_events"):
            await self._listener.progress(line)


def _lost(order: OutboundCall) -> str:
    return f"the carrier's answer to call {order.attempt_id} was lost; ask for its fate"
