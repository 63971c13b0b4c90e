"""One call's line at the simulated carrier: turns are spoken into it and answered."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import Clock, Signal
from dialer.bridges.port import OutboundCall
from dialer.bridges.simulated.ledger import CarrierCall
from dialer.bridges.simulated.people import (
    CANCELLED,
    ENDINGS,
    Behaviour,
    Encounter,
    Ending,
    Reaction,
)
from dialer.bridges.simulated.talker import Talker
from dialer.model import AnsweredBy
from scripts.model import Reply, ReplyKind, Turn

PaymentHook = Callable[[str, datetime], Awaitable[None]]
"""Called with the person's key (else the number) and the instant when somebody pays in a call."""


class Line:
    """One call's line: the far end answers turns until somebody hangs up."""

    def __init__(
        self,
        order: OutboundCall,
        *,
        call: CarrierCall,
        encounter: Encounter,
        behaviour: Behaviour,
        clock: Clock,
        talker: Talker,
        on_payment: PaymentHook | None = None,
    ) -> None:
        self.order = order
        self.call = call
        self.encounter = encounter
        self.behaviour = behaviour
        self.ending: Ending | None = None
        self.is_abandoned = False  # whoever answered is told that nobody is there
        self._clock = clock
        self._talker = talker
        self._on_payment = on_payment
        self._turns = 0
        self._cut = Signal()
        self._until: datetime | None = None

    @property
    def heard_as(self) -> AnsweredBy:
        """Who answered, as far as detection tells; unsure where nobody listened for it."""
        return self.encounter.detected_as if self.order.detect_machine else AnsweredBy.UNSURE

    def is_up(self) -> bool:
        """Whether nobody has hung up yet."""
        return self.ending is None

    def hang_up(self, ending: Ending | None = None) -> None:
        """End the call from our side, or as said; once is enough."""
        if self.ending is None:
            answered = self.call.answered_at is not None
            self.ending = ending or (ENDINGS[Reaction.ANSWER] if answered else CANCELLED)
            self._cut.set()

    def stir(self) -> None:
        """Wake whoever holds the line though it stays up: the call has been moved."""
        self._cut.set()

    async def hold(self, seconds: float) -> None:
        """Park so long, or until the line goes or stirs; the longest call is never passed."""
        until = self._clock.now() + timedelta(seconds=seconds)
        last = self._until
        await self._wait(until if last is None else min(until, last))
        if last is not None and self._clock.now() >= last:
            self.hang_up()

    async def say(self, turn: Turn) -> Reply:
        """Speak a turn and return what comes back; HUNG_UP when the line goes meanwhile."""
        local = self._clock.now().astimezone(ZoneInfo(self.behaviour.time_zone))
        response = self._talker.hear(turn, now=local)
        await self.hold(response.after_s)
        if self.is_up() and response.reply.kind is ReplyKind.HUNG_UP:
            self.hang_up()
        if not self.is_up():
            return Reply(kind=ReplyKind.HUNG_UP)
        self._turns += 1
        if self._on_payment is not None and self._turns == self.behaviour.pays_after_turns:
            await self._on_payment(self.behaviour.person or self.order.to.e164, self._clock.now())
        return response.reply

    def limit(self, until: datetime) -> None:
        """Name the instant at which the line is cut whatever is being said."""
        self._until = until

    async def _wait(self, until: datetime) -> None:
        if self.is_up():
            await self._clock.wait(self._cut, until)
