"""A call's order on its own channel, so that whoever takes the call over can speak on it.

Nothing of the person is in it but the number that is rung anyway.
"""

from uuid import UUID

from core.phone import PhoneNumber
from customers.model import Language, RecordingConsent
from dialer.bridges.asterisk.values import Kind, safe
from dialer.bridges.port import OutboundCall

VARIABLE = "OWNERLINE_ORDER"
_SEPARATOR = ":"


def written(order: OutboundCall) -> str:
    """Return the order as one plain value.

    Raises:
        UnsafeValueError: the trunk's or the room's name is none that could be sent.
    """
    parts = (
        safe(Kind.TRUNK, order.trunk),
        safe(Kind.NUMBER, order.to.e164),
        order.language.value,
        order.recording.value,
        "detect" if order.detect_machine else "",
        f"{order.max_seconds:g}",
        f"{order.room_within_s:g}",
        "" if order.room is None else safe(Kind.ROOM, order.room),
    )
    return safe(Kind.VALUE, _SEPARATOR.join(parts))


def read(value: str, attempt_id: UUID) -> OutboundCall | None:
    """Return the order that a channel carries; None: it is none of this version."""
    try:
        trunk, to, language, recording, detect, max_s, within_s, room = value.split(_SEPARATOR)
        return OutboundCall(
            attempt_id=attempt_id,
            to=PhoneNumber(to),
            caller_id="",
            trunk=trunk,
            ring_timeout_s=0.0,  # it rings already
            max_seconds=float(max_s),
            detect_machine=bool(detect),
            synthetic=False,
            room=room or None,
            room_within_s=float(within_s),
            language=Language(language),
            recording=RecordingConsent(recording),
        )
    except ValueError:
        return None
