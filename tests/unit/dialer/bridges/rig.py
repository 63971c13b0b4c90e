"""The simulated bridge with phones that do as they are told, on a virtual clock."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from core.clock import VirtualClock
from core.phone import PhoneNumber
from dialer.bridges.port import TrunkLimits
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.people import Behaviour, Reaction, Temper
from dialer.model import AnsweredBy
from tests.unit.dialer.bridges.stand_ins import Phone, Rig

T = TypeVar("T")

START = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)

BEHAVIOURS: dict[Phone, Behaviour] = {
    Phone.PRESSES_ONE: Behaviour(
        reaction=Reaction.ANSWER,
        temper=Temper.COOPERATIVE,
        detected_as=AnsweredBy.HUMAN,
        answers=("1",),
    ),
    Phone.LISTENS: Behaviour(
        reaction=Reaction.ANSWER, temper=Temper.SILENT, detected_as=AnsweredBy.HUMAN
    ),
    Phone.HANGS_UP: Behaviour(
        reaction=Reaction.ANSWER,
        temper=Temper.IMPATIENT,
        detected_as=AnsweredBy.HUMAN,
        patience_turns=1,
    ),
    Phone.MACHINE: Behaviour(reaction=Reaction.MACHINE, detected_as=AnsweredBy.MACHINE),
    Phone.BUSY: Behaviour(reaction=Reaction.BUSY),
    Phone.REJECTS: Behaviour(reaction=Reaction.REJECT),
    Phone.RINGS_OUT: Behaviour(reaction=Reaction.RING_OUT),
    Phone.SWITCHED_OFF: Behaviour(reaction=Reaction.SWITCHED_OFF),
    Phone.DEAD: Behaviour(reaction=Reaction.DEAD_NUMBER),
    Phone.CONGESTED: Behaviour(reaction=Reaction.CONGESTION),
}


class SimulatedRig(Rig):
    """Drives the clock; an hour is longer than any call here."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.phones: dict[str, Behaviour] = {}
        self.carrier = SimulatedCarrier(
            self.clock,
            seed=1,
            population=self.phones,
            trunks=[TrunkLimits(name="a", channels=2, calls_per_second=5)],
        )
        self.bridge = SimulatedBridge(self.carrier)

    def phone(self, number: PhoneNumber, behaves: Phone) -> None:
        self.phones[number.e164] = BEHAVIOURS[behaves]

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        return await self.clock.run(work)

    async def until_ringing(self) -> None:
        await self.clock.drive(self.clock.now() + timedelta(seconds=5))

    async def until_over(self) -> None:
        await self.clock.drive(self.clock.now() + timedelta(hours=1))

    def now(self) -> datetime:
        return self.clock.now()
