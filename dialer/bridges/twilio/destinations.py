"""Where calls over Twilio may go: asked once more before each request that rings a telephone."""

from collections.abc import Sequence

from callback.never_rung import never_rung, within_destinations
from core.phone import PhoneNumber
from dialer.bridges.port import BridgeError


class DestinationRefusedError(BridgeError):
    """A number may not be rung from here; nothing was asked of Twilio."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the number may not be rung: {why}", retryable=False)


def check_destination(to: PhoneNumber, destinations: Sequence[str]) -> None:
    """Refuse a number that no bridge may ring, or that lies outside the destinations.

    Args:
        to: who would be rung.
        destinations: prefixes (+86) and countries (CN); empty: whoever asks has looked already.

    Raises:
        DestinationRefusedError: says why, without the number.
    """
    rule = never_rung(to)
    if rule is not None:
        raise DestinationRefusedError(rule.value)
    if destinations and not within_destinations(to, to.region, destinations):
        where = to.region or "no country's"
        why = f"{where}, and the destinations are {', '.join(destinations)}"
        raise DestinationRefusedError(why)
