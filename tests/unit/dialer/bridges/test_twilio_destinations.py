"""The last look at a number before Twilio is asked to ring it."""

import pytest

from core.phone import PhoneNumber
from dialer.bridges.twilio.destinations import DestinationRefusedError, check_destination

pytestmark = pytest.mark.unit

SHENZHEN, LONDON = PhoneNumber("+8675526660000"), PhoneNumber("+442071838750")


@pytest.mark.parametrize(
    ("to", "destinations"),
    [
        (SHENZHEN, ("CN",)),
        (SHENZHEN, ("GB", "+86755")),
        (LONDON, ("+44",)),
        (LONDON, ()),
    ],
    ids=["country", "prefix", "code", "no list: the verdict has looked"],
)
def test_a_number_on_the_list_may_be_rung(to: PhoneNumber, destinations: tuple[str, ...]) -> None:
    check_destination(to, destinations)


@pytest.mark.parametrize(
    ("to", "destinations", "words"),
    [
        (LONDON, ("CN",), "GB, and the destinations are CN"),
        (SHENZHEN, ("+8620",), "CN, and the destinations"),
        (PhoneNumber("+86110"), ("CN",), "emergency_number"),
        (PhoneNumber("+881612345678"), (), "satellite_number"),
        (PhoneNumber("+441098765432"), ("GB",), "invalid_number"),
    ],
    ids=["other country", "other prefix", "emergency", "satellite", "no number"],
)
def test_others_are_refused_for_good_and_without_the_number(
    to: PhoneNumber, destinations: tuple[str, ...], words: str
) -> None:
    with pytest.raises(DestinationRefusedError, match=words) as refused:
        check_destination(to, destinations)
    assert not refused.value.retryable
    assert to.digits[-6:] not in str(refused.value)
