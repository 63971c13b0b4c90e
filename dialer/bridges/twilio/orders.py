"""A call's order as the book keeps it, for webhooks and for dialers that take the call over."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.phone import PhoneNumber
from customers.model import Language, RecordingConsent
from dialer.bridges.port import OutboundCall


def written(order: OutboundCall) -> dict[str, object]:
    """Return the order as JSON; the number that is rung and the trunk lie in columns."""
    return {
        "caller_id": order.caller_id,
        "ring_timeout_s": order.ring_timeout_s,
        "max_seconds": order.max_seconds,
        "detect_machine": order.detect_machine,
        "room": order.room,
        "room_within_s": order.room_within_s,
        "language": order.language.value,
        "recording": order.recording.value,
        "community": order.community,
    }


def read(
    kept: Mapping[str, Any], *, call_id: UUID, e164: str | None, trunk: str
) -> OutboundCall | None:
    """Return a kept order; None: the call came in, nobody ordered it."""
    if not kept or e164 is None:
        return None
    return OutboundCall(
        attempt_id=call_id,
        to=PhoneNumber(e164),
        trunk=trunk,
        synthetic=False,  # such a call is refused before it is written down
        caller_id=kept["caller_id"],
        ring_timeout_s=kept["ring_timeout_s"],
        max_seconds=kept["max_seconds"],
        detect_machine=kept["detect_machine"],
        room=kept["room"],
        room_within_s=kept["room_within_s"],
        language=Language(kept["language"]),
        recording=RecordingConsent(kept["recording"]),
        community=kept["community"],
    )
