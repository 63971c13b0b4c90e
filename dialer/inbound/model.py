"""The words of calls that come in."""

from enum import StrEnum


class InboundResult(StrEnum):
    """What a call that came in came to."""

    TOLD = "told"  # heard why we had rung, and settled something of it
    PUT_THROUGH = "put_through"  # spoke with an agent
    WISH = "wish"  # asked to be rung back
    WORD = "word"  # left a spoken word
    OPTED_OUT = "opted_out"
    HUNG_UP = "hung_up"  # while we told why we had rung; it stays to be said
    MISSED = "missed"  # went before being served, or nobody was there to take it


# After these we owe a call: DOMAIN D6, a missed or abandoned call becomes a callback.
OWES_A_CALL = frozenset({InboundResult.WISH, InboundResult.WORD, InboundResult.MISSED})

# After these the caller was seen to, whatever they had left with us before.
SERVED = frozenset({InboundResult.TOLD, InboundResult.PUT_THROUGH})
