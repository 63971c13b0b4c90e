"""The words of a turn being made: what is said, what only the agent reads, and the turn itself."""

from collections.abc import Mapping, Sequence

from customers.model import Language
from scripts import consent
from scripts.consent import Told, told
from scripts.memory import Memory
from scripts.model import Ask, Transfer, Turn
from scripts.prompts import Asking
from scripts.steps import EndStep, SayStep, TransferStep
from scripts.template import Filled


class Saying:
    """What this turn says so far."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._said: list[Filled] = []
        self._asides: list[str] = []

    def say(self, text: Mapping[Language, str] | None) -> None:
        """Add a text."""
        if text is not None:
            self._said.append(self._memory.filled(text))

    def speak(self, step: Asking | SayStep | TransferStep | EndStep) -> None:
        """Say what a step says: an agent its own words, with what is for the agent's eyes."""
        is_agents = self._memory.is_agents
        self.say((step.agent_says if is_agents else None) or step.say)
        if is_agents and step.aside is not None:
            self._asides.append(self._memory.words(step.aside))

    def read_out(self, options: Sequence[str]) -> None:
        """Add what has its words already."""
        self._said.extend(Filled(text=each, facts=()) for each in options)

    def hush(self) -> None:
        """Say nothing after all."""
        self._said.clear()
        self._asides.clear()

    def turn(
        self,
        step: str,
        *,
        ask: Ask | None = None,
        transfer: Transfer | None = None,
        hang_up: bool = False,
        private: bool = False,
        title: Mapping[Language, str] | None = None,
    ) -> Turn:
        """Return the turn that says it."""
        memory = self._memory
        is_agents = memory.is_agents
        return Turn(
            step=f"{memory.script.name}:{step}",
            language=memory.plan.language,
            say=tuple(each.text for each in self._said),
            ask=ask,
            transfer=transfer,
            hang_up=hang_up,
            # Whoever is told that the call is recorded cannot press past it.
            barge_in=ask is not None and told(memory) is not Told.ANNOUNCING,
            recorded=consent.may_record(memory) and not private,
            title=memory.words(title) if is_agents and title is not None else "",
            facts=tuple(each.facts for each in self._said) if is_agents else (),
            asides=tuple(self._asides),
        )
