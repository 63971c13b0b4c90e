"""What a test makes the simulated carrier do wrong."""

from dataclasses import dataclass


@dataclass(kw_only=True, slots=True)
class Faults:
    """What a test makes the carrier do wrong; each number counts down to 0.

    Attributes:
        refuse_all: Refuse every call.
        lose_answers: So many calls are taken and the answer to the submission is lost.
        lose_submissions: So many submissions never arrive, and the sender is not told.
        drop_events: So many events never reach the listener.
        deaf_fates: So many questions for a call's fate find no answer.
    """

    refuse_all: bool = False
    lose_answers: int = 0
    lose_submissions: int = 0
    drop_events: int = 0
    deaf_fates: int = 0

    def strikes(self, name: str) -> bool:
        """Say whether a counted fault strikes now, and count it down."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0
