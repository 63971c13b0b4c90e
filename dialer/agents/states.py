"""Where an agent stands, as types: each state knows only the steps that may follow it.

    Offline → Ready → (Offered → Dialling | Dialling) → OnCall → WrapUp → Ready or Break

From every state the agent's screen may be lost, which leads to Offline.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dialer.agents.model import AgentState, BreakReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Offline:
    """Not signed in."""

    def signed_in(self) -> "Ready":
        """At the desk."""
        return Ready()


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """Signed in and taking no calls."""

    reason: BreakReason

    def over(self) -> "Ready":
        """Back at the desk."""
        return Ready()

    def for_another(self, reason: BreakReason) -> "Break":
        """Stay away, for another reason."""
        return Break(reason=reason)

    def gone(self) -> Offline:
        """Signed out, or the screen is lost."""
        return Offline()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """Waiting for a call."""

    def offered(self, due_call_id: int, until: datetime) -> "Offered":
        """A due call is shown, and kept for this agent so long."""
        return Offered(due_call_id=due_call_id, until=until)

    def dialling(self, attempt_id: UUID) -> "Dialling":
        """A call is placed without asking (progressive)."""
        return Dialling(attempt_id=attempt_id)

    def on_break(self, reason: BreakReason) -> Break:
        """Away for a while."""
        return Break(reason=reason)

    def gone(self) -> Offline:
        """Signed out, or the screen is lost."""
        return Offline()


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """Reserved: a due call is shown, and nobody else may have it until then."""

    due_call_id: int
    until: datetime
    dial: bool = False  # the agent said that it may ring

    def may_ring(self, until: datetime) -> "Offered":
        """The agent wants it dialled; a dialler has so long to do it."""
        return Offered(due_call_id=self.due_call_id, until=until, dial=True)

    def dialling(self, attempt_id: UUID) -> "Dialling":
        """The call is placed."""
        return Dialling(attempt_id=attempt_id)

    def released(self) -> Ready:
        """Skipped, refused by the rules, or not dialled in time."""
        return Ready()

    def on_break(self, reason: BreakReason) -> Break:
        """Away; the due call goes back."""
        return Break(reason=reason)

    def gone(self) -> Offline:
        """Signed out, or the screen is lost; the due call goes back."""
        return Offline()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialling:
    """Reserved: a call is on its way for this agent."""

    attempt_id: UUID
    hang_up: bool = False  # the agent wants it ended

    def met(self) -> "OnCall":
        """A person answered."""
        return OnCall(attempt_id=self.attempt_id, hang_up=self.hang_up)

    def unwanted(self) -> "Dialling":
        """The agent wants it ended."""
        return Dialling(attempt_id=self.attempt_id, hang_up=True)

    def unmet(self) -> Ready:
        """Nobody to speak to."""
        return Ready()

    def over(self, until: datetime) -> "WrapUp":
        """They spoke, and only the end was heard of."""
        return self.met().over(until)

    def without_phone(self) -> Break:
        """Whoever answers finds nobody: no more calls until the agent has looked after it."""
        return Break(reason=BreakReason.PHONE)

    def gone(self) -> Offline:
        """The screen is lost; the call must find another agent or end."""
        return Offline()


@dataclass(frozen=True, kw_only=True, slots=True)
class OnCall:
    """Speaking with an owner."""

    attempt_id: UUID
    hang_up: bool = False  # the agent wants it ended

    def unwanted(self) -> "OnCall":
        """All is said; the line may go."""
        return OnCall(attempt_id=self.attempt_id, hang_up=True)

    def over(self, until: datetime) -> "WrapUp":
        """The line is gone; the wrap-up is owed by then."""
        return WrapUp(attempt_id=self.attempt_id, until=until)

    def passed(self) -> Ready:
        """Somebody else speaks with the owner, and writes it down."""
        return Ready()

    def without_phone(self) -> Break:
        """Their phone is gone, or was never there; somebody else has the call, or it ends."""
        return Break(reason=BreakReason.PHONE)

    def gone(self) -> Offline:
        """The screen is lost; the call must find another agent or end."""
        return Offline()


@dataclass(frozen=True, kw_only=True, slots=True)
class WrapUp:
    """Writing down what was said."""

    attempt_id: UUID
    until: datetime

    def longer(self, until: datetime) -> "WrapUp":
        """The agent needs more time to write."""
        return WrapUp(attempt_id=self.attempt_id, until=until)

    def done(self, then: BreakReason | None = None) -> Ready | Break:
        """The outcomes are written; on with the next call, or a break."""
        return Ready() if then is None else Break(reason=then)

    def gone(self) -> Offline:
        """The screen is lost; the outcomes are settled without the agent."""
        return Offline()


Standing = Ready | Offered | Dialling | OnCall | WrapUp | Break | Offline

WORD = {
    Ready: AgentState.READY,
    Offered: AgentState.RESERVED,
    Dialling: AgentState.RESERVED,
    OnCall: AgentState.ON_CALL,
    WrapUp: AgentState.WRAP_UP,
    Break: AgentState.BREAK,
    Offline: AgentState.OFFLINE,
}


def attempt_of(standing: Standing) -> UUID | None:
    """Return the call the agent has, or has just had."""
    return standing.attempt_id if isinstance(standing, Dialling | OnCall | WrapUp) else None
