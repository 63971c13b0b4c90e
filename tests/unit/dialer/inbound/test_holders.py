"""Who of several rings, by the unit they key in."""

import pytest

from customers.model import Language
from dialer.inbound.holders import Holder, holder_of_unit


def holder(person_id: int, *labels: str) -> Holder:
    return Holder(
        person_id=person_id,
        phone_id=person_id,
        language=Language.MANDARIN,
        community_id=1,
        labels=labels,
        is_caller=False,
    )


FOUND = [holder(1, "3-2-1201", "P-17"), holder(2, "3-2-1202"), holder(3, "3-2-1202")]


@pytest.mark.parametrize(
    ("digits", "person_id"),
    [("321201", 1), ("321202", None), ("17", None), ("", None), ("321203", None)],
    ids=["one", "a couple", "too short", "nothing", "nobody"],
)
def test_one_unit_tells_one_person(digits: str, person_id: int | None) -> None:
    found = holder_of_unit(FOUND, digits)

    assert (found and found.person_id) == person_id
