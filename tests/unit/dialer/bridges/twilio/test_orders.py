"""An order comes out of the book as it went in, whoever reads it."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.phone import PhoneNumber
from customers.model import Language, RecordingConsent
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio import orders

SECONDS = st.floats(0.5, 14_400, allow_nan=False)


@given(
    order=st.builds(
        OutboundCall,
        attempt_id=st.uuids(version=4),
        to=st.from_regex(r"\+[1-9][0-9]{7,13}", fullmatch=True).map(PhoneNumber),
        caller_id=st.text(max_size=20),
        trunk=st.just("twilio"),
        ring_timeout_s=SECONDS,
        max_seconds=SECONDS,
        detect_machine=st.booleans(),
        synthetic=st.just(False),  # noqa: FBT003 - others are refused before they are written
        room=st.none() | st.text(min_size=1, max_size=40),
        room_within_s=SECONDS,
        language=st.sampled_from(Language),
        recording=st.sampled_from(RecordingConsent),
        community=st.text(max_size=40),
    )
)
def test_an_order_is_read_as_it_was_written(order: OutboundCall) -> None:
    kept = json.loads(json.dumps(orders.written(order)))
    read = orders.read(kept, call_id=order.attempt_id, e164=order.to.e164, trunk=order.trunk)
    assert read == order


def test_a_call_that_came_in_was_ordered_by_nobody() -> None:
    assert orders.read({}, call_id=UUID(int=1), e164="+8613800138000", trunk="twilio") is None
