"""The dialer's words: how an attempt ended at the carrier."""

from enum import StrEnum


class TelephonyResult(StrEnum):
    """What the network says of an ended attempt."""

    ANSWERED = "answered"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    CARRIER_ERROR = "carrier_error"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    LOST = "lost"


class AnsweredBy(StrEnum):
    """Who picked up, as far as detection tells."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"


class AttemptState(StrEnum):
    """Where an attempt stands; live until ended."""

    CLAIMED = "claimed"
    SUBMITTED = "submitted"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Direction(StrEnum):
    """Who rang whom."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"  # the owner rang us; no try of ours
