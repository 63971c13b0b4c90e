"""The words of due calls and verdicts."""

from enum import StrEnum


class DueCallState(StrEnum):
    """Where a due call stands; all but waiting and claimed are final."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    EXHAUSTED = "exhausted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Decision(StrEnum):
    """What the rules say of ringing now."""

    ALLOW = "allow"
    DENY = "deny"
    DEFER = "defer"
