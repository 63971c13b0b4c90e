"""What may happen to an agent, and the state each step leads to.

What a person asks at the wrong moment is an error that says so; what a call, the clock or a
screen brings late or twice changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dialer.agents.model import BreakReason, NotFromHereError
from dialer.agents.states import (
    WORD,
    Break,
    Dialling,
    Offered,
    Offline,
    OnCall,
    Ready,
    Standing,
    WrapUp,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """The agent sits down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignOut:
    """The agent leaves, with no call and no wrap-up open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BecomeReady:
    """The agent comes back from a break."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeBreak:
    """The agent goes away for a while, with no call and no wrap-up open."""

    reason: BreakReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A due call is shown to a ready agent."""

    due_call_id: int
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AskToDial:
    """The agent says that the call shown may ring; a dialer has until then."""

    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """The call shown is not dialled: skipped by the agent, or refused by the rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPlaced:
    """An attempt was committed for the agent."""

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class CallHandedOver:
    """A call that lost its agent comes to a ready one."""

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class PassCall:
    """The agent gives their call to a colleague, who writes it down."""

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class HangUp:
    """The agent wants the call ended; the dialer that carries it does it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveWrapUp:
    """The agent says what the call came to."""

    attempt_id: UUID
    then: BreakReason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MoreTime:
    """The agent needs until then to write down what was said."""

    attempt_id: UUID
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CallMet:
    """A person answered the agent's call."""

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class CallOver:
    """The agent's call has ended, or goes on without anybody of ours."""

    attempt_id: UUID
    spoke: bool  # a person was on the line
    wrap_up_until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneMissing:
    """The agent's phone is not in its room, and their call needs it."""

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class TimePassed:
    """The clock shows this instant."""

    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreenLost:
    """Nothing is heard of the agent's screen, or a supervisor signed the agent out."""


Asked = (
    SignIn
    | SignOut
    | BecomeReady
    | TakeBreak
    | Offer
    | AskToDial
    | Release
    | CallPlaced
    | CallHandedOver
    | PassCall
    | HangUp
    | GiveWrapUp
    | MoreTime
)
Happened = CallMet | CallOver | PhoneMissing | TimePassed | ScreenLost
Step = Asked | Happened


def after(standing: Standing, step: Step) -> Standing:
    """Return the state a step leads to; the same one when what happened comes late or twice.

    Raises:
        NotFromHereError: a person asked for what does not follow from this state.
    """
    if isinstance(step, Happened):
        return _happened(standing, step)
    following = _asked(standing, step)
    if following is None:
        raise NotFromHereError(_refusal(standing, step))
    return following


def _asked(standing: Standing, step: Asked) -> Standing | None:  # noqa: C901, PLR0911, PLR0912 - the table
    """Return what an asked step leads to; None: it does not follow."""
    match step, standing:
        case SignIn(), Offline():
            return standing.signed_in()
        case SignOut(), Ready() | Offered() | Break():
            return standing.gone()
        case BecomeReady(), Break():
            return standing.over()
        case TakeBreak(), Ready() | Offered():
            return standing.on_break(step.reason)
        case TakeBreak(), Break():
            return standing.for_another(step.reason)
        case Offer(), Ready():
            return standing.offered(step.due_call_id, step.until)
        case AskToDial(), Offered():
            return standing if standing.dial else standing.may_ring(step.until)
        case Release(), Offered():
            return standing.released()
        case CallPlaced(), Ready() | Offered():
            return standing.dialling(step.attempt_id)
        case CallHandedOver(), Ready():
            return standing.dialling(step.attempt_id).met()
        case CallHandedOver(), Offered() if not standing.dial:
            return standing.released().dialling(step.attempt_id).met()
        case PassCall(), OnCall() if standing.attempt_id == step.attempt_id:
            return standing.passed()
        case HangUp(), Dialling() | OnCall():
            return standing.unwanted()
        case GiveWrapUp(), WrapUp() if standing.attempt_id == step.attempt_id:
            return standing.done(step.then)
        case MoreTime(), WrapUp() if standing.attempt_id == step.attempt_id:
            return standing.longer(step.until)
        case (SignOut(), Offline()) | (BecomeReady(), Ready()):
            return standing  # asked twice
    return None


def _happened(standing: Standing, step: Happened) -> Standing:
    following: Standing = standing
    match step, standing:
        case ScreenLost(), Ready() | Offered() | Dialling() | OnCall() | WrapUp() | Break():
            following = standing.gone()
        case TimePassed(), Offered() if standing.until <= step.now:
            following = standing.released()
        case TimePassed(), WrapUp() if standing.until <= step.now:
            following = standing.done()
        case CallMet(), Dialling() if standing.attempt_id == step.attempt_id:
            following = standing.met()
        case CallOver(), Dialling() if standing.attempt_id == step.attempt_id:
            following = standing.over(step.wrap_up_until) if step.spoke else standing.unmet()
        case CallOver(), OnCall() if standing.attempt_id == step.attempt_id:
            following = standing.over(step.wrap_up_until)
        case PhoneMissing(), Dialling() | OnCall() if standing.attempt_id == step.attempt_id:
            following = standing.without_phone()
    return following


_MENDS = {
    Offline: "sign in first",
    Ready: "no call is open",
    Offered: "dial or skip the call that is shown",
    Dialling: "a call is being placed; wait for it",
    OnCall: "a call is open; end it first",
    WrapUp: "the last call waits for its wrap-up",
    Break: "come back from the break first",
}


def _refusal(standing: Standing, step: Asked) -> str:
    asked = type(step).__name__
    return f"{asked} does not follow from {WORD[type(standing)].value}: {_MENDS[type(standing)]}"
