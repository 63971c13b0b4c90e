"""The words of agents: where one stands, why on a break, why a preview was skipped."""

from enum import StrEnum

from core.errors import OwnerlineError


class AgentStateError(OwnerlineError):
    """An agent asked for a step that does not follow from where they stand."""


class NotFromHereError(AgentStateError):
    """What was asked does not follow from where the agent stands."""


class NotSignedInError(AgentStateError):
    """The agent is not signed in, which what was asked needs."""


class NoCallUpError(AgentStateError):
    """The agent speaks with nobody, so there is no call to do that with."""


class RecordingRefusedError(AgentStateError):
    """A call may only be recorded with the owner's yes, and there is none."""


class ColleagueNotFreeError(AgentStateError):
    """A colleague who should have the call is not ready; another who is can have it."""


class UnknownAgentError(OwnerlineError):
    """There is no agent of that id."""

    def __init__(self, agent_id: int) -> None:
        super().__init__(f"there is no agent {agent_id}; add one, or look at the roster")


class AgentState(StrEnum):
    """Where an agent stands."""

    READY = "ready"
    RESERVED = "reserved"  # a due call is shown to them, or one is being dialled for them
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    BREAK = "break"
    OFFLINE = "offline"


class BreakReason(StrEnum):
    """Why an agent takes no calls for a while."""

    REST = "rest"
    LUNCH = "lunch"
    MEETING = "meeting"
    TRAINING = "training"
    PAPERWORK = "paperwork"
    SENT = "sent"  # by a supervisor
    PHONE = "phone"  # it was not in its room when a call needed it


class SkipReason(StrEnum):
    """Why an agent did not dial a call that was shown to them; the list is closed."""

    NEEDS_PREPARATION = "needs_preparation"
    OWNER_IS_HERE = "owner_is_here"  # in person, at this moment
    CALLED_JUST_NOW = "called_just_now"  # by the owner, or on another line
    WRONG_LANGUAGE = "wrong_language"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    BAD_MOMENT = "bad_moment"


class Unwrapped(StrEnum):
    """Why a talk has no wrap-up of its agent; the reason of its named outcome."""

    TIME_RAN_OUT = "wrap_up_ran_out"
    AGENT_LOST = "agent_lost"
    PASSED_ON = "passed_on"  # to an outside number, which writes nothing down


class CommandKind(StrEnum):
    """What somebody asks of a call, or of a room, that another process carries."""

    HOLD = "hold"
    BACK = "back"  # from hold
    TO_AGENT = "to_agent"
    TO_NUMBER = "to_number"
    INVITE = "invite"
    DISMISS = "dismiss"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    MONITOR = "monitor"


class CommandState(StrEnum):
    """What has become of a command."""

    ASKED = "asked"
    TAKEN = "taken"  # a dialer is at it
    DONE = "done"
    FAILED = "failed"  # `reason` says why
